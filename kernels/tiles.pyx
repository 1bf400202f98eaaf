"""The tile kernel: all cores of a chip, walking the tiles of a compiled program through their engines.

Each core has five engines: weight load and activation load (DMA reads), tensor, vector, and store (DMA write); the chip has three
more, the host and the PCIe copies in and out. A tile is loaded, multiplied, post-processed and stored; each part may be empty. Staging
space in SRAM is granted in tile order as it fits, so loads run ahead over step boundaries exactly as far as there is room. Reads and
writes share the links of the fabric max-min fairly; a job in progress is re-timed when its rate changes.

Time is in integer picoseconds, rates in 2^-32 byte/ps, remaining bytes in 2^-32 byte, remaining work in 10^-9 cycles against
integer kHz, so that stopping at any instant and going on changes nothing. At one instant all completions come first, then starts in
(core, stage) order until none is possible, then rates, once.

Every engine is, at every instant, busy or waiting for exactly one cause. A wait belongs to the condition that was satisfied at the
instant at which it ends (ties: dependency, input, buffer, then the tile before, whose turn came first) and is resolved, picosecond by
picosecond, to what the awaited engine was doing. A stage that several tiles pass at one instant was moved by what let the first pass.

A block (an array, a vector unit, a core's SRAM, the network, DRAM, the PCIe link) rests while no job uses it. How long, and on request
every single rest, is recorded; a block that rested long enough to sleep makes the job that finds it so wait until it is awake.

Not modelled here: what a tile costs (systolic and vector cycles, bytes, access patterns): the compiler says so.

This file has the class, within which Cython takes no ``include``, and what the outside may do with it; what happens inside is in the
parts. The plain-Python twin is the package ``leptonsim.kernels.plain.tiles``. The parts:

    tiles/words.pxi         engines, causes, columns and bounds by name
    tiles/records.pxi       the records that the kernel works on
    tiles/checks.pxi        what is refused before the first picosecond
    tiles/progress.pxi      what operators have done so far
    tiles/cursors.pxi       where each stage of a core is in its tiles
    tiles/accounts.pxi      what engines did, and what they waited for
    tiles/jobs.pxi          jobs of engines, from their start to their end
    tiles/rest.pxi          blocks at rest: how long, how deep asleep, when they wake
    tiles/banks.pxi         banks of the cores' SRAM: which hold data, how long the others are empty
    tiles/pauses.pxi        clocks stand still and go on
    tiles/rates.pxi         rates of the transfers in progress
    tiles/conditions.pxi    what a tile waits for before it passes a stage
    tiles/marks.pxi         when tiles passed a stage
    tiles/passing.pxi       what a tile frees, completes and wakes when it is through a stage
    tiles/starts.pxi        what can start: grants, loads, products, vector work, stores, copies
    tiles/loop.pxi          from instant to instant
"""

cimport cython
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

from leptonsim.kernels.fabric cimport MAX_ROUTE_LINKS, SHARE_ONE, Route, fill_route, max_min

import numpy as np

cdef extern from *:
    """
    typedef __int128_t leptonsim_int128;
    #define leptonsim_lowest_bit(bits) __builtin_ctz(bits)
    """
    ctypedef long long int128 "leptonsim_int128"
    int lowest_bit "leptonsim_lowest_bit"(unsigned int bits) noexcept nogil

include "tiles/words.pxi"
include "tiles/records.pxi"


@cython.final
cdef class TileMachine:
    """All cores of one chip executing one program, any number of times.

    Parameters
    ----------
    runs : int64 (runs, 7)
        Equal tiles in a row: count, weight bytes, activation bytes, extra bytes, tensor cycles, vector cycles, output bytes.
    blocks : int64 (blocks, 3)
        Repetitions of a range of runs: times, first run, end.
    steps : int64 (steps, 12)
        ``STEP_FIELDS``; the steps of one core are contiguous and in order. Routes are -1 where nothing moves.
    cores : int64 (cores + 1,)
        First step of each core, and the end.
    dependencies : int64 (n,)
        Of each step, between its ``dep`` and ``dep_end``: an operator's index (all its steps), operators + a step's index, or
        operators + steps for the request's inputs.
    routes : int64 (routes, 13)
        As in ``leptonsim.kernels.fabric``.
    capacities : int64 (links,)
        2^-32 byte/ps. Link 0 is DRAM: its capacity is taken from ``dram_mix``.
    dram_mix : int64 (2^patterns,)
        Capacity of DRAM by the set of access patterns in flight.
    operators : int
        How many operators the steps belong to.
    core_khz, setup_ps : int
        Core clock; set-up time of each DMA job.
    copy_routes : (int, int)
        Routes of copies from the host and to it.
    one_queue : bool
        True when weights and activations share one DMA engine.
    log_jobs : bool
        Remember every job and every change of staging space; without it ``jobs`` and ``staging`` stay empty.
    route_blocks : int64 (routes,), optional
        Blocks of the chip that a transfer over the route uses: 1 network, 2 DRAM, 4 PCIe, summed.
    sleeps : int64 (6, 6), optional
        For each of ``BLOCK_NAMES`` up to three depths of sleep: rest after which it is entered, time in which it is left; in order,
        -1 for none. Without it nothing ever sleeps.
    rests_from_ps : int64 (6,), optional
        For each of ``BLOCK_NAMES`` the length from which on its rests are remembered one by one; -1 for none.
    banks : int64 (6,), optional
        ``BANK_FIELDS``: banks of each core's SRAM, bytes of each, bytes of a core that are held always; the time without data after which
        a bank is off and that in which it is awake again, and the time from which on it is remembered (-1 for never). Without it banks
        are not told apart.
    tensor_bytes : int64 (operators, 2), optional
        Of each core's SRAM, what tensors begin to take with an operator's first result, and what they leave with its end.

    Raises
    ------
    ValueError
        If an index is out of range or a quantity is negative.
    """

    cdef int64_t[:, ::1] runs
    cdef int64_t[:, ::1] blocks
    cdef int64_t[:, ::1] steps
    cdef int64_t[::1] core_steps
    cdef int64_t[::1] deps
    cdef int64_t[::1] dram_mix
    cdef int64_t[:, ::1] table        # the routes, as given
    cdef int64_t[::1] operator_steps  # steps of each operator
    cdef int64_t[::1] token_left      # [parity * tokens + token]: completions still awaited
    cdef Source* token_source
    cdef int64_t* recent              # tokens satisfied at `recent_at`, and all since then while the clock stands still, each once
    cdef int64_t recent_n, recent_at
    cdef Route* routes
    cdef int64_t n_cores, n_steps, n_operators, n_tokens, n_routes, n_links, n_engines
    cdef int64_t khz, setup_ps
    cdef int64_t copy_in_route, copy_out_route
    cdef bint one_queue, log_jobs
    cdef Job* job
    cdef int64_t jobs_n, jobs_room
    cdef Level* level
    cdef int64_t levels_n, levels_room
    cdef int64_t* leveled             # [core]: row of its last level; -1 before the first
    cdef Engine* engine
    cdef Log* log
    cdef Core* core
    cdef Run* run_at                  # the rows of runs, blocks and steps
    cdef Block* block_at
    cdef Step* step_at
    cdef int64_t* end                 # [engine]: when its computation or latency ends; NEVER when it is idle or moves bytes
    cdef int64_t* core_end            # [core]: the least of its engines; then that of the chip's
    cdef int64_t* due                 # scratch: engines whose job or latency ends at this instant
    cdef Queue* queue                 # [route]
    cdef Moving* moving               # room for their jobs
    cdef unsigned char* todo          # [core]: stages whose next tile may have become able to pass, a bit for each
    cdef bint waking                  # some core has such stages
    cdef unsigned char after[STAGES]  # stages that a tile's passing may make able to pass
    cdef int64_t* memo                # rows of: 1 if in use, jobs on each route, rates; that of the clock
    cdef Clock clock_now              # keeps it
    cdef int64_t[::1] capacity, room, weight, flows
    cdef bint rates_stale
    cdef int clock                    # RUNNING, PAUSING or PAUSED
    cdef int64_t paused_since
    cdef int64_t held_blocks          # blocks of the chip over which nothing moves, a bit for each
    cdef int64_t holding              # the same from this instant on, once what ends at it has ended
    cdef Pause* pause_at              # pauses that are over, in order; waits look back at them
    cdef int64_t pauses_n, pauses_room
    cdef unsigned char[::1] watched   # [operator]: its end is to be reported
    cdef int64_t reached              # the last of the watched operators that ended at this instant; -1: none did
    cdef int64_t* shown               # like `work`: what `changes` has told so far
    cdef int64_t* place               # [operator]: 1 + its place among the changed ones; 0 when nothing of it changed
    cdef int64_t* changed             # operators of which something changed since, the copies as the last
    cdef int64_t changed_n
    cdef int64_t[::1] rows_out        # where `changes` writes
    cdef int64_t[:, ::1] change_out
    cdef int64_t[::1] rested_out
    cdef int64_t submitted, completed
    cdef int64_t steps_left[2]
    cdef Copy* copies[2]
    cdef int64_t copies_n[2]
    cdef int64_t copies_head[2]
    cdef int64_t copies_room[2]
    cdef Copy copy_now[2]
    cdef int64_t[:, ::1] engine_time_view
    cdef int64_t[:, :, ::1] step_time_view
    cdef int64_t[:, :, ::1] step_span_view
    cdef int64_t[:, ::1] moving_time_view
    cdef int64_t[::1] route_bytes_view
    cdef int64_t[:, ::1] work_view    # (operators + 1, WORK_COLUMNS): cycles and bytes of jobs that are over; last the copies
    cdef int64_t[:, ::1] mix_bytes_view
    cdef int64_t[:, ::1] mix_rest     # of mix_bytes_view, below one byte, in 2^-32 byte
    cdef int64_t[::1] held            # jobs on each route that touches DRAM when rates were last renewed
    cdef int64_t mix_now, mix_since   # access patterns in flight since then
    cdef int64_t[::1] peak_view
    cdef int64_t[::1] free_view
    cdef int64_t[::1] step_staging_view
    cdef int64_t* engine_time         # the same as the views
    cdef int64_t* step_time
    cdef int64_t* step_span
    cdef int64_t* moving_time
    cdef int64_t* work
    cdef readonly int64_t now_ps, wakes, tiles
    cdef Rester* rester               # [core * CORE_BLOCKS + kind], then the chip's
    cdef Sleep sleep[BLOCK_KINDS][SLEEPS]
    cdef int64_t rests_from[BLOCK_KINDS]
    cdef int64_t rested[BLOCK_KINDS]  # by kind, over all blocks: rests that are over
    cdef Rest* rest
    cdef int64_t rests_n, rests_room
    cdef int64_t bank_count           # of each core's SRAM; 0 where they are not told apart
    cdef int64_t bank_bytes
    cdef int64_t kept_bytes           # held in each core's SRAM beside staging
    cdef int64_t* bank_since          # [core * bank_count + bank]: since when a bank that holds nothing does so
    cdef int64_t banks_empty          # times without data that are over, over all banks
    cdef Sleep bank_sleep
    cdef int64_t bank_rests_from
    cdef int64_t[:, ::1] tensor_bytes
    cdef unsigned char* begun         # [parity * operators + operator]: its tensors are taken
    cdef int64_t[::1] route_blocks
    cdef int64_t event_kind[64]
    cdef int64_t event_value[64]
    cdef int event_n

    def __cinit__(self):
        self.token_source = NULL
        self.recent = NULL
        self.routes = NULL
        self.engine = NULL
        self.log = NULL
        self.core = NULL
        self.end = NULL
        self.core_end = NULL
        self.due = NULL
        self.queue = NULL
        self.moving = NULL
        self.todo = NULL
        self.job = NULL
        self.level = NULL
        self.leveled = NULL
        self.rester = NULL
        self.rest = NULL
        self.bank_since = NULL
        self.begun = NULL
        self.pause_at = NULL
        self.shown = NULL
        self.place = NULL
        self.changed = NULL
        self.copies[0] = NULL
        self.copies[1] = NULL

    def __init__(
        self, runs, blocks, steps, cores, dependencies, routes, capacities, dram_mix,
        *, int operators, int64_t core_khz, int64_t setup_ps, copy_routes, bint one_queue, bint log_jobs=False,
        route_blocks=None, sleeps=None, rests_from_ps=None, banks=None, tensor_bytes=None,
    ):
        self.runs = np.ascontiguousarray(runs, dtype=np.int64)
        self.blocks = np.ascontiguousarray(blocks, dtype=np.int64)
        self.steps = np.ascontiguousarray(steps, dtype=np.int64)
        self.core_steps = np.ascontiguousarray(cores, dtype=np.int64)
        self.deps = np.ascontiguousarray(dependencies, dtype=np.int64)
        self.capacity = np.array(capacities, dtype=np.int64)
        self.dram_mix = np.ascontiguousarray(dram_mix, dtype=np.int64)
        table = np.array(routes, dtype=np.int64, order="C")
        self.table = table
        self.n_cores = self.core_steps.shape[0] - 1
        self.n_steps = self.steps.shape[0]
        self.n_operators = operators
        self.n_tokens = operators + self.n_steps + 2
        self.n_routes = table.shape[0]
        self.n_links = self.capacity.shape[0]
        self.n_engines = self.n_cores * ENGINES + CHIP_ENGINES
        self.khz = core_khz
        self.setup_ps = setup_ps
        self.copy_in_route, self.copy_out_route = copy_routes
        self.one_queue = one_queue
        self.log_jobs = log_jobs
        _check(self, table)
        _check_fabric(self, table, self.capacity, self.dram_mix)
        self.route_blocks = np.zeros(self.n_routes, dtype=np.int64) if route_blocks is None else np.array(route_blocks, dtype=np.int64)
        _check_rest(
            self, np.full((BLOCK_KINDS, 2 * SLEEPS), -1, dtype=np.int64) if sleeps is None else np.array(sleeps, dtype=np.int64, order="C"),
            np.full(BLOCK_KINDS, -1, dtype=np.int64) if rests_from_ps is None else np.array(rests_from_ps, dtype=np.int64),
        )
        if banks is not None:
            _check_banks(self, banks, tensor_bytes)
        self.room = np.zeros(self.n_links, dtype=np.int64)
        self.weight = np.zeros(self.n_links, dtype=np.int64)
        self.flows = np.zeros(self.n_routes, dtype=np.int64)
        self.engine_time_view = np.zeros((self.n_engines, CAUSES), dtype=np.int64)
        self.step_time_view = np.zeros((max(self.n_steps, 1), ENGINES, CAUSES), dtype=np.int64)
        self.step_span_view = np.full((max(self.n_steps, 1), ENGINES, 2), -1, dtype=np.int64)
        self.moving_time_view = np.zeros((self.n_engines, CAUSES), dtype=np.int64)
        self.route_bytes_view = np.zeros(self.n_routes, dtype=np.int64)
        self.work_view = np.zeros((operators + 1, WORK_COLUMNS), dtype=np.int64)
        self.mix_bytes_view = np.zeros((max(1, self.dram_mix.shape[0]), self.n_routes), dtype=np.int64)
        self.mix_rest = np.zeros((max(1, self.dram_mix.shape[0]), self.n_routes), dtype=np.int64)
        self.held = np.zeros(self.n_routes, dtype=np.int64)
        self.mix_now = self.mix_since = 0
        self.peak_view = np.zeros(max(self.n_cores, 1), dtype=np.int64)
        self.free_view = np.full(max(self.n_cores, 1), NEVER, dtype=np.int64)
        self.step_staging_view = np.zeros(max(self.n_steps, 1), dtype=np.int64)
        self.operator_steps = np.bincount(np.asarray(self.steps)[:, STEP_OPERATOR], minlength=operators).astype(np.int64)
        self.token_left = np.zeros(2 * self.n_tokens, dtype=np.int64)
        self.token_source = <Source*> calloc(2 * self.n_tokens, sizeof(Source))
        self.recent = <int64_t*> calloc(2 * self.n_tokens, sizeof(int64_t))
        self.routes = <Route*> calloc(self.n_routes, sizeof(Route))
        self.engine = <Engine*> calloc(self.n_engines, sizeof(Engine))
        self.log = <Log*> calloc(self.n_engines, sizeof(Log))
        self.core = <Core*> calloc(self.n_cores, sizeof(Core))
        self.end = <int64_t*> calloc(self.n_engines, sizeof(int64_t))
        self.core_end = <int64_t*> calloc(self.n_cores + 1, sizeof(int64_t))
        self.due = <int64_t*> calloc(self.n_engines, sizeof(int64_t))
        self.queue = <Queue*> calloc(self.n_routes, sizeof(Queue))
        self.moving = <Moving*> calloc(self.n_routes * self.n_engines, sizeof(Moving))
        self.todo = <unsigned char*> calloc(self.n_cores, 1)
        self.leveled = <int64_t*> calloc(self.n_cores, sizeof(int64_t))
        self.rester = <Rester*> calloc(self.n_cores * CORE_BLOCKS + CHIP_BLOCKS, sizeof(Rester))
        self.bank_since = <int64_t*> calloc(max(1, self.n_cores * self.bank_count), sizeof(int64_t))
        self.begun = <unsigned char*> calloc(max(1, 2 * operators), 1)
        self.shown = <int64_t*> calloc((operators + 1) * WORK_COLUMNS, sizeof(int64_t))
        self.place = <int64_t*> calloc(operators + 1, sizeof(int64_t))
        self.changed = <int64_t*> calloc(operators + 1, sizeof(int64_t))
        self.rows_out = np.zeros(operators + 1, dtype=np.int64)
        self.change_out = np.zeros((operators + 1, WORK_COLUMNS), dtype=np.int64)
        self.rested_out = np.zeros(BLOCK_KINDS, dtype=np.int64)
        self.watched = np.zeros(operators, dtype=np.uint8)
        self.reached = -1
        if (
            self.token_source == NULL or self.recent == NULL or self.routes == NULL or self.engine == NULL or self.log == NULL or self.core == NULL
            or self.end == NULL or self.core_end == NULL or self.due == NULL or self.queue == NULL or self.moving == NULL
            or self.todo == NULL or self.leveled == NULL or self.rester == NULL or self.bank_since == NULL or self.begun == NULL
            or self.shown == NULL or self.place == NULL or self.changed == NULL
        ):
            raise MemoryError
        self.clock_now = self.clock_of(core_khz)
        self.memo = &self.clock_now.memo[0]
        self.run_at = <Run*> &self.runs[0, 0]
        self.block_at = <Block*> &self.blocks[0, 0]
        self.step_at = <Step*> &self.steps[0, 0]
        self.engine_time = &self.engine_time_view[0, 0]
        self.step_time = &self.step_time_view[0, 0, 0]
        self.step_span = &self.step_span_view[0, 0, 0]
        self.moving_time = &self.moving_time_view[0, 0]
        self.work = &self.work_view[0, 0]
        cdef int64_t i, s
        for i in range(self.n_routes):
            fill_route(&self.routes[i], &self.table[i, 0])
            self.queue[i].at = self.moving + i * self.n_engines
            self.queue[i].end = NEVER
        for i in range(self.n_engines):
            self.end[i] = NEVER
            self.engine[i].kind = i % ENGINES
            self.engine[i].logged = -1
        for i in range(self.n_cores + 1):
            self.core_end[i] = NEVER
        self.after[GRANT] = 1 << LOAD_W | 1 << LOAD_A
        self.after[LOAD_W] = (1 << LOAD_A if one_queue else 1 << LOAD_W) | 1 << MULTIPLY
        self.after[LOAD_A] = 1 << LOAD_X | 1 << MULTIPLY
        self.after[LOAD_X] = (1 << LOAD_W if one_queue else 1 << LOAD_A) | 1 << FINISH
        self.after[MULTIPLY] = 1 << MULTIPLY | 1 << FINISH
        self.after[FINISH] = 1 << MULTIPLY | 1 << FINISH | 1 << WRITE
        self.after[WRITE] = 1 << WRITE
        _find_work(self)
        for i in range(self.n_cores):
            self.leveled[i] = -1
            self.core[i].step_begin = self.core_steps[i]
            self.core[i].step_end = self.core_steps[i + 1]
            for s in range(STAGES):
                self.core[i].source[s].time = -1
            self.core[i].release.time = -1
            self.core[i].least = NEVER
            self.core[i].least_instance = -1
            if self.bank_count and _fit_banks(self, i) < 0:
                raise MemoryError
        for i in range(2 * self.n_tokens):
            self.token_source[i].engine = self.n_cores * ENGINES
            self.token_source[i].relation = DEPENDENCY
            self.token_source[i].time = -1
        for i in range(2):
            _arm(self, i)

    def __dealloc__(self):
        cdef int64_t i
        if self.log != NULL:
            for i in range(self.n_engines):
                free(self.log[i].at)
        if self.core != NULL:
            for i in range(self.n_cores):
                free(self.core[i].granted.at)
                free(self.core[i].finished.at)
        free(self.log)
        free(self.token_source)
        free(self.recent)
        free(self.routes)
        free(self.engine)
        free(self.core)
        free(self.end)
        free(self.core_end)
        free(self.due)
        free(self.queue)
        free(self.moving)
        free(self.todo)
        free(self.job)
        free(self.level)
        free(self.leveled)
        free(self.rester)
        free(self.rest)
        free(self.bank_since)
        free(self.begun)
        free(self.pause_at)
        free(self.shown)
        free(self.place)
        free(self.changed)
        free(self.copies[0])
        free(self.copies[1])

    def submit(self, int64_t instances=1):
        """Allow ``instances`` more repetitions of the program; each begins when it is launched."""
        if instances < 1:
            raise ValueError("submit: at least one instance")
        cdef int64_t c, s
        self.submitted += instances
        for c in range(self.n_cores):
            for s in range(STAGES):
                if not self.core[c].cursor[s].valid:
                    _open(self, &self.core[c].cursor[s], self.core[c].step_begin, self.core[c].step_end)
        _wake_all(self, ALL_STAGES)

    def launch(self, int64_t instance):
        """The host has launched this instance; ``log_host`` must have told what it did until now."""
        self._signal(instance, self.n_tokens - 1, self.n_cores * ENGINES)

    def input_ready(self, int64_t instance, bint copied=True):
        """The inputs of this instance are in DRAM: they were ``copied`` over PCIe just now, or there was nothing to copy."""
        self._signal(instance, self.n_operators + self.n_steps, self.n_cores * ENGINES + (1 if copied else 0))

    def _signal(self, int64_t instance, int64_t token, int64_t engine):
        if not self.completed <= instance < self.completed + 2:
            raise ValueError(f"instance {instance} is not one of the two that may be in progress")
        cdef int64_t at = (instance & 1) * self.n_tokens + token
        self.token_left[at] = 0
        _satisfied(self, at, engine)
        _wake_all(self, ALL_STAGES)

    def log_host(self, int64_t cause, int64_t until_ps):
        """The host was launching or had nothing to do (cause 9 or 10) until ``until_ps``."""
        cdef int64_t host = self.n_cores * ENGINES, since = self.engine[host].last_end
        if cause not in (LAUNCH, ARRIVAL) or until_ps < since:
            raise ValueError("log_host: cause 9 or 10, and time goes forward")
        if until_ps > since:
            _append(self, host, until_ps, 0, cause)
            self.engine_time_view[host, BUSY if cause == LAUNCH else cause] += until_ps - since
            self.engine[host].last_end = until_ps

    def copy(self, bint out, int64_t size_bytes, int64_t tag):
        """Queue a copy between host and device; ``run`` reports ``("copied", tag)`` when it is done."""
        if not 0 < size_bytes < 1 << 30:
            raise ValueError("copy: 1 byte to 2^30 at a time")
        cdef int64_t side = 1 if out else 0
        cdef Copy* grown
        if self.copies_n[side] == self.copies_room[side] and 2 * self.copies_head[side] > self.copies_n[side]:
            self.copies_n[side] -= self.copies_head[side]
            memmove(self.copies[side], self.copies[side] + self.copies_head[side], self.copies_n[side] * sizeof(Copy))
            self.copies_head[side] = 0
        if self.copies_n[side] == self.copies_room[side]:
            grown = <Copy*> realloc(self.copies[side], (2 * self.copies_room[side] + 16) * sizeof(Copy))
            if grown == NULL:
                raise MemoryError
            self.copies[side] = grown
            self.copies_room[side] = 2 * self.copies_room[side] + 16
        self.copies[side][self.copies_n[side]].size = size_bytes
        self.copies[side][self.copies_n[side]].tag = tag
        self.copies[side][self.copies_n[side]].asked = self.now_ps
        self.copies_n[side] += 1

    def watch(self, operators):
        """Have ``run`` report ``("reached", operator)`` when one of these ends, in any instance; of several at one instant the last."""
        watched = np.zeros(self.n_operators, dtype=np.uint8)
        for operator in operators:
            if not 0 <= operator < self.n_operators:
                raise ValueError(f"watch: there is no operator {operator}")
            watched[operator] = 1
        self.watched = watched

    def pause(self):
        """The core clock stands still from now on, until ``set_clock``: jobs of the cores neither go on nor start; copies go on.

        What ends at this instant ends. Transfers that other clocks hold stay held.
        """
        if self.clock == RUNNING:
            self.clock = PAUSING

    def set_clock(self, int64_t core_khz, routes=None, capacities=None, dram_mix=None, int64_t held=0):
        """Change the core clock, and with it port rates and capacities, for what is in flight as for what follows.

        Ends a pause, or begins one with a clock of 0 kHz. While the clock of a block of the chip stands still, what moves over it does, its
        latency included, and what starts does so from its start on; what ends at this instant ends. ``held`` says which: 1 network, 2 DRAM,
        4 PCIe, summed.
        """
        self.use_clock(self.clock_of(core_khz, routes, capacities, dram_mix, held))

    def clock_of(self, int64_t core_khz, routes=None, capacities=None, dram_mix=None, int64_t held=0):
        """A clock for ``use_clock``, with rates and capacities as they are now where none are given.

        While the cores stand still (0 kHz) routes stay what they were: only copies move.
        """
        cdef Clock clock = Clock()
        if not 0 <= core_khz < FASTEST_KHZ:
            raise ValueError("set_clock: the clock is not negative and below 1 THz")
        if not 0 <= held < 1 << CHIP_BLOCKS:
            raise ValueError("set_clock: a block of the chip that does not exist stands still")
        table = self.table if routes is None else np.array(routes, dtype=np.int64, order="C")
        links = self.capacity if capacities is None else np.array(capacities, dtype=np.int64)
        mix = self.dram_mix if dram_mix is None else np.array(dram_mix, dtype=np.int64)
        if len(table) != self.n_routes or len(links) != self.n_links or len(mix) != self.dram_mix.shape[0]:
            raise ValueError("set_clock: as many routes, links and DRAM mixes as before")
        _check_fabric(self, table, links, mix)
        clock.khz, clock.held, clock.table, clock.capacity, clock.dram_mix = core_khz, held, table, links, mix
        clock.memo = np.zeros(MEMO_ROWS * (1 + 2 * self.n_routes), dtype=np.int64)
        return clock

    def use_clock(self, Clock clock not None):
        """``set_clock`` with what was checked before: a clock of this machine."""
        cdef int64_t e, r, core_khz = clock.khz
        if clock.table.shape[0] != self.n_routes or clock.capacity.shape[0] != self.n_links:
            raise ValueError("use_clock: a clock of another machine")
        self.holding = clock.held
        memcpy(&self.capacity[0], &clock.capacity[0], self.n_links * sizeof(int64_t))
        self.dram_mix = clock.dram_mix
        if core_khz == 0:
            self.pause()
        else:
            if self.clock == PAUSED:
                if _resume(self, core_khz) < 0:
                    raise MemoryError
            else:
                for e in range(self.n_engines):
                    if self.engine[e].state == COMPUTE:
                        self.engine[e].left -= self.khz * (self.now_ps - self.engine[e].updated)
                        self.engine[e].updated = self.now_ps
                        _set_end(self, e, self.now_ps + (self.engine[e].left + core_khz - 1) // core_khz)
            self.clock = RUNNING
            self.khz = core_khz
            self.table = clock.table
            for r in range(self.n_routes):
                fill_route(&self.routes[r], &self.table[r, 0])
        self.memo = &clock.memo[0]
        self.clock_now = clock
        self.rates_stale = True

    def run(self, int64_t until_ps=-1):
        """Go on until just before ``until_ps`` (-1: as long as anything happens) or until something is to be reported.

        What happens at ``until_ps`` itself is left to the next call, so that all signals of that instant can be given first; a call
        with ``until_ps`` equal to ``now_ps`` does nothing. Returns a list of ``("done", instance)``, ``("copied", tag)`` and, of operators
        that are watched, ``("reached", operator)`` that happened at ``now_ps``; an empty list when ``until_ps`` was reached or nothing is left to happen.
        """
        cdef int64_t limit = NEVER if until_ps < 0 else until_ps
        cdef int status, k
        if limit < self.now_ps:
            raise ValueError("run: time goes forward")
        self.event_n = 0
        self.wakes += 1
        with nogil:
            status = _run(self, limit)
        if status < 0:
            raise MemoryError
        return [(EVENT_NAMES[self.event_kind[k]], self.event_value[k]) for k in range(self.event_n)]

    def next_ps(self):
        """When the next completion will be at present rates, or None."""
        cdef int64_t at = _next(self)
        return None if at == NEVER else at

    def finish(self, int64_t end_ps):
        """Close every engine's account: from its last job on there was nothing to do."""
        cdef int64_t e
        for e in range(self.n_engines):
            if self.engine[e].state != IDLE or self.engine[e].last_end > end_ps:
                raise ValueError("finish: work is still in progress")
        for e in range(self.n_engines):
            self.engine_time_view[e, DONE] += end_ps - self.engine[e].last_end
            self.engine[e].last_end = end_ps
        for e in range(self.n_cores * CORE_BLOCKS + CHIP_BLOCKS):
            if _rested(self, &self.rester[e], e % CORE_BLOCKS if e < self.n_cores * CORE_BLOCKS else REST_NOC + e % CORE_BLOCKS, end_ps) < 0:
                raise MemoryError
            self.rester[e].since = end_ps
        for e in range(self.n_cores * self.bank_count):
            if e % self.bank_count >= self.core[e // self.bank_count].banks:
                if _bank_fills(self, e // self.bank_count, e % self.bank_count, end_ps) < 0:
                    raise MemoryError
                self.bank_since[e] = end_ps

    @property
    def engine_time_ps(self):
        """int64 (engines, 13): picoseconds by cause; a row sums to the end given to ``finish``."""
        return np.asarray(self.engine_time_view).copy()

    @property
    def step_time_ps(self):
        """int64 (steps, 5, 13): picoseconds by engine of the step's core and cause, over all instances."""
        return np.asarray(self.step_time_view).copy()

    @property
    def step_span_ps(self):
        """int64 (steps, 5, 2): first start and last end of each engine's jobs in the first instance; -1 where it had none."""
        return np.asarray(self.step_span_view).copy()

    @property
    def moving_time_ps(self):
        """int64 (engines, 13): how the busy time of DMA engines divides into dram, noc, pcie, latency and contention."""
        return np.asarray(self.moving_time_view).copy()

    @property
    def route_bytes(self):
        """int64 (routes,): bytes delivered over each route."""
        return np.asarray(self.route_bytes_view).copy()

    def progress(self, int64_t[:, ::1] work):
        """Write what every operator has done until now into ``work``, int64 (operators + 1, 6), ``WORK_FIELDS``.

        Whole cycles and bytes, over all cores and instances, with the part of the jobs in progress; the last row has the copies: to
        the device under ``w_bytes``, to the host under ``o_bytes``.
        """
        if work.shape[0] != self.n_operators + 1 or work.shape[1] != WORK_COLUMNS:
            raise ValueError("progress: a row for each operator and one for the copies, of 6 columns")
        memcpy(&work[0, 0], self.work, (self.n_operators + 1) * WORK_COLUMNS * sizeof(int64_t))
        _add_in_progress(self, &work[0, 0], False)

    def tell_changes(self, int64_t[::1] rows, int64_t[:, ::1] change, int64_t[::1] rested):
        """Where ``changes`` writes: ``rows`` int64 (operators + 1,), ``change`` int64 (operators + 1, 6), ``rested`` int64 (6,)."""
        if rows.shape[0] != self.n_operators + 1 or change.shape[0] != self.n_operators + 1 or change.shape[1] != WORK_COLUMNS:
            raise ValueError("tell_changes: a row for each operator and one for the copies, of 6 columns")
        if rested.shape[0] != BLOCK_KINDS:
            raise ValueError("tell_changes: a rested time for each kind of block")
        self.rows_out = rows
        self.change_out = change
        self.rested_out = rested

    def changes(self):
        """How many operators did something since the last call; which, in the order in which they began to, and how much (``progress``).

        Also how long blocks rested until now (``rested_ps``). The time that it takes goes with these, not with the operators of the program.
        """
        cdef int64_t k, column, row, n
        cdef int64_t* out = &self.change_out[0, 0]
        cdef int64_t* shown
        cdef int64_t* at
        # room for all that may be marked below: one row for each job in progress
        n = min(self.n_operators + 1, self.changed_n + self.n_engines)
        memset(out, 0, n * WORK_COLUMNS * sizeof(int64_t))
        _add_in_progress(self, out, True)
        n = self.changed_n
        for k in range(n):
            row = self.changed[k]
            shown = self.shown + row * WORK_COLUMNS
            at = out + k * WORK_COLUMNS
            for column in range(WORK_COLUMNS):
                at[column] += self.work[row * WORK_COLUMNS + column] - shown[column]
                shown[column] += at[column]
            self.rows_out[k] = row
            self.place[row] = 0
        self.changed_n = 0
        _write_rested(self, &self.rested_out[0])
        return n

    @property
    def mix_bytes(self):
        """int64 (mixes, routes): bytes that moved until now, by the set of access patterns in flight."""
        _count_mix(self)
        return np.asarray(self.mix_bytes_view).copy()

    @property
    def peak_staging_bytes(self):
        """int64 (cores,): most staging bytes held at once."""
        return np.asarray(self.peak_view)[:self.n_cores].copy()

    @property
    def step_staging_bytes(self):
        """int64 (steps,): most staging bytes that the step's core held while the step was its oldest in flight, in any instance."""
        return np.asarray(self.step_staging_view)[:self.n_steps].copy()

    @property
    def least_free_bytes(self):
        """int64 (cores,): least staging space left by the steps in flight after a grant; 2^62 without grants."""
        return np.asarray(self.free_view)[:self.n_cores].copy()

    @property
    def jobs(self):
        """int64 (n, 8): ``JOB_FIELDS``, in the order in which their first jobs ended; none unless ``log_jobs``.

        Jobs of one engine that belong to the same step and instance, take the same route and follow each other without a pause are one
        row, which says how ``jobs`` many ended in it; a pause of the clock divides a job into rows. Step and route are -1 where there is none; the instance of a copy is its tag.
        """
        found = np.zeros((self.jobs_n, len(JOB_FIELDS)), dtype=np.int64)
        cdef int64_t[:, ::1] view = found
        if self.jobs_n:
            memcpy(&view[0, 0], self.job, self.jobs_n * sizeof(Job))
        return found

    @property
    def staging(self):
        """int64 (n, 3): core, time, and the staging bytes that it holds from then on; none unless ``log_jobs``."""
        found = np.zeros((self.levels_n, 3), dtype=np.int64)
        cdef int64_t[:, ::1] view = found
        if self.levels_n:
            memcpy(&view[0, 0], self.level, self.levels_n * sizeof(Level))
        return found

    def rested_ps(self):
        """int64 (6,): how long blocks rested until now by ``BLOCK_NAMES``, over all cores."""
        found = np.zeros(BLOCK_KINDS, dtype=np.int64)
        cdef int64_t[::1] view = found
        _write_rested(self, &view[0])
        return found

    def banks_empty_ps(self):
        """int: how long banks of the cores' SRAM held nothing until now, over all of them; 0 where they are not told apart."""
        return _banks_empty(self)

    def rests(self, int64_t first=0, bint also_open=False):
        """int64 (n, 4): ``REST_FIELDS`` of the remembered rests from number ``first`` on, as they ended.

        With ``also_open`` those that go on follow, up to now. Banks of SRAM that hold nothing are block 6; their unit is core * banks + bank.
        """
        if not 0 <= first <= self.rests_n:
            raise ValueError(f"rests: there are {self.rests_n}")
        cdef int64_t most = self.rests_n - first
        if also_open:
            most += self.n_cores * (CORE_BLOCKS + self.bank_count) + CHIP_BLOCKS
        found = np.zeros((most, len(REST_FIELDS)), dtype=np.int64)
        ended, n = self.newest_rests(first, found)
        return found[:n if also_open else ended]

    def newest_rests(self, int64_t first, int64_t[:, ::1] rows):
        """``rests`` with ``also_open`` into the first of ``rows``: how many ended, and how many there are in all.

        Where there are not rows enough for all, what is in them counts for nothing.
        """
        cdef int64_t ended = self.rests_n - first, n = ended, d, kind
        if not 0 <= first <= self.rests_n or rows.shape[1] != 4:
            raise ValueError(f"newest_rests: there are {self.rests_n}, of 4 columns")
        if n <= rows.shape[0] and n:
            memcpy(&rows[0, 0], self.rest + first, n * sizeof(Rest))
        for d in range(self.n_cores * CORE_BLOCKS + CHIP_BLOCKS):
            kind = d % CORE_BLOCKS + (0 if d < self.n_cores * CORE_BLOCKS else REST_NOC)
            if self.rester[d].jobs == 0 and 0 < self.now_ps - self.rester[d].since >= self.rests_from[kind]:
                if n < rows.shape[0]:
                    rows[n, 0], rows[n, 1], rows[n, 2] = kind, self.rester[d].since, self.now_ps
                    rows[n, 3] = d // CORE_BLOCKS if kind < REST_NOC else 0
                n += 1
        for d in range(self.n_cores * self.bank_count):
            if d % self.bank_count >= self.core[d // self.bank_count].banks and 0 < self.now_ps - self.bank_since[d] >= self.bank_rests_from:
                if n < rows.shape[0]:
                    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3] = REST_BANK, self.bank_since[d], self.now_ps, d
                n += 1
        return ended, n

    @property
    def log_segments(self):
        """int: segments of time now kept to resolve waits by."""
        return sum(self.log[e].n for e in range(self.n_engines))


include "tiles/checks.pxi"
include "tiles/progress.pxi"
include "tiles/cursors.pxi"
include "tiles/accounts.pxi"
include "tiles/jobs.pxi"
include "tiles/rest.pxi"
include "tiles/banks.pxi"
include "tiles/pauses.pxi"
include "tiles/rates.pxi"
include "tiles/conditions.pxi"
include "tiles/marks.pxi"
include "tiles/passing.pxi"
include "tiles/starts.pxi"
include "tiles/loop.pxi"
