# One channel at one tick, and all channels from event to event.


cdef int32_t waiting_read(Memory *m, Channel *ch, Entry *e) noexcept nogil:
    """An entry that waits to read the same burst; -1: none."""
    cdef int32_t index = ch.queue_head[READ], part
    cdef Entry *other
    for part in range(2):
        while index >= 0:
            other = &m.entry[index]
            if other.bank == e.bank and other.row == e.row and other.column == e.column:
                return index
            index = other.after
        index = ch.bank[e.bank].head[READ]
    index = ch.bank[e.bank].active
    if index >= 0 and not m.entry[index].write and m.entry[index].row == e.row:
        return index if m.entry[index].column == e.column else -1
    return -1


cdef inline void queue(Memory *m, Channel *ch, int32_t index, int64_t t) noexcept nogil:
    """Put an accepted entry where its arbiter looks for it."""
    cdef Entry *e = &m.entry[index]
    cdef int32_t d = e.write
    if not m.rules.round_robin:
        append(m, ch, index, t)
        return
    e.before = ch.queue_tail[d]
    if ch.queue_tail[d] < 0:
        ch.queue_head[d] = index
    else:
        m.entry[ch.queue_tail[d]].after = index
    ch.queue_tail[d] = index
    ch.moved = 1


cdef void accept(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    """Take accesses that were sent into the queues, the oldest first, as far as there is room."""
    cdef int32_t n, d, index, r, w, other
    cdef Entry *e
    for n in range(m.rules.sends):
        r = ch.source_head[READ] if ch.waiting[READ] < m.rules.capacity[READ] else -1
        w = ch.source_head[WRITE] if ch.waiting[WRITE] < m.rules.capacity[WRITE] else -1
        if r >= 0 and (w < 0 or m.entry[r].order < m.entry[w].order):
            index, d = r, READ
        elif w >= 0:
            index, d = w, WRITE
        else:
            return
        e = &m.entry[index]
        ch.source_head[d] = e.after
        if e.after < 0:
            ch.source_tail[d] = -1
        e.accepted = t
        e.after = -1
        if m.rules.merge_reads and d == READ:
            other = waiting_read(m, ch, e)
            if other >= 0:
                e.merged = m.entry[other].merged
                m.entry[other].merged = index
                continue
        ch.waiting[d] += 1
        queue(m, ch, index, t)
        if mode_turns(m, ch):
            ch.row_at = t
        if d == WRITE and m.rules.posted_writes:
            count(m, index, t + 1)
            ch.posted += 1
            ch.posted_at = t + 1
            ch.done_at = earlier(ch.done_at, t + 1)


cdef inline bint can_accept(Memory *m, Channel *ch) noexcept nogil:
    cdef int32_t d
    for d in range(2):
        if ch.source_head[d] >= 0 and ch.waiting[d] < m.rules.capacity[d]:
            return True
    return False


cdef void complete(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    """Count what is done at ``t``: data that arrive, and writes that were posted a tick before."""
    cdef int32_t index
    if ch.posted_at <= t:
        m.in_flight -= ch.posted
        ch.posted = 0
        ch.posted_at = NEVER
    while ch.done_head >= 0 and m.entry[ch.done_head].done <= t:
        index = ch.done_head
        ch.done_head = m.entry[index].after
        if ch.done_head < 0:
            ch.done_tail = -1
        m.in_flight -= 1
        count(m, index, t)
        free_entry(m, index)
    ch.done_at = ch.posted_at
    if ch.done_head >= 0:
        ch.done_at = earlier(ch.done_at, m.entry[ch.done_head].done)


cdef void tick_in_turn(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    cdef int64_t soonest = NEVER
    cdef bint busy = arbitrate_in_turn(m, ch, t, &soonest)
    if ch.moved:
        if fill_bank_queues(m, ch, t):
            busy = True
        else:
            ch.moved = 0
    if busy or can_accept(m, ch):
        ch.wake = t + 1
    else:
        ch.wake = later(t + 1, earlier(soonest, ch.next_refresh))


cdef inline void tick_oldest(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    cdef int64_t again = NEVER
    cdef bint issued
    if ch.column_at <= t or ch.row_at <= t:
        issued = arbitrate_oldest(m, ch, t, &again)
        if issued and (ch.refreshes_due or ch.split_deadline >= 0 or ch.forced_at >= 0 or mode_turns(m, ch)):
            ch.column_at = ch.row_at = t + 1
        else:
            next_commands(m, ch, t)
            # Refresh and what follows a synchronisation: when they are to be tried again.
            ch.row_at = earlier(ch.row_at, later(again, t + 1))
    ch.wake = earlier(earlier(ch.column_at, ch.row_at), ch.next_refresh)
    if can_accept(m, ch):
        ch.wake = t + 1


cdef inline void tick_channel(Memory *m, Channel *ch, int64_t t) noexcept nogil:
    if can_accept(m, ch):
        accept(m, ch, t)
    while t >= ch.next_refresh:
        request_refresh(m, ch)
    if m.rules.round_robin:
        tick_in_turn(m, ch, t)
    else:
        tick_oldest(m, ch, t)


cdef int64_t next_send(Memory *m, bint sending, int64_t soonest) noexcept nogil:
    """The next tick at which anything can happen, ``soonest`` or that of the sources; NEVER when all is done."""
    cdef int64_t at
    cdef int32_t i
    cdef bint waits = False, ordered = m.by_index and m.in_order
    if sending:
        if m.in_flight >= m.rules.window:
            return soonest
        at = m.tick + 1
        if m.rules.interval_ticks:
            at = m.sent * m.rules.interval_ticks + m.rules.interval_accesses - 1
            at = later(m.tick + 1, at // m.rules.interval_accesses)
        return earlier(soonest, at)
    for i in range(m.begun if ordered else 0, m.source_count):
        if m.source[i].start > m.tick:
            waits = True
            soonest = earlier(soonest, m.source[i].start)
            if ordered:
                break
    if not waits:
        if m.used == 0:
            return NEVER
        if not m.flushing:
            m.flushing = True
            for i in range(m.rules.channels):
                m.channel[i].moved = 1
                m.channel[i].wake = m.tick + 1
            return m.tick + 1
    return soonest


cdef bint go_on(Memory *m, int64_t accesses, int64_t until) noexcept nogil:
    """Go on until so many more accesses are done, or to tick ``until``; False when all sources are at their end."""
    cdef int64_t target = m.total.reads + m.total.writes + accesses, tick = m.tick, soonest
    cdef int32_t c
    cdef Channel *ch
    cdef bint sending
    while tick < until:
        sending = m.in_flight >= m.rules.window or send(m)
        soonest = NEVER
        for c in range(m.rules.channels):
            ch = &m.channel[c]
            if ch.done_at <= tick:
                complete(m, ch, tick)
            if ch.wake <= tick:
                tick_channel(m, ch, tick)
            soonest = earlier(soonest, earlier(ch.wake, ch.done_at))
        m.clock = tick + 1
        soonest = next_send(m, sending, soonest)
        if soonest == NEVER:
            m.finished = True
            m.tick = m.clock
            return False
        m.tick = tick = soonest
        if accesses >= 0 and m.total.reads + m.total.writes >= target:
            return True
    m.clock = later(m.clock, until)
    return True
