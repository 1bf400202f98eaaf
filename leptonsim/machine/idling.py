"""Blocks at rest under a governor: their energy from instant to instant, and in the end exactly.

Where no block sleeps, the meter works out the energy of rest by itself, from the powers that are given to it here.
Where blocks sleep, sleep is known up to now while the run goes on: a policy that looks ahead (``directed``) is told of
a rest that goes on as if it ended now. Temperature follows that. In the end all rests are known, and the energy of
every span is worked out anew from them; nothing of it is lost or counted twice.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.kernels.meter import Meter
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.domain import InForce
from leptonsim.machine.resting import RestEnergy, Resting, Sleep, Spans, may_sleep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Idling:
    """``known_pj`` is called for every span of time, in order."""

    def __init__(self, program: Program, resting: Resting, tiles: TileMachine) -> None:
        self.sleeps = may_sleep(program.chip) or program.chip.pcie.idle_state != "L0"
        self._resting, self._tiles = resting, tiles
        self._seen = 0
        self._rest_meter = None if self.is_simple else resting.meter()
        self._rests = np.zeros((64, 3), dtype=np.int64)
        self._blocks_w: dict[tuple[float, int], Floats] = {}
        self._powers: dict[tuple[float, int], tuple[Floats, float, float]] = {}

    @property
    def is_simple(self) -> bool:
        """Whether the energy of a span is its rested time times constant powers."""
        return not self.sleeps and not self._resting.is_partial and self._resting.chip.pcie.idle_state == "L0"

    def powers(self, voltage_v: float, core_hz: int) -> tuple[Floats, float, float]:
        """Watts of one unit at rest by component (clock, standby) and block; leakage; static power of interfaces."""
        key = voltage_v, core_hz
        if key not in self._powers:
            power = self._resting.power
            leaks_w = float(power.leakage_w(voltage_v).sum())
            rest_w = (power.rest_w(voltage_v, core_hz) / power.units)[: len(BLOCK_NAMES)]
            is_dram = np.array([name == "dram" for name in BLOCK_NAMES])
            by_component = np.stack([np.where(is_dram, 0.0, rest_w), np.where(is_dram, rest_w, 0.0)])
            self._powers[key] = by_component, leaks_w, float(power.static_w(voltage_v).sum()) - leaks_w
        return self._powers[key]

    def known_pj(self, now_ps: int, meter: Meter, at: InForce) -> tuple[float, float, float]:
        """Energy since the last reading, as far as it is known: clocks at rest, standby of DRAM, static."""
        padding_ps = meter.open_counts[0] * 1e12 / max(1, at.clock_hz) if self._resting.is_partial else 0.0
        if self._rest_meter is None:
            return self._worked_out_pj(now_ps, meter, at, padding_ps)
        key = at.voltage_v, at.idle_hz
        if key not in self._blocks_w:
            self._blocks_w[key] = self._resting.power.at(*key)
        ended, n = self._tiles.newest_rests(self._seen, self._rests)
        if n > len(self._rests):
            self._rests = np.zeros((2 * n, 3), dtype=np.int64)
            ended, n = self._tiles.newest_rests(self._seen, self._rests)
        self._seen += ended
        known: tuple[float, float, float] = self._rest_meter.read(
            now_ps, self._rests, n, meter.rested, padding_ps, self._blocks_w[key], meter.heat_factor
        )
        return known

    def _worked_out_pj(self, now_ps: int, meter: Meter, at: InForce, padding_ps: float) -> tuple[float, float, float]:
        """The same for policies without rules, as for a whole run."""
        rests = self._tiles.rests(self._seen, True)
        self._seen += len(self._tiles.rests(self._seen))
        span = Spans(
            bounds_ps=np.array([meter.now_ps, now_ps], dtype=np.int64),
            rested_ps=meter.open_rests[None, :],
            padding_ps=np.array([padding_ps]),
            voltage_v=np.array([at.voltage_v]),
            core_hz=np.array([at.idle_hz]),
            heat=np.array([meter.heat_factor]),
        )
        energy = self._resting.energy(span, self._resting.sleep(span, rests))
        return float(energy.clock_pj.sum()), float(energy.standby_pj.sum()), float(energy.static_pj.sum())

    def finish(self, spans: Spans) -> tuple[RestEnergy, Sleep, tuple[Floats, Floats]]:
        """Energy of every span, all sleep, and leakage by span: as it was, and at ``leakage_at``.

        Where the energy of rest is that simple, all spans at one voltage and clock are one.
        """
        spans = condensed(spans) if self.is_simple else spans
        sleep = self._resting.sleep(spans, self._tiles.rests())
        energy = self._resting.energy(spans, sleep)
        on_die = self._resting.power.leakage_w(1.0) > 0
        leaks = (energy.static_pj * on_die).sum(axis=1)
        return energy, sleep, (leaks, leaks / spans.heat)


def condensed(spans: Spans) -> Spans:
    """Spans with the same energy as long as nothing sleeps: one for each voltage and clock, at its mean heat."""
    lengths = np.diff(spans.bounds_ps)
    clocked = np.stack([spans.voltage_v, spans.core_hz.astype(np.float64)], axis=1)
    states, groups = alike(clocked)
    time_ps = [int(lengths[group].sum()) for group in groups]
    heated = [math.fsum((lengths[group] * spans.heat[group]).tolist()) for group in groups]
    return Spans(
        bounds_ps=np.cumsum([0, *time_ps]),
        rested_ps=np.array([spans.rested_ps[group].sum(axis=0) for group in groups]).reshape(-1, len(BLOCK_NAMES)),
        padding_ps=np.array([math.fsum(spans.padding_ps[group].tolist()) for group in groups]),
        voltage_v=states[:, 0],
        core_hz=states[:, 1].astype(np.int64),
        heat=np.array(heated) / np.maximum(1, time_ps),
    )


def alike(rows: Floats) -> tuple[Floats, list[Integers]]:
    """The different ones of some rows, in order, and where each is: there are few, so that sorting all of them is
    longer.
    """
    found: dict[tuple[float, ...], Integers] = {}
    left = np.arange(len(rows))
    while len(left):
        first = rows[left[0]]
        same = (rows[left] == first).all(axis=1)
        found[tuple(first.tolist())], left = left[same], left[~same]
    states = sorted(found)
    return np.array(states, dtype=np.float64).reshape(-1, rows.shape[1]), [found[state] for state in states]
