"""A program tried out before its run: at one operating point, or under a plan with a point for each operator.

Governors that know the program beforehand decide by this. A trial is one request, or a few, on a machine of its own;
its heat is not followed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import STEP_FIELDS
from leptonsim.machine.clocks import OperatingPoint, operating_points
from leptonsim.machine.energy import energy_model
from leptonsim.machine.governors import Measured, Pace, Sample
from leptonsim.machine.governors.fixed import Fixed
from leptonsim.machine.power_record import PowerRecord
from leptonsim.machine.spending import resting_energy, spending

FEW_REQUESTS = 4
"""So many back to back show how copies of one request overlap the work of others."""


def at_point(chip: Chip, point: OperatingPoint) -> Chip:
    """The chip fixed at one of its operating points."""
    changes: dict[str, object] = {
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
    """The program on a chip at the highest clock of its run, for bounds that must hold at every clock."""
    fastest = record.highest_hz if record is not None else 0
    if fastest <= program.chip.clocks.core_hz:
        return program
    points = operating_points(program.chip, energy_model(program.chip).table.voltage_v)
    return replace(program, chip=at_point(program.chip, next(each for each in points if each.clock_hz == fastest)))


def measure(program: Program, point: OperatingPoint) -> Measured:
    """One request at one operating point."""
    from leptonsim.machine.machine import Machine

    chip = at_point(program.chip, point)
    fixed = replace(program, chip=chip)
    model = energy_model(chip)
    machine = Machine(fixed, governed=False)
    record = machine.execute(1)
    costs = spending(fixed, model)
    work = np.zeros(costs.pj.shape[1:], dtype=np.int64)
    machine.tiles.progress(work)
    operators = costs.operators_pj(work, costs.voltage_v).sum(axis=1).tolist()[:-1]
    dynamic = math.fsum(costs.energy_pj(work, costs.voltage_v).values())
    resting, _ = resting_energy(fixed, model, record.runs, record.makespan_ps, record.rested_ps, record.rests)
    return Measured(
        record.makespan_ps,
        dynamic + math.fsum(math.fsum(part) for part in resting.parts.values()),
        _ends(fixed, record.step_span_ps.max(axis=(1, 2))),
        tuple(operators),
    )


def pace(program: Program, point: int, window_ps: int) -> Pace:
    """What requests back to back draw at a point: the greatest mean over a request's time, and what comes on top.

    Where a request takes less than ``window_ps`` there are several, for then they overlap; else copies of the next
    one's inputs and of the last one's outputs come on top. Power is read sixteen times in ``window_ps``.
    """
    from leptonsim.machine.machine import Machine

    step_ps = max(program.chip.power.interval_ps, min(window_ps // 16, 10**12))
    chip = program.chip.with_({"power.thermal": None, "power.interval": f"{step_ps} ps"})
    requests, end_ps = 1, 0
    while requests <= FEW_REQUESTS and end_ps < window_ps:
        machine = Machine(replace(program, chip=chip), governor=Fixed(point))
        record = machine.execute(requests)
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
    return Pace(rate, burst_pj / 1e12)


def _ends(program: Program, step_ends_ps: np.ndarray) -> tuple[int, ...]:
    ends = np.zeros(len(program.operators), dtype=np.int64)
    np.maximum.at(ends, program.steps[:, STEP_FIELDS.index("operator")], step_ends_ps)
    return tuple(ends.tolist())


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


def rehearse(program: Program, plan: Sequence[int], rest: int) -> Measured:
    """One request under a plan, from rest: its latency, and its energy until it is done."""
    from leptonsim.machine.machine import Machine

    cool = replace(program, chip=program.chip.with_({"power.thermal": None}))
    record = Machine(cool, governor=Planned(plan, rest)).execute(1)
    if record.power is None:
        raise AssertionError("a machine with a governor has a record of its power")
    ends = _ends(program, record.step_span_ps.max(axis=(1, 2)))
    return Measured(record.makespan_ps, math.fsum(record.power.energy_pj(1).values()), ends, ())
