"""Banks of the cores' SRAM: what the tile machine is told of them, and when the others sleep while some are off.

Tensors and tiles on their way are packed into as few banks as hold them, tensors on all cores alike. A compiler that
lays tensors from one end and tiles in a ring from the other comes close to that; what fragments (a long-lived tensor
above many short ones) keeps more banks on. Space for tiles holds nothing before it is written. What the compiler may
not fill (``software.buffer_share``) holds data always.

A bank is off in times in which it holds nothing, as its policy says. While its core's SRAM rests, it sleeps with the
others, data kept, in what is left of that rest: so no time is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.compiler.target import usable_sram_bytes
from leptonsim.kernels.tiles import STEP_FIELDS
from leptonsim.machine.gating import Policy, Stays
from leptonsim.machine.spans import spread

Integers = npt.NDArray[np.int64]
Rests = tuple[Integers, Integers, Integers]
"""Begins and ends in ps, and of which unit each is; int64 (n,) each."""

_FURTHEST = 1 << 62


def are_gated(chip: Chip) -> bool:
    """Whether banks that hold nothing may be off."""
    return chip.power.blocks.sram_banks.gating != "none"


def bank_bytes(chip: Chip) -> int:
    """Bytes of a bank, rounded up."""
    return -(-chip.core.sram.size_bytes // chip.core.sram.banks)


def bank_arguments(program: Program, policy: Policy) -> dict[str, Integers]:
    """What the tile machine is told of banks, and of the tensors that lie in them."""
    sram = program.chip.core.sram
    after, wake = policy.sleeps[0] if policy.sleeps else (-1, 0)
    told = [sram.banks, bank_bytes(program.chip), sram.size_bytes - usable_sram_bytes(program.chip), after, wake, 0]
    return {"banks": np.array(told, dtype=np.int64), "tensor_bytes": tensor_bytes(program)}


def tensor_bytes(program: Program) -> Integers:
    """int64 (operators, 2): of each core's SRAM, what tensors begin to take with an operator, and leave with its end.

    An operator without steps neither begins nor ends: its tensors come and go with the next one that has some, or with
    the last one. Nothing is left in SRAM after a run.
    """
    held = np.array([operator.sram_resident_bytes for operator in program.operators], dtype=np.int64)
    kept = np.array([operator.sram_kept_bytes for operator in program.operators], dtype=np.int64)
    kept[-1:] = 0
    found = np.stack([held - np.append(0, kept[:-1]), held - kept], axis=1)
    acting = np.unique(program.steps[:, STEP_FIELDS.index("operator")])
    place = acting[np.minimum(np.searchsorted(acting, np.arange(len(held))), len(acting) - 1)]
    moved = np.zeros_like(found)
    np.add.at(moved, place, found)
    return moved


def stays_by_unit(policy: Policy, rests: Rests) -> Iterator[tuple[Stays, Integers]]:
    """Sleep of many units at once, and the unit of each stay: a policy is told of one after the other, in time."""
    begin, end, unit = rests
    length = int(end.max(initial=0)) + 1
    some = _FURTHEST // length
    for first in range(0, int(unit.max(initial=-1)) + 1, some):
        own = (unit >= first) & (unit < first + some)
        late = (unit[own] - first) * length
        for stays in policy.stays(begin[own] + late, end[own] + late):
            of = stays.begin_ps // length
            yield (
                Stays(stays.state, stays.begin_ps - of * length, stays.end_ps - of * length, stays.is_free),
                of + first,
            )


@dataclass(frozen=True)
class Timeline:
    """Disjoint rests of several cores as one line of time, core after core, each ``length_ps`` long."""

    begin_ps: Integers
    end_ps: Integers
    length_ps: int

    @staticmethod
    def of(rests: Rests, length_ps: int) -> Timeline:
        """Rests whose units are cores, in order."""
        begin, end, core = rests
        order = np.lexsort((begin, core))
        late = core[order] * length_ps
        return Timeline(begin[order] + late, end[order] + late, length_ps)

    def at(self, time_ps: Integers, core: Integers) -> Integers:
        """An instant of a core as one of the line."""
        return time_ps + core * self.length_ps

    def rested(self, at_ps: Integers) -> Integers:
        """How much rest lies before some instants of the line."""
        before = np.concatenate([[0], np.cumsum(self.end_ps - self.begin_ps)])
        count = np.searchsorted(self.begin_ps, at_ps, "right")
        last_end = np.append(0, self.end_ps)[count]
        rested: Integers = before[count] - np.maximum(0, last_end - at_ps)
        return rested

    def overlap(self, begin_ps: Integers, end_ps: Integers, core: Integers, bounds_ps: Integers) -> Integers:
        """int64 (spans,): how much of some times of cores are rests of those, in spans between bounds."""
        begin, end = self.rested(self.at(begin_ps, core)), self.rested(self.at(end_ps, core))
        total = np.zeros(len(bounds_ps) - 1, dtype=np.int64)
        for one in np.unique(core).tolist():
            own = core == one
            total += spread(begin[own], end[own], self.rested(self.at(bounds_ps, one)))
        return total


def left_asleep(line: Timeline, off: Rests, banks: int) -> Iterator[tuple[int, Integers, Integers]]:
    """What banks that are not off have of their cores' rests: how many banks, and begins and ends on the line.

    ``off`` has the times in which banks are off; the units are core * banks + bank. Most banks have whole rests, which
    are told together; of the others each piece between times off is told by itself.
    """
    begin, end = line.at(off[0], off[2] // banks), line.at(off[1], off[2] // banks)
    # rests that lie whole within a time off
    first, last = np.searchsorted(line.begin_ps, begin), np.searchsorted(line.end_ps, end, "right")
    inside = first < last
    count = np.zeros(len(line.begin_ps) + 1, dtype=np.int64)
    np.add.at(count, first[inside], 1)
    np.add.at(count, last[inside], -1)
    others = banks - np.cumsum(count)[:-1]
    # rests of which a part does: one around the begin, one around the end, perhaps the same
    around_begin = np.searchsorted(line.end_ps, begin, "right")
    around_end = np.searchsorted(line.begin_ps, end) - 1
    cut = around_begin < first
    cut_too = (around_end >= last) & ~(cut & (around_begin == around_end))
    number = np.concatenate([around_begin[cut], around_end[cut_too]])
    unit = np.concatenate([off[2][cut], off[2][cut_too]])
    since, until = np.concatenate([begin[cut], begin[cut_too]]), np.concatenate([end[cut], end[cut_too]])
    order = np.lexsort((since, number, unit))
    number, unit, since, until = number[order], unit[order], since[order], until[order]
    another = np.ones(len(number), dtype=bool)
    another[1:] = (number[1:] != number[:-1]) | (unit[1:] != unit[:-1])
    np.subtract.at(others, number[another], 1)
    for many in np.unique(others[others > 0]).tolist():
        alike = others == many
        yield many, line.begin_ps[alike], line.end_ps[alike]
    final = np.append(another[1:], True)[: len(number)]
    piece_begin = np.concatenate([np.where(another, line.begin_ps[number], np.append(0, until)[:-1]), until[final]])
    piece_end = np.concatenate([since, line.end_ps[number[final]]])
    some = piece_begin < piece_end
    if some.any():
        yield 1, piece_begin[some], piece_end[some]
