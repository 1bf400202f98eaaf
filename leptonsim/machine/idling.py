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
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.known import Known, Span
from leptonsim.machine.resting import RestEnergy, Resting, Sleep, Spans, may_sleep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Idling:
    """``known_pj`` is called for every span of time, in order."""

    def __init__(self, program: Program, resting: Resting, tiles: TileMachine) -> None:
        self.sleeps = may_sleep(program.chip) or program.chip.pcie.idle_state != "L0"
        self._resting, self._tiles = resting, tiles
        self._remembers = may_sleep(program.chip)
        self._seen = 0
        self._known = Known(resting)
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

    def known_pj(self, span: Span) -> tuple[float, float, float]:
        """Energy of the span that ends now, as far as it is known: clocks at rest, standby of DRAM, static."""
        rests = self._tiles.rests(self._seen, True).tolist() if self._remembers else ()
        self._seen = self._tiles.rests_over
        return self._known.energy_pj(span, rests)

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
    states, groups = _alike(spans.voltage_v, spans.core_hz)
    time_ps = [int(lengths[group].sum()) for group in groups]
    heated = [math.fsum((lengths[group] * spans.heat[group]).tolist()) for group in groups]
    return Spans(
        bounds_ps=np.cumsum([0, *time_ps]),
        rested_ps=np.array([spans.rested_ps[group].sum(axis=0) for group in groups]).reshape(-1, len(BLOCK_NAMES)),
        padding_ps=np.array([math.fsum(spans.padding_ps[group].tolist()) for group in groups]),
        voltage_v=np.array([voltage_v for voltage_v, _ in states]),
        core_hz=np.array([core_hz for _, core_hz in states], dtype=np.int64),
        heat=np.array(heated) / np.maximum(1, time_ps),
    )


def _alike(voltage_v: Floats, core_hz: Integers) -> tuple[list[tuple[float, int]], list[Integers]]:
    """The pairs that occur, in order, and where each does; for there are few of them, no sorting of all is needed."""
    found: dict[tuple[float, int], Integers] = {}
    left = np.arange(len(core_hz))
    while len(left):
        state = float(voltage_v[left[0]]), int(core_hz[left[0]])
        same = (voltage_v[left] == state[0]) & (core_hz[left] == state[1])
        found[state], left = left[same], left[~same]
    states = sorted(found)
    return states, [found[state] for state in states]
