"""Runs a sweep: plans points, gives those that are missing to the executor, stores what comes back.

Points go to workers in chunks of about a quarter of a second, so that the way there costs little and a dead worker
loses little. When a worker dies its points are run again, one by one, so that a point that kills workers is found out:
after three deaths alone it is recorded as lost and the rest go on. Nothing of a result depends on the order of points,
on chunks or on workers.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any

from leptonsim.errors import LeptonError
from leptonsim.explore.design import Design
from leptonsim.explore.executors import PointExecutor
from leptonsim.explore.plan import Planner, Point
from leptonsim.explore.samplers import Choice, Sampler, make_sampler
from leptonsim.explore.spec import Sweep
from leptonsim.explore.store import LOST, Row, Store
from leptonsim.explore.workbench import Outcome, work

CHUNK_S = 0.25
MOST_IN_CHUNK = 64
DEATHS_ALONE = 3
POLL_S = 0.5
GRACE_S = 5.0
"""How long Ctrl-C waits for the chunks in hand."""

MOST_REJECTED = 10_000
"""Choices of a learning sampler in a row that conditions reject or that were there before, after which it has found
what it can.
"""


@dataclass
class Progress:
    """How far a sweep is; ``total`` is None where it cannot be known beforehand."""

    total: int | None
    stored_before: int = 0
    done: int = 0
    failed: int = 0
    lost: int = 0
    replaced_workers: int = 0
    designs: int = 0


@dataclass
class _Chunk:
    points: list[Point]
    began_s: float


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
        self._queue: deque[Point] = deque()
        self._alone: deque[Point] = deque()
        self._deaths: dict[str, int] = {}
        self._chunks: dict[Future[list[Outcome]], _Chunk] = {}
        self._point_s: dict[tuple[str, str], float] = {}
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
                self._compute(self._missing(design for _, design in self._designs(sampler)))
            else:
                self._search(sampler, sampler.generation)
            self._note_joined()
        except KeyboardInterrupt:
            self._finish_in_hand()
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
            self._compute(point for _, points in asked for point in points if not self._is_there(point))
            for choice, points in asked:
                values, violations = self._judged(points)
                sampler.tell(choice, values, violations)

    def _judged(self, points: list[Point]) -> tuple[list[float] | None, list[float]]:
        """Objectives to minimise, over several workloads their geometric mean; None where a point failed."""
        rows = [self._found.get(point.row.key) for point in points]
        measures = [row[1] for row in rows if row is not None and row[0] == "ok"]
        if not measures or len(measures) < len(points):
            return None, []
        values = []
        for objective in self.sweep.objectives:
            parts = [each[objective.measure] for each in measures]
            if any(not isinstance(part, int | float) for part in parts):
                return None, []
            product = _geometric_mean([float(part) for part in parts])
            values.append(-product if objective.is_larger_better else product)
        return values, [
            0.0 if all(_holds(condition, each) for each in measures) else 1.0 for condition in self.sweep.constraints
        ]

    # ---- workers
    # -------------------------------------------------------------------------------------------------------

    def _compute(self, points: Iterator[Point]) -> None:
        """Keep the executor busy until there are no more points and all are back."""
        source: Iterator[Point] | None = points
        while True:
            width = self.executor.width
            while len(self._chunks) < width:
                source = self._fill(source)
                chunk = self._next_chunk()
                if not chunk:
                    break
                future = self.executor.submit(work, chunk[0].packed, [point.task for point in chunk])
                self._chunks[future] = _Chunk(chunk, time.monotonic())
            source = self._fill(source)
            if not self._chunks:
                return
            done, _ = wait(self._chunks, POLL_S, FIRST_COMPLETED)
            for future in done:
                self._take(future)

    def _fill(self, source: Iterator[Point] | None) -> Iterator[Point] | None:
        """Plan ahead, enough for the next chunks."""
        while source is not None and len(self._queue) < 2 * MOST_IN_CHUNK:
            point = next(source, None)
            if point is None:
                return None
            self._queue.append(point)
            if len(self._queue) >= MOST_IN_CHUNK and len(self._chunks) < self.executor.width:
                break
        return source

    def _next_chunk(self) -> list[Point]:
        """Points of one workload for about a quarter of a second; a suspect alone."""
        if self._alone:
            return [self._alone.popleft()]
        if not self._queue:
            return []
        first = self._queue[0]
        kind = _kind(first)
        expected_s = self._point_s.get(kind)
        size = 1 if expected_s is None else max(1, min(MOST_IN_CHUNK, int(CHUNK_S / max(expected_s, 1e-9))))
        chunk: list[Point] = []
        while (
            self._queue
            and len(chunk) < size
            and self._queue[0].packed is first.packed
            and _kind(self._queue[0]) == kind
        ):
            chunk.append(self._queue.popleft())
        return chunk

    def _take(self, future: Future[list[Outcome]]) -> None:
        """Store a chunk that came back, or line its points up again where its worker died."""
        chunk = self._chunks.pop(future)
        error = _error_of(future)
        if error is None:
            outcomes = {outcome.number: outcome for outcome in future.result()}
            took_s = (time.monotonic() - chunk.began_s) / len(chunk.points)
            self._point_s[_kind(chunk.points[0])] = took_s
            self._store([point.finished(outcomes[point.task.number]) for point in chunk.points])
            return
        if not self.executor.is_loss(error):
            raise error
        self.progress.replaced_workers += 1
        if len(chunk.points) > 1:
            self._alone.extend(chunk.points)
            return
        point = chunk.points[0]
        self._deaths[point.row.key] = self._deaths.get(point.row.key, 0) + 1
        if self._deaths[point.row.key] < DEATHS_ALONE:
            self._alone.append(point)
            return
        told = f"its worker died {DEATHS_ALONE} times (killed, or out of memory)"
        self._store([point.finished(Outcome(point.task.number, LOST, told, {}))])

    def _store(self, rows: list[Row]) -> None:
        self.store.add(rows)
        self.progress.done += len(rows)
        self.progress.failed += sum(row.status == "failed" for row in rows)
        self.progress.lost += sum(row.status == LOST for row in rows)
        if self.sweep.objectives and self.sweep.sampler != "grid":
            self._found.update((row.key, (row.status, row.measures)) for row in rows)
        self.watch(self.progress)

    def _finish_in_hand(self) -> None:
        """After Ctrl-C: store the chunks that come back soon, drop the rest; a second Ctrl-C drops all."""
        deadline = time.monotonic() + GRACE_S
        with contextlib.suppress(KeyboardInterrupt):
            while self._chunks and time.monotonic() < deadline:
                done, _ = wait(self._chunks, max(0.0, deadline - time.monotonic()), FIRST_COMPLETED)
                for future in done:
                    if _error_of(future) is None:
                        self._take(future)
                    else:
                        self._chunks.pop(future)
            self._note_joined()


def _error_of(future: Future[Any]) -> BaseException | None:
    """The error of a job that is over, its being cancelled included."""
    return CancelledError() if future.cancelled() else future.exception()


def _kind(point: Point) -> tuple[str, str]:
    return point.row.model, repr(point.row.options)


def _geometric_mean(values: list[float]) -> float:
    if len(values) == 1:
        return values[0]
    if min(values) <= 0:
        return 0.0
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _holds(condition: Any, measures: dict[str, Any]) -> bool:
    return bool(condition.value(lambda name: measures[name] if measures.get(name) is not None else math.inf))
