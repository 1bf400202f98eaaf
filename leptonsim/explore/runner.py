"""Runs a sweep: plans points, gives those that are missing to the dispatcher, stores what comes back.

Nothing of a result depends on the order of points, on chunks or on workers.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from leptonsim.errors import LeptonError
from leptonsim.explore.design import Design
from leptonsim.explore.dispatch import MOST_IN_CHUNK, Dispatcher
from leptonsim.explore.executors import PointExecutor
from leptonsim.explore.judge import judged
from leptonsim.explore.plan import Planner, Point
from leptonsim.explore.samplers import Choice, Sampler, make_sampler
from leptonsim.explore.spec import Sweep
from leptonsim.explore.store import LOST, Row, Store

GRACE_S = 5.0
"""How long Ctrl-C waits for the chunks in hand."""

MOST_REJECTED = 10_000
"""Choices of a learning sampler in a row that conditions reject or that were there before, after which it has found
what it can.
"""


@dataclass
class Progress:
    """How far a sweep is; ``total`` is None where it cannot be known beforehand.

    ``obstacle`` is what keeps it from going on for now, empty where nothing does.
    """

    total: int | None
    stored_before: int = 0
    done: int = 0
    failed: int = 0
    lost: int = 0
    replaced_workers: int = 0
    designs: int = 0
    obstacle: str = ""


@dataclass
class Runner:
    """One run of a sweep. ``watch`` is called with the progress whenever it changes."""

    sweep: Sweep
    store: Store
    executor: PointExecutor
    watch: Callable[[Progress], None] = lambda progress: None
    retry_failed: bool = False
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        """Load chips and models, and count the points."""
        self.planner = Planner(self.sweep)
        self.progress = Progress(self._total())
        self._dispatcher = Dispatcher(self.executor, self._store, self._hold)
        self._seen: set[bytes] = set()
        self._found: dict[str, tuple[str, dict[str, Any]]] = {}
        self._joined: list[tuple[str, str, str, dict[str, Any]]] = []

    def run(self) -> Progress:
        """All missing points. Raises KeyboardInterrupt after storing what was finished, LeptonError for what ends a
        sweep.
        """
        sampler = make_sampler(
            self.sweep.sampler,
            self.planner.designer.dimensions,
            self.sweep.count,
            self.sweep.seed,
            len(self.sweep.objectives),
        )
        if sampler.generation is not None and not self.sweep.objectives:
            raise LeptonError(
                f"sample: {self.sweep.sampler} searches, but the sweep names no objectives, such as latency_s"
            )
        try:
            if sampler.generation is None:
                self._dispatcher.compute(self._missing(design for _, design in self._designs(sampler)))
            else:
                self._search(sampler, sampler.generation)
            self._note_joined()
        except KeyboardInterrupt:
            self._dispatcher.finish_in_hand(GRACE_S)
            with contextlib.suppress(KeyboardInterrupt):
                self._note_joined()
            raise
        return self.progress

    # ---- which points
    # --------------------------------------------------------------------------------------------------

    def _total(self) -> int | None:
        """Points of the sweep, conditions aside."""
        if self.sweep.sampler != "grid":
            return self.sweep.count * len(self.planner.workloads)
        sizes = [dimension.size or 0 for dimension in self.planner.designer.dimensions]
        return math.prod(sizes) * len(self.planner.workloads)

    def _designs(self, sampler: Sampler) -> Iterator[tuple[Choice, Design]]:
        """Choices that are designs, at most ``count`` of them where the sampler draws."""
        limit = math.inf if self.sweep.sampler == "grid" else self.sweep.count
        rejected = 0
        while self.progress.designs < limit and rejected < MOST_REJECTED:
            choice = sampler.ask()
            if choice is None:
                break
            design = self.planner.designer.design(choice)
            if design is None:
                sampler.tell(choice, None, ())
                rejected += self.sweep.sampler != "grid"
                self._skip(len(self.planner.workloads))
                continue
            rejected = 0
            self.progress.designs += 1
            yield choice, design
        if self.sweep.sampler != "grid":
            self.progress.total = self.progress.designs * len(self.planner.workloads)

    def _skip(self, count: int) -> None:
        if self.sweep.sampler == "grid" and self.progress.total is not None:
            self.progress.total -= count

    def _missing(self, designs: Iterator[Design]) -> Iterator[Point]:
        """The points that have to be computed; the others are noted."""
        for design in designs:
            points = list(self.planner.points(design))
            self._skip(len(self.planner.workloads) - len(points))
            for point in points:
                if not self._is_there(point):
                    yield point

    def _is_there(self, point: Point) -> bool:
        """Whether a point needs no worker: a repetition, one that the store has, or one whose chip cannot be built."""
        key = bytes.fromhex(point.row.key)
        if key in self._seen:
            self._skip(1)
            return True
        self._seen.add(key)
        found = self.store.found(point.row.key)
        if found is not None and not (self.retry_failed and found[0] == "failed"):
            self.progress.stored_before += 1
            self.progress.done += 1
            self._found[point.row.key] = found
            self._joined.append((point.row.key, point.row.chip, point.row.model, point.row.parameters))
            if len(self._joined) >= MOST_IN_CHUNK:
                self._note_joined()
            self.watch(self.progress)
            return True
        if point.error is not None:
            self._store([point.row])
            return True
        return False

    def _note_joined(self) -> None:
        if self._joined:
            self.store.join(self.sweep.name, self._joined)
            self._joined = []
        if self.sweep.sampler == "grid" or not self.sweep.objectives:
            self._found.clear()

    # ---- search
    # --------------------------------------------------------------------------------------------------------

    def _search(self, sampler: Sampler, generation: int) -> None:
        """Generations of designs: each is computed as a whole before the sampler is told, in the order in which it was
        asked.
        """
        while self.progress.designs < self.sweep.count:
            wanted = min(generation, self.sweep.count - self.progress.designs)
            asked = []
            designs = self._designs(sampler)
            for choice, design in designs:
                asked.append((choice, list(self.planner.points(design))))
                if len(asked) == wanted:
                    break
            if not asked:
                return
            self._dispatcher.compute(point for _, points in asked for point in points if not self._is_there(point))
            for choice, points in asked:
                values, violations = judged(self.sweep, [self._found.get(point.row.key) for point in points])
                sampler.tell(choice, values, violations)

    def _hold(self, obstacle: str) -> None:
        self.progress.obstacle = obstacle
        self.watch(self.progress)

    def _store(self, rows: list[Row]) -> None:
        self.store.add(rows)
        self.progress.done += len(rows)
        self.progress.failed += sum(row.status == "failed" for row in rows)
        self.progress.lost += sum(row.status == LOST for row in rows)
        self.progress.replaced_workers = self._dispatcher.dead_workers
        if self.sweep.objectives and self.sweep.sampler != "grid":
            self._found.update((row.key, (row.status, row.measures)) for row in rows)
        self.watch(self.progress)
