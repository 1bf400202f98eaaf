"""Burst-level DRAM: banks, bank groups, ranks, pseudo-channels, command buses, refresh and the controller's queues.

What the rules are is told by the twin, ``leptonsim.kernels.plain.dram``, which looks at every tick. This kernel does
the same and gives the same numbers, but goes from event to event, and keeps for each kind of command the set of banks
that offer one (``dram/candidates.pxi``), so that the oldest is found among the few that may go now. The parts:

    dram/setup.pxi          from a DramSetup to the arrays of this kernel
    dram/source.pxi         streams, their turns, addresses
    dram/candidates.pxi     which banks have a command to offer
    dram/lists.pxi          the entries that wait for a bank
    dram/commands.pxi       what activate, precharge, read and write do
    dram/refresh.pxi        refresh
    dram/oldest_ready.pxi   the arbiter with one queue of reads and one of writes
    dram/in_turn.pxi        the arbiter with queues of the banks
    dram/channel.pxi        one channel at one tick; all channels from event to event

Invariants: an entry is in exactly one list (free, source, request queue, bank, done) or is the ``active`` of one
bank; ``hit`` and ``miss`` of a bank and its offers are right after each change of its row or lists; ``waiting`` counts
the entries of a queue wherever they wait.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

cdef extern from *:
    """
    static inline int lepton_lowest_bit(unsigned long long word) { return __builtin_ctzll(word); }
    #define LEPTON_NEVER ((int64_t)1 << 62)
    """
    int lowest_bit "lepton_lowest_bit"(uint64_t word) noexcept nogil
    const int64_t NEVER "LEPTON_NEVER"

cdef enum:
    HISTOGRAM_SLOTS = 65536
    READ = 0
    WRITE = 1
    # Kinds of streams.
    LINEAR = 0
    TILE = 1
    # What an address is cut into.
    TO_CHANNEL = 0
    TO_BANK = 1
    TO_ROW = 2
    TO_COLUMN = 3
    # Lists of banks with a command to offer.
    PENDING = 0
    READY = 1
    # Gates: what the history of groups and ranks holds back.
    ACT_GATE = 0
    PRE_GATE = 1
    READ_GATE = 2               # and WRITE_GATE after it
    # Which hits keep a row open.
    PROTECT_OLDER = 1
    PROTECT_ALL = 2
    # Bounds, in the order of leptonsim.chip.dram_setup.BOUNDS.
    DATA_BUS = 0
    BANK_GROUPS = 1
    ACTIVATE_WINDOW = 2
    COMMAND_BUS = 3
    BANKS = 4
    TURNAROUND = 5
    REFRESH = 6
    OUTSTANDING = 7
    # Commands that a bank may offer.
    NOTHING = 0
    ACTIVATE = 1
    PRECHARGE = 2
    COLUMN = 3


cdef inline int64_t later(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef inline int64_t earlier(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t aligned(int64_t tick, int64_t align) noexcept nogil:
    """The first aligned tick from ``tick`` on."""
    cdef int64_t rest
    if align == 1:
        return tick
    rest = tick % align
    return tick if rest == 0 else tick + align - rest


include "dram/setup.pxi"
include "dram/source.pxi"
include "dram/candidates.pxi"
include "dram/lists.pxi"
include "dram/commands.pxi"
include "dram/refresh.pxi"
include "dram/oldest_ready.pxi"
include "dram/in_turn.pxi"
include "dram/channel.pxi"


@cython.final
cdef class DramSimulation:
    """Channels under a stream of accesses; see ``leptonsim.kernels.plain.dram`` for the rules.

    ``setup`` is a ``leptonsim.chip.dram_setup.DramSetup``, ``streams`` a sequence of ``Stream``, ``turns`` the cyclic
    order in which they send, as indices. Raises ValueError for sizes that are no powers of two, an empty list of
    streams or an unknown index.
    """

    def __cinit__(self, setup, streams, turns=None):
        cdef Memory *m = &self.m
        cdef Rules *r = &m.rules
        cdef int32_t i
        cdef int64_t entries
        self.setup = setup
        self.streams = tuple(streams)
        m.by_index = turns is None
        turns = tuple(range(len(self.streams))) if turns is None else tuple(turns)
        if not self.streams or not turns or min(turns) < 0 or max(turns) >= len(self.streams):
            raise ValueError("DramSimulation needs at least one stream, and turns that name streams")
        take_rules(r, setup)
        take_timings(&m.k, setup)
        m.bank = <Bank *>calloc(r.channels * r.banks, sizeof(Bank))
        m.rank = <Rank *>calloc(r.channels * r.rank_count, sizeof(Rank))
        m.ticks = <int64_t *>calloc(r.channels * ticks_of_channel(r), sizeof(int64_t))
        m.places = <int32_t *>calloc(r.channels * 8 * 3 * r.banks, sizeof(int32_t))
        m.channel = <Channel *>calloc(r.channels, sizeof(Channel))
        m.histogram = <int64_t *>calloc(HISTOGRAM_SLOTS, sizeof(int64_t))
        # Every access in flight has an entry, and so has a posted write that still waits in a queue.
        entries = r.window + r.channels * <int64_t>(
            r.capacity[READ] + r.capacity[WRITE] + r.banks * (1 + r.bank_queue) + r.sends
        )
        m.entry = <Entry *>calloc(entries, sizeof(Entry))
        m.source_count = m.source_room = len(self.streams)
        m.turn_count = len(turns)
        m.source = <Source *>calloc(m.source_count, sizeof(Source))
        m.skip = <int32_t *>calloc(m.source_count + 1, sizeof(int32_t))
        m.turns = <int32_t *>calloc(m.turn_count, sizeof(int32_t))
        if (m.bank == NULL or m.rank == NULL or m.ticks == NULL or m.places == NULL
                or m.channel == NULL or m.histogram == NULL or m.entry == NULL or m.source == NULL or m.skip == NULL or m.turns == NULL):
            raise MemoryError
        for i in range(entries):
            m.entry[i].after = i + 1 if i + 1 < entries else -1
        for i in range(m.turn_count):
            m.turns[i] = turns[i]
        m.in_order = True
        for i, stream in enumerate(self.streams):
            take_stream(&m.source[i], stream)
            m.skip[i] = i
            if i and m.source[i].start < m.source[i - 1].start:
                m.in_order = False
        m.skip[m.source_count] = m.source_count
        m.turn_left = m.source[m.turns[0]].turn
        for i in range(r.channels):
            reset_channel(m, i)

    def __dealloc__(self):
        free(self.m.bank)
        free(self.m.rank)
        free(self.m.ticks)
        free(self.m.places)
        free(self.m.channel)
        free(self.m.histogram)
        free(self.m.entry)
        free(self.m.source)
        free(self.m.skip)
        free(self.m.turns)

    def run(self, accesses=None, until_tick=None):
        """Simulate until ``accesses`` more are done or ``until_tick`` is reached (None: no limit).

        Returns False when every stream has come to its end and nothing is left in flight. Stopping and going on
        changes nothing.
        Raises ValueError for an endless stream without a limit.
        """
        cdef int64_t count = -1 if accesses is None else accesses, until = NEVER if until_tick is None else until_tick
        cdef bint more
        if count < 0 and until == NEVER and any(stream.accesses == 0 for stream in self.streams):
            raise ValueError("DramSimulation.run: an endless stream needs a number of accesses or a tick to stop at")
        if self.m.finished:
            return False
        with nogil:
            more = go_on(&self.m, count, until)
        return more

    def add(self, stream):
        """Add a stream, which takes its turn after the others, and return its number.

        Only where streams take turns by number; raises ValueError otherwise. A stream that should have begun begins
        now.
        """
        cdef Memory *m = &self.m
        cdef int32_t index = m.source_count
        if not m.by_index:
            raise ValueError("DramSimulation.add: the order of turns was given, so that no stream can join")
        if index == m.source_room:
            self._make_room(2 * index + 16)
        memset(&m.source[index], 0, sizeof(Source))
        take_stream(&m.source[index], stream)
        self.streams += (stream,)
        m.turns[index] = index
        # What was the end of the list, where finished sources point to, is the new source.
        m.skip[index], m.skip[index + 1] = index, index + 1
        if m.source[index].start < m.source[index - 1].start:
            m.in_order = False
        m.source_count = m.turn_count = index + 1
        m.finished = m.flushing = False
        m.tick = earlier(m.tick, later(m.clock, m.source[index].start))
        return index

    cdef _make_room(self, int32_t room):
        """Lengthen the arrays of sources; raises MemoryError, with the arrays as they were."""
        cdef Memory *m = &self.m
        cdef void *moved = realloc(m.source, room * sizeof(Source))
        if moved == NULL:
            raise MemoryError
        m.source = <Source *>moved
        moved = realloc(m.skip, (room + 1) * sizeof(int32_t))
        if moved == NULL:
            raise MemoryError
        m.skip = <int32_t *>moved
        moved = realloc(m.turns, room * sizeof(int32_t))
        if moved == NULL:
            raise MemoryError
        m.turns = <int32_t *>moved
        m.source_room = room

    @property
    def now(self):
        """The first tick that is not yet simulated."""
        return self.m.clock

    def totals(self):
        """Counts since the start, as a dict of integers; ``open_ticks`` sums over ranks, ``bounds`` over data buses."""
        cdef Totals *total = &self.m.total
        cdef Rank *rank
        cdef int32_t i
        cdef int64_t open_ticks = 0
        for i in range(self.m.rules.channels * self.m.rules.rank_count):
            rank = &self.m.rank[i]
            open_ticks += rank.open_ticks
            if rank.open_banks:
                open_ticks += self.m.clock - rank.open_since
        return {
            "tick": self.m.clock, "reads": total.reads, "writes": total.writes, "sent": self.m.sent,
            "useful_bytes_sent": self.m.useful, "activates": total.activates, "precharges": total.precharges,
            "refreshes": total.refreshes, "read_bursts": total.bursts[READ], "write_bursts": total.bursts[WRITE],
            "row_hits": total.row_hits, "read_latency": total.latency, "open_ticks": open_ticks,
            "bounds": tuple(total.bounds[i] for i in range(8)),
        }

    def latencies(self):
        """Reads done by latency in ticks, as a list up to the longest; the last slot of 65536 holds all longer."""
        cdef int32_t i, last = 0
        for i in range(HISTOGRAM_SLOTS):
            if self.m.histogram[i]:
                last = i + 1
        return [self.m.histogram[i] for i in range(last)]

    def returned(self):
        """For each stream: (accesses done, tick of the last)."""
        return [(self.m.source[i].returned, self.m.source[i].last_done) for i in range(self.m.source_count)]
