"""Gives points to an executor and takes back what came of them, whatever happens to the workers.

Points go to workers in chunks of about a quarter of a second, so that the way there costs little and a dead worker
loses little. When a worker dies its points are run again, one by one, so that a point that kills workers is found out:
after three deaths alone it is lost and the rest go on.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from typing import Any

from leptonsim.errors import LeptonError
from leptonsim.explore.executors import PointExecutor
from leptonsim.explore.plan import Point
from leptonsim.explore.store import LOST, Row
from leptonsim.explore.workbench import Outcome, work

CHUNK_S = 0.25
MOST_IN_CHUNK = 64
DEATHS_ALONE = 3
DEATHS_AT_START = 6
"""Dead workers before any has finished a chunk, after which it is the machine and not a point."""

POLL_S = 0.5


@dataclass
class _Chunk:
    points: list[Point]
    began_s: float


class Dispatcher:
    """Points in hand. ``finished`` is called with the rows of each chunk that is over, ``held`` with what keeps the
    executor from working when that changes; empty when nothing does any more.
    """

    def __init__(
        self, executor: PointExecutor, finished: Callable[[list[Row]], None], held: Callable[[str], None]
    ) -> None:
        self._executor, self._finished, self._held = executor, finished, held
        self._obstacle = ""
        self.dead_workers = 0
        self._queue: deque[Point] = deque()
        self._alone: deque[Point] = deque()
        self._deaths: dict[str, int] = {}
        self._chunks: dict[Future[list[Outcome]], _Chunk] = {}
        self._point_s: dict[tuple[str, str], float] = {}

    def compute(self, points: Iterator[Point]) -> None:
        """Keep the executor busy until there are no more points and all are back. Raises LeptonError where workers
        cannot start, or cannot do what they are given.
        """
        source: Iterator[Point] | None = points
        while True:
            width = self._executor.width
            while len(self._chunks) < width:
                source = self._fill(source)
                chunk = self._next_chunk()
                if not chunk:
                    break
                future = self._executor.submit(
                    work, chunk[0].packed, [point.task for point in chunk], chunk[0].row.version
                )
                self._chunks[future] = _Chunk(chunk, time.monotonic())
            source = self._fill(source)
            if not self._chunks:
                return
            done, _ = wait(self._chunks, POLL_S, FIRST_COMPLETED)
            obstacle = "" if done else self._executor.obstacle
            if obstacle != self._obstacle:
                self._obstacle = obstacle
                self._held(obstacle)
            for future in done:
                self._take(future)

    def finish_in_hand(self, grace_s: float) -> None:
        """Take the chunks that come back within a time, drop the rest; Ctrl-C drops all."""
        deadline = time.monotonic() + grace_s
        with contextlib.suppress(KeyboardInterrupt):
            while self._chunks and time.monotonic() < deadline:
                done, _ = wait(self._chunks, max(0.0, deadline - time.monotonic()), FIRST_COMPLETED)
                for future in done:
                    if _error_of(future) is None:
                        self._take(future)
                    else:
                        self._chunks.pop(future)

    def _fill(self, source: Iterator[Point] | None) -> Iterator[Point] | None:
        """Plan ahead, enough for the next chunks."""
        while source is not None and len(self._queue) < 2 * MOST_IN_CHUNK:
            point = next(source, None)
            if point is None:
                return None
            self._queue.append(point)
            if len(self._queue) >= MOST_IN_CHUNK and len(self._chunks) < self._executor.width:
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
            self._finished([point.finished(outcomes[point.task.number]) for point in chunk.points])
            return
        if not self._executor.is_loss(error):
            raise error if isinstance(error, LeptonError) else _failed_worker(error)
        self.dead_workers += 1
        if not self._point_s and self.dead_workers >= DEATHS_AT_START:
            raise LeptonError(
                f"{DEATHS_AT_START} workers died before one of them finished a point; is there memory for them, and "
                "can they import leptonsim? (a Python script that runs a sweep needs `if __name__ == '__main__':`)"
            )
        if len(chunk.points) > 1:
            self._alone.extend(chunk.points)
            return
        point = chunk.points[0]
        self._deaths[point.row.key] = self._deaths.get(point.row.key, 0) + 1
        if self._deaths[point.row.key] < DEATHS_ALONE:
            self._alone.append(point)
            return
        told = f"its worker died {DEATHS_ALONE} times (killed, or out of memory)"
        self._finished([point.finished(Outcome(point.task.number, LOST, told, {}))])


def _error_of(future: Future[Any]) -> BaseException | None:
    """The error of a job that is over, its being cancelled included."""
    return CancelledError() if future.cancelled() else future.exception()


def _kind(point: Point) -> tuple[str, str]:
    return point.row.model, repr(point.row.options)


def _failed_worker(error: BaseException) -> LeptonError:
    """A job never fails by its points: what is raised is of the way there, such as a worker without leptonsim."""
    told = " ".join(f"{type(error).__name__}: {error}".split())
    return LeptonError(
        f"a worker cannot do its work ({told}); does it have the same leptonsim and Python as this process?"
    )
