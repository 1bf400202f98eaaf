"""The meter in plain Python: the specification of ``leptonsim.kernels.meter``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TENSOR, VECTOR, MOVED = 0, 1, 2


class Heat(NamedTuple):
    """Two RC nodes, and where they begin.

    ``a`` to ``d`` are the matrix of dx/dt = A x, of die and sink in distance from their steady state; ``fast`` and
    ``slow`` its eigenvalues.
    """

    a: float
    b: float
    c: float
    d: float
    fast: float
    slow: float
    r_die: float
    r_sink: float
    ambient_c: float
    leakage_per_kelvin: float
    leakage_at_c: float
    die_c: float
    sink_c: float

    def after(self, die_c: float, sink_c: float, power_w: float, time_s: float) -> tuple[float, float]:
        """Temperatures of die and sink after a time at constant power: exp(A t) by Sylvester's formula."""
        fast, slow = math.exp(self.fast * time_s), math.exp(self.slow * time_s)
        mix = (fast - slow) / (self.fast - self.slow)
        diagonal = slow - mix * self.slow
        rest_sink = self.ambient_c + power_w * self.r_sink
        rest_die = rest_sink + power_w * self.r_die
        die, sink = die_c - rest_die, sink_c - rest_sink
        return (
            rest_die + (diagonal + mix * self.a) * die + mix * self.b * sink,
            rest_sink + mix * self.c * die + (diagonal + mix * self.d) * sink,
        )


class Point(NamedTuple):
    """What holds while no clock and no voltage changes; see ``Meter.point_of``."""

    condition: int
    core_hz: int
    still: npt.NDArray[np.uint8]
    scale: Floats
    work: Integers
    rest_w: Floats
    leaks_w: float
    steady_w: float


HEAT_FIELDS = Heat._fields
TIME_FIELDS = ("from_ps", "to_ps", "condition")


class Meter:
    """Energy, temperature and sums of one run; see ``leptonsim.kernels.meter.Meter``."""

    def __init__(self, pj: Floats, units: Integers, heat: Sequence[float] | None = None, *, counted: int = 0) -> None:
        if pj.ndim != 3 or pj.shape[1] < 3:
            raise ValueError("Meter: energy is of shape (rows, columns, components)")
        blocks = len(units)
        if not 0 <= counted < pj.shape[2] or blocks < 1:
            raise ValueError("Meter: at least one component is energy, and there is at least one kind of block")
        if heat is not None and len(heat) != len(HEAT_FIELDS):
            raise ValueError(f"Meter: heat is {len(HEAT_FIELDS)} numbers")
        self._pj, self._parts, self._units = pj, pj.shape[2] - counted, units
        self._heat = None if heat is None else Heat(*heat)
        self.die_c, self.sink_c = (math.nan, math.nan) if self._heat is None else self._heat[-2:]
        self.rows: Integers = np.zeros(len(pj), dtype=np.int64)
        self.change: Integers = np.zeros(pj.shape[:2], dtype=np.int64)
        self.rested: Integers = np.zeros(blocks, dtype=np.int64)
        self._rested_then: Integers = np.zeros(blocks, dtype=np.int64)
        self.now_ps = self._condition = self._core_hz = 0
        self._leaks_w = self._steady_w = 0.0
        self._still: npt.NDArray[np.uint8] = np.ones(blocks, dtype=np.uint8)
        self._scale: Floats = np.ones(self._parts)
        self._work: Integers = np.zeros(pj.shape[:2], dtype=np.int64)
        self._rest_w: Floats = np.zeros((2, blocks))
        self._open: Floats = np.zeros(pj.shape[2])
        self._times: list[tuple[int, int, int]] = []
        self._rests: list[list[int]] = []
        self._levels: list[list[float]] = []
        self.samples = self._sampled_ps = self._sampled_busy_ps = 0
        self._pj_sum = self._cycles = 0.0
        self._done: Integers = np.zeros(pj.shape[1], dtype=np.int64)

    def point_of(
        self,
        condition: int,
        core_hz: int,
        still: npt.NDArray[np.uint8],
        scale: Floats,
        work: Integers,
        rest_w: Floats,
        leaks_w: float,
        steady_w: float,
    ) -> Point:
        """A condition for ``use_point``, by number: energy is scaled by component, ``work`` counts what is done, blocks
        at rest draw so much, and those of which ``still`` is set all count as resting."""
        if scale.shape != self._scale.shape or work.shape != self._work.shape or rest_w.shape != self._rest_w.shape:
            raise ValueError("point_of: the shapes do not fit")
        if still.shape != self._still.shape:
            raise ValueError("point_of: the shapes do not fit: a flag for each kind of block")
        return Point(condition, core_hz, still, scale, work, rest_w, leaks_w, steady_w)

    def use_point(self, point: Point) -> None:
        """The condition from now on: a point of this meter."""
        if point.work.shape != self._work.shape or point.rest_w.shape != self._rest_w.shape:
            raise ValueError("use_point: a point of another meter")
        self._condition, self._core_hz, self._still, self._scale, self._work = point[:5]
        self._rest_w, self._leaks_w, self._steady_w = point[5:]

    def gather(self, changed: int) -> None:
        """Take what ``changed`` rows tell; it becomes part of the next reading."""
        if not 0 <= changed <= len(self._pj):
            raise ValueError("gather: more changes than rows")
        for row, amounts in zip(self.rows[:changed], self.change[:changed], strict=True):
            self._work[row] += amounts
            if row < len(self._pj) - 1:
                self._done += amounts
            for column, amount in enumerate(amounts):
                self._open += float(amount) * self._pj[row, column]

    @property
    def open_counts(self) -> Floats:
        """float64 (counted,): what was counted since the last reading."""
        return self._open[self._parts :].copy()

    @property
    def open_rests(self) -> Integers:
        """int64 (blocks,): how long blocks rested since the last reading, as far as the machine knows."""
        return self.rested - self._rested_then

    def _all_rests(self, now_ps: int) -> Integers:
        """The same, with all units of a kind resting whose clock stands still."""
        return np.where(self._still, self._units * (now_ps - self.now_ps), self.open_rests)

    @property
    def heat_factor(self) -> float:
        """Leakage at the die's temperature over that at which it is stated."""
        heat = self._heat
        return 1.0 if heat is None else math.exp(heat.leakage_per_kelvin * (self.die_c - heat.leakage_at_c))

    def read(self, changed: int, now_ps: int) -> float:
        """Gather, and close a reading in which blocks at rest draw what the point says; the power in it."""
        self.gather(changed)
        clock_pj, standby_pj = (self._rest_w @ self._all_rests(now_ps)).tolist()
        static_w = self._leaks_w * self.heat_factor + self._steady_w
        return self.close(now_ps, clock_pj, standby_pj, static_w * (now_ps - self.now_ps))

    def close(self, now_ps: int, clock_pj: float, standby_pj: float, static_pj: float) -> float:
        """Close a reading in which blocks at rest took so much; the power in it."""
        span_ps = now_ps - self.now_ps
        if span_ps < 0:
            raise ValueError("Meter: time goes forward")
        if span_ps == 0:
            return 0.0
        at_rest = [clock_pj / span_ps, standby_pj / span_ps, static_pj / span_ps]
        watts = [*(self._open[: self._parts] * self._scale / span_ps).tolist(), *at_rest]
        total_w, heat_factor = sum(watts), self.heat_factor
        if self._heat is not None:
            self.die_c, self.sink_c = self._heat.after(self.die_c, self.sink_c, total_w, span_ps / 1e12)
        self._times.append((self.now_ps, now_ps, self._condition))
        self._rests.append(self._all_rests(now_ps).tolist())
        self._levels.append([self.die_c, heat_factor, *watts, *self.open_counts.tolist()])
        self._open[:] = 0.0
        self._rested_then[:] = self.rested
        self._pj_sum += total_w * span_ps
        self._cycles += span_ps * (self._core_hz / 1e12)
        self.now_ps = now_ps
        return float(total_w)

    def sample(
        self, cores: int, point: int, busy_ps: int, waiting: bool, once_pj: float, highest: int
    ) -> tuple[int, int, int, float, bool, float, float, int, float, float, int]:
        """What a governor sees of the time since the last sample, in the order of its ``Sample``."""
        span_ps = self.now_ps - self._sampled_ps
        if span_ps <= 0:
            raise ValueError("sample: no time has passed")
        cycles = max(1.0, self._cycles * cores)
        done = self._done.tolist()
        busy, power_w = (busy_ps - self._sampled_busy_ps) / span_ps, (self._pj_sum + once_pj) / span_ps
        engines = done[TENSOR] / cycles, done[VECTOR] / cycles
        self._pj_sum = self._cycles = 0.0
        self._done = np.zeros_like(self._done)
        self._sampled_ps, self._sampled_busy_ps = self.now_ps, busy_ps
        self.samples += 1
        moved_bytes = sum(done[MOVED:])
        return (self.now_ps, span_ps, point, busy, waiting, *engines, moved_bytes, power_w, self.die_c, highest)

    @property
    def times(self) -> Integers:
        """int64 (readings, 3): ``TIME_FIELDS``."""
        return np.array(self._times, dtype=np.int64).reshape(-1, len(TIME_FIELDS))

    @property
    def rests(self) -> Integers:
        """int64 (readings, blocks): how long blocks rested."""
        return np.array(self._rests, dtype=np.int64).reshape(-1, len(self.rested))

    @property
    def levels(self) -> Floats:
        """float64 (readings, 2 + components + 3 + counted): die temperature at the end (nan: none), leakage
        over that at the temperature at which it is stated; watts by component, of clocks at rest, standby, static;
        what was counted."""
        return np.array(self._levels, dtype=np.float64).reshape(-1, 5 + self._pj.shape[2])
