"""To what cause every picosecond of every engine is put down, and on request every job and staging level.

An engine is busy or waits. A wait lasts from the end of its job before to the start of its next. It belongs to one
condition, the one that was satisfied at the instant at which the wait ended, and a condition names the engine that
satisfied it. What that engine was doing during the wait is the cause, picosecond by picosecond: for time in which it
computed, the kind of condition says the cause; for time in which it moved bytes, memory or contention; for time in
which it waited itself, the cause of that wait. While the core clock stands still no engine of a core could go on,
whatever it waits for: that time is a cause of its own, and so is that of transfers that another clock holds.

Logs are kept for ever here; the compiled kernel drops what no wait can reach any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

ENGINES = 5  # of a core
CHIP_ENGINES = 3  # host, copy in, copy out

CAUSE_NAMES = (
    *("busy", "dependency", "input", "buffer", "dram", "noc", "pcie", "latency", "contention"),
    *("launch", "arrival", "transition", "done"),
)


class Cause(IntEnum):
    """The closed list of causes; the value is the column in the results."""

    BUSY = 0
    DEPENDENCY = 1
    INPUT = 2
    BUFFER = 3
    DRAM = 4
    NOC = 5
    PCIE = 6
    LATENCY = 7
    CONTENTION = 8
    LAUNCH = 9
    ARRIVAL = 10
    TRANSITION = 11
    DONE = 12


@dataclass(frozen=True, slots=True)
class Source:
    """Who satisfied a condition (``engine``), at what instant, and what a wait for it is put down to where that engine
    computed.

    A relation of BUSY leaves that to whoever waits.
    """

    engine: int
    relation: Cause
    time_ps: int


def delayed(source: Source | None, since_ps: int, now_ps: int) -> Source | None:
    """A source that satisfied its condition at ``since_ps`` or later as if it had done so now."""
    if source is None or source.time_ps < since_ps:
        return source
    return replace(source, time_ps=now_ps)


@dataclass(frozen=True, slots=True)
class Segment:
    """What an engine did from begin to end; ``alone_ps`` is set for bytes in motion: their time at the rate of the
    port."""

    begin_ps: int
    end_ps: int
    cause: Cause
    alone_ps: int | None = None


class Accounts:
    """Picoseconds by engine and cause, by step, engine and cause, and the log of each engine.

    ``jobs`` and ``staging`` are rows for the outside, kept where ``log_jobs`` asks for them. ``pauses`` has begin and
    end of each time in which the core clock stood still.
    """

    def __init__(self, cores: int, steps: int, log_jobs: bool = False) -> None:
        self.log_jobs = log_jobs
        self.clocked = cores * ENGINES
        self.pauses: list[tuple[int, int]] = []
        self.jobs: list[list[int]] = []
        self.staging: list[list[int]] = []
        self.last_jobs: dict[int, list[int]] = {}
        self.last_levels: dict[int, list[int]] = {}
        engines = cores * ENGINES + CHIP_ENGINES
        self.logs: list[list[Segment]] = [[] for _ in range(engines)]
        self.engine_time_ps = np.zeros((engines, len(Cause)), dtype=np.int64)
        self.step_time_ps = np.zeros((steps, ENGINES, len(Cause)), dtype=np.int64)
        self.step_span_ps = np.full((steps, ENGINES, 2), -1, dtype=np.int64)
        self.moving_time_ps = np.zeros((engines, len(Cause)), dtype=np.int64)

    def account(self, engine: int, step: int | None, cause: Cause, span_ps: int) -> None:
        """Put time of an engine, in a step or between steps, down to a cause."""
        self.engine_time_ps[engine, cause] += span_ps
        if step is not None:
            self.step_time_ps[step, engine % ENGINES, cause] += span_ps

    def log(self, engine: int, segment: Segment) -> None:
        """Remember what an engine did, for those that wait for it."""
        if segment.end_ps > segment.begin_ps:
            self.logs[engine].append(segment)

    def during(self, engine: int, since_ps: int, until_ps: int) -> list[Segment]:
        """What an engine is known to have done between two instants; the first and last segment may reach further."""
        found: list[Segment] = []
        for segment in reversed(self.logs[engine]):
            if segment.end_ps <= since_ps:
                break
            if segment.begin_ps < until_ps:
                found.insert(0, segment)
        return found

    def wait(self, engine: int, step: int | None, since_ps: int, until_ps: int, source: Source) -> None:
        """Put a wait down to the pauses of the engine's clock, the rest to what the awaited engine was doing."""
        at = since_ps
        for begin_ps, end_ps in self.pauses if engine < self.clocked else []:
            if end_ps > since_ps:
                self.resolve(engine, step, at, max(at, begin_ps), source)
                at = max(at, begin_ps)
                self.account(engine, step, Cause.TRANSITION, end_ps - at)
                self.log(engine, Segment(at, end_ps, Cause.TRANSITION))
                at = end_ps
        self.resolve(engine, step, at, until_ps, source)

    def resolve(self, engine: int, step: int | None, since_ps: int, until_ps: int, source: Source) -> None:
        """Put a wait down to what the awaited engine was doing."""
        at = since_ps
        for segment in self.during(source.engine, since_ps, until_ps):
            end = min(segment.end_ps, until_ps)
            if segment.alone_ps is None:
                cause = source.relation if segment.cause is Cause.BUSY else segment.cause
                self.account(engine, step, cause, end - at)
                self.log(engine, Segment(at, end, cause))
            else:
                alone = segment.alone_ps * (end - at) // (segment.end_ps - segment.begin_ps)
                self.account(engine, step, segment.cause, alone)
                self.account(engine, step, Cause.CONTENTION, end - at - alone)
                self.log(engine, Segment(at, end, segment.cause, alone))
            at = end
        if at < until_ps:
            self.account(engine, step, source.relation, until_ps - at)
            self.log(engine, Segment(at, until_ps, source.relation))

    def job(
        self,
        engine: int,
        step: int | None,
        instance: int,
        route: int,
        begin_ps: int,
        end_ps: int,
        size: int,
        jobs: int,
    ) -> None:
        """Remember a job, or a part of one (``jobs`` 0); what goes on where the engine's last one of the same step and
        route ended joins it."""
        if not self.log_jobs or begin_ps == end_ps:
            return
        same = [engine, -1 if step is None else step, instance, route]
        last = self.last_jobs.get(engine)
        if last is not None and last[:4] == same and last[5] == begin_ps:
            last[5:] = [end_ps, last[6] + jobs, last[7] + size]
            return
        self.last_jobs[engine] = [*same, begin_ps, end_ps, jobs, size]
        self.jobs.append(self.last_jobs[engine])

    def level(self, core: int, now_ps: int, staged_bytes: int) -> None:
        """Remember the staging bytes that a core holds after an instant, where they changed."""
        last = self.last_levels.get(core, [core, -1, 0])
        if not self.log_jobs or last[2] == staged_bytes:
            return
        if last[1] == now_ps:
            last[2] = staged_bytes
            return
        self.last_levels[core] = [core, now_ps, staged_bytes]
        self.staging.append(self.last_levels[core])

    def span_begin(self, engine: int, step: int, now_ps: int) -> None:
        """A job of a step's first instance starts."""
        if self.step_span_ps[step, engine % ENGINES, 0] < 0:
            self.step_span_ps[step, engine % ENGINES, 0] = now_ps

    def span_end(self, engine: int, step: int, now_ps: int) -> None:
        """A job of a step's first instance ends."""
        self.step_span_ps[step, engine % ENGINES, 1] = now_ps
