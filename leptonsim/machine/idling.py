"""Blocks at rest under a governor: their energy from instant to instant, and in the end exactly.

While the run goes on, sleep is known up to now: a policy that looks ahead (``directed``) is told of a rest that goes on
as if it ended now. Temperature follows that. In the end all rests are known, and the energy of every segment is worked
out anew from them; nothing of it is lost or counted twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.resting import RestEnergy, Resting, Sleep, Spans, may_sleep

Floats = npt.NDArray[np.float64]
_DRAM = BLOCK_NAMES.index("dram")


class Span(NamedTuple):
    """What was the same, and what rested, between two calls of ``account``."""

    rested_ps: list[int]
    padding_ps: float
    voltage_v: float
    core_hz: int
    heat: float


class Powers(NamedTuple):
    """Watts at one point: leakage, static power of interfaces, and of one unit at rest of each block and of DRAM."""

    leaks_w: float
    interfaces_w: float
    clocks_w: list[float]
    standby_w: float


class Idling:
    """``account`` is called at every instant at which voltage, clock or temperature change, in order."""

    def __init__(self, program: Program, resting: Resting, tiles: TileMachine) -> None:
        self.sleeps = may_sleep(program.chip)
        self._resting, self._tiles = resting, tiles
        self._is_exact = self.sleeps or resting.is_partial or program.chip.pcie.idle_state != "L0"
        self._rested = [0] * len(BLOCK_NAMES)
        self._bounds = [0]
        self._spans: list[Span] = []
        self._seen = 0
        self._powers: dict[tuple[float, int], Powers] = {}

    def account(
        self, now_ps: int, padded_cycles: float, voltage_v: float, core_hz: int, heat: float
    ) -> tuple[float, float, float]:
        """Energy in pJ since the last call, as far as it is known: clocks at rest, standby of DRAM, static."""
        rested = self._tiles.rested_ps()
        since = [now - before for now, before in zip(rested, self._rested, strict=True)]
        self._rested = rested
        self._spans.append(Span(since, padded_cycles * 1e12 / core_hz, voltage_v, core_hz, heat))
        span_ps = now_ps - self._bounds[-1]
        self._bounds.append(now_ps)
        if self._is_exact:
            return self._with_sleep()
        powers = self._powers.get((voltage_v, core_hz))
        if powers is None:
            powers = self._powers[voltage_v, core_hz] = self._powers_at(voltage_v, core_hz)
        clocks_pj = sum(watts * rest for watts, rest in zip(powers.clocks_w, since, strict=True))
        static_pj = (powers.leaks_w * heat + powers.interfaces_w) * span_ps
        return clocks_pj, powers.standby_w * since[_DRAM], static_pj

    def finish(self) -> tuple[RestEnergy, Sleep, tuple[Floats, Floats]]:
        """Energy of every segment, all sleep, and leakage by segment: as it was, and at ``leakage_at``."""
        spans = self._as_spans(0)
        sleep = self._resting.sleep(spans, self._tiles.rests())
        energy = self._resting.energy(spans, sleep)
        on_die = self._resting.power.leakage_w(1.0) > 0
        leaks = (energy.static_pj * on_die).sum(axis=1)
        return energy, sleep, (leaks, leaks / spans.heat)

    def _powers_at(self, voltage_v: float, core_hz: int) -> Powers:
        power = self._resting.power
        leaks_w = float(power.leakage_w(voltage_v).sum())
        clocks_w = (power.rest_w(voltage_v, core_hz) / power.units)[: len(BLOCK_NAMES)].tolist()
        standby_w, clocks_w[_DRAM] = clocks_w[_DRAM], 0.0
        return Powers(leaks_w, float(power.static_w(voltage_v).sum()) - leaks_w, clocks_w, standby_w)

    def _with_sleep(self) -> tuple[float, float, float]:
        rests = self._tiles.rests(self._seen, True)
        self._seen += len(self._tiles.rests(self._seen))
        spans = self._as_spans(len(self._spans) - 1)
        energy = self._resting.energy(spans, self._resting.sleep(spans, rests))
        return float(energy.clock_pj.sum()), float(energy.standby_pj.sum()), float(energy.static_pj.sum())

    def _as_spans(self, first: int) -> Spans:
        rested, padding, volts, clocks, heat = zip(*self._spans[first:], strict=True) if self._spans else ([],) * 5
        return Spans(
            bounds_ps=np.array(self._bounds[first:], dtype=np.int64),
            rested_ps=np.array(rested, dtype=np.int64).reshape(-1, len(BLOCK_NAMES)),
            padding_ps=np.array(padding, dtype=np.float64),
            voltage_v=np.array(volts, dtype=np.float64),
            core_hz=np.array(clocks, dtype=np.int64),
            heat=np.array(heat, dtype=np.float64),
        )
