"""A schedule as arrays, as the tile kernel takes them: the steps of every core with tiles, routes and dependencies.

A step is one core's part of one operator. A core that finds its inputs where it left them waits for its own earlier
step only; otherwise for all cores' steps of the operator that made them. Who still reads what lay where a result will
lie is waited for on all cores (``reuse``). Equal tiles are laid down once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.outline import INPUT, Integers, Outline
from leptonsim.compiler.placement import Placement
from leptonsim.compiler.plan import Block, Run
from leptonsim.compiler.reuse import reused
from leptonsim.compiler.schedule import Mapped
from leptonsim.compiler.target import Target

W_WAITS = 8
"""Column of a step that says whether its weights wait for what it depends on."""


class StepArrays(NamedTuple):
    """int64: rows of runs, blocks and steps, where each core's steps begin and the last ones end, dependencies."""

    runs: Integers
    blocks: Integers
    steps: Integers
    cores: Integers
    dependencies: Integers


class Steps:
    """The steps of schedules of one ``work`` whose values lie as ``placement`` says."""

    def __init__(self, target: Target, work: Outline, placement: Placement) -> None:
        self._target, self._work, self._placement = target, work, placement
        self._frames: dict[object, _Frame] = {}

    def arrays(self, mapped: Sequence[Mapped]) -> StepArrays:
        """The arrays of a schedule."""
        kinds = list({id(each): each for each in mapped}.values())
        number = {id(kind): index for index, kind in enumerate(kinds)}
        kind = [number[id(each)] for each in mapped]
        cores = self._target.cores
        runs, blocks, shares = _laid_down(kinds, cores)
        reuse = reused(self._target, self._work, self._placement, [each.plan for each in mapped])
        plans = [each.plan for each in kinds]
        waits = tuple(reuse.waits.items())
        key = (tuple(kind), tuple([(plan.split, plan.local, tuple(plan.shares)) for plan in plans]), waits)
        frame = self._frames.get(key)
        if frame is None:
            waiting = _Waiting.of(self._work, reuse.waits)
            frame = self._frames[key] = _framed(cores, waiting, kinds, np.array(kind, dtype=np.int64), shares)
        share = shares[frame.kind, frame.core]
        share[:, 2] = np.maximum(share[:, 2], np.array(reuse.room, dtype=np.int64)[frame.operator])
        routes = np.array([(*each.routes, int(each.plan.weights_wait)) for each in kinds], dtype=np.int64)
        steps = np.concatenate([share, routes[frame.kind], frame.ends], axis=1)
        if reuse.late:
            steps[np.isin(frame.operator, list(reuse.late)), W_WAITS] = 1
        return StepArrays(runs, blocks, steps, frame.offsets, frame.dependencies)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What of the steps does not follow from tiles and routes: kind of operator, core and operator of each step,
    where its dependencies begin and end, with its operator again, the first step of each core, the dependencies.
    """

    kind: Integers
    core: Integers
    operator: Integers
    ends: Integers
    offsets: Integers
    dependencies: Integers


class _Waiting(NamedTuple):
    """``after`` and ``waits`` of an outline, and of each entry of ``after`` whether it is for what is read."""

    after: Integers
    waits: Integers
    is_read: npt.NDArray[np.bool_]

    @staticmethod
    def of(work: Outline, more: Mapping[int, tuple[int, ...]]) -> _Waiting:
        """What lines wait for, with ``more`` of what they do not read."""
        is_read = np.ones(len(work.after), dtype=bool)
        if not more:
            return _Waiting(work.after, work.waits, is_read)
        ends = np.cumsum(work.waits)
        places = np.repeat(ends[list(more)], [len(each) for each in more.values()])
        waits = work.waits.copy()
        waits[list(more)] += [len(each) for each in more.values()]
        added = [line for each in more.values() for line in each]
        return _Waiting(np.insert(work.after, places, added), waits, np.insert(is_read, places, False))


def _framed(cores: int, work: _Waiting, kinds: Sequence[Mapped], kind: Integers, shares: Integers) -> _Frame:
    core, operator = np.nonzero(shares[kind, :, 1].T > 0)
    offsets = np.searchsorted(core, np.arange(cores + 1)).astype(np.int64)
    dependencies, begins, ends = _dependencies(work, kinds, kind, core, operator)
    return _Frame(kind[operator], core, operator, np.column_stack([begins, ends, operator]), offsets, dependencies)


def _laid_down(kinds: Sequence[Mapped], cores: int) -> tuple[Integers, Integers, Integers]:
    """Runs, blocks, and by kind and core: first block, end of blocks, staging bytes, accumulators; 0 without work."""
    runs: list[Run] = []
    blocks: list[Block] = []
    shares = np.zeros((len(kinds), cores, 4), dtype=np.int64)
    laid: dict[int, tuple[int, int]] = {}
    for number, kind in enumerate(kinds):
        for core, tiles in kind.plan.shares.items():
            place = laid.get(id(tiles))
            if place is None:
                place = laid[id(tiles)] = (len(blocks), len(blocks) + len(tiles.blocks))
                blocks += [(times, begin + len(runs), end + len(runs)) for times, begin, end in tiles.blocks]
                runs += tiles.runs
            shares[number, core] = (*place, tiles.stage_bytes, tiles.accumulators)
    return (
        np.array(runs, dtype=np.int64).reshape(-1, 7),
        np.array(blocks, dtype=np.int64).reshape(-1, 3),
        shares,
    )


def _dependencies(
    work: _Waiting, kinds: Sequence[Mapped], kind: Integers, core: Integers, operator: Integers
) -> tuple[Integers, Integers, Integers]:
    """Of all steps, one after the other: what each waits for, and where its part begins and ends.

    Up to the count of operators a number stands for all steps of that one, beyond it for one step, then for the inputs.
    """
    count, total = len(kind), len(operator)
    step_of = np.full((int(core.max(initial=0)) + 1, count), -1, dtype=np.int64)
    step_of[core, operator] = np.arange(total)
    split = np.array([each.plan.split for each in kinds], dtype=np.int64)[kind]
    local = np.array([each.plan.local for each in kinds], dtype=bool)[kind]
    waiting = np.repeat(np.arange(count), work.waits)
    alone = local[waiting] & (split[waiting] == split[work.after]) & work.is_read
    waits = work.waits[operator]
    ends = np.cumsum(waits)
    begins = ends - waits
    first = (np.cumsum(work.waits) - work.waits)[operator]
    here = np.repeat(first - begins, waits) + np.arange(int(waits.sum()))
    maker = work.after[here]
    mine = step_of[np.repeat(core, waits), maker]
    code = np.where(alone[here] & (mine >= 0), count + mine, maker)
    return np.where(maker == INPUT, count + total, code), begins, ends
