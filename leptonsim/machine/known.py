"""What blocks at rest took since the last reading of a run under a governor, as far as it is known.

The same as ``Resting.sleep`` and ``Resting.energy`` for one span of time, number by number instead of array by array:
a reading has few rests, and is taken thousands of times. The numbers are equal to the last bit
(``tests/components/test_known.py``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from leptonsim.kernels.tiles import BLOCK_NAMES
from leptonsim.machine.blocks import BLOCKS
from leptonsim.machine.gating import Judge, Stay, judge_of
from leptonsim.machine.resting import ASLEEP, DEPTHS, OFF, Resting

_ARRAYS, _SRAM, _DRAM, _PCIE = (BLOCKS.index(block) for block in ("tensor_core", "sram", "dram", "pcie"))
_BANK = len(BLOCK_NAMES)
Rows = Sequence[Sequence[int]]


class Span(NamedTuple):
    """One of ``leptonsim.machine.resting.Spans``; ``rested_ps`` has a number for each of ``BLOCK_NAMES``."""

    begin_ps: int
    end_ps: int
    rested_ps: list[int]
    padding_ps: float
    voltage_v: float
    core_hz: int
    heat: float

    def holds(self, begin_ps: int, end_ps: int) -> int:
        """How much of an interval lies in the span."""
        return max(0, min(end_ps, self.end_ps) - max(begin_ps, self.begin_ps))

    def saved(self, stay: Stay, cost_ps: int) -> int:
        """What of a sleep saved something in this span, less what of its cost it did not last for."""
        paid = stay.begin_ps if stay.is_free else stay.begin_ps + cost_ps
        return self.holds(paid, stay.end_ps) if paid <= stay.end_ps else stay.end_ps - paid


class Known:
    """The blocks at rest of one chip, for readings."""

    def __init__(self, resting: Resting) -> None:
        self._resting = resting
        self._judges = [judge_of(policy) for policy in resting.policies.values()]
        self._bank_judge = judge_of(resting.bank_policy) if resting.banks else None
        self._srams_sleep = resting.policies["sram"].from_ps is not None
        self._costs = [[state.break_even_ps for state in states] for states in resting.states.values()]
        self._lost_static, self._lost_rest = ((1 - left).tolist() for left in resting.left)
        self._units, self._own = resting.power.units.tolist(), resting.units.astype(np.float64).tolist()
        self._parts = (resting.units / resting.power.units).tolist()
        self._awake: dict[tuple[float, int], tuple[list[float], list[float], list[float]]] = {}
        idle = resting.chip.pcie.idle_state
        self._link = None if idle == "L0" else [state.name for state in resting.states["pcie"]].index(idle)

    def energy_pj(self, span: Span, rests: Rows) -> tuple[float, float, float]:
        """Clocks at rest, standby of DRAM and static power; ``rests`` are the machine's of this span."""
        saved = [[0] * DEPTHS for _ in BLOCKS]
        banked: list[Sequence[int]] = []
        for row in rests:
            kind = row[0]
            if kind == _BANK or (kind == _SRAM and self._resting.banks):
                banked.append(row)
                continue
            for stay in self._judges[kind](row[1], row[2]):
                saved[kind][stay.state] += span.saved(stay, self._costs[kind][stay.state])
        at_rest = [list(each) for each in saved]
        if banked:
            saved[_SRAM][:2], at_rest[_SRAM][:2] = self._banks(span, banked)
        if self._link is not None:
            saved[_PCIE][self._link] += span.rested_ps[_PCIE]
            at_rest[_PCIE][self._link] += span.rested_ps[_PCIE]
        return self._sum(span, saved, at_rest)

    def _sum(self, span: Span, saved: list[list[int]], at_rest: list[list[int]]) -> tuple[float, float, float]:
        """Energy of what is left awake."""
        rest_w, leaks_w, steady_w = self._powers(span.voltage_v, span.core_hz)
        clock = standby = static = 0.0
        length = float(span.end_ps - span.begin_ps)
        for block in range(len(BLOCKS)):
            on = length
            # DRAM draws its standby at work too
            rested = length if block == _DRAM else float(span.rested_ps[block]) if block < _BANK else 0.0
            if any(saved[block]):
                on -= _weighed(self._lost_static[block], saved[block]) / self._own[block]
            if any(at_rest[block]):
                rested -= _weighed(self._lost_rest[block], at_rest[block]) / self._parts[block]
            if block == _ARRAYS and self._resting.is_partial:
                on -= self._lost_static[block][0] * span.padding_ps / self._units[block]
            static += (leaks_w[block] * span.heat + steady_w[block]) * on
            taken = rest_w[block] * rested / self._units[block]
            if block == _DRAM:
                standby += taken
            else:
                clock += taken
        return clock, standby, static

    def _powers(self, voltage_v: float, core_hz: int) -> tuple[list[float], list[float], list[float]]:
        """Watts by block: at rest and awake, leakage, static power that is none."""
        key = voltage_v, core_hz
        if key not in self._awake:
            power = self._resting.power
            leaks = power.leakage_w(voltage_v)
            steady = power.static_w(voltage_v) - leaks
            self._awake[key] = power.rest_w(voltage_v, core_hz).tolist(), leaks.tolist(), steady.tolist()
        return self._awake[key]

    def _banks(self, span: Span, rests: Rows) -> tuple[list[int], list[int]]:
        """Time saved by sleep of banks and by banks off, of leakage and of clocks at rest."""
        cost_ps, off_cost_ps = self._costs[_SRAM]
        banks, judge, of_banks = self._resting.banks, self._judges[_SRAM], self._bank_judge
        srams: dict[int, list[tuple[int, int]]] = defaultdict(list)
        off: dict[int, dict[int, tuple[tuple[int, int], ...]]] = defaultdict(dict)
        saved, off_at_rest, worth = [0, 0], 0, 0
        last: tuple[int, int] | None = None
        gone: tuple[tuple[int, int], ...] = ()
        for kind, begin, end, unit in rests:
            if kind == _SRAM:
                srams[unit].append((begin, end))
                continue
            if last != (begin, end):
                # banks that emptied and filled together are told one after the other
                last, stays = (begin, end), of_banks(begin, end) if of_banks is not None else ()
                worth = sum(span.saved(stay, off_cost_ps) for stay in stays)
                gone = tuple((stay.begin_ps, stay.end_ps) for stay in stays)
            saved[OFF] += worth
            own = off[unit // banks]
            own[unit] = own[unit] + gone if unit in own else gone
        for core, at_rest in srams.items():
            alike = Counter(off[core].values())
            alike[()] += banks - len(off[core])
            for gone, times in alike.items():
                for begin, end in at_rest:
                    since = begin
                    for one, other in gone:
                        if other <= begin or one >= end:
                            continue
                        off_at_rest += times * span.holds(max(one, begin), min(other, end))
                        if since < one and self._srams_sleep:
                            saved[ASLEEP] += times * _slept(judge, span, since, one, cost_ps)
                        since = other
                    if since < end and self._srams_sleep:
                        saved[ASLEEP] += times * _slept(judge, span, since, end, cost_ps)
        return saved, [saved[ASLEEP], off_at_rest]


def _slept(judge: Judge, span: Span, begin_ps: int, end_ps: int, cost_ps: int) -> int:
    return sum(span.saved(stay, cost_ps) for stay in judge(begin_ps, end_ps))


def _weighed(shares: Sequence[float], times: Sequence[int]) -> float:
    total = 0.0
    for share, time in zip(shares, times, strict=True):
        total += share * time
    return total
