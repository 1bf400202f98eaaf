# The records that the kernel works on.

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
    int64_t start     # start of the job, or of the part of it that is not accounted for: since when it goes on, or stands
    int64_t ready     # end of its latency, or of its block's waking
    int64_t left      # 10^-9 cycle or 2^-32 byte still to do: of a computation at `updated`, of a transfer before it flows;
                      # of a latency or waking that stands its picoseconds
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
    bint stands       # its job stands still with a clock

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
    int64_t live            # staging bytes in which something is, or is being written; 0 where banks are not told apart
    int64_t banks           # of its SRAM's banks the first so many hold data
    int64_t most            # live bytes above which more banks have to
    int64_t fewest          # live bytes at and below which fewer have to
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
    int64_t unit      # which of its kind: the core, or core * banks + bank; 0 of the chip's

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

    cdef int64_t khz                   # 0: the cores stand still
    cdef int64_t held                  # blocks of the chip that stand still, a bit for each
    cdef int64_t[:, ::1] table         # without a core clock nothing that is used
    cdef int64_t[::1] capacity
    cdef int64_t[::1] dram_mix
    cdef int64_t[::1] memo             # see TileMachine: rates depend on the clock, and are remembered with it
