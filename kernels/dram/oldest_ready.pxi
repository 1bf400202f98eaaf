# The arbiter with one read and one write queue: what a row was opened for, then refresh, then the oldest ready.


cdef inline bint mode_turns(Memory *m, Channel *ch) noexcept nogil:
    """Reads first; writes from the high mark of their queue (or when there are no reads) down to the low mark."""
    if ch.mode == READ:
        return ch.waiting[WRITE] >= m.rules.drain_high or ch.waiting[READ] == 0
    return ch.waiting[WRITE] <= m.rules.drain_low and ch.waiting[READ] != 0


cdef inline int64_t tick_before(int64_t t, int64_t align) noexcept nogil:
    """The last aligned tick up to ``t``."""
    return t if align == 1 else t - t % align


cdef int32_t oldest_column(Memory *m, Channel *ch, int64_t t, int32_t *index) noexcept nogil:
    """The bank of the oldest ready column command: of entries that a row was opened for, else of the mode's queue."""
    cdef int64_t gate = tick_before(t, m.k.align), age = NEVER
    cdef int32_t d, b, best = -1
    if ch.col_free > gate:
        return -1
    for d in range(2):
        if ch.opened[d].look <= gate:
            b = oldest(ch, &ch.opened[d], t, gate, False, &age)
            if b >= 0:
                best, index[0] = b, ch.bank[b].active
    d = ch.mode
    if best < 0 and ch.hits[d].look <= gate and not (m.rules.blocks_channel and ch.refreshes_due):
        best = oldest(ch, &ch.hits[d], t, gate, True, &age)
        if best >= 0:
            index[0] = ch.bank[best].hit[d]
    return best


cdef int32_t oldest_row(Memory *m, Channel *ch, int64_t t, int32_t *kind, int32_t *index) noexcept nogil:
    """The bank of the oldest ready activate or precharge of the queue being served."""
    cdef int64_t gate = tick_before(t, m.k.align), age = NEVER
    cdef int32_t d = ch.mode, b, best = -1
    if ch.row_free > t or (m.rules.blocks_channel and ch.refreshes_due):
        return -1
    if ch.acts[d].look <= gate and ch.row_free <= gate and ch.split_deadline < 0:
        best = oldest(ch, &ch.acts[d], t, gate, True, &age)
        if best >= 0:
            index[0], kind[0] = ch.bank[best].head[d], ACTIVATE
    if ch.pres[d].look <= t:
        b = oldest(ch, &ch.pres[d], t, t, True, &age)
        if b >= 0:
            best, index[0], kind[0] = b, ch.bank[b].miss[d], PRECHARGE
    return best


cdef inline void next_commands(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    """Set the ticks before which no command of any entry can be issued, as things are; now it is ``t``."""
    cdef int64_t column_at = earlier(ch.opened[READ].look, ch.opened[WRITE].look), row_at = NEVER
    cdef int32_t d = ch.mode
    if not (m.rules.blocks_channel and ch.refreshes_due):
        column_at = earlier(column_at, ch.hits[d].look)
        row_at = earlier(aligned(ch.acts[d].look, m.k.align), ch.pres[d].look)
    # An aligned command may also be issued between aligned ticks, when it comes late.
    ch.column_at = later(aligned(later(column_at, ch.col_free), m.k.align), t + 1)
    ch.row_at = later(later(row_at, ch.row_free), t + 1)


cdef bint arbitrate_oldest(Memory *m, Channel *ch, int64_t t, int64_t *again) noexcept nogil:
    """Issue what goes first; ``again``: with nothing issued, when what is not an entry's command wants to be."""
    cdef int32_t column_bank = -1, row_bank = -1, column_index = -1, row_index = -1, kind = ACTIVATE
    cdef bint issued = False, refreshed = False, opened_for = False
    if ch.forced_at >= 0:
        if ch.forced_at > t:
            again[0] = ch.forced_at
            return False
        ch.forced_at = -1
        column(m, ch, ch.forced_bank, ch.forced_entry, t)
        return True
    if ch.split_deadline >= 0 and t >= ch.split_deadline:
        ch.split_deadline = -1
        take_bus(m, ch, t, False, 1)
        return True
    if mode_turns(m, ch):
        ch.mode = WRITE - ch.mode
        ch.column_at = ch.row_at = t
    if ch.column_at <= t:
        column_bank = oldest_column(m, ch, t, &column_index)
    if column_bank >= 0:
        opened_for = ch.bank[column_bank].active == column_index
        if m.rules.two_buses:
            issued = True
            column(m, ch, column_bank, column_index, t)
            column_bank = -1
            opened_for = False
    if ch.refreshes_due and not opened_for:
        again[0] = refresh(m, ch, t, &refreshed)
        if refreshed:
            return True
    if issued and mode_turns(m, ch):
        ch.mode = WRITE - ch.mode
        ch.row_at = t
    if ch.row_at <= t and not opened_for:
        row_bank = oldest_row(m, ch, t, &kind, &row_index)
    if row_bank >= 0 and (column_bank < 0 or m.entry[row_index].order < m.entry[column_index].order):
        if kind == ACTIVATE:
            activate(m, ch, row_bank, row_index, t)
        else:
            precharge(m, ch, row_bank, row_index, t)
        return True
    if column_bank >= 0:
        if m.k.column_sync and t >= ch.synced_until:
            ch.forced_at, ch.forced_bank = t + 1, column_bank
            ch.forced_entry = column_index
            take_bus(m, ch, t, True, 1)
            return True
        column(m, ch, column_bank, column_index, t)
        return True
    if not issued and ch.split_deadline >= 0:
        ch.split_deadline = -1
        take_bus(m, ch, t, False, 1)
        return True
    return issued
