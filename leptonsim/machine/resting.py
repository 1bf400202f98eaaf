"""Energy of blocks that do nothing: static power, clocks at rest, standby of DRAM; less what sleep saves.

The tile machine tells how long blocks of a kind rested, exactly, and each single rest of those that sleep; a policy
(``leptonsim.machine.gating``) says what of that was slept. In a span of time at one voltage, clock and temperature

    static energy  = static power x (time - sum over states of (1 - share left) x saved time / units)
    energy of rest = power at rest / units x (rested time - sum over states of (1 - share left) x saved time)

where saved time is time slept less the break-even time of each sleep, which pays for it: a sleep that is shorter costs
more than it saves. What a sleep has to pay for counts at its beginning, and where it was too short at its end, so that
the sum over spans is that of the whole, whatever the spans. DRAM, which draws its standby at work too, counts as
resting all the time.

Where banks of SRAM may be off, an SRAM's units are its banks (``leptonsim.machine.banks``). A bank that is off saves
leakage, and its clock in the part of that time in which its core's SRAM rests: of an SRAM at work there is no clock at
rest to save. Its break-even time is counted in leakage.

Array cells that hold padding, with ``partial_arrays``, count as asleep while their array works, for nothing: ReGate
(Xue and Huang, MICRO 2025) switches them within a cycle as the data pass. Not modelled: voltage domains of the blocks;
supply noise on waking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.chip.energy import EnergyTable
from leptonsim.chip.spec import Chip
from leptonsim.compiler.routes import Route
from leptonsim.kernels.rest_meter import RULE_FIELDS, RestMeter
from leptonsim.kernels.tiles import BLOCK_NAMES
from leptonsim.machine.banks import Rests, Timeline, are_gated, left_asleep, stays_by_unit
from leptonsim.machine.blocks import BLOCKS, BlockPower
from leptonsim.machine.gating import Choice, Integers, Policy, Ruled, make_policy
from leptonsim.machine.rest_energy import AWAKE, DEPTHS, RestEnergy, Sleep, Spans
from leptonsim.machine.sleep import SleepState, bank_off, sleep_states
from leptonsim.machine.spans import spread

Floats = npt.NDArray[np.float64]

_NOC, _DRAM, _PCIE = 1, 2, 4
_USED = {"dram": _NOC | _DRAM, "shared": _NOC, "cores": _NOC, "local": 0, "host": _NOC | _PCIE, "copy": _DRAM | _PCIE}
_ARRAYS, _DRAM_BLOCK = BLOCKS.index("tensor_core"), BLOCKS.index("dram")
_SRAM, _BANK = BLOCKS.index("sram"), len(BLOCK_NAMES)
ASLEEP, OFF = 0, 1
"""Depths of an SRAM's sleep: of all of it, and of a bank."""
_EVER_PS = 1 << 62
_IS_DRAM = np.array([block == "dram" for block in BLOCKS])
_IS_DRAM.flags.writeable = False


class BankTimes(NamedTuple):
    """Time of all banks of SRAM, in ps: with data and their core's engines at work, with data and at rest, without."""

    accessed_ps: int
    holding_ps: int
    empty_ps: int


class Resting:
    """Blocks at rest of one chip. Raises LeptonError for a policy that is not known or cannot be had."""

    def __init__(self, chip: Chip, table: EnergyTable, voltage_v: float) -> None:
        self.chip = chip
        self.power = BlockPower(chip, table)
        self.banks = chip.core.sram.banks if are_gated(chip) else 0
        """Banks of each core's SRAM, where they may be off; else 0."""
        self._parts = np.ones(len(BLOCKS))
        self._parts[_SRAM] = max(1, self.banks)
        self.units = (self.power.units * self._parts).astype(np.int64)
        """int64 (blocks,): how many of a kind sleep by themselves."""
        self.is_partial = chip.power.blocks.partial_arrays
        """Whether array cells with padding are off."""
        self.states: dict[str, tuple[SleepState, ...]] = {}
        self.policies: dict[str, Policy] = {}
        self._left_static, self._left_rest, self._left_refresh = np.ones((3, len(BLOCKS), DEPTHS))
        for index, block in enumerate(BLOCK_NAMES):
            text = getattr(chip.power.blocks, block).gating
            waits_asleep = block == "pcie" and chip.pcie.idle_state != "L0"
            needs_states = text != "none" or waits_asleep or (block == "tensor_core" and self.is_partial)
            has_banks = block == "sram" and are_gated(chip)
            self.states[block] = sleep_states(chip, block) if needs_states or has_banks else ()
            if has_banks:
                self.states[block] += (bank_off(chip),)
            choices = [Choice(state, self._saved_w(index, state, voltage_v)) for state in self.states[block]]
            self.policies[block] = make_policy(block, text, choices[:1] if block == "sram" else choices)
            if has_banks:
                self.bank_policy = make_policy("sram_banks", chip.power.blocks.sram_banks.gating, choices[1:])
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
        if self.banks:
            from_ps[_SRAM] = 0  # banks that are off save their clock in all rests
        return {"sleeps": sleeps, "rests_from_ps": from_ps}

    def meter(self) -> RestMeter | None:
        """What works out the energy of rest while a run goes on; None where a policy has no rules, and with banks that
        are told apart.
        """
        if self.banks:
            return None
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
        """What was slept in some spans; ``rests`` (n, 4) are the machine's."""
        return self._sleep(rests, spans.rested_ps, spans.bounds_ps)

    def _sleep(self, rests: Integers, rested_ps: Integers, bounds_ps: Integers) -> Sleep:
        spans = len(bounds_ps) - 1
        if spans == 1 and not len(rests) and self.chip.pcie.idle_state == "L0":
            return AWAKE
        found = Sleep.none(spans)
        for index, block in enumerate(BLOCK_NAMES if len(rests) else ()):
            if index == _SRAM and self.banks:
                self._add_banks(found, rests, bounds_ps)
                continue
            own = rests[rests[:, 0] == index]
            for stays in self.policies[block].stays(own[:, 1], own[:, 2]) if len(own) else []:
                found.add(index, stays.state, stays, self.states[block][stays.state].break_even_ps, bounds_ps)
        index, depth = self._waits_in
        if index >= 0:
            found.saved_ps[:, index, depth] += rested_ps[:, index]
            found.slept_ps[index, depth] += rested_ps[:, index].sum()
        return found

    def bank_times(self, rests: Integers, makespan_ps: int) -> BankTimes:
        """How the time of all banks of a whole run divides; they must be told apart."""
        srams, empty = _of(rests, _SRAM), _of(rests, _BANK)
        line, bounds = Timeline.of(srams, makespan_ps), np.array([0, makespan_ps], dtype=np.int64)
        without = int((empty[1] - empty[0]).sum())
        without_at_rest = int(line.overlap(empty[0], empty[1], empty[2] // self.banks, bounds).sum())
        holding = self.banks * int((srams[1] - srams[0]).sum()) - without_at_rest
        return BankTimes(int(self.units[_SRAM]) * makespan_ps - without - holding, holding, without)

    def banks_off(self, rests: Integers, bounds_ps: Integers) -> Floats:
        """float64 (spans,): how many of one core's banks were off between bounds, on average."""
        found = np.zeros(len(bounds_ps) - 1, dtype=np.int64)
        for stays, _ in stays_by_unit(self.bank_policy, _of(rests, _BANK)):
            found += spread(stays.begin_ps, stays.end_ps, bounds_ps)
        return found / np.maximum(1, np.diff(bounds_ps)) / self.chip.cores

    def _add_banks(self, found: Sleep, rests: Integers, bounds_ps: Integers) -> None:
        """Banks that were off, and the sleep of those that were not."""
        asleep, off = self.states["sram"]
        length_ps = int(max(bounds_ps[-1], rests[:, 2].max()))
        line = Timeline.of(_of(rests, _SRAM), length_ps)
        times_off: list[Integers] = [np.zeros((3, 0), dtype=np.int64)]
        for stays, unit in stays_by_unit(self.bank_policy, _of(rests, _BANK)):
            found.add(_SRAM, OFF, stays, off.break_even_ps, bounds_ps)
            times_off.append(np.stack([stays.begin_ps, stays.end_ps, unit]))
        begin, end, unit = np.concatenate(times_off, axis=1)
        found.off_at_rest_ps[:] = line.overlap(begin, end, unit // self.banks, bounds_ps)
        for many, since, until in left_asleep(line, (begin, end, unit), self.banks):
            for stays in self.policies["sram"].stays(since, until):
                late = stays.begin_ps // length_ps * length_ps
                stays = stays._replace(begin_ps=stays.begin_ps - late, end_ps=stays.end_ps - late)
                found.add(_SRAM, ASLEEP, stays, asleep.break_even_ps, bounds_ps, many)

    def energy(self, spans: Spans, sleep: Sleep) -> RestEnergy:
        """Energy of each span, float64 (spans, blocks)."""
        units = self.power.units
        own = units * self._parts
        on = np.zeros((len(spans.rested_ps), len(BLOCKS))) + np.diff(spans.bounds_ps)[:, None]
        rested = np.zeros(on.shape)
        rested[:, : len(BLOCK_NAMES)] = spans.rested_ps
        rested[:, _DRAM_BLOCK] = refreshed = on[:, _DRAM_BLOCK].copy()
        if sleep is not AWAKE:
            on -= ((1 - self._left_static) * sleep.saved_ps).sum(axis=2) / own
            at_rest = sleep.saved_ps
            if self.banks:
                at_rest = at_rest.copy()
                at_rest[:, _SRAM, OFF] = sleep.off_at_rest_ps
            rested -= ((1 - self._left_rest) * at_rest).sum(axis=2) / self._parts
            refreshed = refreshed - ((1 - self._left_refresh) * sleep.saved_ps).sum(axis=2)[:, _DRAM_BLOCK]
        if self.is_partial:
            on[:, _ARRAYS] -= (1 - self._left_static[_ARRAYS, 0]) * spans.padding_ps / units[_ARRAYS]
        static = self.power.static_w(spans.voltage_v, spans.heat, spans.beside) * on
        rest = self.power.rest_w(spans.voltage_v, spans.core_hz, spans.beside) * rested / units
        refresh = np.where(_IS_DRAM, self.power.refresh_w * refreshed[:, None], 0.0)
        return RestEnergy(static, np.where(_IS_DRAM, 0.0, rest), np.where(_IS_DRAM, rest, 0.0), refresh)


def _of(rests: Integers, kind: int) -> Rests:
    """The rests of one kind of block."""
    begin, end, unit = rests[rests[:, 0] == kind, 1:].T
    return begin, end, unit


def route_blocks(routes: Sequence[Route]) -> Integers:
    """Blocks of the chip that each route uses, as the tile machine takes them."""
    return np.array([_USED[route.end] for route in routes], dtype=np.int64)


def may_sleep(chip: Chip) -> bool:
    """Whether any block has a policy other than ``none``."""
    return are_gated(chip) or any(getattr(chip.power.blocks, block).gating != "none" for block in BLOCK_NAMES)
