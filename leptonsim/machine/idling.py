"""Blocks at rest under a governor: their energy from instant to instant, and in the end exactly.

Where no block sleeps, the meter works out the energy of rest by itself, from the powers that are given to it here.
Where blocks sleep, sleep is known up to now while the run goes on: a policy that looks ahead (``directed``) is told of
a rest that goes on as if it ended now. Temperature follows that. In the end all rests are known, and the energy of
every span is worked out anew from them; nothing of it is lost or counted twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.kernels.meter import Meter
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.blocks import Beside
from leptonsim.machine.condition import Condition
from leptonsim.machine.rest_energy import RestEnergy, Sleep, Spans
from leptonsim.machine.resting import Resting, may_sleep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Idling:
    """``read`` is called at the end of every span of time at one condition, in order."""

    def __init__(self, program: Program, resting: Resting, tiles: TileMachine) -> None:
        self.sleeps = may_sleep(program.chip) or program.chip.pcie.idle_state != "L0"
        self._resting, self._tiles = resting, tiles
        self._seen = 0
        self.is_simple = not self.sleeps and not resting.is_partial
        """Whether the energy of a span is its rested time times constant powers."""
        self._rest_meter = None if self.is_simple else resting.meter()
        self._blocks_w: dict[Condition, Floats] = {}

    def powers(self, voltage_v: float, core_hz: int, beside: Beside) -> tuple[Floats, float, float]:
        """Watts of one unit at rest by component (clock, standby) and block; leakage; static power of interfaces."""
        power = self._resting.power
        leaks_w = float(power.leakage_w(voltage_v, beside).sum())
        rest_w = (power.rest_w(voltage_v, core_hz, beside) / power.units)[: len(BLOCK_NAMES)]
        is_dram = np.array([name == "dram" for name in BLOCK_NAMES])
        by_component = np.stack([np.where(is_dram, 0.0, rest_w), np.where(is_dram, rest_w, 0.0)])
        return by_component, leaks_w, float(power.static_w(voltage_v, beside=beside).sum()) - leaks_w

    def attach(self, meter: Meter) -> None:
        """The meter whose readings ``read`` closes."""
        self._meter = meter
        if self._rest_meter is not None:
            self._rest_meter.attach(self._tiles, meter)

    def use(self, condition: Condition) -> None:
        """What is in force from now on."""
        self._condition = condition
        if self._rest_meter is None:
            return
        if condition not in self._blocks_w:
            core = condition.core
            self._blocks_w[condition] = self._resting.power.at(core.voltage_v, core.idle_hz, condition.beside)
        self._rest_meter.use(self._blocks_w[condition], condition.core.clock_hz)

    @property
    def read(self) -> Callable[[int, int], object]:
        """What has the meter close a reading until now, given how many operators did something: with the energy of
        clocks at rest, standby of DRAM and static power since the last one, as far as it is known.
        """
        if self.is_simple:
            found: Callable[[int, int], object] = self._meter.read
            return found
        return self._work_out if self._rest_meter is None else self._rest_meter.read

    def _work_out(self, changed: int, now_ps: int) -> None:
        """A reading under policies without rules, as of a whole run."""
        meter, condition = self._meter, self._condition
        if now_ps <= meter.now_ps:
            return
        meter.gather(changed)
        rests = self._tiles.rests(self._seen, True)
        self._seen += len(self._tiles.rests(self._seen))
        span = Spans(
            bounds_ps=np.array([meter.now_ps, now_ps], dtype=np.int64),
            rested_ps=meter.open_rests[None, :],
            padding_ps=np.array([meter.open_counts[0] * 1e12 / max(1, condition.core.clock_hz)]),
            voltage_v=np.array([condition.core.voltage_v]),
            core_hz=np.array([condition.core.idle_hz]),
            heat=np.array([meter.heat_factor]),
            beside=Beside(*(np.array([each]) for each in condition.beside)),
        )
        energy = self._resting.energy(span, self._resting.sleep(span, rests))
        pj = (float(part.sum()) for part in (energy.clock_pj, energy.standby_pj, energy.static_pj))
        meter.close(now_ps, *pj)

    def finish(self, spans: Spans) -> tuple[RestEnergy, Sleep, tuple[Floats, Floats]]:
        """Energy of every span, all sleep, and leakage by span: as it was, and at ``leakage_at``.

        Where the energy of rest is that simple, all spans under one condition are one.
        """
        spans = condensed(spans) if self.is_simple else spans
        sleep = self._resting.sleep(spans, self._tiles.rests())
        energy = self._resting.energy(spans, sleep)
        on_die = self._resting.power.leakage_w(1.0) > 0
        leaks = (energy.static_pj * on_die).sum(axis=1)
        return energy, sleep, (leaks, leaks / spans.heat)


def condensed(spans: Spans) -> Spans:
    """Spans with the same energy while nothing sleeps: one for each set of voltages and clocks, at its mean heat."""
    lengths = np.diff(spans.bounds_ps)
    columns = spans.voltage_v, spans.core_hz, *(() if spans.beside is None else spans.beside)
    states, groups = _alike([np.asarray(column, dtype=np.float64) for column in columns])
    time_ps = [int(lengths[group].sum()) for group in groups]
    heated = [math.fsum((lengths[group] * spans.heat[group]).tolist()) for group in groups]
    return Spans(
        bounds_ps=np.cumsum([0, *time_ps]),
        rested_ps=np.array([spans.rested_ps[group].sum(axis=0) for group in groups]).reshape(-1, len(BLOCK_NAMES)),
        # of cells with padding nothing is off
        padding_ps=np.zeros(len(groups)),
        voltage_v=np.array([state[0] for state in states]),
        core_hz=np.array([state[1] for state in states], dtype=np.int64),
        heat=np.array(heated) / np.maximum(1, time_ps),
        beside=None if spans.beside is None else Beside(*np.array([state[2:] for state in states]).T),
    )


def _alike(columns: Sequence[Floats]) -> tuple[list[tuple[float, ...]], list[Integers]]:
    """The rows that occur, in order, and where each does; for there are few of them, no sorting of all is needed."""
    found: dict[tuple[float, ...], Integers] = {}
    left = np.arange(len(columns[0]))
    while len(left):
        state = tuple(float(column[left[0]]) for column in columns)
        same = np.logical_and.reduce([column[left] == value for column, value in zip(columns, state, strict=True)])
        found[state], left = left[same], left[~same]
    states = sorted(found)
    return states, [found[state] for state in states]
