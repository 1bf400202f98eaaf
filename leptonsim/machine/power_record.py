"""What the power control saw of a run: power, clocks, voltages, temperature over time, and the work at each supply."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.machine.energy import DYNAMIC
from leptonsim.machine.rest_energy import RestEnergy, Sleep
from leptonsim.machine.spending import Spending, Supplies

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Segment(NamedTuple):
    """Time at one clock (0 Hz: it stands still) and voltage: watts by component, die temperature at its end."""

    from_ps: int
    to_ps: int
    core_hz: int
    voltage_v: float
    die_c: float | None
    power_w: tuple[float, ...]


@dataclass(frozen=True)
class DomainRecord:
    """A domain beside the cores: ``clock_hz`` and ``voltage_v`` are (n,), of each reading; 0 Hz: its clock stood still.

    Of the memory they are its data rate and the voltage of its interface. ``residency_ps`` is as of the cores.
    """

    governor: str
    clock_hz: Integers
    voltage_v: Floats
    residency_ps: dict[str, int]
    changes: int


@dataclass(frozen=True)
class PowerRecord:
    """What the control saw. ``residency_ps`` is time by operating point, on the way between points under ``change``.

    ``times`` and ``levels`` are the meter's readings, int64 (n, 3) and float64 (n, 2 + components). ``work`` is what
    was done at each set of supplies, int64 (operators + 1, columns); ``resting`` has the energy of blocks at rest, with
    that of changes of state as static energy of what is no block; ``sleep`` is over the readings. ``domains`` are those
    beside the cores whose state may change.
    """

    governor: str
    times: Integers
    levels: Floats
    work: dict[Supplies, Integers]
    spending: Spending
    resting: RestEnergy
    sleep: Sleep
    residency_ps: dict[str, int]
    changes: int
    samples: int
    throttled_ps: int
    steady_c: float | None
    domains: dict[str, DomainRecord] = field(default_factory=dict)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The readings one by one."""
        return tuple(
            Segment(begin, end, hertz, level[0], None if math.isnan(level[1]) else level[1], tuple(level[2:]))
            for (begin, end, hertz), level in zip(self.times.tolist(), self.levels.tolist(), strict=True)
        )

    @property
    def spans_ps(self) -> Integers:
        """int64 (n,): the length of each reading."""
        spans: Integers = self.times[:, 1] - self.times[:, 0]
        return spans

    @property
    def power_w(self) -> Floats:
        """float64 (n,): the power of each reading, all components together."""
        total: Floats = self.levels[:, 2:].sum(axis=1)
        return total

    @property
    def highest_hz(self) -> int:
        """The highest clock of the run."""
        return int(self.times[:, 2].max(initial=0))

    @property
    def core_cycles(self) -> float:
        """Cycles of the core clock in the whole run."""
        return math.fsum((self.times[:, 2] * self.spans_ps.astype(np.float64)).tolist()) / 1e12

    def cycles_of(self, domain: str) -> float:
        """Cycles of the clock of a domain beside the cores in the whole run; of the memory transfers on each pin."""
        return math.fsum((self.domains[domain].clock_hz * self.spans_ps.astype(np.float64)).tolist()) / 1e12

    def energy_pj(self, runs: int) -> dict[str, float]:
        """Energy of ``runs`` runs of the program by component, each an exact sum over voltages."""
        parts = [self.spending.energy_pj(work, at) for at, work in sorted(self.work.items())]
        scale = self.spending.scale(max(self.work, default=self.spending.start))[: len(DYNAMIC)]
        rest = dict(zip(DYNAMIC, (self.spending.idle_pj.sum(axis=1) * scale * runs).tolist(), strict=True))
        dynamic = {name: math.fsum([part[name] for part in parts] + [rest[name]]) for name in DYNAMIC}
        return {**dynamic, **{name: math.fsum(blocks) for name, blocks in self.resting.parts.items()}}

    @property
    def io_extra_pj(self) -> float:
        """What DRAM's interface took beyond what it would have in the memory's state at the start."""
        return math.fsum(self.spending.io_extra_pj(work, at) for at, work in sorted(self.work.items()))

    def operators_pj(self, runs: int) -> list[dict[str, float]]:
        """Dynamic energy of one of ``runs`` runs by operator and component: their mean."""
        parts = [self.spending.operators_pj(work, at) for at, work in sorted(self.work.items())]
        scale = self.spending.scale(max(self.work, default=self.spending.start))[: len(DYNAMIC)]
        rows = (np.sum(parts, axis=0) / runs + (self.spending.idle_pj.T * scale)).tolist()[:-1]
        return [dict(zip(DYNAMIC, row, strict=True)) for row in rows]

    def copies_pj(self) -> dict[str, float]:
        """Energy of copies between host and DRAM over the whole run, by component."""
        parts = [self.spending.operators_pj(work, at)[-1] for at, work in sorted(self.work.items())]
        return dict(zip(DYNAMIC, np.sum(parts, axis=0).tolist(), strict=True))
