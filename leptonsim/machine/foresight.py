"""What a governor is told before the run: the points, bounds on power, and trials of the program."""

from __future__ import annotations

import math
from typing import NoReturn

import numpy as np

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.errors import LeptonError
from leptonsim.machine.blocks import Beside
from leptonsim.machine.clocks import OperatingPoint, memory_points, start_of, uncore_points
from leptonsim.machine.energy import DYNAMIC, EnergyModel, io_at
from leptonsim.machine.governors import Setting
from leptonsim.machine.links import Fabric
from leptonsim.machine.spending import ON_DIE, Spending, Supplies
from leptonsim.machine.thermal import leakage_factor
from leptonsim.machine.trials import Trials


def setting(
    trials: Trials, points: tuple[OperatingPoint, ...], costs: Spending, model: EnergyModel, fabric: Fabric
) -> Setting:
    """What the cores' governor knows of a program on a chip with these points."""
    program, power = trials.program, model.resting.power
    return Setting(
        chip=program.chip,
        points=points,
        start=start_of(program.chip, points),
        bound_w=lambda: most_w(program, points, costs, model, fabric),
        idle_w=tuple(power.idle_w(point.voltage_v, point.clock_hz) for point in points),
        rest_w=power.idle_w,
        measure=lambda point: trials.measure(points[point]),
        rehearse=trials.rehearse,
        floor=trials.floor,
        leakage_w=tuple(float(power.leakage_w(point.voltage_v).sum()) for point in points),
    )


def setting_beside(
    chip: Chip, domain: str, points: tuple[OperatingPoint, ...], start: str, model: EnergyModel
) -> Setting:
    """What the governor of another domain knows: its points, where it starts by name, and what the chip draws at rest.

    What else there is known only of the cores' points: asking for it raises LeptonError.
    """
    power, volts, core_hz = model.resting.power, model.table.voltage_v, chip.clocks.core_hz

    def beside(voltage_v: float, clock_hz: int) -> Beside:
        if domain == "memory":
            return power.start._replace(data_rate=float(clock_hz))
        return power.start._replace(uncore_v=voltage_v, uncore_hz=float(clock_hz))

    def rest_w(voltage_v: float, clock_hz: int) -> float:
        return power.idle_w(volts, core_hz, beside(voltage_v, clock_hz))

    def of_the_cores_only(*_: object) -> NoReturn:
        raise LeptonError(f"power.{domain}.governor: bounds and trials are of states of the cores only")

    return Setting(
        chip=chip,
        points=points,
        start=[point.name for point in points].index(start),
        bound_w=of_the_cores_only,
        idle_w=tuple(rest_w(point.voltage_v, point.clock_hz) for point in points),
        rest_w=rest_w,
        measure=of_the_cores_only,
        rehearse=of_the_cores_only,
        floor=of_the_cores_only,
        leakage_w=(),
        domain=domain,
    )


def most_w(
    program: Program, points: tuple[OperatingPoint, ...], costs: Spending, model: EnergyModel, fabric: Fabric
) -> tuple[float, ...]:
    """A bound on the power at each point: every engine, port and link at its most with the costliest work.

    It holds in any state of the other domains: network and SRAM at their highest voltage and clock, the memory at the
    rate and voltage at which its bytes take most, each changing once in an interval.
    """
    chip, pj, power = program.chip, costs.pj, model.resting.power
    uncore = chip.power.uncore
    networks = () if uncore is None else uncore_points(uncore)
    uncore_v = max((point.voltage_v for point in networks), default=None)
    memories = memory_points(chip)
    beside = Beside(
        0.0 if uncore_v is None else uncore_v,
        float(max((point.clock_hz for point in networks), default=0)),
        float(memories[-1].clock_hz),
    )
    on_die = np.array([component in ON_DIE for component in DYNAMIC])
    ports = 3 * chip.core.dma.port_bytes_per_cycle
    # the interface at the part's own voltage, which is the highest
    start_io = 1.0 if chip.power.memory is None else io_at(chip, chip.power.memory.start.voltage_v)
    dram_pj = max(
        math.fsum(pj / start_io if event == "io" else pj for event, pj in model.dram_pj_per_byte(route).items())
        for route in fabric.routes
        if fabric.bit(route)
    )
    off_die = max(max(fabric.mix_at(point.clock_hz)[1:]) for point in memories) / 2**32 * 1e12 * dram_pj
    off_die += (fabric.pcie.read_bytes_per_s + fabric.pcie.write_bytes_per_s) * model.table.pcie_pj_per_byte
    thermal = chip.power.thermal
    leak = 1.0 if thermal is None else max(1.0, leakage_factor(thermal, thermal.throttle))
    transitions = [each.transition for each in (chip.power, uncore, chip.power.memory) if each is not None]
    change_w = math.fsum(each.energy_pj for each in transitions) / chip.power.interval_ps
    found = []
    for point in points:
        # what works does not rest: of each group the dearer of the two
        scale = costs.scale(Supplies(point.voltage_v, uncore_v))[: len(DYNAMIC)]
        each = np.einsum("c,cow->ow", scale[on_die], pj[on_die])
        per_cycle = chip.cores * np.array([each[:, 0].max(), each[:, 1].max(), ports * each[:, 2:].max()])
        work_w = per_cycle * point.clock_hz / 1e12
        arrays, vectors, srams, noc, dram, *_ = power.rest_w(point.voltage_v, point.clock_hz, beside).tolist()
        rest_w = np.array([arrays, vectors, srams + noc])
        dynamic_w = float(np.maximum(work_w, rest_w).sum()) + off_die / 1e12 + dram
        found.append(dynamic_w + float(power.static_w(point.voltage_v, leak, beside).sum()) + change_w)
    return tuple(found)
