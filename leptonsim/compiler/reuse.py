"""Space of tensors that nobody reads any more, taken again while other cores may still be reading.

The ledger frees a tensor's place behind the last operator that reads it, in the order of execution. A core keeps to
that order, but a core that is ahead of the others may still be read by them over the network. Until it is sure that
all have read it, tiles have only the space beside the old tensor. Where that is much, the next operator waits for the
operators that read across, on all cores, before it loads activations or writes its result in that place; mostly it
reads what they make and waits anyway. Its weights may come before that, beside the old tensor, or, where there is too
little space, they wait as well. The same holds for shared SRAM where it is full.

Not modelled: one request's last tensors that are read across while the next request's first operators begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leptonsim.compiler.outline import Outline
from leptonsim.compiler.placement import Placement
from leptonsim.compiler.plan import Plan
from leptonsim.compiler.target import Target

TILES_AHEAD = 2
"""Largest tiles for which there must be space beside an old tensor, or weights wait until it is gone."""


LITTLE = 4
"""Old tensors of up to one part in so many of the space for tiles are let be: tiles do with less, nobody waits."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """What lines wait for beside those that make what they read, by line; lines whose weights wait as well; and what
    tiles have of a core's SRAM while each line runs.
    """

    waits: dict[int, tuple[int, ...]]
    late: frozenset[int]
    room: list[int]


def reused(target: Target, work: Outline, placement: Placement, plans: Sequence[Plan]) -> Reuse:
    """What the plans of all lines need for no place to be taken before it is free."""
    cores, values = target.cores, placement.values
    waits: dict[int, tuple[int, ...]] = {}
    late: list[int] = []
    room = list(placement.room)
    if cores == 1:
        return Reuse(waits, frozenset(late), room)
    taken = [-(-value.size_bytes // cores) if value.home == "sram" else 0 for value in values]
    crossing: dict[int, int] = {}  # the last line until now that reads a value across
    freed: dict[int, int] = {}  # values that may still be read, with that line: in SRAM
    shared: dict[int, int] = {}  # and in shared SRAM
    passed = -1  # invariant: when a core begins the present line, all cores are through this one and those before
    for index, (line, plan) in enumerate(zip(work.lines, plans, strict=True)):
        reached = passed
        if line.after:
            maker = max(line.after)
            if maker > passed and not (plan.local and plan.split == plans[maker].split):
                reached = maker if len(plans[maker].shares) == cores else passed
        if freed or shared:
            held = sum([taken[number] for number in freed])
            newest = max(freed.values(), default=-1) if held > room[index] // LITTLE else -1
            if shared and _is_overfull(target, index, work, placement, shared):
                newest = max(newest, *shared.values())
            if newest > reached:
                reached = _wait(waits, index, reached, (*freed.values(), *shared.values()))
            if max(freed.values(), default=-1) <= reached:
                held -= sum([taken[number] for number in line.makes if work.values[number].maker == index])
            if held > 0:
                largest = max([each.stage_bytes for each in plan.shares.values()], default=0)
                if room[index] - held < TILES_AHEAD * largest:
                    late.append(index)
                    reached = _wait(waits, index, reached, freed.values())
                else:
                    room[index] -= held
        if reached > passed and len(plan.shares) == cores:
            passed = reached
            freed = {number: reader for number, reader in freed.items() if reader > passed} if freed else freed
            shared = {number: reader for number, reader in shared.items() if reader > passed} if shared else shared
        if not plan.local:
            for number in line.reads:
                crossing[number] = index
        for number in line.ends:
            reader = crossing.get(number, -1)
            if reader > passed:
                if taken[number]:
                    freed[number] = reader
                elif values[number].home == "shared":
                    shared[number] = reader
    return Reuse(waits, frozenset(late), room)


def _wait(waits: dict[int, tuple[int, ...]], index: int, reached: int, readers: Iterable[int]) -> int:
    """Have a line wait for readers beyond the line that is ``reached``; the line that is reached then."""
    beyond = {reader for reader in readers if reader > reached}
    if not beyond:
        return reached
    waits[index] = tuple(sorted(beyond.union(waits.get(index, ()))))
    return waits[index][-1]


def _is_overfull(target: Target, index: int, work: Outline, placement: Placement, freed: Iterable[int]) -> bool:
    """Whether what a line makes in shared SRAM has no place beside what may still be read there."""
    values = placement.values
    held = placement.shared[index] + sum(values[number].size_bytes for number in freed)
    return held > target.shared_bytes and any(values[number].home == "shared" for number in work.lines[index].makes)
