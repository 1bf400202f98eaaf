"""C interface of the burst-level DRAM kernel: state of banks, ranks, channels and streams."""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

cdef enum:
    MOST_LANES = 8
    MASK_WORDS = 4              # of 64 banks each

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

cdef struct Piece:
    # Bits of an address, or of a field: (source >> low & mask) << shift goes to one of the fields below.
    int32_t field, source, low, shift
    int64_t mask

cdef struct Rules:
    # The controller and the shape of a channel; constant.
    int32_t channels, lanes, ranks, groups, per_group
    int32_t banks               # of a channel
    int32_t rank_count          # lanes x ranks
    int32_t group_count         # lanes x ranks x groups
    int32_t two_buses, round_robin, bank_queue, row_hit_cap, protect, posted_writes, merge_reads
    int32_t drain_high, drain_low, drain_idle, sends
    int32_t capacity[2]         # of the read and write queue
    int32_t lane_activates      # 1: the activate window counts all ranks of a pseudo-channel
    int32_t units               # what is refreshed at once, counted over a channel
    int32_t staggered, one_precharge, blocks_channel
    int64_t age_cap
    int64_t access_bytes, window, interval_ticks, interval_accesses
    int32_t pieces, xors
    Piece piece[64]             # of an address
    Piece xor_piece[16]         # of a field, for a hash

cdef struct Bank:
    int64_t open_row            # -1: closed
    int64_t act_at, pre_at, refresh_at    # earliest tick of the command, by this bank's own history
    int64_t col_at[2]           # earliest read, write
    int64_t bound               # with bank queues: no command of its queue before this tick
    int32_t head[2]             # oldest waiting entry, read and write; -1: none
    int32_t tail[2]             # youngest
    int32_t hit[2]              # oldest entry for the open row
    int32_t miss[2]             # oldest entry for another row
    int32_t waiting             # entries in both lists
    int32_t hits                # column commands since the activate
    int32_t active              # entry that the row was opened for, not yet served; -1: none
    int32_t lane, rank, group   # indices over the whole channel
    int32_t closed_by           # why act_at is what it is: a bound
    int32_t opened_by           # why col_at is what it is: a bound

cdef struct Rank:
    int64_t four[4]             # the last four activates, a ring
    int64_t wide[32]            # the last 32
    int32_t four_next, wide_next
    int32_t open_banks
    int64_t open_since          # tick at which open_banks left zero
    int64_t open_ticks          # ticks with a bank open, closed periods

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

cdef struct Candidates:
    # Banks that have a command of one kind to offer, in two sorted lists.
    int64_t due                 # the earliest tick of a pending bank
    int64_t look                # none of them goes before this tick, by its bank, group and rank
    int32_t first[2]            # of the list: pending banks by tick, ready banks by age; -1: none
    int32_t last[2]
    int32_t *before             # by bank: its neighbours in its list; -1: none
    int32_t *after
    int32_t *place              # by bank: the list that it is in; -1: none
    int64_t *at                 # by bank: the tick from which its own history allows the command
    int64_t *age                # by bank: age of the entry that the command is for
    int64_t *rank_at            # by rank: the tick from which the rank's history allows it
    int64_t *group_at           # by group

cdef struct Channel:
    int64_t wake                # next tick at which an access may be taken or a command issued
    int64_t column_at           # with one queue: no column command before this tick
    int64_t row_at              # no other command, and no turn of the mode
    int64_t done_at             # next tick at which data arrive or posted writes count as done
    int64_t row_free, col_free  # first tick at which a command bus is free
    int64_t next_refresh        # tick of the next refresh request
    int64_t order               # age of the next entry
    int64_t forced_at           # tick of the column command that follows a synchronisation; -1: none
    int64_t synced_until        # the data clock runs until this tick
    int64_t split_deadline      # second half of an activate is due; -1: none
    int64_t posted_at           # tick at which posted writes count as done
    int64_t lane_free[MOST_LANES]   # end of the last column command's data, in ticks of commands
    int32_t lane_last[MOST_LANES]   # its direction
    Bank *bank                  # the channel's banks
    Rank *rank
    int64_t *rank_at[4]         # by gate and rank: no such command before this tick by the rank's history
    int64_t *group_at[4]        # by gate and group
    Candidates acts[2]          # closed banks with an entry, read and write
    Candidates pres[2]          # open banks with an entry for another row that may be closed for it
    Candidates hits[2]          # open banks with an entry for their row
    Candidates opened[2]        # banks whose row was opened for an entry, read or write, not yet served
    uint8_t rank_of[64 * MASK_WORDS]    # by bank
    uint8_t group_of[64 * MASK_WORDS]
    uint64_t busy[MASK_WORDS]   # with bank queues: banks with an entry
    uint8_t held[64 * MASK_WORDS]       # by bank: 1: it takes no new commands since its refresh has begun
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
    int32_t mode                # direction being served, when there are no bank queues

cdef struct Source:
    # One stream of accesses; constants first.
    int32_t kind                # 0 linear, 1 tile, 2 random
    int32_t write
    int64_t base, span, run, pitch, tile_rows, turn, start, limit
    uint64_t runs               # of a random stream, to choose from
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

cdef struct Memory:
    # All channels with what is sent to them.
    Timing k
    Rules rules
    Channel *channel
    Bank *bank
    Rank *rank
    int64_t *ticks              # the arrays of ticks of gates and Candidates, of all channels
    int32_t *places             # the arrays of places of Candidates
    Entry *entry
    int32_t free_entry          # list of free entries
    int64_t used                # entries that are not free
    Source *source
    int32_t source_count, source_room, turn_count
    int32_t *turns              # order in which sources send
    int32_t *skip               # by source: itself while it has accesses to send, else one to look at instead
    bint by_index               # sources take turns in the order of their numbers
    bint in_order               # no source begins before one with a smaller number
    int32_t begun               # when in_order: sources that have begun
    int32_t turn_at             # place in the order of turns
    int64_t turn_left           # accesses left of this turn
    bint flushing               # no source has any access left, ever
    bint finished               # every source is at its end and nothing is left in flight
    int64_t tick                # next tick to be looked at
    int64_t clock               # first tick that is not yet simulated
    int64_t in_flight           # sent and not done
    int64_t sent                # accesses sent by all sources
    int64_t useful              # bytes of them that were asked for
    int64_t *histogram          # reads by latency in ticks; the last one holds all longer
    Totals total

@cython.final
cdef class DramSimulation:
    cdef readonly object setup
    cdef readonly tuple streams
    cdef Memory m
    cdef _make_room(self, int32_t room)
