"""Energy of blocks that do nothing: static power, clocks at rest, standby of DRAM; less what sleep saves.

The tile machine tells how long blocks of a kind rested, exactly, and each single rest of those that sleep; a policy
(``leptonsim.machine.gating``) says what of that was slept. In a span of time at one voltage, clock and temperature

    static energy  = static power x (time - sum over states of (1 - share left) x saved time / units)
    energy of rest = power at rest / units x (rested time - sum over states of (1 - share left) x saved time)

where saved time is time slept less the break-even time of each sleep, which pays for it: a sleep that is shorter costs
more than it saves. What a sleep has to pay for counts at its beginning, and where it was too short at its end, so that
the sum over spans is that of the whole, whatever the spans. DRAM, which draws its standby at work too, counts as
resting all the time.

Array cells that hold padding, with ``partial_arrays``, count as asleep while their array works, for nothing: ReGate
(Xue and Huang, MICRO 2025) switches them within a cycle as the data pass. Not modelled: voltage domains of the blocks;
supply noise on waking.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.chip.energy import EnergyTable
from leptonsim.chip.spec import Chip
from leptonsim.compiler.routes import Route
from leptonsim.kernels.rest_meter import RULE_FIELDS, RestMeter
from leptonsim.kernels.tiles import BLOCK_NAMES
from leptonsim.machine.blocks import BLOCKS, Beside, BlockPower
from leptonsim.machine.gating import Choice, Integers, Policy, Ruled, make_policy
from leptonsim.machine.sleep import SleepState, sleep_states

Floats = npt.NDArray[np.float64]

DEPTHS = 3
_NOC, _DRAM, _PCIE = 1, 2, 4
_USED = {"dram": _NOC | _DRAM, "shared": _NOC, "cores": _NOC, "local": 0, "host": _NOC | _PCIE, "copy": _DRAM | _PCIE}
_ARRAYS, _DRAM_BLOCK = BLOCKS.index("tensor_core"), BLOCKS.index("dram")
_EVER_PS = 1 << 62
_IS_DRAM = np.array([block == "dram" for block in BLOCKS])
_IS_DRAM.flags.writeable = False


@dataclass(frozen=True)
class Spans:
    """Spans of time, each at one voltage, clock and temperature, one after the other between ``bounds_ps``.

    ``bounds_ps`` int64 (spans + 1,); ``rested_ps`` int64 (spans, 6) as the machine counts; ``padding_ps`` (spans,):
    time in which arrays worked, over all cores, times the share of their cells with padding; ``voltage_v``,
    ``core_hz`` and ``heat`` (leakage over that at the temperature it is stated at) are (spans,), and so is what is
    ``beside`` the cores; None: as at the start.
    """

    bounds_ps: Integers
    rested_ps: Integers
    padding_ps: Floats
    voltage_v: Floats
    core_hz: Integers
    heat: Floats
    beside: Beside | None = None


@dataclass(frozen=True)
class Sleep:
    """What blocks slept in some spans of time.

    ``saved_ps`` int64 (spans, blocks, depths): time slept less what it cost; ``slept_ps`` and ``visits`` int64 (blocks,
    depths), over all spans.
    """

    saved_ps: Integers
    slept_ps: Integers
    visits: Integers


@dataclass(frozen=True)
class RestEnergy:
    """Energy in pJ by block, float64 (..., blocks) each, ``BLOCKS``: static, clocks at rest, standby of DRAM, and what
    of standby is refresh.
    """

    static_pj: Floats
    clock_pj: Floats
    standby_pj: Floats
    refresh_pj: Floats

    @property
    def parts(self) -> dict[str, Floats]:
        """By component, in the order of ``AT_REST``."""
        return {"clock": self.clock_pj, "standby": self.standby_pj, "static": self.static_pj}

    def total(self) -> RestEnergy:
        """Over all spans, each sum rounded once."""
        if len(self.static_pj) == 1:
            return RestEnergy(*(part[0].copy() for part in self._spans))
        # of parts that no block has the sum is known
        return RestEnergy(
            *(
                np.array([math.fsum(column.tolist()) if column.any() else 0.0 for column in part.T])
                for part in self._spans
            )
        )

    @property
    def _spans(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.static_pj, self.clock_pj, self.standby_pj, self.refresh_pj


def _awake() -> Sleep:
    """No sleep in one span."""
    found = Sleep(
        np.zeros((1, len(BLOCKS), DEPTHS), dtype=np.int64),
        *(np.zeros((len(BLOCKS), DEPTHS), dtype=np.int64) for _ in range(2)),
    )
    for part in (found.saved_ps, found.slept_ps, found.visits):
        part.flags.writeable = False
    return found


_AWAKE = _awake()


class Resting:
    """Blocks at rest of one chip. Raises LeptonError for a policy that is not known or cannot be had."""

    def __init__(self, chip: Chip, table: EnergyTable, voltage_v: float) -> None:
        self.chip = chip
        self.power = BlockPower(chip, table)
        self.is_partial = chip.power.blocks.partial_arrays
        """Whether array cells with padding are off."""
        self.states: dict[str, tuple[SleepState, ...]] = {}
        self.policies: dict[str, Policy] = {}
        self._left_static, self._left_rest, self._left_refresh = np.ones((3, len(BLOCKS), DEPTHS))
        for index, block in enumerate(BLOCK_NAMES):
            text = getattr(chip.power.blocks, block).gating
            waits_asleep = block == "pcie" and chip.pcie.idle_state != "L0"
            needs_states = text != "none" or waits_asleep or (block == "tensor_core" and self.is_partial)
            self.states[block] = sleep_states(chip, block) if needs_states else ()
            choices = [Choice(state, self._saved_w(index, state, voltage_v)) for state in self.states[block]]
            self.policies[block] = make_policy(block, text, choices)
            for depth, state in enumerate(self.states[block]):
                self._left_static[index, depth], self._left_rest[index, depth] = state.static_share, state.rest_share
                self._left_refresh[index, depth] = state.refresh_share

    def _saved_w(self, index: int, state: SleepState, voltage_v: float) -> float:
        static_w, rest_w = self.power.static_w(voltage_v), self.power.rest_w(voltage_v, self.chip.clocks.core_hz)
        return float(static_w[index] * (1 - state.static_share) + rest_w[index] * (1 - state.rest_share))

    def machine_arguments(self) -> dict[str, Integers]:
        """What the tile machine is told: when blocks sleep, and which rests it remembers."""
        sleeps = np.full((len(BLOCK_NAMES), 2 * DEPTHS), -1, dtype=np.int64)
        from_ps = np.full(len(BLOCK_NAMES), -1, dtype=np.int64)
        for index, policy in enumerate(self.policies.values()):
            for depth, (after, wake) in enumerate(policy.sleeps):
                sleeps[index, 2 * depth : 2 * depth + 2] = after, wake
            from_ps[index] = -1 if policy.from_ps is None else policy.from_ps
        return {"sleeps": sleeps, "rests_from_ps": from_ps}

    def meter(self) -> RestMeter | None:
        """What works out the energy of rest while a run goes on; None where a policy has no rules."""
        rows: list[tuple[int, ...]] = []
        for index, block in enumerate(BLOCK_NAMES):
            policy = self.policies[block]
            if not isinstance(policy, Ruled):
                return None
            for rule in policy.rules:
                cost_ps = 0 if rule.is_free else self.states[block][rule.state].break_even_ps
                upto_ps, until_ps = (-1 if at is None else at for at in (rule.upto_ps, rule.until_ps))
                bounds_ps = rule.above_ps, _EVER_PS if upto_ps < 0 else upto_ps, rule.from_ps, until_ps
                rows.append((index, rule.state, *bounds_ps, rule.wake_ps, cost_ps))
        return RestMeter(
            np.array(rows, dtype=np.int64).reshape(-1, len(RULE_FIELDS)),
            self._left_static,
            self._left_rest,
            self.power.units,
            standby=BLOCKS.index("dram"),
            partial=_ARRAYS if self.is_partial else -1,
            waits=self._waits_in,
        )

    @property
    def _waits_in(self) -> tuple[int, int]:
        """The link, and the state in which it always rests; none: -1, -1."""
        state = self.chip.pcie.idle_state
        if state == "L0":
            return -1, -1
        return BLOCKS.index("pcie"), [each.name for each in self.states["pcie"]].index(state)

    def sleep(self, spans: Spans, rests: Integers) -> Sleep:
        """What was slept in some spans; ``rests`` (n, 3) are the machine's."""
        return self._sleep(rests, spans.rested_ps, spans.bounds_ps)

    def _sleep(self, rests: Integers, rested_ps: Integers, bounds_ps: Integers) -> Sleep:
        spans = len(bounds_ps) - 1
        if spans == 1 and not len(rests) and self.chip.pcie.idle_state == "L0":
            return _AWAKE
        saved = np.zeros((spans, len(BLOCKS), DEPTHS), dtype=np.int64)
        slept, visits = (np.zeros((len(BLOCKS), DEPTHS), dtype=np.int64) for _ in range(2))
        for index, block in enumerate(BLOCK_NAMES if len(rests) else ()):
            own = rests[rests[:, 0] == index]
            for stays in self.policies[block].stays(own[:, 1], own[:, 2]) if len(own) else []:
                cost_ps = 0 if stays.is_free else self.states[block][stays.state].break_even_ps
                begin, end = stays.begin_ps, stays.end_ps
                paid = begin + cost_ps
                pays = paid <= end
                saved[:, index, stays.state] += spread(paid[pays], end[pays], bounds_ps)
                at = np.clip(np.searchsorted(bounds_ps, end[~pays], "left") - 1, 0, spans - 1)
                np.add.at(saved[:, index, stays.state], at, end[~pays] - paid[~pays])
                slept[index, stays.state] += (end - begin).sum()
                visits[index, stays.state] += len(begin)
        index, depth = self._waits_in
        if index >= 0:
            saved[:, index, depth] += rested_ps[:, index]
            slept[index, depth] += rested_ps[:, index].sum()
        return Sleep(saved, slept, visits)

    def energy(self, spans: Spans, sleep: Sleep) -> RestEnergy:
        """Energy of each span, float64 (spans, blocks)."""
        units = self.power.units
        on = np.zeros((len(spans.rested_ps), len(BLOCKS))) + np.diff(spans.bounds_ps)[:, None]
        rested = np.zeros(on.shape)
        rested[:, : len(BLOCK_NAMES)] = spans.rested_ps
        rested[:, _DRAM_BLOCK] = refreshed = on[:, _DRAM_BLOCK].copy()
        if sleep is not _AWAKE:
            on -= ((1 - self._left_static) * sleep.saved_ps).sum(axis=2) / units
            rested -= ((1 - self._left_rest) * sleep.saved_ps).sum(axis=2)
            refreshed = refreshed - ((1 - self._left_refresh) * sleep.saved_ps).sum(axis=2)[:, _DRAM_BLOCK]
        if self.is_partial:
            on[:, _ARRAYS] -= (1 - self._left_static[_ARRAYS, 0]) * spans.padding_ps / units[_ARRAYS]
        static = self.power.static_w(spans.voltage_v, spans.heat, spans.beside) * on
        rest = self.power.rest_w(spans.voltage_v, spans.core_hz, spans.beside) * rested / units
        refresh = np.where(_IS_DRAM, self.power.refresh_w * refreshed[:, None], 0.0)
        return RestEnergy(static, np.where(_IS_DRAM, 0.0, rest), np.where(_IS_DRAM, rest, 0.0), refresh)


def route_blocks(routes: Sequence[Route]) -> Integers:
    """Blocks of the chip that each route uses, as the tile machine takes them."""
    return np.array([_USED[route.end] for route in routes], dtype=np.int64)


def may_sleep(chip: Chip) -> bool:
    """Whether any block has a policy other than ``none``."""
    return any(getattr(chip.power.blocks, block).gating != "none" for block in BLOCK_NAMES)


def spread(begin_ps: Integers, end_ps: Integers, bounds_ps: Integers) -> Integers:
    """int64 (spans,): time that intervals, int64 (n,) each, have in the spans between bounds; what is outside is not
    counted.
    """
    begin, end = (np.minimum(np.maximum(at, bounds_ps[0]), bounds_ps[-1]) for at in (begin_ps, end_ps))
    spans = len(bounds_ps) - 1
    total = np.zeros(spans, dtype=np.int64)
    first = np.minimum(np.searchsorted(bounds_ps, begin, "right") - 1, spans - 1)
    last = np.maximum(np.searchsorted(bounds_ps, end, "left") - 1, 0)
    within = first >= last
    np.add.at(total, first[within], (end - begin)[within])
    first, last, begin, end = first[~within], last[~within], begin[~within], end[~within]
    np.add.at(total, first, bounds_ps[first + 1] - begin)
    np.add.at(total, last, end - bounds_ps[last])
    # how many begin to fill a span whole, less how many no longer do
    steps = np.bincount(first + 1, minlength=spans + 1) - np.bincount(last, minlength=spans + 1)
    total += np.cumsum(steps)[:spans] * np.diff(bounds_ps)
    return total
