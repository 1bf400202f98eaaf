"""C interface of the burst-level DRAM kernel: state of banks, ranks, channels and streams."""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t

cdef struct Timing:
    # Ticks between commands; names as in leptonsim.chip.dram_setup.DramSetup.
    int64_t burst, read_latency
    int64_t act_to_col[2]       # activate to read, to write
    int64_t act_to_pre
    int64_t act_to_act
    int64_t act_to_act_rank
    int64_t act_to_act_group
    int64_t four_activates
    int64_t wide_window
    int64_t pre_to_act
    int64_t pre_to_pre
    int64_t col_to_pre[2]       # read, write to precharge
    int64_t same_group[2][2]    # [previous][next]
    int64_t same_rank[2][2]
    int64_t other_rank[2][2]
    int64_t refresh_interval, refresh_cycle, act_to_refresh, pre_to_refresh
    int64_t act_slots, column_slots, pre_slots, align, split_activate, column_sync

cdef struct Bank:
    int64_t open_row            # -1: closed
    int64_t act_at, pre_at, refresh_at    # earliest tick of the command, by this bank's own history
    int64_t col_at[2]           # earliest read, write
    int32_t head[2]             # oldest waiting entry, read and write; -1: none
    int32_t tail[2]             # youngest
    int32_t hit[2]              # oldest entry for the open row
    int32_t miss[2]             # oldest entry for another row
    int32_t waiting             # entries in both lists
    int32_t hits                # column commands since the activate
    int32_t active              # entry that the row was opened for, not yet served; -1: none
    int32_t rank, group         # indices over the whole channel
    int32_t closed_by           # why act_at is what it is: a bound
    int32_t opened_by           # why col_at is what it is: a bound

cdef struct Group:
    int64_t act_at
    int64_t col_at[2]

cdef struct Rank:
    int64_t act_at, pre_at
    int64_t col_at[2]
    int64_t four[4]             # the last four activates, a ring
    int64_t wide[32]            # the last 32
    int32_t four_next, wide_next
    int32_t open_banks
    int64_t open_since          # tick at which open_banks left zero
    int64_t open_ticks          # ticks with a bank open, closed periods
    int32_t refresh_due         # 1: waits to be refreshed

cdef struct Entry:
    int64_t order               # age within its channel: smaller is older
    int64_t row
    int64_t accepted            # tick at which the controller took it
    int64_t done                # tick at which its data are there
    int64_t column
    int32_t merged              # next entry that is served by the same burst; -1: none
    int32_t bank, stream
    int32_t before, after       # neighbours in the list that it is in; -1: none
    int32_t write

cdef struct Channel:
    int64_t wake                # next tick at which an access may be taken or a command issued
    int64_t done_at             # next tick at which data arrive or posted writes count as done
    int64_t row_free, col_free  # first tick at which a command bus is free
    int64_t next_refresh        # tick of the next refresh request
    int64_t order               # age of the next entry
    int64_t forced_at           # tick of the column command that follows a synchronisation; -1: none
    int64_t synced_until        # the data clock runs until this tick
    int64_t split_deadline      # second half of an activate is due; -1: none
    int64_t posted_at           # tick at which posted writes count as done
    int64_t lane_free[8]        # end of the last column command's data, in ticks of commands
    int32_t lane_last[8]        # its direction
    uint64_t hit_mask[2][4]     # banks with an entry for their open row, read and write
    uint64_t act_mask[2][4]     # closed banks with an entry; with bank queues, in [0], banks with any
    uint64_t pre_mask[2][4]     # open banks with an entry for another row
    int64_t col_floor[2]        # no read, write before this tick by any rank's history
    int64_t act_floor           # no activate before this tick by any rank's history
    int64_t hit_from            # no column command of a queued entry before this tick
    int64_t active_from         # no column command of an active entry before this tick
    int64_t act_from            # no activate before this tick
    int64_t pre_from            # no precharge before this tick
    int32_t waiting[2]          # entries in the read and write queue
    int32_t queue_head[2]       # queue of requests before the bank queues
    int32_t queue_tail[2]
    int32_t source_head[2]      # accesses sent but not yet taken
    int32_t source_tail[2]
    int32_t done_head, done_tail    # reads on their way back, in order
    int32_t draining            # writes go first; with bank queues, how many are left of the drain
    int32_t pointer             # last bank served by round robin
    int32_t refresh_unit        # rank, pseudo-channel or bank that is refreshed next
    int32_t refreshes_due       # units that wait to be refreshed
    int32_t refreshing          # 1: the first of them has begun to close its banks
    int32_t moved               # 1: a queue changed, so that an entry may move to a bank queue
    int32_t forced_bank, forced_entry
    int32_t posted              # writes that complete at posted_at
    int32_t actives             # banks whose row was opened for an entry not yet served
    int32_t mode                # direction being served, when there are no bank queues

cdef struct Source:
    # One stream of accesses; constants first.
    int32_t kind                # 0 linear, 1 tile, 2 random
    int32_t write
    int64_t base, span, run, pitch, tile_rows, turn, start, limit
    uint64_t random
    int64_t sent                # accesses sent
    int64_t returned            # accesses done
    int64_t last_done           # tick of the last of them
    int64_t at                  # next address within the run
    int64_t run_end             # end of the run
    int64_t tile_x, tile_y, tile_row

cdef struct Totals:
    int64_t reads, writes       # accesses done
    int64_t activates, precharges, refreshes, row_hits
    int64_t bursts[2]           # read and write commands
    int64_t latency             # sum over reads, ticks
    int64_t bounds[8]           # ticks of the data buses by what they go to

@cython.final
cdef class DramSimulation:
    cdef readonly object setup
    cdef readonly tuple streams
    cdef Timing k
    cdef int32_t channels, lanes, ranks, groups, per_group, banks
    cdef int64_t access_bytes
    cdef int32_t two_buses, round_robin, bank_queue, row_hit_cap, protect, posted_writes, merge_reads, drain_idle
    cdef int64_t age_cap
    cdef int32_t drain_high, drain_low, sends
    cdef int32_t capacity[2]
    cdef int32_t lane_activates     # 1: the activate window counts all ranks of a pseudo-channel
    cdef int32_t units          # what is refreshed at once, counted over a channel
    cdef int32_t staggered, one_precharge, blocks_channel
    cdef int64_t window, interval_ticks, interval_accesses
    cdef int32_t pieces, xors
    cdef int32_t piece[64][4]
    cdef int64_t piece_mask[64]
    cdef int32_t xor_piece[16][4]
    cdef int32_t source_count, source_room, turn_count
    cdef bint by_index          # sources take turns in the order of their numbers
    cdef bint in_order          # no source begins before one with a smaller number
    cdef int32_t begun          # when in_order: sources that have begun
    cdef int32_t *skip          # by source: itself while it has accesses to send, else one to look at instead
    cdef bint finished          # every source is at its end and nothing is left in flight
    cdef int32_t turn_at        # place in the order of turns
    cdef int64_t turn_left      # accesses left of this turn
    cdef int64_t tick           # next tick to be looked at
    cdef int64_t clock          # first tick that is not yet simulated
    cdef int64_t in_flight      # sent and not done
    cdef int64_t sent           # accesses sent by all sources
    cdef int64_t useful         # bytes of them that were asked for
    cdef int32_t free_entry     # list of free entries
    cdef int64_t used           # entries that are not free
    cdef bint flushing          # no source has any access left, ever
    cdef Bank *bank
    cdef Group *group
    cdef Rank *rank
    cdef Channel *channel
    cdef Entry *entry
    cdef Source *source
    cdef int32_t *turns
    cdef int32_t *active_bank   # the banks with an active entry, by channel
    cdef int64_t *col_bound     # by bank: no column command before this tick
    cdef int64_t *row_bound     # by bank: no activate or precharge before this tick
    cdef int64_t *row_age       # by bank: age of the entry that wants it, in the queue being served
    cdef int64_t *histogram     # reads by latency in ticks; the last one holds all longer
    cdef int32_t histogram_size
    cdef Totals total

    cdef _take_stream(self, Source *s, stream)
    cdef void _reset_device(self) noexcept
    cdef int64_t _next_address(self, Source *s) noexcept nogil
    cdef int32_t _unfinished(self, int32_t index) noexcept nogil
    cdef int32_t _choose_source(self) noexcept nogil
    cdef bint _send(self) noexcept nogil
    cdef inline void _mask(self, int32_t c, int32_t b) noexcept nogil
    cdef inline void _append(self, int32_t c, int32_t index) noexcept nogil
    cdef inline void _remove(self, int32_t c, int32_t index) noexcept nogil
    cdef inline void _sort_by_row(self, Bank *bank) noexcept nogil
    cdef inline int64_t _act_at(self, Channel *ch, Bank *bank) noexcept nogil
    cdef inline int64_t _pre_at(self, Channel *ch, Bank *bank) noexcept nogil
    cdef inline int64_t _col_at(self, Channel *ch, Bank *bank, int32_t d) noexcept nogil
    cdef inline void _take_bus(self, Channel *ch, int64_t t, bint column, int64_t slots) noexcept nogil
    cdef void _activate(self, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil
    cdef void _close(self, int32_t c, int32_t b, int64_t t, int32_t bound) noexcept nogil
    cdef void _precharge(self, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil
    cdef void _column(self, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil
    cdef inline void _count(self, int32_t index, int64_t t) noexcept nogil
    cdef inline void _free(self, int32_t index) noexcept nogil
    cdef void _request_refresh(self, int32_t c) noexcept nogil
    cdef void _unit(self, int32_t c, int32_t *first, int32_t *count) noexcept nogil
    cdef int64_t _refresh(self, int32_t c, int64_t t, bint *issued) noexcept nogil
    cdef int32_t _offer(self, int32_t c, int32_t b, int64_t t, int32_t *index) noexcept nogil
    cdef int32_t _next_in_turn(
        self, int32_t c, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
    ) noexcept nogil
    cdef int32_t _oldest_column(
        self, int32_t c, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
    ) noexcept nogil
    cdef int32_t _oldest_row(
        self, int32_t c, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
    ) noexcept nogil
    cdef inline void _forget_bounds(self, int32_t c) noexcept nogil
    cdef inline void _choose_mode(self, int32_t c) noexcept nogil
    cdef inline void _do(self, int32_t kind, int32_t c, int32_t b, int32_t index, int64_t t) noexcept nogil
    cdef bint _arbitrate_in_turn(self, int32_t c, int64_t t, int64_t *soonest) noexcept nogil
    cdef bint _arbitrate_oldest(self, int32_t c, int64_t t, int64_t *soonest) noexcept nogil
    cdef int32_t _waiting_read(self, int32_t c, Entry *e) noexcept nogil
    cdef inline void _return(self, Channel *ch, int32_t index, int64_t t) noexcept nogil
    cdef void _accept(self, int32_t c, int64_t t) noexcept nogil
    cdef bint _fill_bank_queues(self, int32_t c, int64_t t) noexcept nogil
    cdef void _complete(self, int32_t c, int64_t t) noexcept nogil
    cdef int64_t _next_command(self, int32_t c, int64_t t) noexcept nogil
    cdef void _tick_channel(self, int32_t c, int64_t t) noexcept nogil
    cdef int64_t _next_tick(self, bint sending) noexcept nogil
    cdef bint _run(self, int64_t accesses, int64_t until) noexcept nogil
