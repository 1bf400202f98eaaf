# The arbiter with short queues of the banks, which are served in turn.


cdef int32_t offer_of(Memory *m, Channel *ch, int32_t b, int64_t t, int32_t *index) noexcept nogil:
    """The first command of a bank's queue that is ready; sets the bank's bound when none is."""
    cdef Bank *bank = &ch.bank[b]
    cdef int32_t head = bank.head[READ], first, second
    cdef int64_t *rank_at
    cdef int64_t at, bound = NEVER
    if head < 0 or (bank.head[WRITE] >= 0 and m.entry[bank.head[WRITE]].order < m.entry[head].order):
        head = bank.head[WRITE]
    if bank.open_row < 0:
        at = later(later(bank.act_at, ch.row_free), ch.rank_at[ACT_GATE][bank.rank])
        at = aligned(later(at, ch.group_at[ACT_GATE][bank.group]), m.k.align)
        index[0] = head
        if at <= t:
            return ACTIVATE
        bank.bound = at
        return NOTHING
    if m.entry[head].row != bank.open_row and (
        (bank.hit[READ] < 0 and bank.hit[WRITE] < 0) or (m.rules.row_hit_cap and bank.hits >= m.rules.row_hit_cap)
    ):
        at = later(later(bank.pre_at, ch.row_free), ch.rank_at[PRE_GATE][bank.rank])
        index[0] = head
        if at <= t:
            return PRECHARGE
        bound = at
    first, second = bank.hit[READ], bank.hit[WRITE]
    if first < 0 or (second >= 0 and m.entry[second].order < m.entry[first].order):
        first, second = second, first
    if first >= 0:
        at = column_at(m, ch, bank, m.entry[first].write)
        index[0] = first
        if at <= t:
            return COLUMN
        bound = earlier(bound, at)
    if second >= 0:
        at = column_at(m, ch, bank, m.entry[second].write)
        index[0] = second
        if at <= t:
            return COLUMN
        bound = earlier(bound, at)
    bank.bound = bound
    return NOTHING


cdef inline int64_t column_at(Memory *m, Channel *ch, Bank *bank, int32_t d) noexcept nogil:
    cdef int64_t at = later(later(bank.col_at[d], ch.col_free), ch.rank_at[READ_GATE + d][bank.rank])
    return aligned(later(at, ch.group_at[READ_GATE + d][bank.group]), m.k.align)


cdef int32_t next_in_turn(
    Memory *m, Channel *ch, int64_t t, int32_t *bank_found, int32_t *index, int64_t *soonest
) noexcept nogil:
    """Round robin over the banks with entries, from the one after the last served."""
    cdef int32_t part, low, high, b, word, kind
    cdef uint64_t bits
    cdef Bank *bank
    for part in range(2):
        low = ch.pointer + 1 if part == 0 else 0
        high = m.rules.banks if part == 0 else ch.pointer + 1
        word = low >> 6
        while word * 64 < high:
            bits = ch.busy[word]
            if word == low >> 6:
                bits &= ~<uint64_t>0 << (low & 63)
            if word == high >> 6:
                bits &= (<uint64_t>1 << (high & 63)) - 1
            while bits:
                b = word * 64 + lowest_bit(bits)
                bits &= bits - 1
                if ch.held[b]:
                    continue
                bank = &ch.bank[b]
                if bank.bound <= t:
                    kind = offer_of(m, ch, b, t, index)
                    if kind != NOTHING:
                        ch.pointer = b
                        bank_found[0] = b
                        return kind
                if bank.bound < soonest[0]:
                    soonest[0] = bank.bound
            word += 1
    return NOTHING


cdef inline void issue(Memory *m, Channel *ch, int32_t kind, int32_t b, int32_t index, int64_t t) noexcept nogil:
    if kind == ACTIVATE:
        activate(m, ch, b, index, t)
    elif kind == PRECHARGE:
        precharge(m, ch, b, index, t)
    else:
        column(m, ch, b, index, t)


cdef bint arbitrate_in_turn(Memory *m, Channel *ch, int64_t t, int64_t *soonest) noexcept nogil:
    """Refresh first, then round robin; with two buses a second command of the other class."""
    cdef int32_t kind = NOTHING, other, b = 0, index = 0
    cdef int64_t again
    cdef bint issued = False, was_column = False
    if ch.refreshes_due:
        again = refresh(m, ch, t, &issued)
        if not issued:
            soonest[0] = earlier(soonest[0], again)
    if not issued:
        kind = next_in_turn(m, ch, t, &b, &index, soonest)
        if kind == NOTHING:
            return False
        was_column = kind == COLUMN
        issue(m, ch, kind, b, index, t)
    if m.rules.two_buses:
        other = next_in_turn(m, ch, t, &b, &index, soonest)
        if other != NOTHING and (other == COLUMN) != was_column:
            issue(m, ch, other, b, index, t)
    return True


cdef bint fill_bank_queues(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    """Move one request to its bank's queue: of the writes while they drain, else of the reads."""
    cdef int32_t d, index
    cdef Entry *e
    if ch.draining == 0:
        if ch.waiting[WRITE] >= m.rules.drain_high or (
            ch.waiting[READ] == 0 and ch.waiting[WRITE] and (m.flushing or ch.waiting[WRITE] >= m.rules.drain_idle)
        ):
            ch.draining = ch.waiting[WRITE]
    d = WRITE if ch.draining else READ
    index = ch.queue_head[d]
    while index >= 0:
        e = &m.entry[index]
        if ch.bank[e.bank].waiting < m.rules.bank_queue:
            if e.before < 0:
                ch.queue_head[d] = e.after
            else:
                m.entry[e.before].after = e.after
            if e.after < 0:
                ch.queue_tail[d] = e.before
            else:
                m.entry[e.after].before = e.before
            ch.waiting[d] -= 1
            if d == WRITE:
                ch.draining -= 1
            ch.order += 1
            e.order = ch.order
            append(m, ch, index, t)
            return True
        index = e.after
    return False
