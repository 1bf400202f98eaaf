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
The plain-Python twin is leptonsim/kernels/plain/tiles.py.
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

# Engines of a core, in the order in which they start at one instant; then those of the chip.
cdef enum:
    WEIGHTS = 0
    ACTIVATIONS = 1
    TENSOR = 2
    VECTOR = 3
    STORE = 4
    ENGINES = 5
    CHIP_ENGINES = 3   # host, copy in, copy out

# Causes, closed list. The first CAUSES are reported; COMPUTING and MOVING + kind exist in the logs only.
cdef enum:
    BUSY = 0
    DEPENDENCY = 1     # an earlier step is computing
    INPUT = 2          # an earlier engine of the same tile is computing
    BUFFER = 3         # staging space or accumulators are held by a tile that is being computed
    DRAM = 4           # bytes at the port-limited rate, from or to DRAM
    NOC = 5            # the same between cores and shared SRAM
    PCIE = 6           # the same over PCIe
    LATENCY = 7        # set-up and first-byte latency of a transfer; a block that wakes up
    CONTENTION = 8     # the rest of a transfer: others use the links
    LAUNCH = 9         # software on the host
    ARRIVAL = 10       # no request
    TRANSITION = 11    # the core clock stands still on the way to another state
    DONE = 12          # nothing left to do
    CAUSES = 13
    MOVING = 16        # + DRAM, NOC or PCIE: a log entry of bytes in motion

CAUSE_NAMES = (
    "busy", "dependency", "input", "buffer", "dram", "noc", "pcie", "latency", "contention", "launch", "arrival", "transition", "done",
)
EVENT_NAMES = ("done", "copied", "reached")
ENGINE_NAMES = ("weights", "activations", "tensor", "vector", "store")

cdef enum:
    IDLE = 0
    COMPUTE = 1
    LATENT = 2         # a transfer before its first byte
    TRANSFER = 3
    WAKING = 4         # a computation whose block wakes up

# The core clock.
cdef enum:
    RUNNING = 0
    PAUSING = 1        # stands still from this instant on, once what ends at it has ended
    PAUSED = 2

# Columns of the program's arrays.
cdef enum:
    RUN_COUNT = 0
    RUN_W = 1
    RUN_A = 2
    RUN_X = 3
    RUN_TENSOR = 4
    RUN_VECTOR = 5
    RUN_O = 6
    RUN_COLUMNS = 7
cdef enum:
    STEP_BLOCK = 0
    STEP_BLOCK_END = 1
    STEP_STAGE = 2
    STEP_ACCUMULATORS = 3
    STEP_W_ROUTE = 4
    STEP_A_ROUTE = 5
    STEP_X_ROUTE = 6
    STEP_O_ROUTE = 7
    STEP_W_WAITS = 8
    STEP_DEP = 9
    STEP_DEP_END = 10
    STEP_OPERATOR = 11
    STEP_COLUMNS = 12

RUN_FIELDS = ("count", "w_bytes", "a_bytes", "x_bytes", "tensor_cycles", "vector_cycles", "o_bytes")
JOB_FIELDS = ("engine", "step", "instance", "route", "begin_ps", "end_ps", "jobs", "bytes")
STEP_FIELDS = (
    "block", "block_end", "stage_bytes", "accumulators", "w_route", "a_route", "x_route", "o_route", "w_waits", "dep", "dep_end", "operator",
)

# Columns of what ``progress`` tells of an operator: cycles of two engines, then bytes by what they are.
cdef enum:
    WORK_TENSOR = 0
    WORK_VECTOR = 1
    WORK_MOVED = 2     # + 0 to 3: weights, activations, extras, outputs
    WORK_COLUMNS = 6

WORK_FIELDS = ("tensor_cycles", "vector_cycles", "w_bytes", "a_bytes", "x_bytes", "o_bytes")

cdef enum:
    ALL_STAGES = 127   # a bit for each stage
    LOADS = 14         # of LOAD_W, LOAD_A and LOAD_X
    MEMO_ROWS = 512    # sets of jobs in progress whose rates are remembered

# Kinds of blocks that rest: three in each core, then three of the chip.
cdef enum:
    REST_TENSOR = 0
    REST_VECTOR = 1
    REST_SRAM = 2      # while none of the core's engines works
    CORE_BLOCKS = 3
    REST_NOC = 3       # the chip's, in the order of the bits of a route
    CHIP_BLOCKS = 3
    BLOCK_KINDS = 6
    SLEEPS = 3         # depths of sleep at most

BLOCK_NAMES = ("tensor_core", "vector_unit", "sram", "noc", "dram", "pcie")
REST_FIELDS = ("block", "begin_ps", "end_ps")

cdef extern from *:
    """
    #define leptonsim_never (1LL << 62)
    #define leptonsim_work 1000000000LL
    """
    const int64_t NEVER "leptonsim_never"
    const int64_t WORK "leptonsim_work"   # work units in one cycle: kHz x ps

# Bounds within which no sum or product leaves 64 bits. A rate is in 2^-32 byte/ps.
cdef int64_t LEAST_RATE = 1 << 16
cdef int64_t MOST_RATE = 1LL << 46
cdef int64_t FASTEST_KHZ = 1000000000
cdef int64_t LONGEST_PS = 1000000000000

cdef struct Segment:
    int64_t end       # end of the segment; it begins where the one before ends
    int64_t alone     # for bytes in motion: the part that the port-limited rate alone accounts for
    int64_t cause

cdef struct Log:
    Segment* at       # contiguous in time, nothing overlaps
    int64_t n
    int64_t room

cdef struct Run:      # a row of `runs`
    int64_t count, w, a, x, tensor, vector, o

cdef struct Step:     # a row of `steps`
    int64_t block, block_end, stage, accumulators
    int64_t route[4]  # of weights, activations, extras, outputs
    int64_t w_waits, dep, dep_end, op

cdef struct Block:    # a row of `blocks`
    int64_t times, first, end

cdef struct Moving:   # a transfer in progress
    uint64_t target   # what its route will have served to each job when this one ends
    int64_t engine

# All jobs on a route move at one rate, so their order of ending never changes, and only the first needs a time.
cdef struct Queue:
    Moving* at        # by target, the next to end first
    int64_t n
    uint64_t served   # 2^-32 byte that a job on this route would have moved until `since`, modulo 2^64
    int64_t since
    int64_t rate      # from `since` on
    int64_t end       # when the first ends at this rate; NEVER if there is none
    bint moved        # the first is another one since `end` was calculated

cdef struct Engine:
    int state
    int64_t kind      # which of its core's engines it is
    int64_t start     # start of the job, or of the part of it that is not accounted for: the end of the last pause within
    int64_t ready     # end of its latency, or of its block's waking
    int64_t left      # 10^-9 cycle or 2^-32 byte still to do: of a computation at `updated`, of a transfer before it flows;
                      # of a latency or waking that a pause interrupts its picoseconds
    int64_t updated   # instant at which `left` was true
    int64_t counted   # 2^-32 byte of the job that moved in parts that are accounted for
    int64_t size      # bytes of the job, or its cycles
    int64_t account   # where `work` counts them
    int64_t route
    int64_t step
    int64_t last_end  # end of the previous job: a wait begins here
    int64_t instance  # which repetition of the program the job belongs to; of a copy its tag
    int64_t logged    # row of its last job in the job log; -1 before the first
    bint works        # the program has jobs for it

cdef struct Cursor:
    int64_t instance  # which repetition of the program
    int64_t step
    int64_t block
    int64_t repeat    # repetitions of the block already done
    int64_t run
    int64_t index     # tiles of the run already done
    int64_t tile      # tiles of the core already done, over all instances
    bint valid        # false when every submitted instance is done

cdef struct Source:   # who satisfied a condition, and what kind of condition it was
    int64_t engine
    int64_t relation  # cause of the wait where the engine was computing; BUSY: whoever waits says so
    int64_t time

# Stages that tiles pass in order; each has a cursor of its own.
cdef enum:
    GRANT = 0
    LOAD_W = 1
    LOAD_A = 2
    LOAD_X = 3
    MULTIPLY = 4
    FINISH = 5
    WRITE = 6
    STAGES = 7

cdef struct Mark:     # an instant at which tiles passed a stage
    int64_t tile      # the first of them, counted over all instances
    int64_t time

# When tiles passed a stage, for as long as those that come after them are not through the stages that ask.
cdef struct Marks:
    Mark* at          # in order of tiles and of time
    int64_t n
    int64_t room

cdef struct Core:
    Marks granted           # of GRANT, for the loads
    Marks finished          # of FINISH, for WRITE
    Cursor cursor[STAGES]
    Source source[STAGES]   # what let tiles pass the stage, at the last instant at which any passed
    int64_t before[STAGES]  # tiles that had passed the stage before that instant
    Source release          # who freed staging space last
    int64_t used            # staging bytes held
    int64_t least           # staging space that the step in flight leaves which leaves least
    int64_t least_step      # that step; of equals the last
    int64_t least_instance  # its instance; -1 where none is known
    int64_t held_w[2]       # of them by the weights in use, of vector-only steps [0] and of tensor steps [1]
    int64_t held_a[2]       # the same by activations
    int64_t step_begin
    int64_t step_end

cdef struct Job:      # a row of the job log; jobs of one step that follow each other without a pause are one row
    int64_t engine, step, instance, route, begin, end, jobs, size

cdef struct Level:    # staging bytes that a core holds from an instant on
    int64_t core, time, used

cdef struct Rester:   # a block, at work or at rest
    int64_t jobs      # that use it now
    int64_t since     # if none: since when
    int64_t awake     # it can be used from this instant on

cdef struct Sleep:    # a depth of sleep of a kind of block
    int64_t after     # it is entered when the block has rested longer than this; NEVER if it never is
    int64_t wake      # how long leaving it takes

cdef struct Rest:     # a row of the rests
    int64_t kind, begin, end

cdef struct Copy:
    int64_t size
    int64_t tag
    int64_t asked     # when it was queued

cdef struct Pause:    # the core clock stood still
    int64_t begin
    int64_t end


@cython.final
cdef class Clock:
    """A clock with all rates that depend on it, checked; see ``TileMachine.clock``."""

    cdef int64_t khz
    cdef int64_t[:, ::1] table
    cdef int64_t[::1] capacity
    cdef int64_t[::1] dram_mix
    cdef int64_t[::1] memo             # see TileMachine: rates depend on the clock, and are remembered with it


@cython.final  # so that its methods are called directly, and inlined
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
    cdef int64_t[::1] route_blocks
    cdef int64_t event_kind[64]
    cdef int64_t event_value[64]
    cdef int event_n

    def __cinit__(self):
        self.token_source = NULL
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
        self.pause_at = NULL
        self.shown = NULL
        self.place = NULL
        self.changed = NULL
        self.copies[0] = NULL
        self.copies[1] = NULL

    def __init__(
        self, runs, blocks, steps, cores, dependencies, routes, capacities, dram_mix,
        *, int operators, int64_t core_khz, int64_t setup_ps, copy_routes, bint one_queue, bint log_jobs=False,
        route_blocks=None, sleeps=None, rests_from_ps=None,
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
        self._check(table)
        self._check_fabric(table, self.capacity, self.dram_mix)
        self.route_blocks = np.zeros(self.n_routes, dtype=np.int64) if route_blocks is None else np.array(route_blocks, dtype=np.int64)
        self._check_rest(
            np.full((BLOCK_KINDS, 2 * SLEEPS), -1, dtype=np.int64) if sleeps is None else np.array(sleeps, dtype=np.int64, order="C"),
            np.full(BLOCK_KINDS, -1, dtype=np.int64) if rests_from_ps is None else np.array(rests_from_ps, dtype=np.int64),
        )
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
        self.shown = <int64_t*> calloc((operators + 1) * WORK_COLUMNS, sizeof(int64_t))
        self.place = <int64_t*> calloc(operators + 1, sizeof(int64_t))
        self.changed = <int64_t*> calloc(operators + 1, sizeof(int64_t))
        self.rows_out = np.zeros(operators + 1, dtype=np.int64)
        self.change_out = np.zeros((operators + 1, WORK_COLUMNS), dtype=np.int64)
        self.rested_out = np.zeros(BLOCK_KINDS, dtype=np.int64)
        self.watched = np.zeros(operators, dtype=np.uint8)
        self.reached = -1
        if (
            self.token_source == NULL or self.routes == NULL or self.engine == NULL or self.log == NULL or self.core == NULL
            or self.end == NULL or self.core_end == NULL or self.due == NULL or self.queue == NULL or self.moving == NULL
            or self.todo == NULL or self.leveled == NULL or self.rester == NULL
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
        self._find_work()
        for i in range(self.n_cores):
            self.leveled[i] = -1
            self.core[i].step_begin = self.core_steps[i]
            self.core[i].step_end = self.core_steps[i + 1]
            for s in range(STAGES):
                self.core[i].source[s].time = -1
            self.core[i].release.time = -1
            self.core[i].least = NEVER
            self.core[i].least_instance = -1
        for i in range(2 * self.n_tokens):
            self.token_source[i].engine = self.n_cores * ENGINES
            self.token_source[i].relation = DEPENDENCY
            self.token_source[i].time = -1
        for i in range(2):
            self._arm(i)

    cdef int _check(self, int64_t[:, ::1] table) except -1:
        """Refuse what would send the kernel out of its arrays."""
        cdef int64_t i, k, b, r, w, a, rest, tensor, routes = table.shape[0]
        if self.runs.shape[1] != RUN_COLUMNS or self.blocks.shape[1] != 3 or self.steps.shape[1] != STEP_COLUMNS or table.shape[1] != 13:
            raise ValueError("TileMachine: runs have 7 columns, blocks 3, steps 12, routes 13")
        if not 1 <= self.khz < FASTEST_KHZ or not 0 <= self.setup_ps < LONGEST_PS:
            raise ValueError("TileMachine: the clock is positive and below 1 THz, the set-up time not negative and below 1 s")
        if self.n_cores < 1 or self.core_steps[0] != 0 or self.core_steps[self.n_cores] != self.n_steps or self.n_steps < 1:
            raise ValueError("TileMachine: the cores do not divide the steps")
        for i in range(self.n_cores):
            if self.core_steps[i] > self.core_steps[i + 1]:
                raise ValueError("TileMachine: the cores do not divide the steps")
        for r in range(self.runs.shape[0]):
            for k in range(RUN_COLUMNS):
                if self.runs[r, k] < (1 if k == RUN_COUNT else 0) or (k != RUN_COUNT and self.runs[r, k] >= 1 << 30):
                    raise ValueError(f"TileMachine: run {r} has no tiles, or bytes or cycles that are negative or above 2^30")
        for b in range(self.blocks.shape[0]):
            if self.blocks[b, 0] < 1 or not 0 <= self.blocks[b, 1] < self.blocks[b, 2] <= self.runs.shape[0]:
                raise ValueError(f"TileMachine: block {b} repeats nothing or names a run that does not exist")
        for i in range(self.deps.shape[0]):
            if not 0 <= self.deps[i] <= self.n_operators + self.n_steps:
                raise ValueError("TileMachine: a dependency names nothing")
        for i in range(self.n_steps):
            if not 0 <= self.steps[i, STEP_BLOCK] < self.steps[i, STEP_BLOCK_END] <= self.blocks.shape[0]:
                raise ValueError(f"TileMachine: step {i} has no block or names one that does not exist")
            if not 0 <= self.steps[i, STEP_DEP] <= self.steps[i, STEP_DEP_END] <= self.deps.shape[0]:
                raise ValueError(f"TileMachine: step {i} names dependencies that do not exist")
            if not 0 <= self.steps[i, STEP_OPERATOR] < self.n_operators or self.steps[i, STEP_ACCUMULATORS] < 1:
                raise ValueError(f"TileMachine: step {i} has no operator or no accumulator")
            for k in range(STEP_W_ROUTE, STEP_O_ROUTE + 1):
                if not -1 <= self.steps[i, k] < routes:
                    raise ValueError(f"TileMachine: step {i} names a route that does not exist")
            w = a = rest = 0
            tensor = -1
            for b in range(self.steps[i, STEP_BLOCK], self.steps[i, STEP_BLOCK_END]):
                for r in range(self.blocks[b, 1], self.blocks[b, 2]):
                    w = max(w, self.runs[r, RUN_W])
                    a = max(a, self.runs[r, RUN_A])
                    rest = max(rest, self.runs[r, RUN_X] + self.runs[r, RUN_O])
                    if (
                        (self.runs[r, RUN_W] and self.steps[i, STEP_W_ROUTE] < 0) or (self.runs[r, RUN_A] and self.steps[i, STEP_A_ROUTE] < 0)
                        or (self.runs[r, RUN_X] and self.steps[i, STEP_X_ROUTE] < 0) or (self.runs[r, RUN_O] and self.steps[i, STEP_O_ROUTE] < 0)
                    ):
                        raise ValueError(f"TileMachine: step {i} moves bytes without a route")
                    if tensor >= 0 and tensor != (self.runs[r, RUN_TENSOR] > 0):
                        raise ValueError(f"TileMachine: step {i} mixes tiles with and without tensor work")
                    tensor = self.runs[r, RUN_TENSOR] > 0
            if w + a + rest > self.steps[i, STEP_STAGE]:
                raise ValueError(f"TileMachine: step {i} stages {w + a + rest} bytes in {self.steps[i, STEP_STAGE]}")
        if not (0 <= self.copy_in_route < routes and 0 <= self.copy_out_route < routes):
            raise ValueError("TileMachine: copies need a route")
        return 0

    cdef int _check_fabric(self, int64_t[:, ::1] table, int64_t[::1] capacity, int64_t[::1] mix) except -1:
        """Refuse rates that are zero, or so great or small that sums overflow."""
        cdef int64_t i, k, r, links = capacity.shape[0], mixes = mix.shape[0], least, least_mix = NEVER
        if table.shape[0] < 1 or table.shape[1] != 13:
            raise ValueError("TileMachine: there is at least one route, and routes have 13 columns")
        if links < 1 or mixes & (mixes - 1):
            raise ValueError("TileMachine: there is at least one link, and the DRAM mixes are none or a power of two")
        for i in range(links):
            if not LEAST_RATE <= capacity[i] < MOST_RATE:
                raise ValueError(f"TileMachine: link {i} is slower than 16 MB/s or faster than 16 PB/s")
        for i in range(mixes):
            least_mix = min(least_mix, mix[i])
            if not LEAST_RATE <= mix[i] < MOST_RATE:
                raise ValueError(f"TileMachine: DRAM is slower than 16 MB/s or faster than 16 PB/s in mix {i}")
        for r in range(table.shape[0]):
            if not LEAST_RATE <= table[r, 0] < MOST_RATE or not 0 <= table[r, 1] < LONGEST_PS:
                raise ValueError(f"TileMachine: route {r} is slower than 16 MB/s, faster than 16 PB/s, or has no sensible latency")
            if not 0 <= table[r, 2] < max(mixes, 1):
                raise ValueError(f"TileMachine: route {r} has a pattern that no DRAM mix knows")
            if table[r, 3] not in (DRAM, NOC, PCIE):
                raise ValueError("TileMachine: a route's kind is DRAM (4), NoC (5) or PCIe (6)")
            if not 0 <= table[r, 4] <= MAX_ROUTE_LINKS:
                raise ValueError(f"TileMachine: route {r} has more than {MAX_ROUTE_LINKS} links, or less than none")
            for k in range(table[r, 4]):
                i = table[r, 5 + k]
                if not 0 <= i < links:
                    raise ValueError(f"TileMachine: route {r} names a link that does not exist")
                least = least_mix if i == 0 and mixes else capacity[i]
                if not 0 <= table[r, 9 + k] <= 64 * SHARE_ONE or self.n_engines * table[r, 9 + k] * MAX_ROUTE_LINKS > least * SHARE_ONE:
                    raise ValueError(f"TileMachine: route {r} takes a share of link {i} that is negative or leaves nothing for others")
        return 0

    cdef int _check_rest(self, int64_t[:, ::1] sleeps, int64_t[::1] rests_from) except -1:
        """Take what says when blocks sleep and which rests are remembered, or refuse it."""
        cdef int64_t r, k, s
        if self.route_blocks.shape[0] != self.n_routes or rests_from.shape[0] != BLOCK_KINDS:
            raise ValueError("TileMachine: blocks for each route, and a shortest rest for each kind of block")
        if sleeps.shape[0] != BLOCK_KINDS or sleeps.shape[1] != 2 * SLEEPS:
            raise ValueError("TileMachine: three depths of sleep for each kind of block")
        for r in range(self.n_routes):
            if not 0 <= self.route_blocks[r] < 1 << CHIP_BLOCKS:
                raise ValueError(f"TileMachine: route {r} uses a block that does not exist")
        for k in range(BLOCK_KINDS):
            self.rests_from[k] = NEVER if rests_from[k] < 0 else rests_from[k]
            self.rested[k] = 0
            for s in range(SLEEPS):
                self.sleep[k][s].after = NEVER if sleeps[k, 2 * s] < 0 else sleeps[k, 2 * s]
                self.sleep[k][s].wake = max(0, sleeps[k, 2 * s + 1])
                if self.sleep[k][s].wake >= LONGEST_PS or (s > 0 and self.sleep[k][s].after < self.sleep[k][s - 1].after):
                    raise ValueError("TileMachine: depths of sleep are entered in order and left within a second")
        return 0

    cdef void _find_work(self) noexcept:
        """Tell the engines that the program has jobs for from those that stay idle for ever."""
        cdef int64_t c, i, b, r, k
        cdef int64_t engine_of[RUN_COLUMNS]
        engine_of[RUN_W] = WEIGHTS
        engine_of[RUN_A] = engine_of[RUN_X] = WEIGHTS if self.one_queue else ACTIVATIONS
        engine_of[RUN_TENSOR] = TENSOR
        engine_of[RUN_VECTOR] = VECTOR
        engine_of[RUN_O] = STORE
        for c in range(self.n_cores):
            for i in range(self.core_steps[c], self.core_steps[c + 1]):
                for b in range(self.steps[i, STEP_BLOCK], self.steps[i, STEP_BLOCK_END]):
                    for r in range(self.blocks[b, 1], self.blocks[b, 2]):
                        for k in range(RUN_W, RUN_COLUMNS):
                            if self.runs[r, k]:
                                self.engine[c * ENGINES + engine_of[k]].works = True

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
        free(self.pause_at)
        free(self.shown)
        free(self.place)
        free(self.changed)
        free(self.copies[0])
        free(self.copies[1])

    # ---- what the outside does to it ---------------------------------------------------------------------------------------

    def submit(self, int64_t instances=1):
        """Allow ``instances`` more repetitions of the program; each begins when it is launched."""
        if instances < 1:
            raise ValueError("submit: at least one instance")
        cdef int64_t c, s
        self.submitted += instances
        for c in range(self.n_cores):
            for s in range(STAGES):
                if not self.core[c].cursor[s].valid:
                    self._open(&self.core[c].cursor[s], self.core[c].step_begin, self.core[c].step_end)
        self._wake_all(ALL_STAGES)

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
        self.token_source[at].engine = engine
        self.token_source[at].relation = DEPENDENCY
        self.token_source[at].time = self.now_ps
        self._wake_all(ALL_STAGES)

    def log_host(self, int64_t cause, int64_t until_ps):
        """The host was launching or had nothing to do (cause 9 or 10) until ``until_ps``."""
        cdef int64_t host = self.n_cores * ENGINES, since = self.engine[host].last_end
        if cause not in (LAUNCH, ARRIVAL) or until_ps < since:
            raise ValueError("log_host: cause 9 or 10, and time goes forward")
        if until_ps > since:
            self._append(host, until_ps, 0, cause)
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

        What ends at this instant ends.
        """
        if self.clock == RUNNING:
            self.clock = PAUSING

    def set_clock(self, int64_t core_khz, routes=None, capacities=None, dram_mix=None):
        """Change the core clock, and with it port rates and capacities, for what is in flight as for what follows.

        Ends a pause.
        """
        self.use_clock(self.clock_of(core_khz, routes, capacities, dram_mix))

    def clock_of(self, int64_t core_khz, routes=None, capacities=None, dram_mix=None):
        """A clock for ``use_clock``, with rates and capacities as they are now where none are given."""
        cdef Clock clock = Clock()
        if not 1 <= core_khz < FASTEST_KHZ:
            raise ValueError("set_clock: the clock is positive and below 1 THz")
        table = self.table if routes is None else np.array(routes, dtype=np.int64, order="C")
        links = self.capacity if capacities is None else np.array(capacities, dtype=np.int64)
        mix = self.dram_mix if dram_mix is None else np.array(dram_mix, dtype=np.int64)
        if len(table) != self.n_routes or len(links) != self.n_links or len(mix) != self.dram_mix.shape[0]:
            raise ValueError("set_clock: as many routes, links and DRAM mixes as before")
        self._check_fabric(table, links, mix)
        clock.khz, clock.table, clock.capacity, clock.dram_mix = core_khz, table, links, mix
        clock.memo = np.zeros(MEMO_ROWS * (1 + 2 * self.n_routes), dtype=np.int64)
        return clock

    def use_clock(self, Clock clock not None):
        """``set_clock`` with what was checked before: a clock of this machine."""
        cdef int64_t e, r, core_khz = clock.khz
        if clock.table.shape[0] != self.n_routes or clock.capacity.shape[0] != self.n_links:
            raise ValueError("use_clock: a clock of another machine")
        if self.clock == PAUSED:
            if self._resume(core_khz) < 0:
                raise MemoryError
        else:
            for e in range(self.n_engines):
                if self.engine[e].state == COMPUTE:
                    self.engine[e].left -= self.khz * (self.now_ps - self.engine[e].updated)
                    self.engine[e].updated = self.now_ps
                    self._set_end(e, self.now_ps + (self.engine[e].left + core_khz - 1) // core_khz)
        self.clock = RUNNING
        self.khz = core_khz
        self.table = clock.table
        memcpy(&self.capacity[0], &clock.capacity[0], self.n_links * sizeof(int64_t))
        self.dram_mix = clock.dram_mix
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
            status = self._run(limit)
        if status < 0:
            raise MemoryError
        return [(EVENT_NAMES[self.event_kind[k]], self.event_value[k]) for k in range(self.event_n)]

    def next_ps(self):
        """When the next completion will be at present rates, or None."""
        cdef int64_t at = self._next()
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
            if self._rested(&self.rester[e], e % CORE_BLOCKS if e < self.n_cores * CORE_BLOCKS else REST_NOC + e % CORE_BLOCKS, end_ps) < 0:
                raise MemoryError
            self.rester[e].since = end_ps

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
        self._add_in_progress(&work[0, 0], False)

    cdef void _add_in_progress(self, int64_t* to, bint changed_only) noexcept nogil:
        """Add whole cycles and bytes of the jobs in progress to an array like `work`, or to the rows of the changed operators."""
        cdef int64_t e, r, i, left, part
        cdef Engine* engine
        cdef Queue* queue
        cdef uint64_t served
        for e in range(self.n_engines):
            engine = &self.engine[e]
            # a transfer that a pause interrupts is in no queue
            if engine.state == COMPUTE or (engine.state == TRANSFER and self.clock == PAUSED and e < self.n_cores * ENGINES):
                left = engine.left
                if engine.state == TRANSFER:
                    part = engine.size - ((left + 0xFFFFFFFFLL) >> 32)
                else:
                    if self.clock != PAUSED:
                        left -= self.khz * (self.now_ps - engine.updated)
                    part = engine.size if left <= 0 else engine.size - (left + WORK - 1) // WORK
                self._add(to, engine.account, part, changed_only)
        for r in range(self.n_routes):
            queue = &self.queue[r]
            served = queue.served + <uint64_t> queue.rate * <uint64_t> (self.now_ps - queue.since)
            for i in range(queue.n):
                engine = &self.engine[queue.at[i].engine]
                left = <int64_t> (queue.at[i].target - served)
                part = engine.size if left <= 0 else engine.size - ((left + 0xFFFFFFFFLL) >> 32)
                self._add(to, engine.account, part, changed_only)

    cdef inline void _add(self, int64_t* to, int64_t account, int64_t part, bint changed_only) noexcept nogil:
        cdef int64_t row
        if changed_only:
            row = account // WORK_COLUMNS
            self._changed_row(row)
            account += ((self.place[row] - 1) - row) * WORK_COLUMNS
        to[account] += part

    cdef inline void _changed_row(self, int64_t row) noexcept nogil:
        """An operator, or the copies, did something since the last ``changes``."""
        if self.place[row] == 0:
            self.changed[self.changed_n] = row
            self.changed_n += 1
            self.place[row] = self.changed_n

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
        self._add_in_progress(out, True)
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
        self._write_rested(&self.rested_out[0])
        return n

    @property
    def mix_bytes(self):
        """int64 (mixes, routes): bytes that moved until rates were last renewed, by the set of access patterns in flight."""
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
        self._write_rested(&view[0])
        return found

    cdef void _write_rested(self, int64_t* to) noexcept nogil:
        cdef int64_t d, k
        for k in range(BLOCK_KINDS):
            to[k] = self.rested[k]
        for d in range(self.n_cores * CORE_BLOCKS + CHIP_BLOCKS):
            if self.rester[d].jobs == 0 and self.rester[d].since < self.now_ps:
                to[d % CORE_BLOCKS + (0 if d < self.n_cores * CORE_BLOCKS else REST_NOC)] += self.now_ps - self.rester[d].since

    def rests(self, int64_t first=0, bint also_open=False):
        """int64 (n, 3): ``REST_FIELDS`` of the remembered rests from number ``first`` on, as they ended.

        With ``also_open`` those that go on follow, up to now.
        """
        if not 0 <= first <= self.rests_n:
            raise ValueError(f"rests: there are {self.rests_n}")
        found = np.zeros((self.rests_n - first, len(REST_FIELDS)), dtype=np.int64)
        cdef int64_t[:, ::1] view = found
        cdef int64_t d, kind
        if first < self.rests_n:
            memcpy(&view[0, 0], self.rest + first, (self.rests_n - first) * sizeof(Rest))
        if not also_open:
            return found
        going_on = []
        for d in range(self.n_cores * CORE_BLOCKS + CHIP_BLOCKS):
            kind = d % CORE_BLOCKS + (0 if d < self.n_cores * CORE_BLOCKS else REST_NOC)
            if self.rester[d].jobs == 0 and 0 < self.now_ps - self.rester[d].since >= self.rests_from[kind]:
                going_on.append((kind, self.rester[d].since, self.now_ps))
        return np.concatenate([found, np.array(going_on, dtype=np.int64).reshape(-1, len(REST_FIELDS))])

    @property
    def log_segments(self):
        """int: segments of time now kept to resolve waits by."""
        return sum(self.log[e].n for e in range(self.n_engines))

    # ---- cursors -----------------------------------------------------------------------------------------------------------

    cdef void _open(self, Cursor* at, int64_t begin, int64_t end) noexcept nogil:
        """Set a cursor on the first tile of its instance, if that instance was submitted."""
        at.valid = at.instance < self.submitted and begin < end
        at.step = begin
        if begin < end:
            at.block = self.step_at[begin].block
            at.run = self.block_at[at.block].first
        at.repeat = 0
        at.index = 0

    cdef inline int _advance(self, Cursor* at, int64_t begin, int64_t end) noexcept nogil:
        """Go to the next tile: 0 within the step, 1 into the next step, 2 into the next instance."""
        at.tile += 1
        at.index += 1
        if at.index < self.run_at[at.run].count:
            return 0
        return self._advance_run(at, begin, end)

    cdef int _advance_run(self, Cursor* at, int64_t begin, int64_t end) noexcept nogil:
        at.index = 0
        at.run += 1
        if at.run < self.block_at[at.block].end:
            return 0
        at.repeat += 1
        if at.repeat < self.block_at[at.block].times:
            at.run = self.block_at[at.block].first
            return 0
        at.repeat = 0
        at.block += 1
        if at.block < self.step_at[at.step].block_end:
            at.run = self.block_at[at.block].first
            return 0
        at.step += 1
        if at.step < end:
            at.block = self.step_at[at.step].block
            at.run = self.block_at[at.block].first
            return 1
        at.instance += 1
        self._open(at, begin, end)
        return 2

    cdef void _arm(self, int64_t parity) noexcept nogil:
        """Make the tokens of an instance await their completions anew."""
        cdef int64_t t, base = parity * self.n_tokens
        for t in range(self.n_operators):
            self.token_left[base + t] = self.operator_steps[t]
        for t in range(self.n_operators, self.n_tokens):
            self.token_left[base + t] = 1
        self.steps_left[parity] = self.n_steps

    # ---- time accounts -----------------------------------------------------------------------------------------------------

    cdef int _append(self, int64_t e, int64_t end, int64_t alone, int64_t cause) noexcept nogil:
        """Add a segment to an engine's log; -1 when memory is out."""
        cdef Log* log = &self.log[e]
        cdef Segment* grown
        if log.n and cause < MOVING and log.at[log.n - 1].cause == cause:
            log.at[log.n - 1].end = end
            return 0
        if log.n == log.room:
            if log.room >= 256:
                self._forget(e)
            if 2 * log.n >= log.room:
                grown = <Segment*> realloc(log.at, (2 * log.room + 64) * sizeof(Segment))
                if grown == NULL:
                    return -1
                log.at = grown
                log.room = 2 * log.room + 64
        log.at[log.n].end = end
        log.at[log.n].alone = alone
        log.at[log.n].cause = cause
        log.n += 1
        return 0

    cdef void _forget(self, int64_t e) noexcept nogil:
        """Drop segments that no wait can reach any more: those before the earliest open wait of an engine that will look back."""
        cdef Log* log = &self.log[e]
        cdef int64_t i, k, host = self.n_cores * ENGINES, oldest = self.now_ps
        for i in range(host):
            if self.engine[i].works and self.engine[i].state == IDLE and self.engine[i].last_end < oldest:
                oldest = self.engine[i].last_end
        # the copy engine inwards looks back at the host alone, and the other two at nobody
        if e == host and self.engine[host + 1].state == IDLE and self.engine[host + 1].last_end < oldest:
            oldest = self.engine[host + 1].last_end
        k = 0
        while k < log.n - 1 and log.at[k].end <= oldest:
            k += 1
        # invariant: segment k - 1 stays as the beginning of segment k
        if k > 1:
            memmove(log.at, log.at + k - 1, (log.n - k + 1) * sizeof(Segment))
            log.n -= k - 1

    cdef inline void _account(self, int64_t e, int64_t step, int64_t cause, int64_t span) noexcept nogil:
        self.engine_time[e * CAUSES + cause] += span
        if step >= 0:
            self.step_time[(step * ENGINES + self.engine[e].kind) * CAUSES + cause] += span

    cdef int _wait(self, int64_t e, int64_t step, int64_t since, int64_t until, Source source) noexcept nogil:
        """Account for an engine's wait and log it: pauses of its clock for themselves, the rest by what the awaited engine was doing."""
        cdef int64_t i = self.pauses_n, at = since
        if i == 0 or self.pause_at[i - 1].end <= since or e >= self.n_cores * ENGINES:
            return self._resolve(e, step, since, until, source)
        while i > 0 and self.pause_at[i - 1].end > since:
            i -= 1
        for i in range(i, self.pauses_n):
            if self.pause_at[i].begin > at and self._resolve(e, step, at, self.pause_at[i].begin, source) < 0:
                return -1
            at = max(at, self.pause_at[i].begin)
            self._account(e, step, TRANSITION, self.pause_at[i].end - at)
            at = self.pause_at[i].end
            if self._append(e, at, 0, TRANSITION) < 0:
                return -1
        return self._resolve(e, step, at, until, source) if until > at else 0

    cdef int _resolve(self, int64_t e, int64_t step, int64_t since, int64_t until, Source source) noexcept nogil:
        """Account for a wait by what the awaited engine was doing, and log it."""
        cdef Log* log = &self.log[source.engine]
        cdef int64_t i = log.n - 1, at = since, begin, end, cause, span, whole, alone
        while i > 0 and log.at[i - 1].end > since:
            i -= 1
        while at < until and i >= 0 and i < log.n:
            begin = log.at[i - 1].end if i > 0 else 0
            end = min(log.at[i].end, until)
            if end > at:
                cause = log.at[i].cause
                span = end - at
                if cause == BUSY:
                    cause = source.relation
                if cause >= MOVING:
                    whole = log.at[i].end - begin
                    alone = log.at[i].alone
                    if span < whole and whole < 1LL << 31:
                        alone = alone * span // whole
                    elif span < whole:
                        alone = <int64_t> ((<int128> alone) * span // whole)
                    self._account(e, step, cause - MOVING, alone)
                    self._account(e, step, CONTENTION, span - alone)
                    if self._append(e, end, alone, cause) < 0:
                        return -1
                    log = &self.log[source.engine]
                else:
                    self._account(e, step, cause, span)
                    if self._append(e, end, 0, cause) < 0:
                        return -1
                at = end
            i += 1
        if at < until:
            self._account(e, step, source.relation, until - at)
            return self._append(e, until, 0, source.relation)
        return 0

    # ---- jobs --------------------------------------------------------------------------------------------------------------

    cdef int _begin(self, int64_t e, int64_t step, int64_t instance, Source source) noexcept nogil:
        """An engine starts a job of an instance (a copy: its tag) now: close its wait."""
        cdef Engine* engine = &self.engine[e]
        if self.now_ps > engine.last_end:
            if self._wait(e, step, engine.last_end, self.now_ps, source) < 0:
                return -1
        engine.start = self.now_ps
        engine.updated = self.now_ps
        engine.counted = 0
        engine.step = step
        engine.instance = instance
        if step >= 0 and instance == 0 and self.step_span[(step * ENGINES + engine.kind) * 2] < 0:
            self.step_span[(step * ENGINES + engine.kind) * 2] = self.now_ps
        return 0

    cdef int _compute(self, int64_t e, Cursor* at, int64_t cycles, Source source) noexcept nogil:
        cdef Engine* engine = &self.engine[e]
        if self._begin(e, at.step, at.instance, source) < 0:
            return -1
        cdef int64_t wait = 0, block = e // ENGINES * CORE_BLOCKS
        if self._rouse(block + engine.kind - TENSOR, engine.kind - TENSOR, &wait) < 0 or self._rouse(block + REST_SRAM, REST_SRAM, &wait) < 0:
            return -1
        engine.size = cycles
        engine.account = self.step_at[at.step].op * WORK_COLUMNS + (WORK_TENSOR if engine.kind == TENSOR else WORK_VECTOR)
        engine.ready = self.now_ps + wait
        if wait > 0:
            engine.state = WAKING
            self._set_end(e, engine.ready)
            return 0
        return self._count(e)

    cdef int _count(self, int64_t e) noexcept nogil:
        """The engine is awake: its cycles begin; -1 when memory is out."""
        cdef Engine* engine = &self.engine[e]
        if self.now_ps > engine.start:
            if self._log_part(e, 0) < 0:
                return -1
            engine.start = self.now_ps
        engine.state = COMPUTE
        engine.left = engine.size * WORK
        engine.updated = self.now_ps
        self._set_end(e, self.now_ps + (engine.left + self.khz - 1) // self.khz)
        return 0

    cdef inline int _rouse(self, int64_t d, int kind, int64_t* wait) noexcept nogil:
        """A job begins to use a block; ``wait`` becomes at least what is left until it is awake. -1 when memory is out."""
        cdef Rester* block = &self.rester[d]
        if block.jobs == 0 and block.since < self.now_ps and self._rested(block, kind, self.now_ps) < 0:
            return -1
        block.jobs += 1
        if block.awake - self.now_ps > wait[0]:
            wait[0] = block.awake - self.now_ps
        return 0

    cdef int _rested(self, Rester* block, int kind, int64_t until) noexcept nogil:
        """A block's rest ends: count it, remember it, and say when the block is awake; -1 when memory is out."""
        cdef int64_t length = until - block.since
        cdef int s
        cdef Rest* grown
        if length <= 0:
            return 0
        self.rested[kind] += length
        for s in range(SLEEPS):
            if length > self.sleep[kind][s].after:
                block.awake = until + self.sleep[kind][s].wake
        if length < self.rests_from[kind]:
            return 0
        if self.rests_n == self.rests_room:
            grown = <Rest*> realloc(self.rest, (2 * self.rests_room + 256) * sizeof(Rest))
            if grown == NULL:
                return -1
            self.rest = grown
            self.rests_room = 2 * self.rests_room + 256
        self.rest[self.rests_n].kind = kind
        self.rest[self.rests_n].begin = block.since
        self.rest[self.rests_n].end = until
        self.rests_n += 1
        return 0

    cdef inline void _left(self, int64_t d) noexcept nogil:
        """A job no longer uses a block."""
        self.rester[d].jobs -= 1
        if self.rester[d].jobs == 0:
            self.rester[d].since = self.now_ps

    cdef inline int _rouse_way(self, int64_t e, int64_t route, int64_t* wait) noexcept nogil:
        """A transfer begins to use its core's SRAM and the chip's blocks on its route; -1 when memory is out."""
        cdef int64_t blocks = self.route_blocks[route], first = self.n_cores * CORE_BLOCKS
        cdef int b
        if e < self.n_cores * ENGINES and self._rouse(e // ENGINES * CORE_BLOCKS + REST_SRAM, REST_SRAM, wait) < 0:
            return -1
        for b in range(CHIP_BLOCKS):
            if blocks >> b & 1 and self._rouse(first + b, REST_NOC + b, wait) < 0:
                return -1
        return 0

    cdef inline void _leave_way(self, int64_t e, int64_t route) noexcept nogil:
        """A transfer no longer uses them."""
        cdef int64_t blocks = self.route_blocks[route], first = self.n_cores * CORE_BLOCKS
        cdef int b
        if e < self.n_cores * ENGINES:
            self._left(e // ENGINES * CORE_BLOCKS + REST_SRAM)
        for b in range(CHIP_BLOCKS):
            if blocks >> b & 1:
                self._left(first + b)

    cdef int _move(
        self, int64_t e, int64_t step, int64_t instance, int64_t size, int what, int64_t route, int64_t asked, Source source
    ) noexcept nogil:
        """An engine starts a transfer that might have begun at ``asked`` had the engine been idle."""
        cdef Engine* engine = &self.engine[e]
        # Requests go out while the job before still moves: the first byte's latency shows as far as it reaches beyond that one's end.
        cdef int64_t first = asked + self.routes[route].latency_ps, awake = 0
        if self._begin(e, step, instance, source) < 0 or self._rouse_way(e, route, &awake) < 0:
            return -1
        engine.size = size
        engine.left = size << 32
        engine.account = (self.step_at[step].op if step >= 0 else self.n_operators) * WORK_COLUMNS + WORK_MOVED + what
        engine.route = route
        engine.ready = (first if first > self.now_ps else self.now_ps) + self.setup_ps + awake
        if engine.ready > self.now_ps:
            engine.state = LATENT
            self._set_end(e, engine.ready)
        else:
            self._flow(e)
        return 0

    cdef inline void _set_end(self, int64_t e, int64_t end) noexcept nogil:
        """Set the end of an engine's computation or latency, and its core's with it."""
        cdef int64_t c = e // ENGINES, i, old = self.end[e], least
        self.end[e] = end
        if end <= self.core_end[c]:
            self.core_end[c] = end
        elif old == self.core_end[c]:
            least = NEVER
            for i in range(c * ENGINES, min(c * ENGINES + ENGINES, self.n_engines)):
                if self.end[i] < least:
                    least = self.end[i]
            self.core_end[c] = least

    cdef void _serve(self, Queue* queue) noexcept nogil:
        """Bring what a route has served up to now; its rate has been the same since."""
        queue.served += <uint64_t> queue.rate * <uint64_t> (self.now_ps - queue.since)
        queue.since = self.now_ps

    cdef void _flow(self, int64_t e) noexcept nogil:
        """The first byte moves: the job takes its share of the links from now on."""
        cdef Engine* engine = &self.engine[e]
        cdef Queue* queue = &self.queue[engine.route]
        cdef int64_t i = queue.n
        cdef uint64_t target
        engine.state = TRANSFER
        self._set_end(e, NEVER)
        self._serve(queue)
        target = queue.served + <uint64_t> engine.left
        # targets are compared by what is left, which is less than 2^62: they may wrap
        while i > 0 and <int64_t> (queue.at[i - 1].target - target) > 0:
            queue.at[i] = queue.at[i - 1]
            i -= 1
        queue.at[i].target = target
        queue.at[i].engine = e
        queue.n += 1
        queue.moved = queue.moved or i == 0
        self.flows[engine.route] += 1
        self.rates_stale = True

    cdef int _end(self, int64_t e) noexcept nogil:
        """A job is over."""
        cdef Engine* engine = &self.engine[e]
        self.work[engine.account] += engine.size
        self._changed_row(engine.account // WORK_COLUMNS)
        if self._log_part(e, (engine.size << 32) - engine.counted) < 0:
            return -1
        if engine.step >= 0 and engine.instance == 0:
            self.step_span[(engine.step * ENGINES + engine.kind) * 2 + 1] = self.now_ps
        if engine.state == TRANSFER:
            self.flows[engine.route] -= 1
            self.route_bytes_view[engine.route] += engine.size
            self.rates_stale = True
            self._leave_way(e, engine.route)
        else:
            self._set_end(e, NEVER)
            self._left(e // ENGINES * CORE_BLOCKS + engine.kind - TENSOR)
            self._left(e // ENGINES * CORE_BLOCKS + REST_SRAM)
        if self.log_jobs and self._log_job(e, 1, engine.size - (engine.counted >> 32)) < 0:
            return -1
        engine.state = IDLE
        engine.last_end = self.now_ps
        return 0

    cdef int _log_part(self, int64_t e, int64_t moved) noexcept nogil:
        """Account for a job as busy since its `start`, or for its block's waking; of a transfer ``moved`` 2^-32 byte did in this time."""
        cdef Engine* engine = &self.engine[e]
        cdef int64_t kind, alone, flowing
        cdef int64_t* moving = self.moving_time + e * CAUSES
        cdef Route* route
        if engine.state == WAKING:
            self._account(e, engine.step, LATENCY, self.now_ps - engine.start)
            return self._append(e, self.now_ps, 0, LATENCY)
        self._account(e, engine.step, BUSY, self.now_ps - engine.start)
        if engine.state == COMPUTE:
            return self._append(e, self.now_ps, 0, BUSY)
        if engine.ready > engine.start:
            moving[LATENCY] += min(engine.ready, self.now_ps) - engine.start
            if self._append(e, min(engine.ready, self.now_ps), 0, LATENCY) < 0:
                return -1
        flowing = self.now_ps - max(engine.ready, engine.start)
        if engine.state != TRANSFER or flowing == 0:
            return 0
        route = &self.routes[engine.route]
        kind = route.kind
        alone = min((moved + route.port_rate - 1) // route.port_rate, flowing)
        moving[kind] += alone
        moving[CONTENTION] += flowing - alone
        return self._append(e, self.now_ps, alone, MOVING + kind)

    # ---- pauses of the core clock ------------------------------------------------------------------------------------------

    cdef int _pause(self) noexcept nogil:
        """The core clock stands still: the jobs of the cores keep what is left of them, and transfers leave the links to others."""
        cdef int64_t e, r, i, kept, moved, size
        cdef Engine* engine
        cdef Queue* queue
        for r in range(self.n_routes):
            queue = &self.queue[r]
            self._serve(queue)
            kept = 0
            for i in range(queue.n):
                engine = &self.engine[queue.at[i].engine]
                if queue.at[i].engine < self.n_cores * ENGINES:
                    engine.left = <int64_t> (queue.at[i].target - queue.served)
                    self.flows[r] -= 1
                else:
                    queue.at[kept] = queue.at[i]
                    kept += 1
            queue.n = kept
            queue.moved = True
        for e in range(self.n_cores * ENGINES):
            engine = &self.engine[e]
            if engine.state == IDLE or engine.start == self.now_ps:
                moved = 0
            else:
                moved = (engine.size << 32) - engine.left - engine.counted
                if self._log_part(e, moved) < 0:
                    return -1
                size = engine.counted >> 32
                if engine.state == TRANSFER:
                    engine.counted += moved
                if self.log_jobs and engine.state != WAKING and self._log_job(e, 0, (engine.counted >> 32) - size) < 0:
                    return -1
            if engine.state == COMPUTE:
                engine.left -= self.khz * (self.now_ps - engine.updated)
                engine.updated = self.now_ps
            elif engine.state == LATENT or engine.state == WAKING:
                engine.left = engine.ready - self.now_ps
            self._set_end(e, NEVER)
        self.rates_stale = True
        self.paused_since = self.now_ps
        self.clock = PAUSED
        return 0

    cdef int _resume(self, int64_t khz) noexcept nogil:
        """The core clock runs again, at ``khz``: jobs go on with what is left of them, and what came meanwhile counts as coming now."""
        cdef int64_t e, t, c, s
        cdef Engine* engine
        cdef Pause* grown
        if self.pauses_n == self.pauses_room:
            grown = <Pause*> realloc(self.pause_at, (2 * self.pauses_room + 16) * sizeof(Pause))
            if grown == NULL:
                return -1
            self.pause_at = grown
            self.pauses_room = 2 * self.pauses_room + 16
        if self.now_ps > self.paused_since:
            self.pause_at[self.pauses_n].begin = self.paused_since
            self.pause_at[self.pauses_n].end = self.now_ps
            self.pauses_n += 1
        for e in range(self.n_cores * ENGINES):
            engine = &self.engine[e]
            if engine.state == IDLE:
                continue
            if self.now_ps > self.paused_since:
                self._account(e, engine.step, TRANSITION, self.now_ps - self.paused_since)
                if self._append(e, self.now_ps, 0, TRANSITION) < 0:
                    return -1
            engine.start = self.now_ps
            engine.updated = self.now_ps
            if engine.state == COMPUTE:
                self._set_end(e, self.now_ps + (engine.left + khz - 1) // khz)
            elif engine.state == WAKING:
                engine.ready = self.now_ps + engine.left
                self._set_end(e, engine.ready)
            elif engine.state == LATENT:
                engine.ready = self.now_ps + engine.left
                engine.left = engine.size << 32
                self._set_end(e, engine.ready)
            else:
                self._flow(e)
        for t in range(2 * self.n_tokens):
            if self.token_source[t].time >= self.paused_since:
                self.token_source[t].time = self.now_ps
        for c in range(self.n_cores):
            if self.core[c].release.time >= self.paused_since:
                self.core[c].release.time = self.now_ps
            for s in range(STAGES):
                if self.core[c].source[s].time >= self.paused_since:
                    self.core[c].source[s].time = self.now_ps
        self._wake_all(ALL_STAGES)
        return 0

    cdef int _log_job(self, int64_t e, int64_t jobs, int64_t size) noexcept nogil:
        """Remember a job since its `start`, and of a transfer the bytes; ``jobs``: 1 if it ends now, 0 for a pause. -1 when memory is out."""
        cdef Engine* engine = &self.engine[e]
        cdef bint moves = engine.state != COMPUTE
        cdef int64_t route = engine.route if moves else -1
        cdef Job* row
        cdef Job* grown
        if engine.logged >= 0:
            row = &self.job[engine.logged]
            if row.end == engine.start and row.step == engine.step and row.instance == engine.instance and row.route == route:
                row.end = self.now_ps
                row.jobs += jobs
                row.size += size if moves else 0
                return 0
        if self.jobs_n == self.jobs_room:
            grown = <Job*> realloc(self.job, (2 * self.jobs_room + 256) * sizeof(Job))
            if grown == NULL:
                return -1
            self.job = grown
            self.jobs_room = 2 * self.jobs_room + 256
        row = &self.job[self.jobs_n]
        row.engine = e
        row.step = engine.step
        row.instance = engine.instance
        row.route = route
        row.begin = engine.start
        row.end = self.now_ps
        row.jobs = jobs
        row.size = size if moves else 0
        engine.logged = self.jobs_n
        self.jobs_n += 1
        return 0

    cdef int _log_levels(self) noexcept nogil:
        """Remember the staging bytes that each core holds after this instant, where they changed; -1 when memory is out."""
        cdef int64_t c, last
        cdef Level* grown
        for c in range(self.n_cores):
            last = self.leveled[c]
            if self.core[c].used == (self.level[last].used if last >= 0 else 0):
                continue
            if last >= 0 and self.level[last].time == self.now_ps:
                self.level[last].used = self.core[c].used
                continue
            if self.levels_n == self.levels_room:
                grown = <Level*> realloc(self.level, (2 * self.levels_room + 256) * sizeof(Level))
                if grown == NULL:
                    return -1
                self.level = grown
                self.levels_room = 2 * self.levels_room + 256
            self.level[self.levels_n].core = c
            self.level[self.levels_n].time = self.now_ps
            self.level[self.levels_n].used = self.core[c].used
            self.leveled[c] = self.levels_n
            self.levels_n += 1
        return 0

    cdef const int64_t* _rates(self) noexcept nogil:
        """Rates for the jobs in progress: a function of how many there are on each route, remembered by that."""
        cdef int64_t r, mix = 0
        cdef uint64_t key = 0
        cdef int64_t* row
        for r in range(self.n_routes):
            key = (key + <uint64_t> self.flows[r]) * 0x9E3779B97F4A7C15ULL
        row = self.memo + <int64_t> (key >> 55) * (1 + 2 * self.n_routes)
        if row[0] and memcmp(row + 1, &self.flows[0], self.n_routes * sizeof(int64_t)) == 0:
            return row + 1 + self.n_routes
        row[0] = 1
        memcpy(row + 1, &self.flows[0], self.n_routes * sizeof(int64_t))
        for r in range(self.n_routes):
            if self.flows[r] > 0:
                mix |= self.routes[r].pattern
        if self.dram_mix.shape[0] > 0:
            self.capacity[0] = self.dram_mix[mix]
        max_min(
            self.routes, &self.flows[0], self.n_routes, &self.capacity[0], self.n_links,
            row + 1 + self.n_routes, &self.room[0], &self.weight[0],
        )
        return row + 1 + self.n_routes

    cdef void _share(self) noexcept nogil:
        """Renew the rates of all routes, and when the first job of each ends."""
        cdef int64_t r, mix = 0
        cdef int128 moved
        cdef Queue* queue
        cdef const int64_t* rate = self._rates()
        for r in range(self.n_routes):
            if self.held[r]:
                moved = <int128> self.queue[r].rate * self.held[r] * (self.now_ps - self.mix_since)
                moved += self.mix_rest[self.mix_now, r]
                self.mix_bytes_view[self.mix_now, r] += <int64_t> (moved >> 32)
                self.mix_rest[self.mix_now, r] = <int64_t> (<uint64_t> moved & 0xFFFFFFFFULL)
            self.held[r] = self.flows[r] if self.routes[r].pattern else 0
            if self.flows[r]:
                mix |= self.routes[r].pattern
        self.mix_now = mix
        self.mix_since = self.now_ps
        for r in range(self.n_routes):
            queue = &self.queue[r]
            if queue.rate == rate[r] and not queue.moved:
                continue
            self._serve(queue)
            queue.rate = rate[r]
            queue.moved = False
            queue.end = NEVER
            if queue.n:
                # invariant: a route with jobs has a rate above zero
                queue.end = self.now_ps + (<int64_t> (queue.at[0].target - queue.served) + queue.rate - 1) // queue.rate
        self.rates_stale = False

    cdef int64_t _next(self) noexcept nogil:
        """When something ends next."""
        cdef int64_t i, at = NEVER
        for i in range(self.n_cores + 1):
            if self.core_end[i] < at:
                at = self.core_end[i]
        for i in range(self.n_routes):
            if self.queue[i].end < at:
                at = self.queue[i].end
        return at

    # ---- conditions --------------------------------------------------------------------------------------------------------

    cdef Source _nobody(self, int64_t engine, int64_t relation) noexcept nogil:
        """No condition was satisfied at this instant: what a job waited for is its own engine, busy until now."""
        cdef Source source
        source.engine = engine
        source.relation = relation
        source.time = self.now_ps - 1
        return source

    cdef inline bint _is_first(self, const Cursor* at) noexcept nogil:
        """Whether a tile is its step's first."""
        return not at.index and not at.repeat and at.block == self.step_at[at.step].block and at.run == self.block_at[at.block].first

    cdef bint _ready(self, Cursor* at, Source* last) noexcept nogil:
        """Whether everything that the first tile of a step depends on is there; ``last`` becomes what came at this instant."""
        cdef int64_t i, t, base = (at.instance & 1) * self.n_tokens
        cdef Step* step = &self.step_at[at.step]
        if not self._is_first(at):
            return True
        for i in range(step.dep, step.dep_end):
            t = base + self.deps[i]
            if self.token_left[t] > 0:
                return False
            if last.time < self.now_ps and self.token_source[t].time == self.now_ps:
                last[0] = self.token_source[t]
        return True

    cdef bint _passed(self, Core* core, int stage, Cursor* at, int64_t relation, Source* last) noexcept nogil:
        """Whether the tile has passed an earlier stage; ``last`` becomes who let it pass, if that was now and nothing else was yet."""
        if core.cursor[stage].tile <= at.tile:
            return False
        if last.time < self.now_ps and core.source[stage].time == self.now_ps and core.before[stage] <= at.tile:
            last[0] = core.source[stage]
            if last.relation == BUSY:
                last.relation = relation
        return True

    cdef void _pass(self, Core* core, int stage, int64_t engine, Source why) noexcept nogil:
        """The tile under a stage's cursor is through: by a job of ``engine`` (-1: it had none, then ``why`` says who held it)."""
        if engine >= 0:
            why.engine = engine
            why.relation = BUSY
        why.time = self.now_ps
        if core.source[stage].time < self.now_ps:
            core.source[stage] = why
            core.before[stage] = core.cursor[stage].tile
        self.tiles += stage == WRITE

    cdef inline int _mark(self, Marks* marks, int64_t tile, int64_t least) noexcept nogil:
        """A tile passes a stage now; those before ``least`` will not be asked for again. -1 when memory is out."""
        if marks.n and marks.at[marks.n - 1].time == self.now_ps:
            return 0
        if marks.n == marks.room and self._make_room(marks, least) < 0:
            return -1
        marks.at[marks.n].tile = tile
        marks.at[marks.n].time = self.now_ps
        marks.n += 1
        return 0

    cdef int _make_room(self, Marks* marks, int64_t least) noexcept nogil:
        """Forget marks that hold no tile from ``least`` on, and take more memory if they were few."""
        cdef int64_t k = 0
        cdef Mark* grown
        while k + 1 < marks.n and marks.at[k + 1].tile <= least:
            k += 1
        marks.n -= k
        memmove(marks.at, marks.at + k, marks.n * sizeof(Mark))
        if 2 * marks.n >= marks.room:
            grown = <Mark*> realloc(marks.at, (2 * marks.room + 32) * sizeof(Mark))
            if grown == NULL:
                return -1
            marks.at = grown
            marks.room = 2 * marks.room + 32
        return 0

    cdef inline int64_t _marked(self, const Marks* marks, int64_t tile) noexcept nogil:
        """When a tile passed the stage that was marked: mostly just now."""
        # invariant: the mark that holds the tile is before `high`; from the second loop on it is at `low` or after
        cdef int64_t high = marks.n, low = high - 1, reach = 1, middle
        while marks.at[low].tile > tile:
            high = low
            low = low - reach if low > reach else 0
            reach *= 2
        while high - low > 1:
            middle = (low + high) // 2
            if marks.at[middle].tile <= tile:
                low = middle
            else:
                high = middle
        return marks.at[low].time

    cdef int64_t _asked(self, Core* core, int stage, Cursor* at) noexcept nogil:
        """When all was there that a tile's load needs, but for the engine."""
        cdef int64_t i, t, asked = self._marked(&core.granted, at.tile)
        cdef Step* step = &self.step_at[at.step]
        if self._is_first(at) and (stage != LOAD_W or step.w_waits):
            for i in range(step.dep, step.dep_end):
                t = (at.instance & 1) * self.n_tokens + self.deps[i]
                if self.token_source[t].time > asked:
                    asked = self.token_source[t].time
        return asked

    cdef void _freed(self, Core* core, int64_t size, int64_t engine) noexcept nogil:
        core.used -= size
        self.todo[engine // ENGINES] |= 1 << GRANT
        core.release.engine = engine
        core.release.relation = BUFFER
        core.release.time = self.now_ps

    cdef void _operands_used(self, Core* core, Cursor* done, bint tensor, int64_t engine) noexcept nogil:
        """Operands stay until the tile that uses them last is through: the next one brings its own, or another step begins."""
        cdef Cursor next = done[0]
        cdef int moved = self._advance(&next, core.step_begin, core.step_end)
        cdef int64_t freed = 0
        # invariant: what the step's tile before brought was released when this one's was known to follow
        if self.run_at[done.run].w:
            core.held_w[tensor] = self.run_at[done.run].w
        if self.run_at[done.run].a:
            core.held_a[tensor] = self.run_at[done.run].a
        if moved or self.run_at[next.run].w:
            freed += core.held_w[tensor]
            core.held_w[tensor] = 0
        if moved or self.run_at[next.run].a:
            freed += core.held_a[tensor]
            core.held_a[tensor] = 0
        if freed:
            self._freed(core, freed, engine)

    cdef int _through(self, int64_t c, int stage, int64_t engine, Source why) noexcept nogil:
        """Move a stage's cursor past its tile, with what follows from that."""
        cdef Core* core = &self.core[c]
        cdef Cursor* at = &core.cursor[stage]
        cdef int64_t step = at.step, instance = at.instance, base
        cdef int moved
        cdef Run* run = &self.run_at[at.run]
        cdef bint tensor = run.tensor > 0
        self._pass(core, stage, engine, why)
        if stage == FINISH and run.o and self._mark(&core.finished, at.tile, core.cursor[WRITE].tile) < 0:
            return -1
        self.todo[c] |= self.after[stage]
        self.waking = True
        if stage == MULTIPLY or stage == FINISH:
            if tensor == (stage == MULTIPLY):
                self._operands_used(core, at, tensor, c * ENGINES + (TENSOR if tensor else VECTOR))
            if stage == FINISH and run.x:
                self._freed(core, run.x, c * ENGINES + VECTOR)
        elif stage == WRITE and run.o:
            self._freed(core, run.o, c * ENGINES + STORE)
        moved = self._advance(at, core.step_begin, core.step_end)
        if stage == WRITE and moved:
            if core.used > self.step_staging_view[at.step]:
                self.step_staging_view[at.step] = core.used
            if engine < 0:
                engine = why.engine
            # what the step left for staging bounds it no longer
            self.todo[c] |= 1 << GRANT
            core.release.engine = engine
            core.release.relation = BUFFER
            core.release.time = self.now_ps
            base = (instance & 1) * self.n_tokens
            self._complete(base + self.step_at[step].op, engine)
            self._complete(base + self.n_operators + step, engine)
            self.steps_left[instance & 1] -= 1
            if self.steps_left[instance & 1] == 0:
                self._arm(instance & 1)
                self.completed += 1
                self._report(0, instance)
                self._wake_all(1 << GRANT)
        return 0

    cdef void _wake_all(self, int stages) noexcept nogil:
        """Something happened that may let any core's next tile pass these stages."""
        cdef int64_t c
        for c in range(self.n_cores):
            self.todo[c] |= stages
        self.waking = True

    cdef void _complete(self, int64_t token, int64_t engine) noexcept nogil:
        """One of the completions that a token awaits; ``engine`` held it until now."""
        self.token_left[token] -= 1
        if self.token_left[token] == 0:
            self.token_source[token].engine = engine
            self.token_source[token].relation = DEPENDENCY
            self.token_source[token].time = self.now_ps
            self._wake_all(LOADS)
            token %= self.n_tokens
            if token < self.n_operators and self.watched[token] and token > self.reached:
                self.reached = token

    cdef void _report(self, int64_t kind, int64_t value) noexcept nogil:
        self.event_kind[self.event_n] = kind
        self.event_value[self.event_n] = value
        self.event_n += 1

    # ---- starts ------------------------------------------------------------------------------------------------------------

    cdef int64_t _room(self, Core* core, Cursor* at) noexcept nogil:
        """Staging space of the tile under the cursor: the least that any step in flight on its core leaves, its own among them."""
        cdef Cursor* oldest = &core.cursor[WRITE]
        cdef int64_t step, instance, own = self.step_at[at.step].stage
        if core.least_instance < oldest.instance or (core.least_instance == oldest.instance and core.least_step < oldest.step):
            # the step that left least was written; invariant: the cursor of WRITE is at an earlier tile, or at this one
            core.least = NEVER
            step, instance = oldest.step, oldest.instance
            while step != at.step or instance != at.instance:
                self._least(core, step, instance)
                step += 1
                if step == core.step_end:
                    step = core.step_begin
                    instance += 1
        return own if own < core.least else core.least

    cdef void _least(self, Core* core, int64_t step, int64_t instance) noexcept nogil:
        """Keep which step in flight leaves the least staging space; of equals the last, which is in flight longest."""
        if self.step_at[step].stage <= core.least:
            core.least = self.step_at[step].stage
            core.least_step = step
            core.least_instance = instance

    cdef void _note_staging(self, int64_t c, int64_t room) noexcept nogil:
        """What a core holds after a grant: its most, the least that is left, and the most by the oldest step in flight."""
        cdef Core* core = &self.core[c]
        cdef int64_t oldest = core.cursor[WRITE].step
        if core.used > self.peak_view[c]:
            self.peak_view[c] = core.used
        if room - core.used < self.free_view[c]:
            self.free_view[c] = room - core.used
        if core.used > self.step_staging_view[oldest]:
            self.step_staging_view[oldest] = core.used

    cdef int _grant(self, int64_t c) noexcept nogil:
        """Give staging space to the next tile if it fits: 1 when it did, -1 when memory is out."""
        cdef Core* core = &self.core[c]
        cdef Cursor* at = &core.cursor[GRANT]
        cdef int64_t need, launch, room, least
        cdef Run* run
        cdef Source why
        if not at.valid or at.instance >= self.completed + 2:
            return 0
        launch = (at.instance & 1) * self.n_tokens + self.n_tokens - 1
        if self.token_left[launch] > 0:
            return 0
        run = &self.run_at[at.run]
        need = run.w + run.a + run.x + run.o
        room = self._room(core, at)
        if core.used + need > room:
            return 0
        why = self.token_source[launch]
        if why.time < self.now_ps and core.release.time == self.now_ps:
            why = core.release
        core.used += need
        self._least(core, at.step, at.instance)
        self._note_staging(c, room)
        self._pass(core, GRANT, -1, why)
        if need > run.o:
            least = core.cursor[LOAD_W].tile
            if core.cursor[LOAD_X].tile < least:
                least = core.cursor[LOAD_X].tile
            if self._mark(&core.granted, at.tile, least) < 0:
                return -1
        self.todo[c] |= self.after[GRANT]
        self._advance(at, core.step_begin, core.step_end)
        return 1

    cdef int _load(self, int64_t c, int stage) noexcept nogil:
        """Start the next load of a stage, or pass it when empty: 1 when something changed, -1 when memory is out."""
        cdef Core* core = &self.core[c]
        cdef Cursor* at = &core.cursor[stage]
        cdef int turn
        cdef Run* run
        cdef int64_t size, route, e = c * ENGINES + (WEIGHTS if stage == LOAD_W or self.one_queue else ACTIVATIONS)
        cdef Source why
        if not at.valid or self.engine[e].state != IDLE:
            return 0
        why = self._nobody(e, BUFFER)
        # ties are settled in favour of what is looked at first: dependency, input, buffer, turn
        if (stage != LOAD_W or self.step_at[at.step].w_waits) and not self._ready(at, &why):
            return 0
        if stage == LOAD_X and not self._passed(core, LOAD_A, at, INPUT, &why):
            return 0
        if stage == LOAD_A and self.one_queue and not self._passed(core, LOAD_W, at, INPUT, &why):
            return 0
        if stage != LOAD_X and self.one_queue and core.cursor[LOAD_X].tile < at.tile:
            return 0
        if stage == LOAD_A and core.cursor[LOAD_X].tile < at.tile:
            return 0
        if not self._passed(core, GRANT, at, BUFFER, &why):
            return 0
        # An engine takes tiles in turn: one that had nothing to load may have held this one until now.
        turn = LOAD_X if stage == LOAD_A or self.one_queue else stage
        if why.time < self.now_ps and core.source[turn].time == self.now_ps:
            why = core.source[turn]
        run = &self.run_at[at.run]
        size = run.w if stage == LOAD_W else run.a if stage == LOAD_A else run.x
        if size == 0:
            self._through(c, stage, -1, why)
            return 1
        route = self.step_at[at.step].route[stage - LOAD_W]
        if self._move(e, at.step, at.instance, size, stage - LOAD_W, route, self._asked(core, stage, at), why) < 0:
            return -1
        return 1

    cdef int _multiply(self, int64_t c) noexcept nogil:
        cdef Core* core = &self.core[c]
        cdef Cursor* at = &core.cursor[MULTIPLY]
        cdef int64_t e = c * ENGINES + TENSOR
        cdef Source why = self._nobody(e, INPUT)
        if not at.valid or self.engine[e].state != IDLE:
            return 0
        if not self._passed(core, LOAD_A, at, INPUT, &why) or not self._passed(core, LOAD_W, at, INPUT, &why):
            return 0
        if self.run_at[at.run].tensor == 0:
            self._through(c, MULTIPLY, -1, why)
            return 1
        if at.tile - core.cursor[FINISH].tile >= self.step_at[at.step].accumulators:
            return 0
        if (
            why.time < self.now_ps and core.source[FINISH].time == self.now_ps
            and at.tile - core.before[FINISH] >= self.step_at[at.step].accumulators
        ):
            why = core.source[FINISH]
            if why.relation == BUSY:
                why.relation = BUFFER
        if self._compute(e, at, self.run_at[at.run].tensor, why) < 0:
            return -1
        return 1

    cdef int _vector(self, int64_t c) noexcept nogil:
        cdef Core* core = &self.core[c]
        cdef Cursor* at = &core.cursor[FINISH]
        cdef int64_t e = c * ENGINES + VECTOR
        cdef Source why = self._nobody(e, INPUT)
        if not at.valid or self.engine[e].state != IDLE:
            return 0
        if not self._passed(core, MULTIPLY, at, INPUT, &why) or not self._passed(core, LOAD_X, at, INPUT, &why):
            return 0
        if self.run_at[at.run].vector == 0:
            return -1 if self._through(c, FINISH, -1, why) < 0 else 1
        if self._compute(e, at, self.run_at[at.run].vector, why) < 0:
            return -1
        return 1

    cdef int _store(self, int64_t c) noexcept nogil:
        cdef Core* core = &self.core[c]
        cdef Cursor* at = &core.cursor[WRITE]
        cdef int64_t asked, e = c * ENGINES + STORE
        cdef Source why = self._nobody(e, INPUT)
        if not at.valid or self.engine[e].state != IDLE:
            return 0
        if not self._passed(core, FINISH, at, INPUT, &why):
            return 0
        if self.run_at[at.run].o == 0:
            self._through(c, WRITE, -1, why)
            return 1
        asked = self._marked(&core.finished, at.tile)
        if self._move(e, at.step, at.instance, self.run_at[at.run].o, 3, self.step_at[at.step].route[3], asked, why) < 0:
            return -1
        return 1

    cdef int _start_core(self, int64_t c) noexcept nogil:
        """Start what this core can start, the earliest stage that can always first, until none can."""
        cdef int stage, status = 0
        while self.todo[c] and status >= 0:
            stage = lowest_bit(self.todo[c])
            self.todo[c] ^= 1 << stage
            if stage == GRANT:
                status = self._grant(c)
                if status:
                    self.todo[c] |= 1 << GRANT
            elif stage <= LOAD_X:
                status = self._load(c, stage)
            elif stage == MULTIPLY:
                status = self._multiply(c)
            elif stage == FINISH:
                status = self._vector(c)
            else:
                status = self._store(c)
        return min(status, 0)

    cdef int _start(self) noexcept nogil:
        """Start everything that can start now, core by core, until nothing more can."""
        cdef int64_t c, side, e, route
        cdef Source why
        while self.waking and self.clock != PAUSED:
            # a step that ends on one core, for it had nothing to do, may wake another
            self.waking = False
            for c in range(self.n_cores):
                if self.todo[c] and self._start_core(c) < 0:
                    return -1
        for side in range(2):
            e = self.n_cores * ENGINES + 1 + side
            if self.engine[e].state == IDLE and self.copies_head[side] < self.copies_n[side]:
                self.copy_now[side] = self.copies[side][self.copies_head[side]]
                self.copies_head[side] += 1
                if self.copies_head[side] == self.copies_n[side]:
                    self.copies_head[side] = 0
                    self.copies_n[side] = 0
                why = self._nobody(e, DEPENDENCY) if side else self._nobody(self.n_cores * ENGINES, ARRIVAL)
                route = self.copy_out_route if side else self.copy_in_route
                if self._move(
                    e, -1, self.copy_now[side].tag, self.copy_now[side].size, 3 * side, route, self.copy_now[side].asked, why
                ) < 0:
                    return -1
        return 0

    # ---- the loop ----------------------------------------------------------------------------------------------------------

    cdef int64_t _find_due(self) noexcept nogil:
        """Collect the engines whose job or latency ends now, in order; transfers leave their queues."""
        cdef int64_t c, e, r, i, k, n = 0
        cdef Queue* queue
        for c in range(self.n_cores + 1):
            if self.core_end[c] == self.now_ps:
                for e in range(c * ENGINES, min(c * ENGINES + ENGINES, self.n_engines)):
                    if self.end[e] == self.now_ps:
                        self.due[n] = e
                        n += 1
        for r in range(self.n_routes):
            queue = &self.queue[r]
            if queue.end != self.now_ps:
                continue
            self._serve(queue)
            i = 0
            while i < queue.n and <int64_t> (queue.at[i].target - queue.served) <= 0:
                # invariant: due[:n] ascends
                e = queue.at[i].engine
                k = n
                while k > 0 and self.due[k - 1] > e:
                    self.due[k] = self.due[k - 1]
                    k -= 1
                self.due[k] = e
                n += 1
                i += 1
            queue.n -= i
            memmove(queue.at, queue.at + i, queue.n * sizeof(Moving))
            queue.moved = True
        return n

    cdef int _finish_jobs(self) noexcept nogil:
        """All completions of this instant, engine by engine."""
        cdef int64_t e, c, k, side, n = self._find_due()
        cdef int kind, stage
        cdef Source nobody = self._nobody(0, BUSY)
        for k in range(n):
            e = self.due[k]
            if self.engine[e].state == LATENT:
                self._flow(e)
                continue
            if self.engine[e].state == WAKING:
                if self._count(e) < 0:
                    return -1
                continue
            if self._end(e) < 0:
                return -1
            if e >= self.n_cores * ENGINES:
                side = e - self.n_cores * ENGINES - 1
                self._report(1, self.copy_now[side].tag)
                continue
            c = e // ENGINES
            kind = self.engine[e].kind
            if kind == TENSOR:
                stage = MULTIPLY
            elif kind == VECTOR:
                stage = FINISH
            elif kind == STORE:
                stage = WRITE
            else:
                stage = self._loading(c, kind)
            if self._through(c, stage, e, nobody) < 0:
                return -1
        return 0

    cdef int _loading(self, int64_t c, int kind) noexcept nogil:
        """Which load stage the job of a load engine belongs to."""
        cdef Core* core = &self.core[c]
        if not self.one_queue:
            if kind == WEIGHTS:
                return LOAD_W
            return LOAD_A if core.cursor[LOAD_A].tile == core.cursor[LOAD_X].tile else LOAD_X
        if core.cursor[LOAD_W].tile == core.cursor[LOAD_X].tile:
            return LOAD_W
        return LOAD_A if core.cursor[LOAD_A].tile == core.cursor[LOAD_X].tile else LOAD_X

    cdef int _run(self, int64_t limit) noexcept nogil:
        cdef int64_t at
        while self.now_ps < limit:
            # also after a stop: what ends at this instant ends before anything starts or rates change
            if self._finish_jobs() < 0 or (self.clock == PAUSING and self._pause() < 0):
                return -1
            if self._start() < 0 or (self.log_jobs and self._log_levels() < 0):
                return -1
            if self.rates_stale:
                self._share()
            if self.reached >= 0:
                self._report(2, self.reached)
                self.reached = -1
            if self.event_n:
                return 1
            at = self._next()
            if at == NEVER and limit == NEVER:
                return 0
            self.now_ps = min(at, limit)
        return 0
