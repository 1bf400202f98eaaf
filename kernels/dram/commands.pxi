# What an activate, a precharge and a column command do to bank, group, rank, buses and counts.


cdef inline void take_bus(Memory *m, Channel *ch, int64_t t, bint column, int64_t slots) noexcept nogil:
    if column or not m.rules.two_buses:
        ch.col_free = later(ch.col_free, t + slots)
    if not column or not m.rules.two_buses:
        ch.row_free = later(ch.row_free, t + slots)


cdef inline int64_t least_of(int64_t *ticks, int32_t count) noexcept nogil:
    cdef int64_t least = ticks[0]
    cdef int32_t i
    for i in range(1, count):
        least = earlier(least, ticks[i])
    return least


cdef inline void free_entry(Memory *m, int32_t index) noexcept nogil:
    m.entry[index].after = m.free_entry
    m.free_entry = index
    m.used -= 1


cdef inline void count(Memory *m, int32_t index, int64_t t) noexcept nogil:
    """Count an access as done at tick ``t``."""
    cdef Entry *e = &m.entry[index]
    cdef Source *s = &m.source[e.stream]
    cdef int64_t latency
    s.returned += 1
    s.last_done = t
    if e.write:
        m.total.writes += 1
    else:
        m.total.reads += 1
        latency = t - e.accepted
        m.total.latency += latency
        m.histogram[latency if latency < HISTOGRAM_SLOTS else HISTOGRAM_SLOTS - 1] += 1


cdef inline void give_back(Memory *m, Channel *ch, int32_t index, int64_t t) noexcept nogil:
    """The data of a read are there at ``t``."""
    m.entry[index].done = t
    m.entry[index].after = -1
    if ch.done_tail < 0:
        ch.done_head = index
        if t < ch.done_at:
            ch.done_at = t
    else:
        m.entry[ch.done_tail].after = index
    ch.done_tail = index


cdef void activate(Memory *m, Channel *ch, int32_t b, int32_t index, int64_t t) noexcept nogil:
    """Open a bank's row for an entry."""
    cdef Timing *k = &m.k
    cdef Bank *bank = &ch.bank[b]
    cdef Rank *rank = &ch.rank[bank.rank]
    cdef Rank *recent
    cdef Entry *e = &m.entry[index]
    cdef int64_t *rank_act = ch.rank_at[ACT_GATE]
    cdef int64_t *group_act = &ch.group_at[ACT_GATE][bank.group]
    cdef int64_t window, latest
    cdef int32_t r, first, last, d
    # What held this activate back: the condition that was met last.
    bank.opened_by = OUTSTANDING
    latest = e.accepted
    if bank.act_at > latest:
        latest, bank.opened_by = bank.act_at, bank.closed_by
    window = later(rank_act[bank.rank], group_act[0])
    if window > latest:
        latest, bank.opened_by = window, ACTIVATE_WINDOW
    if t > latest + 2 * k.align:
        bank.opened_by = COMMAND_BUS
    bank.open_row = e.row
    bank.hits = 0
    bank.col_at[READ] = later(bank.col_at[READ], t + k.act_to_col[READ])
    bank.col_at[WRITE] = later(bank.col_at[WRITE], t + k.act_to_col[WRITE])
    bank.pre_at = later(bank.pre_at, t + k.act_to_pre)
    bank.act_at = later(bank.act_at, t + k.act_to_act)
    bank.refresh_at = later(bank.refresh_at, t + k.act_to_refresh)
    group_act[0] = later(group_act[0], t + k.act_to_act_group)
    # The ring of the last four activates is kept in the first rank of the lane when the window counts all of them.
    first = bank.rank
    last = first + 1
    if m.rules.lane_activates:
        first = bank.lane * m.rules.ranks
        last = first + m.rules.ranks
    recent = &ch.rank[first]
    recent.four[recent.four_next] = t
    recent.four_next = (recent.four_next + 1) & 3
    window = later(t + k.act_to_act_rank, recent.four[recent.four_next] + k.four_activates)
    if k.wide_window:
        recent.wide[recent.wide_next] = t
        recent.wide_next = (recent.wide_next + 1) & 31
        window = later(window, recent.wide[recent.wide_next] + k.wide_window)
    for r in range(first, last):
        rank_act[r] = later(rank_act[r], window)
    window = least_of(rank_act, m.rules.rank_count)
    raise_look(&ch.acts[READ], window)
    raise_look(&ch.acts[WRITE], window)
    if rank.open_banks == 0:
        rank.open_since = t
    rank.open_banks += 1
    m.total.activates += 1
    d = e.write
    if not m.rules.round_robin:
        remove(m, bank, index)
        ch.waiting[d] -= 1
        bank.active = index
        if k.split_activate:
            ch.split_deadline = t + k.split_activate
    sort_by_row(m, bank)
    if m.rules.round_robin:
        offer_in_turn(ch, b)
    else:
        withdraw(&ch.acts[READ], b)
        withdraw(&ch.acts[WRITE], b)
        offer(ch, &ch.opened[d], &ch.column_at, b, aligned(bank.col_at[d], k.align), e.order, t)
        offer_hit(m, ch, b, READ, t)
        offer_hit(m, ch, b, WRITE, t)
    take_bus(m, ch, t, False, k.act_slots)


cdef void close(Memory *m, Channel *ch, int32_t b, int64_t t, int32_t bound) noexcept nogil:
    """The row of a bank is written back: what a precharge does to that bank."""
    cdef Bank *bank = &ch.bank[b]
    cdef Rank *rank = &ch.rank[bank.rank]
    cdef int64_t *rank_pre = &ch.rank_at[PRE_GATE][bank.rank]
    cdef int32_t d
    bank.open_row = -1
    bank.closed_by = bound
    bank.act_at = later(bank.act_at, t + m.k.pre_to_act)
    bank.refresh_at = later(bank.refresh_at, t + m.k.pre_to_refresh)
    rank_pre[0] = later(rank_pre[0], t + m.k.pre_to_pre)
    rank.open_banks -= 1
    if rank.open_banks == 0:
        rank.open_ticks += t - rank.open_since
    bank.hit[READ] = bank.hit[WRITE] = bank.miss[READ] = bank.miss[WRITE] = -1
    if m.rules.round_robin:
        offer_in_turn(ch, b)
        return
    for d in range(2):
        withdraw(&ch.pres[d], b)
        withdraw(&ch.hits[d], b)
        offer_act(m, ch, b, d, t)


cdef void precharge(Memory *m, Channel *ch, int32_t b, int32_t index, int64_t t) noexcept nogil:
    """Close a bank's row for an entry that wants another."""
    cdef Bank *bank = &ch.bank[b]
    cdef int64_t latest = m.entry[index].accepted
    cdef int32_t cause = OUTSTANDING
    if bank.pre_at > latest:
        latest, cause = bank.pre_at, BANKS
    # It waited long for a bus that was taken up to now.
    if ch.row_free == t and t > later(latest, ch.rank_at[PRE_GATE][bank.rank]) + 2 * m.k.align:
        cause = COMMAND_BUS
    close(m, ch, b, t, cause)
    m.total.precharges += 1
    take_bus(m, ch, t, False, m.k.pre_slots)


cdef inline void count_gap(Memory *m, Channel *ch, Bank *bank, Entry *e, int64_t t) noexcept nogil:
    """The ticks that the data bus idled before a column command go to the condition that was met last."""
    cdef int32_t d = e.write, cause = OUTSTANDING
    cdef int64_t latest = e.accepted
    cdef int64_t rank_at = ch.rank_at[READ_GATE + d][bank.rank], group_at = ch.group_at[READ_GATE + d][bank.group]
    if bank.col_at[d] > latest:
        latest, cause = bank.col_at[d], bank.opened_by
    if later(group_at, rank_at) > latest:
        latest = later(group_at, rank_at)
        cause = TURNAROUND if ch.lane_last[bank.lane] != d or rank_at > group_at else BANK_GROUPS
    if t > latest + 2 * m.k.align:
        cause = COMMAND_BUS
    m.total.bounds[cause] += t - ch.lane_free[bank.lane]


cdef inline void hold_columns(Memory *m, Channel *ch, Bank *bank, int32_t d, int32_t next, int64_t t) noexcept nogil:
    """A command of direction ``d`` holds back those of direction ``next`` of its group, rank and pseudo-channel."""
    cdef int64_t *group_at = &ch.group_at[READ_GATE + next][bank.group]
    cdef int64_t *rank_at = ch.rank_at[READ_GATE + next]
    cdef int64_t same = t + m.k.same_rank[d][next], other = t + m.k.other_rank[d][next], least
    cdef int32_t r, first = bank.lane * m.rules.ranks
    group_at[0] = later(group_at[0], t + m.k.same_group[d][next])
    for r in range(first, first + m.rules.ranks):
        rank_at[r] = later(rank_at[r], same if r == bank.rank else other)
    least = least_of(rank_at, m.rules.rank_count)
    raise_look(&ch.hits[next], least)
    raise_look(&ch.opened[next], least)


cdef void column(Memory *m, Channel *ch, int32_t b, int32_t index, int64_t t) noexcept nogil:
    """Read or write; the entry leaves its list and is done when its data are there."""
    cdef Timing *k = &m.k
    cdef Bank *bank = &ch.bank[b]
    cdef Entry *e = &m.entry[index]
    cdef int32_t d = e.write
    if t > ch.lane_free[bank.lane]:
        count_gap(m, ch, bank, e, t)
    m.total.bounds[DATA_BUS] += k.burst
    ch.lane_free[bank.lane] = t + k.burst
    ch.lane_last[bank.lane] = d
    m.total.row_hits += bank.hits > 0
    bank.hits += 1
    m.total.bursts[d] += 1
    bank.pre_at = later(bank.pre_at, t + k.col_to_pre[d])
    hold_columns(m, ch, bank, d, READ, t)
    hold_columns(m, ch, bank, d, WRITE, t)
    if bank.active == index:
        bank.active = -1
        withdraw(&ch.opened[d], b)
    else:
        remove(m, bank, index)
        if not m.rules.round_robin:
            ch.waiting[d] -= 1
            offer_hit(m, ch, b, d, t)
    if m.rules.round_robin:
        offer_in_turn(ch, b)
    else:
        # The precharge has moved away.
        offer_pre(m, ch, b, READ, t)
        offer_pre(m, ch, b, WRITE, t)
    ch.moved = 1
    if k.column_sync:
        ch.synced_until = later(ch.synced_until, t + k.read_latency + k.column_sync)
    take_bus(m, ch, t, True, k.column_slots)
    if d == READ:
        while index >= 0:
            give_back(m, ch, index, t + k.read_latency)
            index = m.entry[index].merged
    else:
        if not m.rules.posted_writes:
            m.in_flight -= 1
            count(m, index, t)
        free_entry(m, index)
