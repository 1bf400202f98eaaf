"""Burst-level DRAM: banks, bank groups, ranks, pseudo-channels, command buses, refresh and the controller's queues.

What the rules are is told by the twin, ``leptonsim.kernels.plain.dram``, which looks at every tick. This kernel does
the same and gives the same numbers, but goes from event to event. Two things make it fast. First, an earliest tick
only ever rises while nothing happens to a bank's own row and lists, so the earliest tick found for a bank stays a
lower bound (``col_bound``, ``row_bound``), and the least of them one for the channel (``hit_from``, ``act_from``,
``pre_from``): nothing is looked at before its bound. Second, only banks in ``hit_mask`` (an entry hits the open row),
``act_mask`` (closed, with an entry) and ``pre_mask`` (an entry wants another row) are looked at.

Invariants: an entry is in exactly one list (free, source, request queue, bank, done) or is the ``active`` of one
bank; masks, ``hit`` and ``miss`` of a bank are right after each change of its row or lists; ``waiting`` counts the
entries of a queue wherever they wait.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

cdef extern from *:
    """
    static inline int lepton_lowest_bit(unsigned long long word) { return __builtin_ctzll(word); }
    """
    int lowest_bit "lepton_lowest_bit"(uint64_t word) noexcept nogil

cdef enum:
    NEVER_BITS = 62
    READ = 0
    WRITE = 1
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

cdef int64_t NEVER = (<int64_t>1) << NEVER_BITS
FIELD_COUNT = 7
HISTOGRAM_SIZE = 1 << 16


cdef inline int64_t later(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef inline int64_t aligned(int64_t tick, int64_t align) noexcept nogil:
    cdef int64_t rest
    if align == 1:
        return tick
    rest = tick % align
    return tick if rest == 0 else tick + align - rest


@cython.final
cdef class DramSimulation:
    """Channels under a stream of accesses; see ``leptonsim.kernels.plain.dram`` for the rules.

    ``setup`` is a ``leptonsim.chip.dram_setup.DramSetup``, ``streams`` a sequence of ``Stream``, ``turns`` the cyclic
    order in which they send, as indices. Raises ValueError for sizes that are no powers of two, an empty list of
    streams or an unknown index.
    """

    def __cinit__(self, setup, streams, turns=None):
        cdef int32_t i, d, total
        self.setup = setup
        self.streams = tuple(streams)
        self.by_index = turns is None
        turns = tuple(range(len(self.streams))) if turns is None else tuple(turns)
        if not self.streams or not turns or min(turns) < 0 or max(turns) >= len(self.streams):
            raise ValueError("DramSimulation needs at least one stream, and turns that name streams")
        for name in ("channels", "lanes", "ranks", "groups", "banks_per_group", "rows", "columns", "access_bytes"):
            value = getattr(setup, name)
            if value < 1 or value & (value - 1):
                raise ValueError(f"DramSimulation: {name} = {value} is not a power of two")
        if setup.banks > 256 or setup.lanes > 8:
            counts = f"{setup.banks} banks and {setup.lanes} pseudo-channels"
            raise ValueError(f"DramSimulation: {counts} in a channel; at most 256 and 8")
        if len(setup.address_map) > 64 or len(setup.xor_map) > 16:
            raise ValueError("DramSimulation: at most 64 pieces of an address and 16 hashes")
        if setup.window < 1 or setup.sends_per_tick < 1 or setup.refresh_interval < 0 or setup.issue_align < 1:
            raise ValueError("DramSimulation: window, sends_per_tick and issue_align must be at least 1")
        self.channels, self.lanes, self.ranks = setup.channels, setup.lanes, setup.ranks
        self.groups, self.per_group, self.banks = setup.groups, setup.banks_per_group, setup.banks
        self.access_bytes = setup.access_bytes
        self._take_timings(setup)
        self._take_controller(setup)
        total = self.channels * self.banks
        self.bank = <Bank *>calloc(total, sizeof(Bank))
        self.group = <Group *>calloc(self.channels * self.lanes * self.ranks * self.groups, sizeof(Group))
        self.rank = <Rank *>calloc(self.channels * self.lanes * self.ranks, sizeof(Rank))
        self.channel = <Channel *>calloc(self.channels, sizeof(Channel))
        self.active_bank = <int32_t *>calloc(total, sizeof(int32_t))
        self.col_bound = <int64_t *>calloc(total, sizeof(int64_t))
        self.row_bound = <int64_t *>calloc(total, sizeof(int64_t))
        self.row_age = <int64_t *>calloc(total, sizeof(int64_t))
        self.histogram_size = HISTOGRAM_SIZE
        self.histogram = <int64_t *>calloc(self.histogram_size, sizeof(int64_t))
        # Every access in flight has an entry, and so has a posted write that still waits in a queue.
        cdef int64_t entries = self.window + self.channels * <int64_t>(
            self.capacity[0] + self.capacity[1] + self.banks * (1 + self.bank_queue) + self.sends
        )
        self.entry = <Entry *>calloc(entries, sizeof(Entry))
        self.source_count = self.source_room = len(self.streams)
        self.turn_count = len(turns)
        self.source = <Source *>calloc(self.source_count, sizeof(Source))
        self.skip = <int32_t *>calloc(self.source_count + 1, sizeof(int32_t))
        self.turns = <int32_t *>calloc(self.turn_count, sizeof(int32_t))
        if (self.bank == NULL or self.group == NULL or self.rank == NULL or self.channel == NULL or self.entry == NULL
                or self.active_bank == NULL or self.col_bound == NULL or self.row_bound == NULL or self.row_age == NULL
                or self.histogram == NULL or self.source == NULL or self.turns == NULL or self.skip == NULL):
            raise MemoryError
        for i in range(entries):
            self.entry[i].after = i + 1 if i + 1 < entries else -1
        self.free_entry = 0
        for i in range(self.turn_count):
            self.turns[i] = turns[i]
        self.in_order = True
        for i, stream in enumerate(self.streams):
            self._take_stream(&self.source[i], stream)
            self.skip[i] = i
            if i and self.source[i].start < self.source[i - 1].start:
                self.in_order = False
        self.skip[self.source_count] = self.source_count
        self.used = 0
        self.flushing = False
        self.turn_at = 0
        self.turn_left = self.source[self.turns[0]].turn
        self._reset_device()

    def __dealloc__(self):
        free(self.bank)
        free(self.group)
        free(self.rank)
        free(self.channel)
        free(self.entry)
        free(self.source)
        free(self.turns)
        free(self.skip)
        free(self.active_bank)
        free(self.col_bound)
        free(self.row_bound)
        free(self.row_age)
        free(self.histogram)

    def _take_timings(self, setup):
        cdef Timing *k = &self.k
        k.burst, k.read_latency = setup.burst, setup.read_latency
        k.act_to_col[READ], k.act_to_col[WRITE] = setup.act_to_read, setup.act_to_write
        k.act_to_pre, k.act_to_act = setup.act_to_pre, setup.act_to_act
        k.act_to_act_rank, k.act_to_act_group = setup.act_to_act_rank, setup.act_to_act_group
        k.four_activates, k.wide_window = setup.four_activates, setup.wide_window
        k.pre_to_act, k.pre_to_pre = setup.pre_to_act, setup.pre_to_pre
        k.col_to_pre[READ], k.col_to_pre[WRITE] = setup.read_to_pre, setup.write_to_pre
        for first in range(2):
            for second in range(2):
                k.same_group[first][second] = setup.same_group[first][second]
                k.same_rank[first][second] = setup.same_rank[first][second]
                k.other_rank[first][second] = setup.other_rank[first][second]
        k.refresh_interval, k.refresh_cycle = setup.refresh_interval, setup.refresh_cycle
        k.act_to_refresh, k.pre_to_refresh = setup.act_to_refresh, setup.pre_to_refresh
        k.act_slots, k.column_slots, k.pre_slots = setup.act_slots, setup.column_slots, setup.pre_slots
        k.align, k.split_activate, k.column_sync = setup.issue_align, setup.split_activate, setup.column_sync

    def _take_controller(self, setup):
        self.two_buses = setup.two_buses
        self.round_robin = setup.arbiter == "bank_round_robin"
        self.bank_queue, self.row_hit_cap = setup.bank_queue, setup.row_hit_cap
        if self.round_robin and self.bank_queue < 1:
            raise ValueError("DramSimulation: bank_round_robin needs bank_queue of at least 1")
        self.protect = ("none", "older", "all").index(setup.protect_hits)
        self.age_cap = setup.age_cap
        self.capacity[READ], self.capacity[WRITE] = setup.read_queue, setup.write_queue
        self.drain_high, self.drain_low, self.drain_idle = setup.drain_high, setup.drain_low, setup.drain_idle
        self.posted_writes, self.sends = setup.posted_writes, setup.sends_per_tick
        self.merge_reads = setup.merge_reads
        self.lane_activates = setup.activate_scope == "lane"
        self.units = {"rank": setup.lanes * setup.ranks, "lane": setup.lanes, "bank": setup.banks}[setup.refresh_mode]
        self.staggered = setup.refresh_staggered or setup.refresh_mode == "bank"
        self.one_precharge = setup.refresh_one_precharge
        self.blocks_channel = setup.refresh_blocks_channel
        self.window = setup.window
        self.interval_ticks, self.interval_accesses = setup.interval
        self.pieces, self.xors = len(setup.address_map), len(setup.xor_map)
        for i, piece in enumerate(setup.address_map):
            self.piece_mask[i] = (1 << piece[2]) - 1
            for j in range(4):
                self.piece[i][j] = piece[j]
        for i, piece in enumerate(setup.xor_map):
            for j in range(4):
                self.xor_piece[i][j] = piece[j]

    cdef _take_stream(self, Source *s, stream):
        s.kind = ("linear", "tile", "random").index(stream.kind)
        s.write, s.base, s.span = stream.write, stream.base, stream.span_bytes
        s.run, s.pitch, s.tile_rows = stream.run_bytes, stream.pitch_bytes, stream.tile_rows
        s.turn, s.start, s.limit, s.random = stream.turn_accesses, stream.start_tick, stream.accesses, stream.seed
        if s.turn < 1 or s.run < 1 or s.span < s.run or s.base < 0 or s.limit < 0 or s.start < 0:
            raise ValueError(f"DramSimulation: {stream} has no accesses to send")
        if s.kind == 1 and (s.pitch < s.run or s.tile_rows < 1):
            raise ValueError(f"DramSimulation: {stream}: the pitch is smaller than a row of the tile")
        s.at = s.run_end = 0
        s.last_done = -1

    cdef void _reset_device(self) noexcept:
        cdef int32_t c, b, i, d, flat
        cdef Bank *bank
        cdef Channel *ch
        for c in range(self.channels):
            ch = &self.channel[c]
            ch.forced_at = ch.split_deadline = -1
            ch.posted_at = ch.done_at = NEVER
            for d in range(2):
                ch.queue_head[d] = ch.queue_tail[d] = ch.source_head[d] = ch.source_tail[d] = -1
            ch.done_head = ch.done_tail = -1
            ch.next_refresh = NEVER
            if self.k.refresh_interval:
                ch.next_refresh = self.k.refresh_interval // (self.units if self.staggered else 1)
            ch.wake = ch.next_refresh
            for b in range(self.banks):
                flat = c * self.banks + b
                bank = &self.bank[flat]
                bank.open_row = -1
                for d in range(2):
                    bank.head[d] = bank.tail[d] = bank.hit[d] = bank.miss[d] = -1
                bank.active = -1
                bank.group = b // self.per_group + c * self.lanes * self.ranks * self.groups
                bank.rank = b // (self.per_group * self.groups) + c * self.lanes * self.ranks
            for i in range(self.lanes * self.ranks):
                for d in range(4):
                    self.rank[c * self.lanes * self.ranks + i].four[d] = -self.k.four_activates
                for d in range(32):
                    self.rank[c * self.lanes * self.ranks + i].wide[d] = -self.k.wide_window

    # ---- sources -------------------------------------------------------------------------------------------

    cdef int64_t _next_address(self, Source *s) noexcept nogil:
        """Address of the next access of a source; counts the bytes of it that were asked for."""
        cdef int64_t address, start, end, runs
        cdef uint64_t z
        if s.kind == 0:
            address = s.base + s.at
            s.at += self.access_bytes
            if s.at >= s.span:
                s.at = 0
            self.useful += self.access_bytes
            return address
        if s.at >= s.run_end:
            if s.kind == 1:
                start = s.base + (s.tile_y * s.tile_rows + s.tile_row) * s.pitch + s.tile_x * s.run
                s.tile_row += 1
                if s.tile_row == s.tile_rows:
                    s.tile_row = 0
                    s.tile_x += 1
                    if s.tile_x * s.run + s.run > s.pitch:
                        s.tile_x = 0
                        s.tile_y += 1
                        if s.tile_y * s.tile_rows * s.pitch >= s.span:
                            s.tile_y = 0
            else:
                s.random += <uint64_t>0x9E3779B97F4A7C15
                z = s.random
                z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
                z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EB
                z = z ^ (z >> 31)
                runs = s.span // s.run
                start = s.base + <int64_t>(z % <uint64_t>runs) * s.run
            s.at = start
            s.run_end = start + s.run
        address = s.at - s.at % self.access_bytes
        end = address + self.access_bytes
        if end > s.run_end:
            end = s.run_end
        self.useful += end - s.at
        s.at = end
        return address

    cdef int32_t _unfinished(self, int32_t index) noexcept nogil:
        """The first source from ``index`` on that has accesses to send; ``source_count`` when there is none."""
        cdef int32_t found = index, following
        while self.skip[found] != found:
            found = self.skip[found]
        while index != found:
            following = self.skip[index]
            self.skip[index] = found
            index = following
        return found

    cdef int32_t _choose_source(self) noexcept nogil:
        """The source whose turn it is; -1, and nothing changed, when none may send now."""
        cdef int32_t skipped = 0, turn_at = self.turn_at, found
        cdef int64_t turn_left = self.turn_left
        cdef Source *s
        if self.by_index and self.in_order:
            while self.begun < self.source_count and self.source[self.begun].start <= self.tick:
                self.begun += 1
            if self.turn_left and self.skip[self.turn_at] == self.turn_at and self.turn_at < self.begun:
                return self.turn_at
            found = self._unfinished(self.turn_at + 1)
            if found >= self.begun:
                found = self._unfinished(0)
            if found >= self.begun:
                return -1
            self.turn_at = found
            self.turn_left = self.source[found].turn
            return found
        while True:
            s = &self.source[self.turns[self.turn_at]]
            if self.turn_left and s.start <= self.tick and not (s.limit and s.sent == s.limit):
                return self.turns[self.turn_at]
            skipped += 1
            if skipped > self.turn_count + 1:
                self.turn_at, self.turn_left = turn_at, turn_left
                return -1
            self.turn_at += 1
            if self.turn_at == self.turn_count:
                self.turn_at = 0
            self.turn_left = self.source[self.turns[self.turn_at]].turn

    cdef bint _send(self) noexcept nogil:
        """Send accesses while the window and the pace allow; False when no source has any left now."""
        cdef Source *s
        cdef Entry *e
        cdef Channel *ch
        cdef int64_t address
        cdef int64_t part[7]
        cdef int32_t i, d, index, c, source
        cdef int32_t *p
        while self.in_flight < self.window:
            if self.interval_ticks and self.sent * self.interval_ticks > self.tick * self.interval_accesses:
                return True
            source = self._choose_source()
            if source < 0:
                return False
            s = &self.source[source]
            self.turn_left -= 1
            address = self._next_address(s)
            s.sent += 1
            if s.sent == s.limit:
                self.skip[source] = source + 1
            self.sent += 1
            self.in_flight += 1
            for i in range(7):
                part[i] = 0
            for i in range(self.pieces):
                p = self.piece[i]
                part[p[0]] |= ((address >> p[1]) & self.piece_mask[i]) << p[3]
            for i in range(self.xors):
                p = self.xor_piece[i]
                part[p[0]] ^= (part[p[1]] >> p[2]) & ((<int64_t>1 << p[3]) - 1)
            index = self.free_entry
            e = &self.entry[index]
            self.free_entry = e.after
            self.used += 1
            c = <int32_t>part[0]
            e.bank = <int32_t>(((part[1] * self.ranks + part[2]) * self.groups + part[3]) * self.per_group + part[4])
            e.row, e.column = part[5], part[6]
            e.merged = -1
            e.write = s.write
            e.stream = source
            e.order = self.sent
            e.after = -1
            ch = &self.channel[c]
            d = e.write
            if ch.source_tail[d] < 0:
                ch.source_head[d] = index
            else:
                self.entry[ch.source_tail[d]].after = index
            ch.source_tail[d] = index
            # Where the queue is full, the channel wakes by itself when there is room.
            if ch.waiting[d] < self.capacity[d]:
                ch.wake = self.tick
        return True

    # ---- lists of a bank -----------------------------------------------------------------------------------

    cdef inline void _mask(self, int32_t c, int32_t b) noexcept nogil:
        """Put a bank into the masks that its lists and its row call for, and lower the bounds to what it now offers."""
        cdef Channel *ch = &self.channel[c]
        cdef Bank *bank = &self.bank[c * self.banks + b]
        cdef uint64_t bit = <uint64_t>1 << (b & 63)
        cdef int32_t word = b >> 6, d
        cdef int64_t at
        self.col_bound[c * self.banks + b] = 0
        self.row_bound[c * self.banks + b] = 0
        if self.round_robin:
            if bank.waiting:
                ch.act_mask[0][word] |= bit
            else:
                ch.act_mask[0][word] &= ~bit
            return
        for d in range(2):
            ch.hit_mask[d][word] &= ~bit
            ch.act_mask[d][word] &= ~bit
            ch.pre_mask[d][word] &= ~bit
            if bank.open_row < 0:
                if bank.head[d] >= 0:
                    ch.act_mask[d][word] |= bit
            else:
                if bank.hit[d] >= 0:
                    ch.hit_mask[d][word] |= bit
                if bank.miss[d] >= 0:
                    ch.pre_mask[d][word] |= bit
        d = ch.mode
        if bank.open_row < 0:
            if bank.head[d] >= 0:
                self.row_age[c * self.banks + b] = self.entry[bank.head[d]].order
                self.row_bound[c * self.banks + b] = at = self._act_at(ch, bank)
                if at < ch.act_from:
                    ch.act_from = at
            return
        if bank.hit[d] >= 0:
            self.col_bound[c * self.banks + b] = at = self._col_at(ch, bank, d)
            if at < ch.hit_from:
                ch.hit_from = at
        if bank.miss[d] >= 0:
            self.row_age[c * self.banks + b] = self.entry[bank.miss[d]].order
            self.row_bound[c * self.banks + b] = at = self._pre_at(ch, bank)
            if at < ch.pre_from:
                ch.pre_from = at

    cdef inline void _forget_bounds(self, int32_t c) noexcept nogil:
        """Look at every bank again."""
        cdef int32_t b
        cdef Channel *ch = &self.channel[c]
        ch.hit_from = ch.active_from = ch.act_from = ch.pre_from = 0
        for b in range(c * self.banks, (c + 1) * self.banks):
            self.col_bound[b] = self.row_bound[b] = 0

    cdef inline void _append(self, int32_t c, int32_t index) noexcept nogil:
        cdef Entry *e = &self.entry[index]
        cdef Bank *bank = &self.bank[c * self.banks + e.bank]
        cdef int32_t d = e.write
        e.before = bank.tail[d]
        e.after = -1
        if bank.tail[d] < 0:
            bank.head[d] = index
        else:
            self.entry[bank.tail[d]].after = index
        bank.tail[d] = index
        bank.waiting += 1
        if bank.open_row < 0:
            if e.before >= 0:
                return
        elif e.row == bank.open_row:
            if bank.hit[d] >= 0:
                return
            bank.hit[d] = index
        else:
            if bank.miss[d] >= 0 and not self.round_robin:
                return
            if bank.miss[d] < 0:
                bank.miss[d] = index
        # What the bank offers has changed.
        self._mask(c, e.bank)

    cdef inline void _remove(self, int32_t c, int32_t index) noexcept nogil:
        """Take an entry out of its bank's list; ``hit`` and ``miss`` move on to the next such entry."""
        cdef Entry *e = &self.entry[index]
        cdef Bank *bank = &self.bank[c * self.banks + e.bank]
        cdef int32_t d = e.write, other
        if e.before < 0:
            bank.head[d] = e.after
        else:
            self.entry[e.before].after = e.after
        if e.after < 0:
            bank.tail[d] = e.before
        else:
            self.entry[e.after].before = e.before
        bank.waiting -= 1
        if bank.hit[d] == index:
            other = e.after
            while other >= 0 and self.entry[other].row != bank.open_row:
                other = self.entry[other].after
            bank.hit[d] = other
        elif bank.miss[d] == index:
            other = e.after
            while other >= 0 and self.entry[other].row == bank.open_row:
                other = self.entry[other].after
            bank.miss[d] = other

    cdef inline void _sort_by_row(self, Bank *bank) noexcept nogil:
        """Find the first hit and the first miss of both lists after the row has changed."""
        cdef int32_t d, index
        for d in range(2):
            bank.hit[d] = bank.miss[d] = -1
            if bank.open_row < 0:
                continue
            index = bank.head[d]
            while index >= 0 and (bank.hit[d] < 0 or bank.miss[d] < 0):
                if self.entry[index].row == bank.open_row:
                    if bank.hit[d] < 0:
                        bank.hit[d] = index
                elif bank.miss[d] < 0:
                    bank.miss[d] = index
                index = self.entry[index].after

    # ---- earliest ticks ------------------------------------------------------------------------------------

    cdef inline int64_t _act_at(self, Channel *ch, Bank *bank) noexcept nogil:
        cdef int64_t at = later(later(bank.act_at, ch.row_free), self.rank[bank.rank].act_at)
        return aligned(later(at, self.group[bank.group].act_at), self.k.align)

    cdef inline int64_t _pre_at(self, Channel *ch, Bank *bank) noexcept nogil:
        return later(later(bank.pre_at, ch.row_free), self.rank[bank.rank].pre_at)

    cdef inline int64_t _col_at(self, Channel *ch, Bank *bank, int32_t d) noexcept nogil:
        cdef int64_t at = later(later(bank.col_at[d], ch.col_free), self.rank[bank.rank].col_at[d])
        return aligned(later(at, self.group[bank.group].col_at[d]), self.k.align)

    # ---- commands ------------------------------------------------------------------------------------------

    cdef inline void _take_bus(self, Channel *ch, int64_t t, bint column, int64_t slots) noexcept nogil:
        if column or not self.two_buses:
            ch.col_free = later(ch.col_free, t + slots)
        if not column or not self.two_buses:
            ch.row_free = later(ch.row_free, t + slots)

    cdef void _activate(self, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil:
        cdef Channel *ch = &self.channel[c]
        cdef Bank *bank = &self.bank[c * self.banks + b]
        cdef Rank *rank = &self.rank[bank.rank]
        cdef Group *group = &self.group[bank.group]
        cdef Rank *recent
        cdef Entry *e = &self.entry[index]
        cdef int64_t window, latest
        cdef int32_t first, last
        # What held this activate back: the condition that was met last.
        bank.opened_by = OUTSTANDING
        latest = e.accepted
        if bank.act_at > latest:
            latest, bank.opened_by = bank.act_at, bank.closed_by
        window = later(rank.act_at, group.act_at)
        if window > latest:
            latest, bank.opened_by = window, ACTIVATE_WINDOW
        if t > latest + 2 * self.k.align:
            bank.opened_by = COMMAND_BUS
        bank.open_row = e.row
        bank.hits = 0
        bank.col_at[READ] = later(bank.col_at[READ], t + self.k.act_to_col[READ])
        bank.col_at[WRITE] = later(bank.col_at[WRITE], t + self.k.act_to_col[WRITE])
        bank.pre_at = later(bank.pre_at, t + self.k.act_to_pre)
        bank.act_at = later(bank.act_at, t + self.k.act_to_act)
        bank.refresh_at = later(bank.refresh_at, t + self.k.act_to_refresh)
        group.act_at = later(group.act_at, t + self.k.act_to_act_group)
        # The ring of the last four activates is kept in the first rank of the lane when the window counts all of them.
        if self.lane_activates:
            first = bank.rank - bank.rank % self.ranks
            last = first + self.ranks
        else:
            first = bank.rank
            last = first + 1
        recent = &self.rank[first]
        recent.four[recent.four_next] = t
        recent.four_next = (recent.four_next + 1) & 3
        window = later(t + self.k.act_to_act_rank, recent.four[recent.four_next] + self.k.four_activates)
        if self.k.wide_window:
            recent.wide[recent.wide_next] = t
            recent.wide_next = (recent.wide_next + 1) & 31
            window = later(window, recent.wide[recent.wide_next] + self.k.wide_window)
        for first in range(first, last):
            self.rank[first].act_at = later(self.rank[first].act_at, window)
        ch.act_floor = NEVER
        for first in range(c * self.lanes * self.ranks, (c + 1) * self.lanes * self.ranks):
            if self.rank[first].act_at < ch.act_floor:
                ch.act_floor = self.rank[first].act_at
        if rank.open_banks == 0:
            rank.open_since = t
        rank.open_banks += 1
        self.total.activates += 1
        if not self.round_robin:
            self._remove(c, index)
            ch.waiting[e.write] -= 1
            bank.active = index
            self.active_bank[c * self.banks + ch.actives] = b
            ch.actives += 1
            if bank.col_at[e.write] < ch.active_from or ch.actives == 1:
                ch.active_from = bank.col_at[e.write]
            if self.k.split_activate:
                ch.split_deadline = t + self.k.split_activate
        self._sort_by_row(bank)
        self._mask(c, b)
        self._take_bus(ch, t, False, self.k.act_slots)

    cdef void _close(self, int32_t c, int32_t b, int64_t t, int32_t bound) noexcept nogil:
        """The row of a bank is written back: what a precharge does to that bank."""
        cdef Bank *bank = &self.bank[c * self.banks + b]
        cdef Rank *rank = &self.rank[bank.rank]
        bank.open_row = -1
        bank.closed_by = bound
        bank.act_at = later(bank.act_at, t + self.k.pre_to_act)
        bank.refresh_at = later(bank.refresh_at, t + self.k.pre_to_refresh)
        rank.pre_at = later(rank.pre_at, t + self.k.pre_to_pre)
        rank.open_banks -= 1
        if rank.open_banks == 0:
            rank.open_ticks += t - rank.open_since
        self._sort_by_row(bank)
        self._mask(c, b)

    cdef void _precharge(self, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil:
        cdef Bank *bank = &self.bank[c * self.banks + b]
        cdef int32_t bound = OUTSTANDING if self.entry[index].accepted >= bank.pre_at else BANKS
        self._close(c, b, t, bound)
        self.total.precharges += 1
        self._take_bus(&self.channel[c], t, False, self.k.pre_slots)

    cdef void _column(self, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil:
        """Read or write; the entry leaves its list and is done when its data are there."""
        cdef Channel *ch = &self.channel[c]
        cdef Bank *bank = &self.bank[c * self.banks + b]
        cdef Entry *e = &self.entry[index]
        cdef Rank *rank
        cdef Group *group = &self.group[bank.group]
        cdef int32_t d = e.write, lane = b // (self.ranks * self.groups * self.per_group), i, first, cause
        cdef int64_t gap = t - ch.lane_free[lane], latest
        if gap > 0:
            # The data bus idled: because of the condition that was met last.
            latest, cause = e.accepted, OUTSTANDING
            if bank.col_at[d] > latest:
                latest, cause = bank.col_at[d], bank.opened_by
            if later(group.col_at[d], self.rank[bank.rank].col_at[d]) > latest:
                latest = later(group.col_at[d], self.rank[bank.rank].col_at[d])
                cause = TURNAROUND if ch.lane_last[lane] != d else BANK_GROUPS
                if cause == BANK_GROUPS and self.rank[bank.rank].col_at[d] > group.col_at[d]:
                    cause = TURNAROUND
            if t > latest + 2 * self.k.align:
                cause = COMMAND_BUS
            self.total.bounds[cause] += gap
        else:
            gap = 0
        self.total.bounds[DATA_BUS] += self.k.burst
        ch.lane_free[lane] = t + self.k.burst
        ch.lane_last[lane] = d
        if bank.hits:
            self.total.row_hits += 1
        bank.hits += 1
        self.total.bursts[d] += 1
        bank.pre_at = later(bank.pre_at, t + self.k.col_to_pre[d])
        first = bank.rank - bank.rank % self.ranks
        for i in range(2):
            group.col_at[i] = later(group.col_at[i], t + self.k.same_group[d][i])
        for first in range(first, first + self.ranks):
            rank = &self.rank[first]
            for i in range(2):
                if first == bank.rank:
                    rank.col_at[i] = later(rank.col_at[i], t + self.k.same_rank[d][i])
                else:
                    rank.col_at[i] = later(rank.col_at[i], t + self.k.other_rank[d][i])
        ch.col_floor[READ] = ch.col_floor[WRITE] = NEVER
        for first in range(c * self.lanes * self.ranks, (c + 1) * self.lanes * self.ranks):
            for i in range(2):
                if self.rank[first].col_at[i] < ch.col_floor[i]:
                    ch.col_floor[i] = self.rank[first].col_at[i]
        if bank.active == index:
            bank.active = -1
            for i in range(ch.actives):
                if self.active_bank[c * self.banks + i] == b:
                    ch.actives -= 1
                    self.active_bank[c * self.banks + i] = self.active_bank[c * self.banks + ch.actives]
                    break
        else:
            self._remove(c, index)
            if not self.round_robin:
                ch.waiting[d] -= 1
        self._mask(c, b)
        ch.moved = 1
        if self.k.column_sync:
            ch.synced_until = later(ch.synced_until, t + self.k.read_latency + self.k.column_sync)
        self._take_bus(ch, t, True, self.k.column_slots)
        if d == READ:
            while index >= 0:
                self._return(ch, index, t + self.k.read_latency)
                index = self.entry[index].merged
        else:
            if not self.posted_writes:
                self.in_flight -= 1
                self._count(index, t)
            self._free(index)

    cdef inline void _return(self, Channel *ch, int32_t index, int64_t t) noexcept nogil:
        """The data of a read are there at ``t``."""
        self.entry[index].done = t
        self.entry[index].after = -1
        if ch.done_tail < 0:
            ch.done_head = index
            if t < ch.done_at:
                ch.done_at = t
        else:
            self.entry[ch.done_tail].after = index
        ch.done_tail = index

    cdef inline void _free(self, int32_t index) noexcept nogil:
        self.entry[index].after = self.free_entry
        self.free_entry = index
        self.used -= 1

    cdef inline void _count(self, int32_t index, int64_t t) noexcept nogil:
        """Count an access as done at tick ``t``."""
        cdef Entry *e = &self.entry[index]
        cdef Source *s = &self.source[e.stream]
        cdef int64_t latency
        s.returned += 1
        s.last_done = t
        if e.write:
            self.total.writes += 1
        else:
            self.total.reads += 1
            latency = t - e.accepted
            self.total.latency += latency
            self.histogram[latency if latency < self.histogram_size else self.histogram_size - 1] += 1

    # ---- refresh -------------------------------------------------------------------------------------------

    cdef void _request_refresh(self, int32_t c) noexcept nogil:
        """At a refresh interval: one unit, or all of them, become due."""
        cdef Channel *ch = &self.channel[c]
        if self.staggered:
            ch.next_refresh += self.k.refresh_interval // self.units
            ch.refreshes_due += 1
        else:
            ch.next_refresh += self.k.refresh_interval
            ch.refreshes_due += self.units

    cdef void _unit(self, int32_t c, int32_t *first, int32_t *count) noexcept nogil:
        """Banks of the unit that is refreshed next."""
        count[0] = self.banks // self.units
        first[0] = self.channel[c].refresh_unit * count[0]

    cdef int64_t _refresh(self, int32_t c, int64_t t, bint *issued) noexcept nogil:
        """Close the banks of the first unit that is due, then refresh it; returns the next tick to try again."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t first, count, b, base = c * self.banks
        cdef Bank *bank
        cdef int64_t at = 0, soonest = NEVER
        cdef bint closed = True, held = False
        issued[0] = False
        ch.refreshing = 1
        self._unit(c, &first, &count)
        for b in range(first, first + count):
            bank = &self.bank[base + b]
            if bank.open_row >= 0:
                closed = False
                if bank.active >= 0:
                    held = True
                at = later(at, self._pre_at(ch, bank))
                soonest = self._pre_at(ch, bank) if self._pre_at(ch, bank) < soonest else soonest
                if self.one_precharge and bank.active < 0 and self._pre_at(ch, bank) <= t:
                    self._close(c, b, t, REFRESH)
                    self.total.precharges += 1
                    self._take_bus(ch, t, False, self.k.pre_slots)
                    issued[0] = True
                    return t + 1
        if not closed:
            if self.one_precharge:
                return soonest if soonest > t else t + 1
            if held:
                # The column command of an active entry will wake the channel.
                return NEVER
            if at > t:
                return at
            for b in range(first, first + count):
                if self.bank[base + b].open_row >= 0:
                    self._close(c, b, t, REFRESH)
            self.total.precharges += 1
            self._take_bus(ch, t, False, self.k.pre_slots)
            issued[0] = True
            return t + 1
        at = ch.row_free
        for b in range(first, first + count):
            at = later(at, self.bank[base + b].refresh_at)
        at = aligned(at, self.k.align)
        if at > t:
            return at
        for b in range(first, first + count):
            bank = &self.bank[base + b]
            bank.act_at = later(bank.act_at, t + self.k.refresh_cycle)
            bank.refresh_at = later(bank.refresh_at, t + self.k.refresh_cycle)
            bank.closed_by = REFRESH
        self._forget_bounds(c)
        self._take_bus(ch, t, False, self.k.pre_slots)
        self.total.refreshes += 1
        ch.refreshing = 0
        ch.refreshes_due -= 1
        ch.refresh_unit += 1
        if ch.refresh_unit == self.units:
            ch.refresh_unit = 0
        issued[0] = True
        return t + 1

    # ---- arbiters ------------------------------------------------------------------------------------------

    cdef int32_t _offer(self, int32_t c, int32_t b, int64_t t, int32_t *index) noexcept nogil:
        """With bank queues: the first command of a bank's queue that is ready; sets the bank's bound when none is."""
        cdef Channel *ch = &self.channel[c]
        cdef Bank *bank = &self.bank[c * self.banks + b]
        cdef int32_t head = bank.head[0], first, second
        cdef int64_t at, soonest = NEVER
        if head < 0 or (bank.head[1] >= 0 and self.entry[bank.head[1]].order < self.entry[head].order):
            head = bank.head[1]
        if bank.open_row < 0:
            at = self._act_at(ch, bank)
            index[0] = head
            if at <= t:
                return ACTIVATE
            self.row_bound[c * self.banks + b] = at
            return NOTHING
        if self.entry[head].row != bank.open_row and (
            (bank.hit[0] < 0 and bank.hit[1] < 0) or (self.row_hit_cap and bank.hits >= self.row_hit_cap)
        ):
            at = self._pre_at(ch, bank)
            index[0] = head
            if at <= t:
                return PRECHARGE
            soonest = at
        first, second = bank.hit[0], bank.hit[1]
        if first < 0 or (second >= 0 and self.entry[second].order < self.entry[first].order):
            first, second = second, first
        if first >= 0:
            at = self._col_at(ch, bank, self.entry[first].write)
            index[0] = first
            if at <= t:
                return COLUMN
            if at < soonest:
                soonest = at
        if second >= 0:
            at = self._col_at(ch, bank, self.entry[second].write)
            index[0] = second
            if at <= t:
                return COLUMN
            if at < soonest:
                soonest = at
        self.row_bound[c * self.banks + b] = soonest
        return NOTHING

    cdef int32_t _next_in_turn(
        self, int32_t c, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
    ) noexcept nogil:
        """Round robin over the banks with entries, from the one after the last served."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t part, low, high, b, word, kind, first = 0, count = 0
        cdef uint64_t bits
        cdef int64_t bound
        if ch.refreshing:
            self._unit(c, &first, &count)
        for part in range(2):
            low = ch.pointer + 1 if part == 0 else 0
            high = self.banks if part == 0 else ch.pointer + 1
            word = low >> 6
            while word * 64 < high:
                bits = ch.act_mask[0][word]
                if word == low >> 6:
                    bits &= ~<uint64_t>0 << (low & 63)
                if word == high >> 6:
                    bits &= (<uint64_t>1 << (high & 63)) - 1
                while bits:
                    b = word * 64 + lowest_bit(bits)
                    bits &= bits - 1
                    if count and first <= b < first + count:
                        continue
                    bound = self.row_bound[c * self.banks + b]
                    if bound <= t:
                        kind = self._offer(c, b, t, index)
                        if kind != NOTHING:
                            ch.pointer = b
                            bank_found[0] = b
                            return kind
                        bound = self.row_bound[c * self.banks + b]
                    if bound < soonest[0]:
                        soonest[0] = bound
                word += 1
        return NOTHING

    cdef int32_t _oldest_column(
        self, int32_t c, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
    ) noexcept nogil:
        """The oldest ready column command: of entries that a row was opened for, else of the queue being served."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t i, b, best = -1, word, d = ch.mode, base = c * self.banks, first = 0, count = 0
        cdef Bank *bank
        cdef uint64_t bits
        cdef int64_t at, following, order = 0
        if ch.actives:
            at = ch.col_floor[READ] if ch.col_floor[READ] < ch.col_floor[WRITE] else ch.col_floor[WRITE]
            at = later(later(ch.active_from, ch.col_free), at)
            if at <= t:
                following = NEVER
                for i in range(ch.actives):
                    b = self.active_bank[base + i]
                    bank = &self.bank[base + b]
                    at = self._col_at(ch, bank, self.entry[bank.active].write)
                    if at < following:
                        following = at
                    if at <= t and (best < 0 or self.entry[bank.active].order < self.entry[best].order):
                        best, bank_found[0] = bank.active, b
                ch.active_from = at = following
            if at < soonest[0]:
                soonest[0] = at
        if best < 0 and not (self.blocks_channel and ch.refreshes_due):
            at = later(later(ch.hit_from, ch.col_free), ch.col_floor[d])
            if at <= t:
                if ch.refreshing:
                    self._unit(c, &first, &count)
                following = NEVER
                for word in range((self.banks + 63) >> 6):
                    bits = ch.hit_mask[d][word]
                    while bits:
                        b = word * 64 + lowest_bit(bits)
                        bits &= bits - 1
                        if count and first <= b < first + count:
                            continue
                        at = self.col_bound[base + b]
                        if at <= t:
                            bank = &self.bank[base + b]
                            if best >= 0 and self.entry[bank.hit[d]].order > order:
                                continue
                            at = self._col_at(ch, bank, d)
                            self.col_bound[base + b] = at
                            if at <= t:
                                best, bank_found[0] = bank.hit[d], b
                                order = self.entry[best].order
                        if at < following:
                            following = at
                # Banks of younger entries were passed over when one was found.
                ch.hit_from = at = following if best < 0 else t
            if at < soonest[0]:
                soonest[0] = at
        index[0] = best
        return COLUMN if best >= 0 else NOTHING

    cdef int32_t _oldest_row(
        self, int32_t c, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
    ) noexcept nogil:
        """The oldest ready activate or precharge of the queue being served."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t b, best = -1, word, d = ch.mode, base = c * self.banks, kind = NOTHING
        cdef int32_t candidate, first = 0, count = 0
        cdef Bank *bank
        cdef uint64_t bits
        cdef int64_t at, following, order = NEVER
        index[0] = -1
        if self.blocks_channel and ch.refreshes_due:
            return NOTHING
        if ch.refreshing:
            self._unit(c, &first, &count)
        at = later(later(ch.act_from, ch.row_free), ch.act_floor)
        if ch.split_deadline < 0:
            if at <= t:
                following = NEVER
                for word in range((self.banks + 63) >> 6):
                    bits = ch.act_mask[d][word]
                    while bits:
                        b = word * 64 + lowest_bit(bits)
                        bits &= bits - 1
                        if count and first <= b < first + count:
                            continue
                        if self.row_age[base + b] > order:
                            continue
                        at = self.row_bound[base + b]
                        if at <= t:
                            bank = &self.bank[base + b]
                            at = self._act_at(ch, bank)
                            self.row_bound[base + b] = at
                            if at <= t:
                                best, bank_found[0], kind = bank.head[d], b, ACTIVATE
                                order = self.entry[best].order
                        if at < following:
                            following = at
                # Banks of younger entries were passed over when one was found.
                ch.act_from = at = following if best < 0 else t
            if at < soonest[0]:
                soonest[0] = at
        at = later(ch.pre_from, ch.row_free)
        if at <= t:
            following = NEVER
            for word in range((self.banks + 63) >> 6):
                bits = ch.pre_mask[d][word]
                while bits:
                    b = word * 64 + lowest_bit(bits)
                    bits &= bits - 1
                    if self.row_age[base + b] > order:
                        following = t
                        continue
                    bank = &self.bank[base + b]
                    if (count and first <= b < first + count) or bank.active >= 0:
                        continue
                    at = self.row_bound[base + b]
                    if at <= t:
                        candidate = bank.miss[d]
                        at = self._pre_at(ch, bank)
                        if bank.hit[d] >= 0 and (
                            self.protect == 2
                            or (self.protect == 1 and self.entry[bank.hit[d]].order < self.entry[candidate].order)
                        ):
                            # The row stays open for its hits until the request that wants another is too old.
                            if not self.age_cap:
                                continue
                            at = later(at, self.entry[candidate].accepted + self.age_cap)
                        self.row_bound[base + b] = at
                        if at <= t:
                            best, bank_found[0], kind = candidate, b, PRECHARGE
                            order = self.entry[best].order
                    if at < following:
                        following = at
            ch.pre_from = at = following
        if at < soonest[0]:
            soonest[0] = at
        index[0] = best
        return kind

    cdef inline void _choose_mode(self, int32_t c) noexcept nogil:
        """Reads first; writes from the high mark of their queue (or when there are no reads) down to the low mark."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t b
        if ch.mode == READ:
            if ch.waiting[WRITE] < self.drain_high and ch.waiting[READ] != 0:
                return
        elif ch.waiting[WRITE] > self.drain_low or ch.waiting[READ] == 0:
            return
        ch.mode = WRITE - ch.mode
        # Bounds and ages were those of the other queue's entries.
        self._forget_bounds(c)
        for b in range(self.banks):
            self._mask(c, b)

    cdef inline void _do(self, int32_t kind, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil:
        if kind == ACTIVATE:
            self._activate(c, b, index, t)
        elif kind == PRECHARGE:
            self._precharge(c, b, index, t)
        else:
            self._column(c, b, index, t)

    cdef bint _arbitrate_in_turn(self, int32_t c, int64_t t, int64_t *soonest) noexcept nogil:
        """Bank queues: refresh first, then round robin; with two buses a second command of the other class."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t kind = NOTHING, other, b = 0, index = 0
        cdef int64_t again
        cdef bint issued = False, column = False
        if ch.refreshes_due:
            again = self._refresh(c, t, &issued)
            if not issued and again < soonest[0]:
                soonest[0] = again
        if not issued:
            kind = self._next_in_turn(c, t, &b, &index, soonest)
            if kind == NOTHING:
                return False
            column = kind == COLUMN
            self._do(kind, c, b, index, t)
        if self.two_buses:
            other = self._next_in_turn(c, t, &b, &index, soonest)
            if other != NOTHING and (other == COLUMN) != column:
                self._do(other, c, b, index, t)
        return True

    cdef bint _arbitrate_oldest(self, int32_t c, int64_t t, int64_t *soonest) noexcept nogil:
        """One queue: what a row was opened for, then refresh, then the oldest ready of the queue being served."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t column, row, column_bank = 0, row_bank = 0, column_index = -1, row_index = -1
        cdef int64_t again
        cdef bint issued = False, refreshed = False, opened_for = False
        if ch.forced_at >= 0:
            if ch.forced_at > t:
                soonest[0] = ch.forced_at
                return False
            ch.forced_at = -1
            self._column(c, ch.forced_bank, ch.forced_entry, t)
            return True
        if ch.split_deadline >= 0 and t >= ch.split_deadline:
            ch.split_deadline = -1
            self._take_bus(ch, t, False, 1)
            return True
        self._choose_mode(c)
        column = self._oldest_column(c, t, &column_bank, &column_index, soonest)
        if column != NOTHING:
            opened_for = self.bank[c * self.banks + column_bank].active == column_index
            if self.two_buses:
                issued = True
                self._column(c, column_bank, column_index, t)
                column = NOTHING
                opened_for = False
        if ch.refreshes_due and not opened_for:
            again = self._refresh(c, t, &refreshed)
            if refreshed:
                return True
            if again < soonest[0]:
                soonest[0] = again
        if self.two_buses:
            self._choose_mode(c)
        row = NOTHING
        if not opened_for:
            row = self._oldest_row(c, t, &row_bank, &row_index, soonest)
        if row != NOTHING and (
            column == NOTHING or self.entry[row_index].order < self.entry[column_index].order
        ):
            self._do(row, c, row_bank, row_index, t)
            return True
        if column != NOTHING:
            if self.k.column_sync and t >= ch.synced_until:
                ch.forced_at, ch.forced_bank = t + 1, column_bank
                ch.forced_entry = column_index
                self._take_bus(ch, t, True, 1)
                soonest[0] = t + 1
                return True
            self._column(c, column_bank, column_index, t)
            return True
        if not issued and ch.split_deadline >= 0:
            ch.split_deadline = -1
            self._take_bus(ch, t, False, 1)
            return True
        return issued

    cdef int32_t _waiting_read(self, int32_t c, Entry *e) noexcept nogil:
        """An entry that waits to read the same burst; -1: none."""
        cdef int32_t index = self.channel[c].queue_head[READ], part
        for part in range(2):
            while index >= 0:
                if (
                    self.entry[index].bank == e.bank
                    and self.entry[index].row == e.row
                    and self.entry[index].column == e.column
                ):
                    return index
                index = self.entry[index].after
            index = self.bank[c * self.banks + e.bank].head[READ]
        index = self.bank[c * self.banks + e.bank].active
        if index >= 0 and not self.entry[index].write and self.entry[index].row == e.row:
            return index if self.entry[index].column == e.column else -1
        return -1

    # ---- one channel, one tick -----------------------------------------------------------------------------

    cdef void _accept(self, int32_t c, int64_t t) noexcept nogil:
        """Take accesses that were sent into the queues, the oldest first, as far as there is room."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t n, d, index, r, w, other
        cdef Entry *e
        for n in range(self.sends):
            r = ch.source_head[READ] if ch.waiting[READ] < self.capacity[READ] else -1
            w = ch.source_head[WRITE] if ch.waiting[WRITE] < self.capacity[WRITE] else -1
            if r >= 0 and (w < 0 or self.entry[r].order < self.entry[w].order):
                index, d = r, READ
            elif w >= 0:
                index, d = w, WRITE
            else:
                return
            e = &self.entry[index]
            ch.source_head[d] = e.after
            if e.after < 0:
                ch.source_tail[d] = -1
            e.accepted = t
            e.after = -1
            if self.merge_reads and d == READ:
                other = self._waiting_read(c, e)
                if other >= 0:
                    e.merged = self.entry[other].merged
                    self.entry[other].merged = index
                    continue
            ch.waiting[d] += 1
            if self.round_robin:
                e.before = ch.queue_tail[d]
                if ch.queue_tail[d] < 0:
                    ch.queue_head[d] = index
                else:
                    self.entry[ch.queue_tail[d]].after = index
                ch.queue_tail[d] = index
                ch.moved = 1
            else:
                self._append(c, index)
            if d == WRITE and self.posted_writes:
                self._count(index, t + 1)
                ch.posted += 1
                ch.posted_at = t + 1
                if ch.done_at > t + 1:
                    ch.done_at = t + 1

    cdef bint _fill_bank_queues(self, int32_t c, int64_t t) noexcept nogil:
        """Move one request to its bank's queue: of the writes while they drain, else of the reads."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t d, index
        cdef Entry *e
        if ch.draining == 0:
            if ch.waiting[WRITE] >= self.drain_high or (
                ch.waiting[READ] == 0 and ch.waiting[WRITE] and (self.flushing or ch.waiting[WRITE] >= self.drain_idle)
            ):
                ch.draining = ch.waiting[WRITE]
        d = WRITE if ch.draining else READ
        index = ch.queue_head[d]
        while index >= 0:
            e = &self.entry[index]
            if self.bank[c * self.banks + e.bank].waiting < self.bank_queue:
                if e.before < 0:
                    ch.queue_head[d] = e.after
                else:
                    self.entry[e.before].after = e.after
                if e.after < 0:
                    ch.queue_tail[d] = e.before
                else:
                    self.entry[e.after].before = e.before
                ch.waiting[d] -= 1
                if d == WRITE:
                    ch.draining -= 1
                ch.order += 1
                e.order = ch.order
                self._append(c, index)
                return True
            index = e.after
        return False

    cdef void _complete(self, int32_t c, int64_t t) noexcept nogil:
        """Count what is done at ``t``: data that arrive, and writes that were posted a tick before."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t index
        if ch.posted_at <= t:
            self.in_flight -= ch.posted
            ch.posted = 0
            ch.posted_at = NEVER
        while ch.done_head >= 0 and self.entry[ch.done_head].done <= t:
            index = ch.done_head
            ch.done_head = self.entry[index].after
            if ch.done_head < 0:
                ch.done_tail = -1
            self.in_flight -= 1
            self._count(index, t)
            self._free(index)
        ch.done_at = ch.posted_at
        if ch.done_head >= 0 and self.entry[ch.done_head].done < ch.done_at:
            ch.done_at = self.entry[ch.done_head].done

    cdef int64_t _next_command(self, int32_t c, int64_t t) noexcept nogil:
        """After a command of the oldest-ready arbiter: no other can follow before this tick."""
        cdef Channel *ch = &self.channel[c]
        cdef int32_t d = ch.mode
        cdef int64_t at, other
        if ch.refreshes_due or ch.split_deadline >= 0 or ch.forced_at >= 0:
            return t + 1
        if d == READ:
            if ch.waiting[WRITE] >= self.drain_high or ch.waiting[READ] == 0:
                return t + 1
        elif ch.waiting[WRITE] <= self.drain_low and ch.waiting[READ] != 0:
            return t + 1
        other = later(later(ch.hit_from, ch.col_free), ch.col_floor[d])
        if ch.actives:
            at = ch.col_floor[READ] if ch.col_floor[READ] < ch.col_floor[WRITE] else ch.col_floor[WRITE]
            at = later(later(ch.active_from, ch.col_free), at)
            if at < other:
                other = at
        at = later(later(ch.act_from, ch.row_free), ch.act_floor)
        if at < other:
            other = at
        at = later(ch.pre_from, ch.row_free)
        if at < other:
            other = at
        if ch.next_refresh < other:
            other = ch.next_refresh
        return later(t + 1, other)

    cdef void _tick_channel(self, int32_t c, int64_t t) noexcept nogil:
        cdef Channel *ch = &self.channel[c]
        cdef int64_t soonest = NEVER
        cdef bint busy
        if ch.source_head[READ] >= 0 or ch.source_head[WRITE] >= 0:
            self._accept(c, t)
        while t >= ch.next_refresh:
            self._request_refresh(c)
        if self.round_robin:
            busy = self._arbitrate_in_turn(c, t, &soonest)
            if ch.moved:
                if self._fill_bank_queues(c, t):
                    busy = True
                else:
                    ch.moved = 0
        else:
            busy = self._arbitrate_oldest(c, t, &soonest)
        if (ch.source_head[READ] >= 0 and ch.waiting[READ] < self.capacity[READ]) or (
            ch.source_head[WRITE] >= 0 and ch.waiting[WRITE] < self.capacity[WRITE]
        ):
            ch.wake = t + 1
        elif busy:
            ch.wake = t + 1 if self.round_robin else self._next_command(c, t)
        else:
            if ch.next_refresh < soonest:
                soonest = ch.next_refresh
            ch.wake = later(soonest, t + 1)

    # ---- the whole -----------------------------------------------------------------------------------------

    cdef int64_t _next_tick(self, bint sending) noexcept nogil:
        """The next tick at which anything can happen; NEVER when all is done."""
        cdef int64_t soonest = NEVER, at
        cdef int32_t i
        cdef bint waits = False
        if sending:
            if self.in_flight < self.window:
                soonest = self.tick + 1
                if self.interval_ticks:
                    at = (self.sent * self.interval_ticks + self.interval_accesses - 1) // self.interval_accesses
                    soonest = later(soonest, at)
        else:
            for i in range(self.begun if self.by_index and self.in_order else 0, self.source_count):
                if self.source[i].start > self.tick:
                    waits = True
                    if self.source[i].start < soonest:
                        soonest = self.source[i].start
                    if self.by_index and self.in_order:
                        break
            if not waits:
                if self.used == 0:
                    return NEVER
                if not self.flushing:
                    self.flushing = True
                    for i in range(self.channels):
                        self.channel[i].moved = 1
                        self.channel[i].wake = self.tick + 1
        for i in range(self.channels):
            if self.channel[i].wake < soonest:
                soonest = self.channel[i].wake
            if self.channel[i].done_at < soonest:
                soonest = self.channel[i].done_at
        return soonest

    cdef bint _run(self, int64_t accesses, int64_t until) noexcept nogil:
        """Go on until so many more accesses are done, or to tick ``until``; False when all sources are at their end."""
        cdef int64_t target = self.total.reads + self.total.writes + accesses, following
        cdef int32_t c
        cdef bint sending
        while self.tick < until:
            sending = self._send()
            for c in range(self.channels):
                if self.channel[c].done_at <= self.tick:
                    self._complete(c, self.tick)
                if self.channel[c].wake <= self.tick:
                    self._tick_channel(c, self.tick)
            self.clock = self.tick + 1
            following = self._next_tick(sending)
            if following == NEVER:
                self.finished = True
                self.tick = self.clock
                return False
            self.tick = following
            if accesses >= 0 and self.total.reads + self.total.writes >= target:
                return True
        self.clock = later(self.clock, until)
        return True

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
        if self.finished:
            return False
        with nogil:
            more = self._run(count, until)
        return more

    def add(self, stream):
        """Add a stream, which takes its turn after the others, and return its number.

        Only where streams take turns by number; raises ValueError otherwise. A stream that should have begun begins
        now.
        """
        cdef int32_t index = self.source_count, room = self.source_room
        cdef void *moved
        if not self.by_index:
            raise ValueError("DramSimulation.add: the order of turns was given, so that no stream can join")
        if index == room:
            room = 2 * room + 16
            moved = realloc(self.source, room * sizeof(Source))
            if moved == NULL:
                raise MemoryError
            self.source = <Source *>moved
            moved = realloc(self.skip, (room + 1) * sizeof(int32_t))
            if moved == NULL:
                raise MemoryError
            self.skip = <int32_t *>moved
            moved = realloc(self.turns, room * sizeof(int32_t))
            if moved == NULL:
                raise MemoryError
            self.turns = <int32_t *>moved
            self.source_room = room
        memset(&self.source[index], 0, sizeof(Source))
        self._take_stream(&self.source[index], stream)
        self.streams += (stream,)
        self.turns[index] = index
        # What was the end of the list, where finished sources point to, is the new source.
        self.skip[index], self.skip[index + 1] = index, index + 1
        if self.source[index].start < self.source[index - 1].start:
            self.in_order = False
        self.source_count = self.turn_count = index + 1
        self.finished = self.flushing = False
        if self.tick > later(self.clock, self.source[index].start):
            self.tick = later(self.clock, self.source[index].start)
        return index

    @property
    def now(self):
        """The first tick that is not yet simulated."""
        return self.clock

    def totals(self):
        """Counts since the start, as a dict of integers; ``open_ticks`` sums over ranks, ``bounds`` over data buses."""
        cdef int32_t i
        cdef int64_t open_ticks = 0
        for i in range(self.channels * self.lanes * self.ranks):
            open_ticks += self.rank[i].open_ticks
            if self.rank[i].open_banks:
                open_ticks += self.clock - self.rank[i].open_since
        return {
            "tick": self.clock, "reads": self.total.reads, "writes": self.total.writes, "sent": self.sent,
            "useful_bytes_sent": self.useful, "activates": self.total.activates, "precharges": self.total.precharges,
            "refreshes": self.total.refreshes, "read_bursts": self.total.bursts[READ],
            "write_bursts": self.total.bursts[WRITE], "row_hits": self.total.row_hits,
            "read_latency": self.total.latency, "open_ticks": open_ticks,
            "bounds": tuple(self.total.bounds[i] for i in range(8)),
        }

    def latencies(self):
        """Reads done by latency in ticks, as a list up to the longest; the last slot of 65536 holds all longer."""
        cdef int32_t i, last = 0
        for i in range(self.histogram_size):
            if self.histogram[i]:
                last = i + 1
        return [self.histogram[i] for i in range(last)]

    def returned(self):
        """For each stream: (accesses done, tick of the last)."""
        return [(self.source[i].returned, self.source[i].last_done) for i in range(self.source_count)]
