"""What a governor is told before the run: the points, bounds on power, and trials of the program."""

from __future__ import annotations

import math

import numpy as np

from leptonsim.compiler.program import Program
from leptonsim.machine.clocks import OperatingPoint, start_of
from leptonsim.machine.energy import DYNAMIC, EnergyModel
from leptonsim.machine.governors import Setting
from leptonsim.machine.links import Fabric
from leptonsim.machine.spending import ON_DIE, Spending
from leptonsim.machine.thermal import leakage_factor
from leptonsim.machine.trials import measure, pace, rehearse


def setting(
    program: Program, points: tuple[OperatingPoint, ...], costs: Spending, model: EnergyModel, fabric: Fabric
) -> Setting:
    """What a governor knows of a program on a chip with these points."""
    power = model.resting.power
    return Setting(
        chip=program.chip,
        points=points,
        start=start_of(program.chip, points),
        bound_w=lambda: most_w(program, points, costs, model, fabric),
        idle_w=tuple(power.idle_w(point.voltage_v, point.clock_hz) for point in points),
        rest_w=power.idle_w,
        measure=lambda point: measure(program, points[point]),
        rehearse=lambda plan, rest: rehearse(program, plan, rest),
        pace=lambda point, window_ps: pace(program, point, window_ps),
        leakage_w=tuple(float(power.leakage_w(point.voltage_v).sum()) for point in points),
    )


def most_w(
    program: Program, points: tuple[OperatingPoint, ...], costs: Spending, model: EnergyModel, fabric: Fabric
) -> tuple[float, ...]:
    """A bound on the power at each point: every engine, port and link at its most with the costliest work."""
    chip, pj, power = program.chip, costs.pj, model.resting.power
    on_die = np.array([component in ON_DIE for component in DYNAMIC])
    ports = 3 * chip.core.dma.port_bytes_per_cycle
    dram_pj = max(math.fsum(model.dram_pj_per_byte(route).values()) for route in fabric.routes if fabric.bit(route))
    off_die = max(fabric.dram_mix[1:]) / 2**32 * 1e12 * dram_pj
    off_die += (fabric.pcie.read_bytes_per_s + fabric.pcie.write_bytes_per_s) * model.table.pcie_pj_per_byte
    thermal = chip.power.thermal
    leak = 1.0 if thermal is None else max(1.0, leakage_factor(thermal, thermal.throttle))
    change_w = chip.power.transition.energy_pj / chip.power.interval_ps
    found = []
    for point in points:
        # what works does not rest: of each group the dearer of the two
        each = np.einsum("c,cow->ow", costs.scale(point.voltage_v)[on_die], pj[on_die])
        per_cycle = chip.cores * np.array([each[:, 0].max(), each[:, 1].max(), ports * each[:, 2:].max()])
        work_w = per_cycle * point.clock_hz / 1e12
        arrays, vectors, srams, noc, dram, *_ = power.rest_w(point.voltage_v, point.clock_hz).tolist()
        rest_w = np.array([arrays, vectors, srams + noc])
        dynamic_w = float(np.maximum(work_w, rest_w).sum()) + off_die / 1e12 + dram
        found.append(dynamic_w + float(power.static_w(point.voltage_v, leak).sum()) + change_w)
    return tuple(found)
