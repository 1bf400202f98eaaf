# Engines, causes, columns and bounds by name.

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
    TRANSITION = 11    # a clock stands still on the way to another state
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
    REST_BANK = 6      # in the rests: a bank of a core's SRAM that holds nothing
    SLEEPS = 3         # depths of sleep at most

BLOCK_NAMES = ("tensor_core", "vector_unit", "sram", "noc", "dram", "pcie")
REST_FIELDS = ("block", "begin_ps", "end_ps", "unit")
BANK_FIELDS = ("banks", "bank_bytes", "kept_bytes", "after_ps", "wake_ps", "from_ps")

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
cdef int64_t MOST_BANKS = 4096
cdef int64_t MOST_BYTES = 1LL << 40
