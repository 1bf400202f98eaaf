"""The tile machine itself: what happens first at one instant, and what the outside can do.

At one instant: all jobs that end, engine by engine; then all that can start, core by core, until nothing more can; then
new rates, once.
"""

from __future__ import annotations

from typing import Any

from leptonsim.kernels.plain.tiles import stages
from leptonsim.kernels.plain.tiles.accounts import ENGINES, Accounts, Cause, Segment, Source
from leptonsim.kernels.plain.tiles.banks import Banks
from leptonsim.kernels.plain.tiles.engines import WORK_FIELDS, Engines
from leptonsim.kernels.plain.tiles.instances import Instances
from leptonsim.kernels.plain.tiles.program import (
    LARGEST,
    Program,
    Tile,
    check_clock,
    check_fabric,
    read_fabric,
)
from leptonsim.kernels.plain.tiles.rest import CHIP_BLOCKS, Blocks
from leptonsim.kernels.plain.tiles.results import Results
from leptonsim.kernels.plain.tiles.stages import LOADS, Core, Held, Kind, Stage

EVENT_NAMES = ("done", "copied", "reached")


class TileMachine(Results):
    """All cores of one chip executing one program, any number of times; see ``leptonsim.kernels.tiles.TileMachine``.

    Raises
    ------
    ValueError
        If an index is out of range or a quantity is negative.
    """

    def __init__(
        self,
        runs: Any,
        blocks: Any,
        steps: Any,
        cores: Any,
        dependencies: Any,
        routes: Any,
        capacities: Any,
        dram_mix: Any,
        *,
        operators: int,
        core_khz: int,
        setup_ps: int,
        copy_routes: tuple[int, int],
        one_queue: bool,
        log_jobs: bool = False,
        route_blocks: Any = None,
        sleeps: Any = None,
        rests_from_ps: Any = None,
        banks: Any = None,
        tensor_bytes: Any = None,
    ) -> None:
        check_clock(core_khz, setup_ps)
        self.now_ps = self.wakes = self.tiles = 0
        self._fabric = read_fabric(routes, capacities, dram_mix)
        self._program = Program(runs, blocks, steps, cores, dependencies, operators, len(routes))
        self._cores = [Core(index, tiles) for index, tiles in enumerate(self._program.tiles)]
        check_fabric(*self._fabric, cores=len(self._cores))
        if not all(0 <= route < len(routes) for route in copy_routes):
            raise ValueError("TileMachine: copies need a route")
        self._accounts = Accounts(len(self._cores), len(self._program.steps), log_jobs)
        self._blocks = Blocks(len(self._cores), len(routes), route_blocks, sleeps, rests_from_ps)
        self._banks = None if banks is None else Banks(self._blocks, operators, banks, tensor_bytes)
        self._engines = Engines(len(self._cores), operators, core_khz, setup_ps, self._accounts, self._blocks)
        self._engines.set_fabric(*self._fabric)
        self._host = len(self._cores) * ENGINES
        self._copy_routes = copy_routes
        self._one_queue = one_queue
        self._copies: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]] = ([], [])
        self._step_staging = [0] * len(self._program.steps)
        self._copying = [0, 0]
        self._instances = Instances(self._program)
        self._events: list[tuple[str, int]] = []
        self._rates_are_stale = self._is_pausing = False
        self._holding = 0
        self._watched: set[int] = set()
        self._reached: list[int] = []
        self._told = [[0] * len(WORK_FIELDS) for _ in range(operators + 1)]
        self._rows, self._change = self._told_shapes()
        self._rested = self.rested_ps()

    # What the outside does.

    def submit(self, instances: int = 1) -> None:
        """Allow ``instances`` more repetitions of the program; each begins when it is launched."""
        if instances < 1:
            raise ValueError("submit: at least one instance")
        self._instances.submitted += instances

    def launch(self, instance: int) -> None:
        """The host has launched this instance."""
        self._instances.signal(instance, self._instances.launch_token, self._host, self.now_ps)

    def input_ready(self, instance: int, copied: bool = True) -> None:
        """The inputs of this instance are in DRAM: ``copied`` over PCIe just now, or there was nothing to copy."""
        engine = self._host + 1 if copied else self._host
        self._instances.signal(instance, self._instances.inputs_token, engine, self.now_ps)

    def log_host(self, cause: int, until_ps: int) -> None:
        """The host was launching or had nothing to do (cause 9 or 10) until ``until_ps``."""
        host = self._engines.engines[self._host]
        if cause not in (Cause.LAUNCH, Cause.ARRIVAL) or until_ps < host.last_end_ps:
            raise ValueError("log_host: cause 9 or 10, and time goes forward")
        self._accounts.log(self._host, Segment(host.last_end_ps, until_ps, Cause(cause)))
        column = Cause.BUSY if cause == Cause.LAUNCH else Cause.ARRIVAL
        self._accounts.account(self._host, None, column, until_ps - host.last_end_ps)
        host.last_end_ps = until_ps

    def copy(self, out: bool, size_bytes: int, tag: int) -> None:
        """Queue a copy between host and device; ``run`` reports ``("copied", tag)`` when it is done."""
        if not 0 < size_bytes < LARGEST:
            raise ValueError("copy: 1 byte to 2^30 at a time")
        self._copies[bool(out)].append((size_bytes, tag, self.now_ps))

    def watch(self, operators: Any) -> None:
        """Have ``run`` report ``("reached", operator)`` when one of these ends, in any instance; of several at one
        instant the last."""
        watched = {int(operator) for operator in operators}
        for operator in watched:
            if not 0 <= operator < self._program.operators:
                raise ValueError(f"watch: there is no operator {operator}")
        self._watched = watched

    def pause(self) -> None:
        """The core clock stands still from now on, until ``set_clock``.

        Jobs of the cores neither go on nor start; copies go on. What ends at this instant ends. Transfers that other
        clocks hold stay held.
        """
        self._is_pausing = self._engines.paused_since_ps is None

    def set_clock(
        self, core_khz: int, routes: Any = None, capacities: Any = None, dram_mix: Any = None, held: int = 0
    ) -> None:
        """Change the core clock, and with it port rates and capacities, for what is in flight as for what follows.

        Ends a pause, or begins one with a clock of 0 kHz. While the clock of a block of the chip stands still, what
        moves over it does, its latency included, and what starts does so from its start on; what ends at this instant
        ends. ``held`` says which: 1 network, 2 DRAM, 4 PCIe, summed.
        """
        self.use_clock(self.clock_of(core_khz, routes, capacities, dram_mix, held))

    def clock_of(
        self, core_khz: int, routes: Any = None, capacities: Any = None, dram_mix: Any = None, held: int = 0
    ) -> Any:
        """A clock for ``use_clock``, with rates and capacities as they are now where none are given.

        While the cores stand still (0 kHz) routes stay what they were: only copies move.
        """
        if core_khz:
            check_clock(core_khz)
        if not 0 <= held < 1 << CHIP_BLOCKS:
            raise ValueError("set_clock: a block of the chip that does not exist stands still")
        given = (routes, capacities, dram_mix)
        fabric = read_fabric(*(old if new is None else new for new, old in zip(given, self._fabric, strict=True)))
        if [len(new) for new in fabric] != [len(old) for old in self._fabric]:
            raise ValueError("set_clock: as many routes, links and DRAM mixes as before")
        check_fabric(*fabric, cores=len(self._cores))
        return core_khz, fabric, held

    def use_clock(self, clock: Any) -> None:
        """``set_clock`` with what was checked before: a clock of this machine."""
        core_khz, fabric, self._holding = clock
        since_ps = self._engines.paused_since_ps
        if core_khz == 0:
            self._is_pausing = since_ps is None
            fabric = (self._fabric[0], *fabric[1:])
        elif since_ps is None:
            self._engines.set_clock(core_khz, self.now_ps)
        else:
            self._engines.resume(core_khz, self.now_ps)
            self._instances.delay(since_ps, self.now_ps)
            for core in self._cores:
                core.delay(since_ps, self.now_ps)
        if core_khz:
            self._is_pausing = False
        self._fabric = fabric
        self._engines.set_fabric(*fabric)
        self._rates_are_stale = True

    def next_ps(self) -> int | None:
        """When the next completion will be at present rates, or None."""
        return self._engines.next_end_ps()

    def finish(self, end_ps: int) -> None:
        """Close every engine's account: from its last job on there was nothing to do."""
        for e, job in enumerate(self._engines.engines):
            if not self._engines.is_idle(e) or job.last_end_ps > end_ps:
                raise ValueError("finish: work is still in progress")
        for e, job in enumerate(self._engines.engines):
            self._accounts.account(e, None, Cause.DONE, end_ps - job.last_end_ps)
            job.last_end_ps = end_ps
        self._blocks.finish(end_ps)
        if self._banks is not None:
            self._banks.finish(end_ps)

    # The loop.

    def run(self, until_ps: int = -1) -> list[tuple[str, int]]:
        """Go on until just before ``until_ps`` (-1: as long as anything happens) or until something is to be
        reported."""
        if 0 <= until_ps < self.now_ps:
            raise ValueError("run: time goes forward")
        self.wakes += 1
        self._events = []
        while until_ps < 0 or self.now_ps < until_ps:
            self._settle()
            if self._events:
                break
            next_ps = self.next_ps()
            if next_ps is None and until_ps < 0:
                break
            self.now_ps = min(at for at in (next_ps, until_ps) if at is not None and at >= 0)
        return self._events

    def _settle(self) -> None:
        """All of one instant: ends, starts, rates."""
        for e in self._engines.due(self.now_ps):
            self._rates_are_stale = True
            if self._engines.complete(e, self.now_ps):
                self._job_is_over(e)
        if self._is_pausing:
            self._engines.pause(self.now_ps)
            self._is_pausing, self._rates_are_stale = False, True
        if self._holding != self._engines.held:
            self._engines.hold(self._holding, self.now_ps)
            self._rates_are_stale = True
        has_moved = self._engines.paused_since_ps is None
        while has_moved:
            moves = [self._start_core(core) for core in self._cores]
            has_moved = any(moves)
        self._start_copies()
        for core in self._cores:
            self._accounts.level(core.index, self.now_ps, core.staged_bytes)
        if self._rates_are_stale:
            self._engines.share(self.now_ps)
            self._rates_are_stale = False
        if self._reached:
            self._events.append(("reached", max(self._reached)))
            self._reached = []

    def _job_is_over(self, e: int) -> None:
        """The tile passes the stage that its job was for; a copy is reported."""
        if e > self._host:
            self._events.append(("copied", self._copying[e - self._host - 1]))
            return
        core = self._cores[e // ENGINES]
        kind = Kind(e % ENGINES)
        if kind in (Kind.WEIGHTS, Kind.ACTIVATIONS):
            stage = self._loading(core, kind)
        else:
            stage = {Kind.TENSOR: Stage.MULTIPLY, Kind.VECTOR: Stage.FINISH, Kind.STORE: Stage.WRITE}[kind]
        self._pass(core, stage, Source(e, Cause.BUSY, self.now_ps))

    def _loading(self, core: Core, kind: Kind) -> Stage:
        """Which of its loads an engine was at: the first of its queue that is not ahead of the last."""
        queue = LOADS if self._one_queue else LOADS[:1] if kind is Kind.WEIGHTS else LOADS[1:]
        done = core.at[queue[-1]].passed
        return next(stage for stage in queue if core.at[stage].passed == done)

    def _start_core(self, core: Core) -> bool:
        """Start what a core can start, the earliest stage that can always first, until none can: whether any could."""
        has_moved = False
        while any(self._advance(core, stage) for stage in Stage):
            has_moved = True
        return has_moved

    def _start_copies(self) -> None:
        for out, queue in enumerate(self._copies):
            e = self._host + 1 + out
            if queue and self._engines.is_idle(e):
                size_bytes, self._copying[out], asked_ps = queue.pop(0)
                awaited, relation = (e, Cause.DEPENDENCY) if out else (self._host, Cause.ARRIVAL)
                source = Source(awaited, relation, self.now_ps)
                account = (self._program.operators, WORK_FIELDS.index("o_bytes" if out else "w_bytes"))
                tag, route = self._copying[out], self._copy_routes[out]
                self._engines.move(e, None, tag, size_bytes, account, route, asked_ps, source, self.now_ps)
                self._rates_are_stale = True

    # Tiles and their stages.

    def _turn(self, core: Core, stage: Stage) -> tuple[int, int, Tile] | None:
        """Number, instance and tile whose turn it is, if its instance was submitted."""
        if not core.tiles or core.at[stage].passed >= self._instances.submitted * len(core.tiles):
            return None
        return core.next_tile(stage)

    def _grant(self, core: Core) -> bool:
        """Grant staging space to the next tile: whether it could."""
        turn = self._turn(core, Stage.GRANT)
        if turn is None or not self._instances.may_begin(turn[1]):
            return False
        number, instance, tile = turn
        held = Held(self.now_ps)
        stages.is_launched(held, self._instances.get(instance), self._instances.launch_token)
        in_flight = core.steps_in_flight(number)
        room_bytes = min(self._program.steps[step].stage_bytes for step in in_flight)
        stages.granted(held, core, room_bytes, tile)
        if held.is_over:
            core.staged_bytes += tile.run.bytes
            core.peak_bytes = max(core.peak_bytes, core.staged_bytes)
            core.least_free_bytes = min(core.least_free_bytes, room_bytes - core.staged_bytes)
            self._note_staging(core, in_flight[0])
            self._pass(core, Stage.GRANT, held.by or Source(self._host, Cause.DEPENDENCY, self.now_ps))
        return held.is_over

    def _advance(self, core: Core, stage: Stage) -> bool:
        """Start the job of the next tile at a stage, or let it pass without one: whether it could."""
        if stage is Stage.GRANT:
            return self._grant(core)
        turn = self._turn(core, stage)
        e = core.index * ENGINES + self._engine_of(stage)
        if turn is None or not self._engines.is_idle(e):
            return False
        number, instance, tile = turn
        step = self._program.steps[tile.step]
        held = Held(self.now_ps)
        relation = Cause.INPUT
        if stage in LOADS:
            relation = Cause.BUFFER
            if stage is not Stage.LOAD_WEIGHTS or step.weights_wait:
                stages.is_ready(held, self._program, self._instances.get(instance), tile)
            stages.loadable(held, core, stage, number, self._one_queue)
        elif stage is Stage.MULTIPLY:
            stages.multipliable(held, core, number, step, tile)
        elif stage is Stage.FINISH:
            stages.finishable(held, core, number)
        else:
            stages.writable(held, core, number)
        if not held.is_over:
            return False
        source = held.by or Source(e, relation, self.now_ps)
        return self._start_job(core, stage, instance, tile, e, source)

    def _start_job(self, core: Core, stage: Stage, instance: int, tile: Tile, e: int, source: Source) -> bool:
        run, step = tile.run, self._program.steps[tile.step]
        size, what, route = {
            Stage.LOAD_WEIGHTS: (run.weight_bytes, "w_bytes", step.weight_route),
            Stage.LOAD_ACTIVATIONS: (run.activation_bytes, "a_bytes", step.activation_route),
            Stage.LOAD_EXTRAS: (run.extra_bytes, "x_bytes", step.extra_route),
            Stage.MULTIPLY: (run.tensor_cycles, "tensor_cycles", None),
            Stage.FINISH: (run.vector_cycles, "vector_cycles", None),
            Stage.WRITE: (run.output_bytes, "o_bytes", step.output_route),
        }[stage]
        account = (step.operator, WORK_FIELDS.index(what))
        if stage in LOADS or stage is Stage.FINISH:
            core.live_bytes += size if stage in LOADS else run.output_bytes
            self._hold(core)
        if size == 0:
            self._pass(core, stage, source)
        elif route is None:
            self._engines.compute(e, tile.step, instance, size, account, source, self.now_ps)
        else:
            number = core.at[stage].passed
            asked_ps = stages.asked_ps(core, stage, number, self._program, self._instances.get(instance), tile)
            self._engines.move(e, tile.step, instance, size, account, route, asked_ps, source, self.now_ps)
            self._rates_are_stale = True
        return True

    def _engine_of(self, stage: Stage) -> Kind:
        if stage is Stage.LOAD_WEIGHTS or (stage in LOADS and self._one_queue):
            return Kind.WEIGHTS
        if stage in LOADS:
            return Kind.ACTIVATIONS
        return {Stage.MULTIPLY: Kind.TENSOR, Stage.FINISH: Kind.VECTOR, Stage.WRITE: Kind.STORE}[stage]

    def _pass(self, core: Core, stage: Stage, why: Source) -> None:
        """The next tile of a core passes a stage, with what follows from that."""
        _, number, tile = core.next_tile(stage)
        core.passes(stage, why)
        if stage is not Stage.GRANT:
            stages.release_after(core, stage, tile, core.index * ENGINES + self._engine_of(stage), self.now_ps)
            self._hold(core)
        if stage is Stage.MULTIPLY and tile.is_first and self._banks is not None:
            self._banks.begin(number, self._program.steps[tile.step].operator, self.now_ps)
        if stage is Stage.WRITE:
            self.tiles += 1
            operator = self._program.steps[tile.step].operator
            instance = self._instances.get(number)
            is_over = tile.is_last and instance.left[operator] == 1
            if is_over and operator in self._watched:
                self._reached.append(operator)
            if is_over and self._banks is not None:
                self._banks.end(operator, self.now_ps)
            if tile.is_last:
                self._note_staging(core, core.next_tile(Stage.WRITE)[2].step)
                core.released_by = Source(why.engine, Cause.BUFFER, self.now_ps)
            if tile.is_last and self._instances.step_is_over(number, tile.step, why.engine, self.now_ps):
                self._events.append(("done", number))

    def _hold(self, core: Core) -> None:
        if self._banks is not None:
            self._banks.hold(core.index, core.live_bytes, self.now_ps)

    def _note_staging(self, core: Core, step: int) -> None:
        self._step_staging[step] = max(self._step_staging[step], core.staged_bytes)
