"""From a machine's record to a result: accounts of time, bytes and energy, each part of each with its cause."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leptonsim.compiler.program import Program
from leptonsim.compiler.target import usable_sram_bytes
from leptonsim.machine.energy import AT_REST, EnergyModel, energy_model, total_pj
from leptonsim.machine.machine import Record
from leptonsim.machine.rest_energy import RestEnergy
from leptonsim.machine.resting import Resting
from leptonsim.machine.spending import array_cycles, resting_energy, work_of
from leptonsim.machine.trials import at_highest_clock
from leptonsim.result.accounts import (
    Integers,
    OperatorAccount,
    bytes_by_level,
    bytes_by_operator,
    operator_accounts,
    staging_by_operator,
    time_by_engine,
)
from leptonsim.result.blocks import banks_off, blocks_of
from leptonsim.result.bounds import bounds_ps
from leptonsim.result.dram_energy import dram_energy_j
from leptonsim.result.governed import peak_w
from leptonsim.result.hints import low_utilization
from leptonsim.result.power import power_over_time
from leptonsim.result.result import Result
from leptonsim.result.step import Step
from leptonsim.result.utilization import tensor_cycles, utilization_of


def make_result(
    program: Program, record: Record, requests: int, seed: int = 0, carbon_g_per_kwh: float | None = None
) -> Result:
    """Accounts of a machine's record."""
    model = energy_model(program.chip)
    moved = bytes_by_operator(program, work := work_of(program))
    accounts, spans = operator_accounts(program, record, moved)
    times, levels = time_by_engine(record, program.chip.cores), bytes_by_level(program, record)
    power = record.power
    if power is None:
        dynamic = _dynamic_energy(program, model, moved, array_cycles(program, work))
        resting, sleep = resting_energy(program, model, record.runs, record.makespan_ps, record.rested_ps, record.rests)
        copied = _copies_pj(program, record, model)
        breakdown = _breakdown_j(record, dynamic, copied, resting)
        seconds = record.makespan_ps / 1e12
        still_w = math.fsum(breakdown[name] for name in AT_REST) / seconds
        # copies and later runs are no part of the first run's peak, but of the mean
        most_w = max(power_over_time(spans, dynamic).peak_w + still_w, math.fsum(breakdown.values()) / seconds)
    else:
        dynamic, resting, sleep = power.operators_pj(record.runs), power.resting, power.sleep
        copied = power.copies_pj()
        breakdown = {name: value / 1e12 for name, value in power.energy_pj(record.runs).items()}
        most_w = peak_w(power)
    steps = _steps(program, record, accounts, dynamic, model.resting)
    utilization = utilization_of(program, record, times, levels)
    tensor_works = any(operator.tensor_macs for operator in program.operators)
    return Result(
        program=program,
        requests=requests,
        makespan_ps=record.makespan_ps,
        request_times_ps=tuple(end - begin for begin, end in record.requests_ps),
        utilization=utilization,
        time_ps=times,
        tensor_cycles=tensor_cycles(program),
        energy_breakdown_j=breakdown,
        copies_breakdown_j={name: copied[name] / 1e12 for name in ("noc", "dram", "pcie")},
        dram_energy_j=dram_energy_j(program, record, model, resting),
        power_peak_w=most_w,
        bytes=levels,
        bounds_ps=bounds_ps(at_highest_clock(program, power), requests, record.cold_bytes),
        sram_peak_bytes=max(
            program.memory.sram_peak_bytes,
            usable_sram_bytes(program.chip) - record.least_free_bytes,
            *(step.sram_resident_bytes + step.sram_staging_bytes for step in steps),
        ),
        steps=steps,
        events={
            "simpy": record.simpy_events,
            "kernel_wakes": record.kernel_wakes,
            "tiles": record.tiles,
            "dram_bursts": record.dram_bursts,
            "steps": len(program.steps) * record.runs,
        },
        warnings=(*program.warnings, *low_utilization(utilization, times, tensor_works)),
        power=power,
        blocks=blocks_of(model.resting, resting, sleep, record),
        seed=seed,
        carbon_g_per_kwh=carbon_g_per_kwh,
    )


def _copies_pj(program: Program, record: Record, model: EnergyModel) -> dict[str, float]:
    """Energy of copies between host and DRAM over the whole run, by component."""
    moved = zip(program.routes, record.route_bytes.tolist(), strict=True)
    return model.bytes_pj({route: int(size) for route, size in moved if route.end == "copy"})


def _breakdown_j(
    record: Record, dynamic: list[dict[str, float]], copies: dict[str, float], resting: RestEnergy
) -> dict[str, float]:
    """Energy of the whole run by component: its operators, copies over PCIe, and blocks at rest."""
    parts = [{name: value * record.runs for name, value in each.items()} for each in dynamic]
    parts += [copies, {name: math.fsum(each) for name, each in resting.parts.items()}]
    return {name: value / 1e12 for name, value in total_pj(parts).items()}


def _steps(
    program: Program,
    record: Record,
    accounts: Sequence[OperatorAccount],
    dynamic: list[dict[str, float]],
    resting: Resting,
) -> tuple[Step, ...]:
    """A step for each operator: what it did, when, at what cost, and what held it."""
    staging = staging_by_operator(program, record)
    off = banks_off(resting, record, [account.time_ps for account in accounts])
    return tuple(
        Step(
            operator.name,
            operator.kind,
            operator.engine,
            account.start_ps,
            account.end_ps,
            account.time_ps,
            operator.macs,
            sum(operator.vector.values()),
            account.dram_bytes,
            math.fsum(energy.values()),
            account.bound_by,
            account.waits_ps,
            operator.mapping,
            operator.dtype,
            account.spans_ps,
            {name: value for name, value in energy.items() if value},
            operator.sram_resident_bytes,
            operator.shared_resident_bytes,
            staged,
            banks,
        )
        for operator, account, energy, staged, banks in zip(
            program.operators, accounts, dynamic, staging, off, strict=True
        )
    )


def _dynamic_energy(
    program: Program, model: EnergyModel, moved: Integers, cycles_of: list[int]
) -> list[dict[str, float]]:
    """Energy of one execution of each operator, by the bytes it moves by route and its cycles on all tensor cores.

    Equal ones are computed once.
    """
    known: dict[object, dict[str, float]] = {}
    energies = []
    moves = map(tuple, moved.tolist())
    for operator, sizes, cycles in zip(program.operators, moves, cycles_of, strict=True):
        key = (
            operator.dtype,
            operator.tensor_macs,
            cycles,
            operator.cells_share,
            tuple(operator.vector.items()),
            operator.accumulator_bytes,
            operator.sram_read_bytes,
            operator.sram_written_bytes,
            sizes,
        )
        energy = known.get(key)
        if energy is None:
            by_route = {route: size for route, size in zip(program.routes, sizes, strict=True) if size}
            energy = known[key] = model.operator_pj(operator, by_route, cycles)
        energies.append(energy)
    return energies
