# The lists of a bank: entries in the order of their age, reads and writes apart, with the first hit and the first
# miss of the open row.


cdef inline void append(Memory *m, Channel *ch, int32_t index, int64_t t) noexcept nogil:
    """Put an entry at the end of its bank's list."""
    cdef Entry *e = &m.entry[index]
    cdef Bank *bank = &ch.bank[e.bank]
    cdef int32_t d = e.write
    e.before = bank.tail[d]
    e.after = -1
    if bank.tail[d] < 0:
        bank.head[d] = index
    else:
        m.entry[bank.tail[d]].after = index
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
        if bank.miss[d] >= 0:
            return
        bank.miss[d] = index
    # What the bank offers has changed.
    if m.rules.round_robin:
        offer_in_turn(ch, e.bank)
    elif bank.open_row < 0:
        offer_act(m, ch, e.bank, d, t)
    else:
        if bank.hit[d] == index:
            offer_hit(m, ch, e.bank, d, t)
        offer_pre(m, ch, e.bank, d, t)


cdef inline void remove(Memory *m, Bank *bank, int32_t index) noexcept nogil:
    """Take an entry out of its bank's list; ``hit`` and ``miss`` move on to the next such entry."""
    cdef Entry *e = &m.entry[index]
    cdef int32_t d = e.write, other
    if e.before < 0:
        bank.head[d] = e.after
    else:
        m.entry[e.before].after = e.after
    if e.after < 0:
        bank.tail[d] = e.before
    else:
        m.entry[e.after].before = e.before
    bank.waiting -= 1
    if bank.hit[d] == index:
        other = e.after
        while other >= 0 and m.entry[other].row != bank.open_row:
            other = m.entry[other].after
        bank.hit[d] = other
    elif bank.miss[d] == index:
        other = e.after
        while other >= 0 and m.entry[other].row == bank.open_row:
            other = m.entry[other].after
        bank.miss[d] = other


cdef inline void sort_by_row(Memory *m, Bank *bank) noexcept nogil:
    """Find the first hit and the first miss of both lists after the row has changed."""
    cdef int32_t d, index
    for d in range(2):
        bank.hit[d] = bank.miss[d] = -1
        if bank.open_row < 0:
            continue
        index = bank.head[d]
        while index >= 0 and (bank.hit[d] < 0 or bank.miss[d] < 0):
            if m.entry[index].row == bank.open_row:
                if bank.hit[d] < 0:
                    bank.hit[d] = index
            elif bank.miss[d] < 0:
                bank.miss[d] = index
            index = m.entry[index].after
