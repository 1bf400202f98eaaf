"""How long a job lasts: cycles at the core clock, or a latency and then bytes at a rate shared with others.

Integers throughout, so that stopping in the middle and going on changes nothing: remaining work is kept in 10^-9 cycles
against a clock in kHz and in 2^-32 byte against rates in 2^-32 byte/ps, and a job ends at the first picosecond at which
nothing is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from leptonsim.kernels.plain.fabric import Route, max_min, read_route
from leptonsim.kernels.plain.tiles.accounts import CHIP_ENGINES, ENGINES, Accounts, Cause, Segment, Source
from leptonsim.kernels.plain.tiles.rest import Blocks

WORK_FIELDS = ("tensor_cycles", "vector_cycles", "w_bytes", "a_bytes", "x_bytes", "o_bytes")
WORK_PER_CYCLE = 10**9  # kHz x ps


class State(Enum):
    """What an engine is doing."""

    IDLE = auto()
    COMPUTING = auto()
    LATENT = auto()  # a transfer before its first byte
    WAKING = auto()  # a computation whose block wakes up
    MOVING = auto()


@dataclass(slots=True)
class Engine:
    """One engine and its job; ``left`` was true at ``updated_ps``, and ``end_ps`` is None until a rate is known.

    A copy between host and device belongs to no step, and its ``instance`` is its tag. ``account`` is the operator and
    the column of ``WORK_FIELDS`` under which its cycles or bytes count. A clock that stands still divides a job: the
    part since ``start_ps`` is not accounted for yet, of what it moved ``counted`` is; ``stands``: it stands since then.
    """

    state: State = State.IDLE
    stands: bool = False
    end_ps: int | None = None
    start_ps: int = 0
    ready_ps: int = 0
    left: int = 0
    left_latency_ps: int = 0
    updated_ps: int = 0
    counted: int = 0
    size_bytes: int = 0
    route: int = 0
    rate: int = 0
    cycles: int = 0
    account: tuple[int, int] = (0, 0)
    step: int | None = None
    instance: int = 0
    last_end_ps: int = 0


def ceil_div(a: int, b: int) -> int:
    """Quotient rounded up."""
    return -(-a // b)


class Engines:
    """All engines of a chip, and the fabric that their transfers share."""

    def __init__(self, cores: int, operators: int, khz: int, setup_ps: int, accounts: Accounts, blocks: Blocks) -> None:
        self.engines = [Engine() for _ in range(cores * ENGINES + CHIP_ENGINES)]
        self.routes: list[Route] = []
        self.capacities: list[int] = []
        self.dram_mix: list[int] = []
        self.route_bytes: list[int] = []
        self.work = [[0] * len(WORK_FIELDS) for _ in range(operators + 1)]
        self.mix_moved: list[list[int]] = []
        self.in_flight: tuple[int, int, list[int], list[int]] = (0, 0, [], [])
        self.khz = khz
        self.setup_ps = setup_ps
        self.accounts = accounts
        self.blocks = blocks
        self.paused_since_ps: int | None = None
        self.held = 0

    def set_fabric(self, routes: list[list[int]], capacities: list[int], dram_mix: list[int]) -> None:
        """Set all rates; what is in flight is re-timed by the next ``share``."""
        self.routes = [read_route(row) for row in routes]
        self.capacities, self.dram_mix = capacities, dram_mix
        self.route_bytes = self.route_bytes or [0] * len(routes)
        self.mix_moved = self.mix_moved or [[0] * len(routes) for _ in range(max(1, len(dram_mix)))]

    def is_idle(self, engine: int) -> bool:
        """Whether an engine can take a job."""
        return self.engines[engine].state is State.IDLE

    def next_end_ps(self) -> int | None:
        """When the next job or latency ends at present rates."""
        return min((job.end_ps for job in self.engines if job.end_ps is not None), default=None)

    def due(self, now_ps: int) -> list[int]:
        """Engines whose job or latency ends at this instant."""
        return [e for e, job in enumerate(self.engines) if job.end_ps == now_ps]

    def begin(self, e: int, step: int | None, instance: int, source: Source, now_ps: int) -> Engine:
        """Start a job: the wait before it is over."""
        job = self.engines[e]
        if now_ps > job.last_end_ps:
            self.accounts.wait(e, step, job.last_end_ps, now_ps, source)
        job.start_ps = job.updated_ps = now_ps
        job.counted = 0
        job.step = step
        job.instance = instance
        if step is not None and instance == 0:
            self.accounts.span_begin(e, step, now_ps)
        return job

    def compute(
        self, e: int, step: int, instance: int, cycles: int, account: tuple[int, int], source: Source, now_ps: int
    ) -> None:
        """Start a job of so many cycles."""
        job = self.begin(e, step, instance, source, now_ps)
        job.cycles, job.account = cycles, account
        job.left = cycles * WORK_PER_CYCLE
        job.ready_ps = now_ps + self.blocks.rouse(e, None, now_ps)
        job.state, job.end_ps = State.WAKING, job.ready_ps
        if job.ready_ps == now_ps:
            self.count(e, now_ps)

    def count(self, e: int, now_ps: int) -> None:
        """The engine is awake: its cycles begin."""
        job = self.engines[e]
        self.log_part(e, job, 0, now_ps)
        job.state = State.COMPUTING
        job.start_ps = job.updated_ps = now_ps
        job.end_ps = now_ps + ceil_div(job.left, self.khz)

    def move(
        self,
        e: int,
        step: int | None,
        instance: int,
        size_bytes: int,
        account: tuple[int, int],
        route: int,
        asked_ps: int,
        source: Source,
        now_ps: int,
    ) -> None:
        """Start a transfer that might have begun at ``asked_ps`` had the engine been idle.

        Requests go out while the job before still moves: the first byte's latency shows as far as it reaches beyond
        that one's end.
        """
        job = self.begin(e, step, instance, source, now_ps)
        job.size_bytes, job.account = size_bytes, account
        job.route = route
        job.left = size_bytes << 32
        job.ready_ps = max(now_ps, asked_ps + self.routes[route].latency_ps) + self.setup_ps
        job.ready_ps += self.blocks.rouse(e, route, now_ps)
        job.state = State.LATENT
        job.end_ps = job.ready_ps
        if job.ready_ps == now_ps:
            self.flow(e, now_ps)
        if self.must_stand(e):
            job.left_latency_ps = job.ready_ps - now_ps
            self.stand(job, now_ps)

    def flow(self, e: int, now_ps: int) -> None:
        """The latency is over: the transfer takes its share of the links from this instant on."""
        job = self.engines[e]
        job.state = State.MOVING
        job.updated_ps = now_ps
        job.end_ps = None
        job.rate = 0

    def complete(self, e: int, now_ps: int) -> bool:
        """What is due at an engine happens; whether that was the end of its job."""
        job = self.engines[e]
        if job.state is State.LATENT:
            self.flow(e, now_ps)
            return False
        if job.state is State.WAKING:
            self.count(e, now_ps)
            return False
        self.log_part(e, job, (job.size_bytes << 32) - job.counted, now_ps, jobs=1)
        self.blocks.leave(e, job.route if job.state is State.MOVING else None, now_ps)
        operator, column = job.account
        self.work[operator][column] += job.size_bytes if job.state is State.MOVING else job.cycles
        if job.step is not None and job.instance == 0:
            self.accounts.span_end(e, job.step, now_ps)
        if job.state is State.MOVING:
            self.route_bytes[job.route] += job.size_bytes
        job.state = State.IDLE
        job.end_ps = None
        job.last_end_ps = now_ps
        return True

    def done(self, now_ps: int) -> list[list[int]]:
        """Whole cycles and bytes of each operator until now, with the part of the jobs in progress."""
        work = [list(row) for row in self.work]
        for job in self.engines:
            operator, column = job.account
            if job.state is State.COMPUTING:
                speed = 0 if job.stands else self.khz
                left = max(0, job.left - speed * (now_ps - job.updated_ps))
                work[operator][column] += job.cycles - ceil_div(left, WORK_PER_CYCLE)
            elif job.state is State.MOVING:
                left = max(0, job.left - job.rate * (now_ps - job.updated_ps))
                work[operator][column] += job.size_bytes - ceil_div(left, 1 << 32)
        return work

    def log_part(self, e: int, job: Engine, moved: int, now_ps: int, jobs: int = 0) -> None:
        """Account for a job since its ``start_ps``, in which so many 2^-32 byte of it moved; ``jobs``: 1 where it ends.

        A transfer's time is latency, then the bytes at the port's rate alone, and what is over is contention.
        """
        if job.state is State.WAKING:
            self.accounts.account(e, job.step, Cause.LATENCY, now_ps - job.start_ps)
            self.accounts.log(e, Segment(job.start_ps, now_ps, Cause.LATENCY))
            return
        self.accounts.account(e, job.step, Cause.BUSY, now_ps - job.start_ps)
        if job.state is State.COMPUTING:
            self.accounts.log(e, Segment(job.start_ps, now_ps, Cause.BUSY))
            self.accounts.job(e, job.step, job.instance, -1, job.start_ps, now_ps, 0, jobs)
            return
        size_bytes = (job.counted + moved >> 32) - (job.counted >> 32)
        self.accounts.job(e, job.step, job.instance, job.route, job.start_ps, now_ps, size_bytes, jobs)
        job.counted += moved
        first_byte_ps = max(job.start_ps, min(job.ready_ps, now_ps))
        route = self.routes[job.route]
        alone = min(now_ps - first_byte_ps, ceil_div(moved, route.port_rate))
        self.accounts.log(e, Segment(job.start_ps, first_byte_ps, Cause.LATENCY))
        self.accounts.log(e, Segment(first_byte_ps, now_ps, Cause(route.kind), alone))
        self.accounts.moving_time_ps[e, Cause.LATENCY] += first_byte_ps - job.start_ps
        self.accounts.moving_time_ps[e, route.kind] += alone
        self.accounts.moving_time_ps[e, Cause.CONTENTION] += now_ps - first_byte_ps - alone

    def must_stand(self, e: int) -> bool:
        """Whether the job of an engine cannot go on under what is in force."""
        job = self.engines[e]
        if job.state is State.IDLE:
            return False
        if self.paused_since_ps is not None and e < len(self.engines) - CHIP_ENGINES:
            return True
        return job.state in (State.LATENT, State.MOVING) and self.blocks.route_blocks[job.route] & self.held != 0

    def settle(self, now_ps: int) -> None:
        """What has to stand still by now stops, and what need not any more goes on."""
        for e, job in enumerate(self.engines):
            if self.must_stand(e) and not job.stands:
                self.stop(e, now_ps)
            elif job.stands and not self.must_stand(e):
                self.go_on(e, now_ps)

    def stop(self, e: int, now_ps: int) -> None:
        """A job keeps what is left of it."""
        job = self.engines[e]
        if job.state in (State.LATENT, State.WAKING):
            self.log_part(e, job, 0, now_ps)
            job.left_latency_ps = job.ready_ps - now_ps
        else:
            job.left -= (self.khz if job.state is State.COMPUTING else job.rate) * (now_ps - job.updated_ps)
            self.log_part(e, job, (job.size_bytes << 32) - job.left - job.counted, now_ps)
        self.stand(job, now_ps)

    def stand(self, job: Engine, now_ps: int) -> None:
        """A job stands still from now on."""
        job.stands = True
        job.rate, job.updated_ps, job.start_ps, job.end_ps = 0, now_ps, now_ps, None

    def go_on(self, e: int, now_ps: int) -> None:
        """A job goes on with what is left of it, a transfer by the next ``share``."""
        job = self.engines[e]
        self.accounts.account(e, job.step, Cause.TRANSITION, now_ps - job.start_ps)
        self.accounts.log(e, Segment(job.start_ps, now_ps, Cause.TRANSITION))
        job.stands = False
        job.start_ps = job.updated_ps = now_ps
        if job.state is State.COMPUTING:
            job.end_ps = now_ps + ceil_div(job.left, self.khz)
        elif job.state in (State.LATENT, State.WAKING):
            job.ready_ps = job.end_ps = now_ps + job.left_latency_ps

    def pause(self, now_ps: int) -> None:
        """The core clock stands still, and the jobs of the cores with it."""
        self.paused_since_ps = now_ps
        self.settle(now_ps)

    def resume(self, khz: int, now_ps: int) -> None:
        """The core clock runs again."""
        if self.paused_since_ps is None:
            raise ValueError("resume: the clock runs")
        if now_ps > self.paused_since_ps:
            self.accounts.pauses.append((self.paused_since_ps, now_ps))
        self.paused_since_ps = None
        self.khz = khz
        self.settle(now_ps)

    def hold(self, blocks: int, now_ps: int) -> None:
        """These blocks of the chip stand still from now on, and no others: nothing moves over them."""
        self.held = blocks
        self.settle(now_ps)

    def share(self, now_ps: int) -> None:
        """Renew the rates of all transfers; what has moved until now moved at the old ones."""
        moving = [job for job in self.engines if job.state is State.MOVING and not job.stands]
        flows = [sum(job.route == r for job in moving) for r in range(len(self.routes))]
        mix = 0
        for job in moving:
            mix |= self.routes[job.route].pattern
        capacities = [self.dram_mix[mix], *self.capacities[1:]] if self.dram_mix else self.capacities
        rates = max_min(self.routes, flows, capacities)
        self.count_mix(now_ps)
        from_dram = [jobs if route.pattern else 0 for jobs, route in zip(flows, self.routes, strict=True)]
        self.in_flight = (now_ps, mix, from_dram, rates)
        for job in moving:
            job.left -= job.rate * (now_ps - job.updated_ps)
            job.updated_ps = now_ps
            job.rate = rates[job.route]
            job.end_ps = now_ps + ceil_div(job.left, job.rate)

    def count_mix(self, now_ps: int) -> None:
        """Count what moved, in 2^-32 byte, over each DRAM route under the present patterns in flight, up to now."""
        since_ps, mix, flows, rates = self.in_flight
        self.in_flight = (now_ps, mix, flows, rates)
        for r, (jobs, rate) in enumerate(zip(flows, rates, strict=True)):
            if jobs:
                self.mix_moved[mix][r] += rate * jobs * (now_ps - since_ps)

    def set_clock(self, khz: int, now_ps: int) -> None:
        """Re-time what is being computed."""
        for job in self.engines:
            if job.state is State.COMPUTING:
                job.left -= self.khz * (now_ps - job.updated_ps)
                job.updated_ps = now_ps
                job.end_ps = now_ps + ceil_div(job.left, khz)
        self.khz = khz
