"""What a simulation reports: latency, throughput, energy, and a cause for every part of each.

``Result.to_dict`` is the documented JSON (schema in ``schema.json``); the same run gives the same bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.compiler.routes import Route
from leptonsim.compiler.target import usable_sram_bytes
from leptonsim.kernels.tiles import ENGINE_NAMES
from leptonsim.machine.energy import AT_REST, COMPONENTS, EnergyModel, energy_model, total_pj
from leptonsim.machine.machine import Record
from leptonsim.machine.power_record import PowerRecord
from leptonsim.machine.spending import array_cycles, resting_energy, work_of
from leptonsim.machine.trials import at_highest_clock
from leptonsim.result.accounts import (
    Integers,
    bytes_by_level,
    bytes_by_operator,
    operator_accounts,
    staging_by_operator,
    time_by_engine,
)
from leptonsim.result.blocks import banks_off, blocks_of
from leptonsim.result.bounds import bounds_ps, peaks
from leptonsim.result.document import SCHEMA, document, json_text
from leptonsim.result.governed import peak_w
from leptonsim.result.hints import low_utilization
from leptonsim.result.merit import figures_of_merit
from leptonsim.result.power import power_over_time
from leptonsim.result.step import Step
from leptonsim.version import leptonsim_version

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Result:
    """One simulation. Times in integer picoseconds; energies in joules; ``to_dict`` says what each field is.

    ``latency_s`` is the mean over requests from the host's first byte in to its last byte out; ``throughput_per_s``
    counts samples over the whole run.
    """

    program: Program
    requests: int
    makespan_ps: int
    request_times_ps: tuple[int, ...]
    utilization: dict[str, float]
    time_ps: dict[str, dict[str, int]]
    tensor_cycles: dict[str, int]
    energy_breakdown_j: dict[str, float]
    power_peak_w: float
    bytes: dict[str, dict[str, int]]
    bounds_ps: dict[str, int]
    sram_peak_bytes: int
    steps: tuple[Step, ...]
    events: dict[str, int]
    warnings: tuple[str, ...]
    seed: int = 0
    power: PowerRecord | None = None
    carbon_g_per_kwh: float | None = None
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def chip(self) -> str:
        """Name of the chip; ``program.chip`` is the chip."""
        return self.program.chip.name

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.program.model

    @property
    def batch(self) -> int:
        """Samples in one request."""
        return self.program.batch

    @property
    def dtype(self) -> str:
        """Data type in which floating-point models run."""
        return self.program.dtype

    @property
    def operators(self) -> dict[str, int]:
        """Nodes of the graph by where they went."""
        return dict(self.program.mapped)

    @property
    def latency_s(self) -> float:
        """Mean latency of a request, host to host."""
        return math.fsum(self.request_times_ps) / len(self.request_times_ps) / 1e12

    def latency_percentile_s(self, percent: int) -> float:
        """Latency that ``percent`` of the requests do not exceed (nearest rank)."""
        ranked = sorted(self.request_times_ps)
        return ranked[max(0, -(-percent * len(ranked) // 100) - 1)] / 1e12

    @property
    def latency_p50_s(self) -> float:
        """Latency that half of the requests do not exceed."""
        return self.latency_percentile_s(50)

    @property
    def latency_p99_s(self) -> float:
        """Latency that 99 % of the requests do not exceed."""
        return self.latency_percentile_s(99)

    @property
    def samples(self) -> int:
        """Samples of all requests."""
        return self.requests * self.program.batch

    @property
    def makespan_s(self) -> float:
        """The whole run."""
        return self.makespan_ps / 1e12

    @property
    def throughput_per_s(self) -> float:
        """Samples a second."""
        return self.samples / self.makespan_s

    @property
    def tokens_per_s(self) -> float | None:
        """Token positions a second of a language model, None for other models."""
        return None if self.program.tokens is None else self.program.tokens * self.requests / self.makespan_s

    @property
    def energy_j(self) -> float:
        """Energy of the whole run: the sum of the breakdown."""
        return math.fsum(self.energy_breakdown_j.values())

    @property
    def energy_per_sample_j(self) -> float:
        """Energy of one sample."""
        return self.energy_j / self.samples

    @property
    def power_avg_w(self) -> float:
        """Energy over time."""
        return self.energy_j / self.makespan_s

    @property
    def merit(self) -> dict[str, float | None]:
        """Figures of merit: see ``leptonsim.result.merit``."""
        return figures_of_merit(
            self.energy_j, self.requests, self.samples, self.latency_s, self.macs, self.carbon_g_per_kwh
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one request."""
        return self.program.runs_per_request * sum(operator.macs for operator in self.program.operators)

    @property
    def memory(self) -> dict[str, int]:
        """What the model takes, and what there is."""
        memory = self.program.memory
        return {
            "weights_bytes": memory.weights_bytes,
            "weights_read_bytes": memory.weights_read_bytes,
            "weights_on_host_bytes": memory.weights_on_host_bytes,
            "input_bytes": memory.input_bytes,
            "output_bytes": memory.output_bytes,
            "state_bytes": memory.state_bytes,
            "activations_bytes": memory.activations_bytes,
            "sram_peak_bytes": self.sram_peak_bytes,
            "sram_capacity_bytes": memory.sram_capacity_bytes,
            "shared_sram_peak_bytes": memory.shared_peak_bytes,
            "shared_sram_capacity_bytes": _shared_sram_bytes(self.program.chip),
            "dram_peak_bytes": memory.dram_peak_bytes,
            "dram_capacity_bytes": memory.dram_capacity_bytes,
        }

    @property
    def peaks(self) -> dict[str, Any]:
        """What the chip could do in a second: see ``leptonsim.result.bounds.peaks``."""
        return peaks(self.program.chip)

    @property
    def provenance(self) -> dict[str, Any]:
        """What the result was computed from."""
        return {
            "version": leptonsim_version(),
            "chip_digest": self.program.chip.digest,
            "model_digest": self.program.model_digest,
            "seed": self.seed,
        }

    @property
    def chip_parameters(self) -> dict[str, Any]:
        """The chip as its YAML would say it."""
        return dict(self.program.chip.document())

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values, in the order of the schema."""
        return document(self)

    def to_json(self) -> str:
        """The result as JSON text."""
        return json_text(self.to_dict())

    def to_dataframe(self) -> DataFrame:
        """A row for each operator; see ``leptonsim.result.notebook.dataframe``."""
        from leptonsim.result.notebook import dataframe

        return dataframe(self)

    def _repr_html_(self) -> str:
        from leptonsim.result.notebook import summary_html

        return summary_html(self)

    def save(self, path: str | Path) -> None:
        """Write the JSON, whole or not at all. Raises LeptonError if the file cannot be written."""
        from leptonsim.files import write_whole

        write_whole(path, self.to_json())


def make_result(
    program: Program, record: Record, requests: int, seed: int = 0, carbon_g_per_kwh: float | None = None
) -> Result:
    """Accounts of a machine's record."""
    chip = program.chip
    cores = chip.cores
    model = energy_model(chip)
    work = work_of(program)
    moved = bytes_by_operator(program, work)
    accounts, spans = operator_accounts(program, record, moved)
    times = time_by_engine(record, cores)
    power = record.power
    if power is None:
        dynamic = _dynamic_energy(program, model, moved, array_cycles(program, work))
        copies = {
            route: int(size)
            for route, size in zip(program.routes, record.route_bytes.tolist(), strict=True)
            if route.end == "copy"
        }
        parts = [{name: value * record.runs for name, value in each.items()} for each in dynamic]
        resting, sleep = resting_energy(program, model, record.runs, record.makespan_ps, record.rested_ps, record.rests)
        parts += [model.bytes_pj(copies), {name: math.fsum(each) for name, each in resting.parts.items()}]
        breakdown = {name: value / 1e12 for name, value in total_pj(parts).items()}
    else:
        dynamic, resting, sleep = power.operators_pj(record.runs), power.resting, power.sleep
        breakdown = {name: value / 1e12 for name, value in power.energy_pj(record.runs).items()}
    levels = bytes_by_level(program, record)
    steps = tuple(
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
            off,
        )
        for operator, account, energy, staged, off in zip(
            program.operators,
            accounts,
            dynamic,
            staging_by_operator(program, record),
            banks_off(model.resting, record, [account.time_ps for account in accounts]),
            strict=True,
        )
    )
    memory = program.memory
    utilization = _utilization(program, record, times, levels)
    tensor_works = any(operator.tensor_macs for operator in program.operators)
    return Result(
        program=program,
        requests=requests,
        makespan_ps=record.makespan_ps,
        request_times_ps=tuple(end - begin for begin, end in record.requests_ps),
        utilization=utilization,
        time_ps=times,
        tensor_cycles=_tensor_cycles(program),
        energy_breakdown_j=breakdown,
        power_peak_w=power_over_time(spans, dynamic).peak_w
        + math.fsum(breakdown[name] for name in AT_REST) / (record.makespan_ps / 1e12)
        if power is None
        else peak_w(power),
        bytes=levels,
        bounds_ps=bounds_ps(at_highest_clock(program, power), requests, record.cold_bytes),
        sram_peak_bytes=max(
            memory.sram_peak_bytes,
            usable_sram_bytes(chip) - record.least_free_bytes,
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


def _utilization(
    program: Program, record: Record, times: dict[str, dict[str, int]], levels: dict[str, dict[str, int]]
) -> dict[str, float]:
    """Busy share of the makespan by kind of engine, averaged over cores, and shares of peaks.

    Those of the tensor cores, of DRAM's pins and of the PCIe link.
    """
    from leptonsim.fabric.dram import DramModel
    from leptonsim.fabric.pcie import PcieLink

    cores, link = program.chip.cores, PcieLink(program.chip.pcie)
    span = record.makespan_ps
    shares = {
        name: sum(times[f"core{core}.{name}"]["busy"] for core in range(cores)) / (cores * span)
        for name in ENGINE_NAMES
    }
    core = program.chip.core.tensor_core
    clock = program.chip.clocks.core_hz * span / 1e12 if record.power is None else record.power.core_cycles
    peak = core.rows * core.cols * core.count * cores * clock
    rates: dict[str, float] = dict(core.rates.items())
    macs = record.runs * sum(
        operator.tensor_macs / rates[operator.dtype] for operator in program.operators if operator.tensor_macs
    )
    dram_bytes = levels["dram"]["read"] + levels["dram"]["written"]
    return {
        **shares,
        "macs": macs / peak,
        "dram": dram_bytes / (DramModel(program.chip.dram).peak_bytes_per_s * span / 1e12),
        "pcie_in": levels["pcie"]["read"] / (link.read_bytes_per_s * span / 1e12),
        "pcie_out": levels["pcie"]["written"] / (link.write_bytes_per_s * span / 1e12),
    }


def _shared_sram_bytes(chip: Chip) -> int:
    return 0 if chip.shared_sram is None else chip.shared_sram.size_bytes


def _tensor_cycles(program: Program) -> dict[str, int]:
    """Cycles of the busiest tensor core in one run: useful, loading weights, waiting for SRAM, filling and draining."""
    total = sum(operator.tensor_cycles for operator in program.operators)
    useful = sum(operator.useful_cycles for operator in program.operators)
    weights = sum(operator.weight_load_cycles for operator in program.operators)
    stall = sum(operator.sram_stall_cycles for operator in program.operators)
    return {
        "busy": total,
        "useful": useful,
        "weight_load": weights,
        "sram_stall": stall,
        "fill_drain_padding": total - useful - weights - stall,
    }


__all__ = ["COMPONENTS", "SCHEMA", "Result", "Route", "Step", "make_result"]
