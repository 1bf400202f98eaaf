"""The stages that a core's tiles pass, in order, and the conditions under which a tile passes each.

A tile is granted staging space; its weights, activations and extras are loaded; it is multiplied, finished on the
vector unit, and written. Every stage takes tiles strictly in turn. A tile that has no work for a stage passes it as
soon as the conditions hold and the engine is idle, without an event. Each condition that was satisfied at this very
instant has a source; the first of them, in the order dependency, input, buffer, turn, is what the tile was held by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from leptonsim.kernels.plain.tiles.accounts import Cause, Source, delayed
from leptonsim.kernels.plain.tiles.instances import Instance
from leptonsim.kernels.plain.tiles.program import Program, Step, Tile


class Stage(IntEnum):
    """In the order in which a tile passes them."""

    GRANT = 0
    LOAD_WEIGHTS = 1
    LOAD_ACTIVATIONS = 2
    LOAD_EXTRAS = 3
    MULTIPLY = 4
    FINISH = 5
    WRITE = 6


class Kind(IntEnum):
    """A core's engines, in the order in which they end and start at one instant."""

    WEIGHTS = 0
    ACTIVATIONS = 1
    TENSOR = 2
    VECTOR = 3
    STORE = 4


NEVER_GRANTED = 1 << 62
"""Free staging space of a core that never granted any."""

LOADS = (Stage.LOAD_WEIGHTS, Stage.LOAD_ACTIVATIONS, Stage.LOAD_EXTRAS)


@dataclass(slots=True)
class Progress:
    """How many tiles have passed a stage.

    Of the last instant at which any did: what let the first of them pass, and how many had passed before.
    """

    passed: int = 0
    moved_by: Source | None = None
    passed_before: int = 0


@dataclass(slots=True)
class Core:
    """Where a core is in its tiles, over all instances, when each passed each stage, and its staging space.

    Of what is staged, something is in ``live_bytes``, or is being written.
    """

    index: int
    tiles: list[Tile]
    at: dict[Stage, Progress] = field(default_factory=lambda: {stage: Progress() for stage in Stage})
    passed_ps: dict[Stage, list[int]] = field(default_factory=lambda: {stage: [] for stage in Stage})
    staged_bytes: int = 0
    live_bytes: int = 0
    peak_bytes: int = 0
    least_free_bytes: int = NEVER_GRANTED
    released_by: Source | None = None

    def next_tile(self, stage: Stage) -> tuple[int, int, Tile]:
        """Number of the tile whose turn it is at a stage, its instance, and itself."""
        number = self.at[stage].passed
        return number, number // len(self.tiles), self.tiles[number % len(self.tiles)]

    def steps_in_flight(self, number: int) -> list[int]:
        """Steps of the tiles from the oldest that is not written to the given one."""
        oldest = self.at[Stage.WRITE].passed
        return [self.tiles[each % len(self.tiles)].step for each in range(oldest, number + 1)]

    def passes(self, stage: Stage, why: Source) -> None:
        """The next tile passes a stage. Several may at one instant: what let the first pass has moved the stage."""
        progress = self.at[stage]
        if progress.moved_by is None or progress.moved_by.time_ps < why.time_ps:
            progress.moved_by = why
            progress.passed_before = progress.passed
        progress.passed += 1
        self.passed_ps[stage].append(why.time_ps)

    def delay(self, since_ps: int, now_ps: int) -> None:
        """What moved tiles or freed space since an instant counts as if it did so now: before, nothing could go on."""
        for progress in self.at.values():
            progress.moved_by = delayed(progress.moved_by, since_ps, now_ps)
        self.released_by = delayed(self.released_by, since_ps, now_ps)

    def releases(self, size_bytes: int, engine: int, now_ps: int) -> None:
        """Staging space is free again."""
        if size_bytes:
            self.staged_bytes -= size_bytes
            self.live_bytes -= size_bytes
            self.released_by = Source(engine, Cause.BUFFER, now_ps)


class Held:
    """Conditions of one tile at one stage: whether all hold, and what held it until now."""

    def __init__(self, now_ps: int) -> None:
        self.now_ps = now_ps
        self.is_over = True
        self.by: Source | None = None

    def require(self, holds: bool) -> None:
        """A condition that has no source of its own."""
        self.is_over = self.is_over and holds

    def until(self, source: Source | None) -> None:
        """A condition with its source, which counts if it was satisfied now and none before it in the order was."""
        if self.by is None and source is not None and source.time_ps == self.now_ps:
            self.by = source

    def passed(self, core: Core, stage: Stage, number: int, relation: Cause) -> None:
        """The tile has passed an earlier stage; if just now, then by what moved that stage."""
        progress = core.at[stage]
        self.require(progress.passed > number)
        if progress.moved_by is not None and progress.passed_before <= number:
            source = progress.moved_by
            is_open = source.relation is Cause.BUSY
            self.until(Source(source.engine, relation if is_open else source.relation, source.time_ps))


def is_ready(held: Held, program: Program, instance: Instance, tile: Tile) -> None:
    """Dependency: the first tile of a step waits for all that the step depends on."""
    if tile.is_first:
        for token in program.dependencies_of(tile.step):
            held.require(instance.left[token] == 0)
            held.until(instance.given_by[token])


def is_launched(held: Held, instance: Instance, launch_token: int) -> None:
    """The host has launched the instance."""
    held.require(instance.left[launch_token] == 0)
    held.until(instance.given_by[launch_token])


def granted(held: Held, core: Core, room_bytes: int, tile: Tile) -> None:
    """Staging space: as much as the tile brings and makes, within the least that a step in flight leaves."""
    held.require(core.staged_bytes + tile.run.bytes <= room_bytes)
    held.until(core.released_by)


def loadable(held: Held, core: Core, stage: Stage, number: int, one_queue: bool) -> None:
    """A tile's loads start after its grant and after each other where they share an engine, tile by tile.

    With one queue the order is weights, activations, extras of one tile, then the next tile; else weights have their
    own.
    """
    if stage is Stage.LOAD_EXTRAS:
        held.passed(core, Stage.LOAD_ACTIVATIONS, number, Cause.INPUT)
    if stage is Stage.LOAD_ACTIVATIONS and one_queue:
        held.passed(core, Stage.LOAD_WEIGHTS, number, Cause.INPUT)
    queue_ends_with = Stage.LOAD_EXTRAS if one_queue or stage is not Stage.LOAD_WEIGHTS else Stage.LOAD_WEIGHTS
    if stage is not Stage.LOAD_EXTRAS:
        held.require(core.at[queue_ends_with].passed >= number)
    held.passed(core, Stage.GRANT, number, Cause.BUFFER)
    held.until(core.at[queue_ends_with].moved_by)


def asked_ps(core: Core, stage: Stage, number: int, program: Program, instance: Instance, tile: Tile) -> int:
    """When all was there that a tile's transfer needs, but for the engine."""
    if stage is Stage.WRITE:
        return core.passed_ps[Stage.FINISH][number]
    asked = core.passed_ps[Stage.GRANT][number]
    if tile.is_first and (stage is not Stage.LOAD_WEIGHTS or program.steps[tile.step].weights_wait):
        given = [instance.given_by[token] for token in program.dependencies_of(tile.step)]
        return max([asked, *(source.time_ps for source in given if source is not None)])
    return asked


def multipliable(held: Held, core: Core, number: int, step: Step, tile: Tile) -> None:
    """Both operands are there, and so is an accumulator, which a tile has until the vector unit is through with it."""
    held.passed(core, Stage.LOAD_ACTIVATIONS, number, Cause.INPUT)
    held.passed(core, Stage.LOAD_WEIGHTS, number, Cause.INPUT)
    if tile.run.tensor_cycles:
        finish = core.at[Stage.FINISH]
        held.require(number - finish.passed < step.accumulators)
        if number - finish.passed_before >= step.accumulators and finish.moved_by is not None:
            by = finish.moved_by
            relation = Cause.BUFFER if by.relation is Cause.BUSY else by.relation
            held.until(Source(by.engine, relation, by.time_ps))


def finishable(held: Held, core: Core, number: int) -> None:
    """The product and the extras are there."""
    held.passed(core, Stage.MULTIPLY, number, Cause.INPUT)
    held.passed(core, Stage.LOAD_EXTRAS, number, Cause.INPUT)


def writable(held: Held, core: Core, number: int) -> None:
    """The result is there."""
    held.passed(core, Stage.FINISH, number, Cause.INPUT)


def release_after(core: Core, stage: Stage, tile: Tile, engine: int, now_ps: int) -> None:
    """Operands leave with their last user, multiplied or (in a step without tensor work) finished.

    Extras leave when the tile is finished, results when it is written.
    """
    used_at = Stage.MULTIPLY if tile.run.tensor_cycles else Stage.FINISH
    if stage is used_at:
        core.releases(tile.operands_freed, engine, now_ps)
    if stage is Stage.FINISH:
        core.releases(tile.run.extra_bytes, engine, now_ps)
    if stage is Stage.WRITE:
        core.releases(tile.run.output_bytes, engine, now_ps)
