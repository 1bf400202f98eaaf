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


HEAT_FIELDS = Heat._fields
TIME_FIELDS = ("from_ps", "to_ps", "core_hz")


class Meter:
    """Energy, temperature and sums of one run; see ``leptonsim.kernels.meter.Meter``."""

    def __init__(self, pj: Floats, heat: Sequence[float] | None = None) -> None:
        if pj.ndim != 3 or pj.shape[1] < 3:
            raise ValueError("Meter: energy is of shape (rows, columns, components)")
        if heat is not None and len(heat) != len(HEAT_FIELDS):
            raise ValueError(f"Meter: heat is {len(HEAT_FIELDS)} numbers")
        self._pj = pj
        self._heat = None if heat is None else Heat(*heat)
        self.die_c, self.sink_c = (math.nan, math.nan) if self._heat is None else self._heat[-2:]
        self.rows: Integers = np.zeros(len(pj), dtype=np.int64)
        self.change: Integers = np.zeros(pj.shape[:2], dtype=np.int64)
        self.now_ps = self._core_hz = 0
        self._voltage_v = 0.0
        self._scale: Floats = np.ones(pj.shape[2])
        self._work: Integers = np.zeros(pj.shape[:2], dtype=np.int64)
        self._times: list[tuple[int, int, int]] = []
        self._levels: list[list[float]] = []
        self._pj_sum = self._cycles = 0.0
        self._done: Integers = np.zeros(pj.shape[1], dtype=np.int64)

    def set_point(self, core_hz: int, voltage_v: float, scale: Floats, work: Integers) -> None:
        """From now on the clock and voltage are these, energy is scaled by component, and ``work`` counts what is
        done."""
        if scale.shape != self._scale.shape or work.shape != self._work.shape:
            raise ValueError("set_point: the shapes do not fit")
        self._core_hz, self._voltage_v, self._scale, self._work = core_hz, voltage_v, scale, work

    def read(self, changed: int, now_ps: int, static_w: float, once_pj: float = 0.0) -> float:
        """Take what ``changed`` rows tell for the time since the last reading; returns the power in that time."""
        if not 0 <= changed <= len(self._pj) or now_ps < self.now_ps:
            raise ValueError("read: more changes than rows, or time goes back")
        self._pj_sum += once_pj
        span_ps = now_ps - self.now_ps
        if span_ps == 0:
            return 0.0
        energy_pj = np.zeros(self._pj.shape[2])
        for row, amounts in zip(self.rows[:changed], self.change[:changed], strict=True):
            self._work[row] += amounts
            if row < len(self._pj) - 1:
                self._done += amounts
            for column, amount in enumerate(amounts):
                energy_pj += float(amount) * self._pj[row, column]
        if self._heat is not None:
            heat = self._heat
            static_w *= math.exp(heat.leakage_per_kelvin * (self.die_c - heat.leakage_at_c))
        watts = [*(energy_pj * self._scale / span_ps).tolist(), static_w]
        total_w = sum(watts)
        if self._heat is not None:
            self.die_c, self.sink_c = self._heat.after(self.die_c, self.sink_c, total_w, span_ps / 1e12)
        self._times.append((self.now_ps, now_ps, self._core_hz))
        self._levels.append([self._voltage_v, self.die_c, *watts])
        self._pj_sum += total_w * span_ps
        self._cycles += span_ps * (self._core_hz / 1e12)
        self.now_ps = now_ps
        return float(total_w)

    def take(self) -> tuple[float, float, int, int, int]:
        """Sums since the last call: energy in pJ, cycles of the core clock, of tensor cores, of vector units, bytes."""
        done = self._done.tolist()
        found = (self._pj_sum, self._cycles, done[TENSOR], done[VECTOR], sum(done[MOVED:]))
        self._pj_sum = self._cycles = 0.0
        self._done = np.zeros_like(self._done)
        return found

    @property
    def times(self) -> Integers:
        """int64 (readings, 3): ``TIME_FIELDS``."""
        return np.array(self._times, dtype=np.int64).reshape(-1, len(TIME_FIELDS))

    @property
    def levels(self) -> Floats:
        """float64 (readings, 2 + components + 1): voltage, die temperature at the end (nan: none), watts, static
        watts."""
        return np.array(self._levels, dtype=np.float64).reshape(-1, 3 + self._pj.shape[2])
