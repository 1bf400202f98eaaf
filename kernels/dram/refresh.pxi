# Refresh: of ranks, pseudo-channels or banks, together or one after the other.


cdef inline void request_refresh(Memory *m, Channel *ch) noexcept nogil:
    """At a refresh interval: one unit, or all of them, become due."""
    ch.row_at = 0
    if m.rules.staggered:
        ch.next_refresh += m.k.refresh_interval // m.rules.units
        ch.refreshes_due += 1
    else:
        ch.next_refresh += m.k.refresh_interval
        ch.refreshes_due += m.rules.units


cdef inline void hold(Memory *m, Channel *ch, bint held) noexcept nogil:
    """The banks of the unit that is refreshed next take no new commands; or they do again."""
    cdef int32_t count = m.rules.banks // m.rules.units, first = ch.refresh_unit * count, b
    ch.refreshing = held
    for b in range(first, first + count):
        ch.held[b] = held
    if not held:
        look_again(ch)


cdef int64_t refresh(Memory *m, Channel *ch, int64_t t, bint *issued) noexcept nogil:
    """Close the banks of the first unit that is due, then refresh it; returns the next tick to try again."""
    cdef int32_t count = m.rules.banks // m.rules.units, first = ch.refresh_unit * count, b
    cdef Bank *bank
    cdef int64_t at = 0, earliest = NEVER, pre
    cdef bint closed = True, blocked = False
    issued[0] = False
    if not ch.refreshing:
        hold(m, ch, True)
    for b in range(first, first + count):
        bank = &ch.bank[b]
        if bank.open_row < 0:
            continue
        closed = False
        blocked = blocked or bank.active >= 0
        pre = later(later(bank.pre_at, ch.row_free), ch.rank_at[PRE_GATE][bank.rank])
        at = later(at, pre)
        if pre < earliest:
            earliest = pre
        if m.rules.one_precharge and bank.active < 0 and pre <= t:
            close(m, ch, b, t, REFRESH)
            m.total.precharges += 1
            take_bus(m, ch, t, False, m.k.pre_slots)
            issued[0] = True
            return t + 1
    if not closed:
        if m.rules.one_precharge:
            return later(earliest, t + 1)
        if blocked:
            # The column command of an active entry will wake the channel.
            return NEVER
        if at > t:
            return at
        for b in range(first, first + count):
            if ch.bank[b].open_row >= 0:
                close(m, ch, b, t, REFRESH)
        m.total.precharges += 1
        take_bus(m, ch, t, False, m.k.pre_slots)
        issued[0] = True
        return t + 1
    at = ch.row_free
    for b in range(first, first + count):
        at = later(at, ch.bank[b].refresh_at)
    at = aligned(at, m.k.align)
    if at > t:
        return at
    hold(m, ch, False)
    for b in range(first, first + count):
        bank = &ch.bank[b]
        bank.act_at = later(bank.act_at, t + m.k.refresh_cycle)
        bank.refresh_at = later(bank.refresh_at, t + m.k.refresh_cycle)
        bank.closed_by = REFRESH
        if not m.rules.round_robin:
            offer_act(m, ch, b, READ, t)
            offer_act(m, ch, b, WRITE, t)
    take_bus(m, ch, t, False, m.k.pre_slots)
    m.total.refreshes += 1
    ch.refreshes_due -= 1
    ch.refresh_unit += 1
    if ch.refresh_unit == m.rules.units:
        ch.refresh_unit = 0
    issued[0] = True
    return t + 1
