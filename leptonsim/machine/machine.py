"""The machine: a SimPy simulation of one chip around the tile kernel.

SimPy sees what happens between the tiles: requests, launches by the host, copies over PCIe, the end of each run of the
program. One driver process lets the kernel run to the next SimPy event or until it has something to report, then waits
until that time; it wakes at the lowest priority, so that all else at that instant is settled first.

Up to two runs of the program are in progress: while one computes, the inputs of the next are copied in and the outputs
of the one before are copied out.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy
from simpy.events import EventPriority

from leptonsim.compiler.program import Program
from leptonsim.machine.governing import PowerControl, is_governed
from leptonsim.machine.governors import Governor
from leptonsim.machine.links import Fabric, Links
from leptonsim.machine.power_record import PowerRecord
from leptonsim.machine.tile_machine import sleeping, tile_machine
from leptonsim.machine.trials import Trials

Process = Generator[simpy.Event, Any, None]
Integers = npt.NDArray[np.int64]

COPY_CHUNK_BYTES = 1 << 28
"""Copies are queued in pieces of at most this size, so that both directions and several runs interleave."""

LAUNCH, ARRIVAL = 9, 10
_LAST = EventPriority(2)
_IN_PROGRESS = 2


class CountingEnvironment(simpy.Environment):
    """A SimPy environment that counts the events it processes."""

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self.events = 0

    def step(self) -> None:
        """Process the next event."""
        self.events += 1
        super().step()

    def settle(self, delay_ps: int = 0) -> simpy.Event:
        """An event after ``delay_ps`` and after everything else that is due at that instant."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        self.schedule(event, priority=_LAST, delay=delay_ps)
        return event


@dataclass(frozen=True, slots=True)
class Record:
    """What the machine saw; times in picoseconds.

    ``engine_time_ps`` has a row for each engine (five for each core, then host, copies in, copies out) and a column for
    each cause; ``step_time_ps``, ``step_span_ps`` and ``step_staging_bytes`` are of the program's steps (see
    TileMachine), ``least_free_bytes`` is the least that any core had free for staging. ``requests_ps`` has begin and
    end of each request.

    Where jobs were asked for, ``jobs`` and ``staging`` are those of TileMachine, and ``copies`` has a run and its bytes
    for each tag of a copy (run -1: weights, before the first); they are empty otherwise. ``launches_ps`` has begin and
    end of each request's launch by the host, if launches take time.

    ``rested_ps`` int64 (6,) is how long blocks rested, ``rests`` int64 (n, 4) each rest of those that may sleep.
    """

    makespan_ps: int
    requests_ps: tuple[tuple[int, int], ...]
    engine_time_ps: Integers
    moving_time_ps: Integers
    step_time_ps: Integers
    step_span_ps: Integers
    route_bytes: Integers
    step_staging_bytes: Integers
    least_free_bytes: int
    links: Links
    simpy_events: int
    kernel_wakes: int
    tiles: int
    runs: int
    cold_bytes: int
    jobs: Integers
    staging: Integers
    copies: tuple[tuple[int, int], ...]
    launches_ps: tuple[tuple[int, int], ...]
    rested_ps: Integers
    rests: Integers
    dram_bursts: int = 0
    power: PowerRecord | None = None


class Machine:
    """One chip with one program; ``execute`` can be called once. ``completed_runs`` counts while it goes on.

    ``log_jobs``: remember every job of every engine. ``dram_mix``: capacities of DRAM by the access patterns in flight,
    instead of what the fabric says. ``governed`` false: the clock stays as it is and heat is not followed, whatever
    the chip says. ``governor`` takes the place of the chip's own.
    """

    def __init__(
        self,
        program: Program,
        dram_mix: tuple[int, ...] | None = None,
        log_jobs: bool = False,
        governed: bool = True,
        governor: Governor | None = None,
    ) -> None:
        chip = program.chip
        self.program = program
        self.environment = CountingEnvironment()
        self.fabric = Fabric(chip, program.routes)
        if dram_mix is not None:
            self.fabric.dram_mix = dram_mix
        self.links = self.fabric.at(chip.clocks.core_hz)
        self.tiles = tile_machine(program, self.links, sleeping(chip), log_jobs)
        self._asleep: simpy.Event | None = None
        self._copies: dict[int, simpy.Event] = {}
        self._done: dict[int, simpy.Event] = {}
        self._room: list[simpy.Event] = []
        self.completed_runs = 0
        self._tags = 0
        self._launched_runs = 0
        self._busy_ps = self._busy_since_ps = 0
        self.control = (
            PowerControl(Trials(program, Machine), self.fabric, self.tiles, self._busy, governor)
            if governed and (governor is not None or is_governed(chip))
            else None
        )
        self._log_jobs = log_jobs
        self._copied: list[tuple[int, int]] = []
        self._launches: list[tuple[int, int]] = []

    def execute(self, requests: int, cold: bool = False, arrivals_ps: Sequence[int] | None = None) -> Record:
        """Run ``requests`` requests; ``cold``: the weights are first copied over PCIe.

        They come at ``arrivals_ps``, counted from when the chip is ready, or back to back.
        """
        program, environment = self.program, self.environment
        runs = requests * program.runs_per_request
        self._done = {run: environment.event() for run in range(runs)}
        self._ready = [environment.event() for _ in range(runs)]
        self._begin = [0] * requests
        self._end = [0] * requests
        self._arrivals = arrivals_ps
        self._ready_ps = 0
        cold_bytes = program.memory.weights_bytes - program.memory.weights_on_host_bytes if cold else 0
        self.tiles.submit(runs)
        environment.process(self._serve(requests, cold_bytes))
        last = environment.process(self._outputs(requests))
        environment.process(self._drive())
        environment.run(until=last)
        end = int(environment.now)
        self.tiles.log_host(ARRIVAL, end)
        self.tiles.finish(end)
        return Record(
            makespan_ps=end,
            requests_ps=tuple(zip(self._begin, self._end, strict=True)),
            engine_time_ps=self.tiles.engine_time_ps,
            moving_time_ps=self.tiles.moving_time_ps,
            step_time_ps=self.tiles.step_time_ps,
            step_span_ps=self.tiles.step_span_ps,
            route_bytes=self.tiles.route_bytes,
            step_staging_bytes=self.tiles.step_staging_bytes,
            least_free_bytes=int(self.tiles.least_free_bytes.min()),
            links=self.links,
            simpy_events=environment.events,
            kernel_wakes=self.tiles.wakes,
            tiles=self.tiles.tiles,
            runs=runs,
            cold_bytes=cold_bytes,
            power=self.control.finish(end) if self.control is not None else None,
            jobs=self.tiles.jobs,
            staging=self.tiles.staging,
            copies=tuple(self._copied),
            launches_ps=tuple(self._launches),
            rested_ps=self.tiles.rested_ps(),
            rests=self.tiles.rests(),
        )

    # ---- what the host does
    # ------------------------------------------------------------------------------------------------

    def _serve(self, requests: int, cold_bytes: int) -> Process:
        """Copy the weights if asked: the first request comes when they are there; then launch and copy side by side."""
        if cold_bytes:
            yield from self._copy(False, cold_bytes, -1)
        if self._arrivals is not None:
            self._ready_ps = int(self.environment.now)
        self.environment.process(self._inputs(requests, cold_bytes > 0))
        self.environment.process(self._host(requests))

    def _inputs(self, requests: int, cold: bool) -> Process:
        """Copy the inputs of one run after the other, as far ahead as there is room; a cold request began at 0."""
        each = self.program.runs_per_request
        for run in range(requests * each):
            yield from self._wait_for_room(run)
            if run % each == 0:
                yield from self._wait_for_arrival(run // each)
                if self._arrivals is not None:
                    self._begin[run // each] = self._ready_ps + self._arrivals[run // each]
                elif not (cold and run == 0):
                    self._begin[run // each] = int(self.environment.now)
            size = _share(self.program.memory.input_bytes, run % each, each)
            if size:
                yield from self._copy(False, size, run)
            if run >= self.completed_runs:  # else nothing waited for them
                self.tiles.input_ready(run, size > 0)
            self._wake()
            self._ready[run].succeed()

    def _host(self, requests: int) -> Process:
        """Launch one request after the other, its later runs without further cost."""
        each, launch_ps = self.program.runs_per_request, self.program.chip.software.launch_ps
        for run in range(requests * each):
            yield from self._wait_for_room(run)
            if run % each == 0:
                yield from self._wait_for_arrival(run // each)
            if run % each == 0 and launch_ps:
                self.tiles.log_host(ARRIVAL, int(self.environment.now))
                yield self.environment.timeout(launch_ps)
                self.tiles.log_host(LAUNCH, int(self.environment.now))
                self._launches.append((int(self.environment.now) - launch_ps, int(self.environment.now)))
            self.tiles.launch(run)
            if self._launched_runs == self.completed_runs:
                self._busy_since_ps = int(self.environment.now)
                self._tell_of_work()
            self._launched_runs += 1
            self._wake()

    def _outputs(self, requests: int) -> Process:
        """Copy the outputs of each run back when it is done."""
        each = self.program.runs_per_request
        for run in range(requests * each):
            yield self._done[run] & self._ready[run]
            size = _share(self.program.memory.output_bytes, run % each, each)
            if size:
                yield from self._copy(True, size, run)
            self._end[run // each] = int(self.environment.now)

    def _wait_for_arrival(self, request: int) -> Process:
        if self._arrivals is not None:
            due = self._ready_ps + self._arrivals[request]
            if due > self.environment.now:
                yield self.environment.timeout(due - int(self.environment.now))

    def _wait_for_room(self, run: int) -> Process:
        while run >= self.completed_runs + _IN_PROGRESS:
            room = self.environment.event()
            self._room.append(room)
            yield room

    def _copy(self, out: bool, size_bytes: int, run: int) -> Process:
        """Copy between host and DRAM for a run (-1: before the first); returns when the last byte is there."""
        waiting = []
        for part in copy_pieces(size_bytes):
            self._copies[self._tags] = self.environment.event()
            waiting.append(self._copies[self._tags])
            self.tiles.copy(out, part, self._tags)
            if self._log_jobs:
                self._copied.append((run, part))
            self._tags += 1
        self._wake()
        yield from waiting

    # ---- the driver
    # --------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Something changed for the kernel; a driver without work goes on."""
        if self._asleep is not None:
            asleep, self._asleep = self._asleep, None
            asleep._ok, asleep._value = True, None
            self.environment.schedule(asleep, priority=_LAST)

    def _drive(self) -> Process:
        environment, tiles = self.environment, self.tiles
        yield environment.settle()
        while True:
            due = environment.peek()
            if due == environment.now:
                yield environment.settle()
                continue
            happened = self._run_to(-1 if due == float("inf") else int(due))
            if tiles.now_ps > environment.now:
                yield environment.settle(tiles.now_ps - int(environment.now))
            for what, which in happened:
                if what == "copied":
                    self._copies.pop(which).succeed()
                else:
                    self.completed_runs += 1
                    if self._launched_runs == self.completed_runs:
                        self._busy_ps += tiles.now_ps - self._busy_since_ps
                        self._tell_of_work()
                    self._done[which].succeed()
                    for room in self._room:
                        room.succeed()
                    self._room = []
            if not happened and due == float("inf"):
                self._asleep = environment.event()
                yield self._asleep

    def _run_to(self, until_ps: int) -> list[tuple[str, int]]:
        """Let the kernel run until something is to be reported or until ``until_ps`` (-1: for ever).

        On the way the power control acts when it wants to: SimPy need not know, for nothing of its own happens there.
        """
        reported: list[tuple[str, int]]
        reported = self.tiles.run(until_ps) if self.control is None else self.control.run_to(until_ps)
        return reported

    def _tell_of_work(self) -> None:
        """Work came, or there is none any more: a governor may want to know at once."""
        if self.control is not None:
            self.control.work_changed()

    def _busy(self, now_ps: int) -> tuple[int, bool]:
        """How long requests were being worked on until now, and whether one is."""
        is_busy = self._launched_runs > self.completed_runs
        return self._busy_ps + (now_ps - self._busy_since_ps if is_busy else 0), is_busy


def copy_pieces(size_bytes: int) -> list[int]:
    """Bytes of the pieces in which a copy between host and device is queued."""
    whole, rest = divmod(size_bytes, COPY_CHUNK_BYTES)
    return [COPY_CHUNK_BYTES] * whole + [rest] * (rest > 0)


def _share(total: int, index: int, parts: int) -> int:
    return total * (index + 1) // parts - total * index // parts
