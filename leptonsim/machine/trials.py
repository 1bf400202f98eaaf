"""A program tried out before its run: at one operating point, or under a plan with a point for each operator.

Governors that know the program beforehand decide by this. A trial is one request on a machine of its own; its heat is
not followed, and domains beside the cores are in their states of the start. That of the floor is of several requests,
and of domains under their own governors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.fabric.dram import start_rate
from leptonsim.kernels.tiles import STEP_FIELDS
from leptonsim.machine.clocks import OperatingPoint, memory_points, operating_points
from leptonsim.machine.energy import energy_model
from leptonsim.machine.governors import Floor, Measured, Sample
from leptonsim.machine.governors.fixed import Fixed
from leptonsim.machine.power_record import PowerRecord
from leptonsim.machine.spending import resting_energy, spending

if TYPE_CHECKING:
    from leptonsim.machine.machine import Machine

FEW_REQUESTS = 4
"""So many back to back show how copies of one request overlap the work of others."""


def others_fixed(chip: Chip) -> dict[str, object]:
    """What keeps the domains beside the cores in their states of the start."""
    domains = {"uncore": chip.power.uncore, "memory": chip.power.memory}
    return {f"power.{name}.governor": "fixed" for name, domain in domains.items() if domain is not None}


def at_point(chip: Chip, point: OperatingPoint) -> Chip:
    """The chip fixed at one of its operating points."""
    changes: dict[str, object] = others_fixed(chip) | {
        "power.governor": "fixed",
        "power.heat": "false",
        "clocks.core": f"{point.clock_hz} Hz",
    }
    if chip.power.curve is not None:
        changes["power.curve.voltage"] = f"{point.voltage_v!r} V"
    elif chip.power.states:
        changes["power.state"] = point.name
    return chip.with_(changes)


def at_highest_clock(program: Program, record: PowerRecord | None) -> Program:
    """The program on a chip at the highest clocks of its run, for bounds that must hold at every clock."""
    if record is None:
        return program
    chip, fastest = program.chip, record.highest_hz
    if "memory" in record.domains:
        rate = int(record.domains["memory"].clock_hz.max(initial=0))
        if rate > start_rate(chip):
            state = next(point.name for point in memory_points(chip) if point.clock_hz == rate)
            chip = chip.with_({"power.memory.state": state})
    if fastest > chip.clocks.core_hz:
        points = operating_points(chip, energy_model(chip).table.voltage_v)
        chip = at_point(chip, next(each for each in points if each.clock_hz == fastest))
    return program if chip is program.chip else replace(program, chip=chip)


@dataclass
class Planned:
    """A point for each operator while a request is worked on, and one for rest.

    As a governor: the next operator's point is chosen when one ends, as if the program had instructions for it.
    """

    plan: Sequence[int]
    rest: int
    operator: int = field(default=0, init=False)

    @property
    def first(self) -> int:
        """The run starts at rest."""
        return self.rest

    @property
    def marks(self) -> tuple[int, ...]:
        """Operators after which the point changes; after the last comes the next request's first."""
        changes = [index for index in range(len(self.plan) - 1) if self.plan[index] != self.plan[index + 1]]
        return (*changes, len(self.plan) - 1)

    def reached(self, operator: int, waiting: bool) -> int:
        """An operator ended."""
        self.operator = (operator + 1) % len(self.plan)
        return self.work_changed(waiting)

    def work_changed(self, waiting: bool) -> int:
        """A request came, or there is none any more."""
        return self.plan[self.operator] if waiting else self.rest

    def choose(self, sample: Sample) -> int:
        """What holds already."""
        return self.work_changed(sample.waiting)


@dataclass(frozen=True)
class Trials:
    """Trials of one program on machines that ``machine_of`` makes, as ``leptonsim.machine.machine.Machine`` does."""

    program: Program
    machine_of: Callable[..., Machine]

    def measure(self, point: OperatingPoint) -> Measured:
        """One request at one operating point."""
        chip = at_point(self.program.chip, point)
        fixed = replace(self.program, chip=chip)
        model = energy_model(chip)
        machine = self.machine_of(fixed, governed=False)
        record = machine.execute(1)
        costs = spending(fixed, model)
        work = np.zeros(costs.pj.shape[1:], dtype=np.int64)
        machine.tiles.progress(work)
        operators = costs.operators_pj(work, costs.start).sum(axis=1).tolist()[:-1]
        dynamic = math.fsum(costs.energy_pj(work, costs.start).values())
        resting, _ = resting_energy(fixed, model, record.runs, record.makespan_ps, record.rested_ps, record.rests)
        return Measured(
            record.makespan_ps,
            dynamic + math.fsum(math.fsum(part) for part in resting.parts.values()),
            _ends(fixed, record.step_span_ps.max(axis=(1, 2))),
            tuple(operators),
        )

    def rehearse(self, plan: Sequence[int], rest: int) -> Measured:
        """One request under a plan, from rest: its latency, and its energy until it is done."""
        chip = self.program.chip
        cool = replace(self.program, chip=chip.with_({"power.thermal": None} | others_fixed(chip)))
        record = self.machine_of(cool, governor=Planned(plan, rest)).execute(1)
        if record.power is None:
            raise AssertionError("a machine with a governor has a record of its power")
        ends = _ends(self.program, record.step_span_ps.max(axis=(1, 2)))
        return Measured(record.makespan_ps, math.fsum(record.power.energy_pj(1).values()), ends, ())

    def floor(self, window_ps: int) -> Floor:
        """What requests back to back draw at the lowest point: the most over a request's time, and what comes on top.

        Where a request takes less than ``window_ps`` there are several, for then they overlap; else copies of the next
        one's inputs and of the last one's outputs come on top. Power is read sixteen times in ``window_ps``.
        """
        step_ps = max(self.program.chip.power.interval_ps, min(window_ps // 16, 10**12))
        chip = self.program.chip.with_({"power.thermal": None, "power.interval": f"{step_ps} ps"})
        requests, end_ps = 1, 0
        while requests <= FEW_REQUESTS and end_ps < window_ps:
            record = self.machine_of(replace(self.program, chip=chip), governor=Fixed(0)).execute(requests)
            requests, end_ps = requests + FEW_REQUESTS - 1, record.makespan_ps
        if record.power is None:
            raise AssertionError("a machine with a governor has a record of its power")
        times = np.append(0, record.power.times[:, 1]).astype(np.float64)
        energy = np.append(0.0, np.cumsum(record.power.power_w * record.power.spans_ps))
        period = record.makespan_ps / len(record.requests_ps)
        begins = np.append(times, times - period)
        begins = begins[(begins >= 0) & (begins + period <= times[-1])]
        rate = float(np.max(np.interp(begins + period, times, energy) - np.interp(begins, times, energy)) / period)
        above = energy - rate * times
        burst_pj = float(np.max(above - np.minimum.accumulate(above)))
        if len(record.requests_ps) == 1:
            burst_pj += math.fsum(record.power.copies_pj().values())
        return Floor(rate, burst_pj / 1e12)


def _ends(program: Program, step_ends_ps: np.ndarray) -> tuple[int, ...]:
    ends = np.zeros(len(program.operators), dtype=np.int64)
    np.maximum.at(ends, program.steps[:, STEP_FIELDS.index("operator")], step_ends_ps)
    return tuple(ends.tolist())
