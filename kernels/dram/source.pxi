# Where accesses come from: whose turn it is, the next address, and the fields that the address map cuts from it.


cdef int64_t next_address(Memory *m, Source *s) noexcept nogil:
    """Address of the next access of a source; counts the bytes of it that were asked for."""
    cdef int64_t access = m.rules.access_bytes, address, start, end
    cdef uint64_t z
    if s.kind == LINEAR:
        address = s.base + s.at
        s.at += access
        if s.at >= s.span:
            s.at = 0
        m.useful += access
        return address
    if s.at >= s.run_end:
        if s.kind == TILE:
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
            # A remainder by a power of two, without the division.
            z = z % s.runs if s.runs & (s.runs - 1) else z & (s.runs - 1)
            start = s.base + <int64_t>z * s.run
        s.at = start
        s.run_end = start + s.run
    # Accesses are a power of two of bytes.
    address = s.at & -access
    end = address + access
    if end > s.run_end:
        end = s.run_end
    m.useful += end - s.at
    s.at = end
    return address


cdef int32_t unfinished(Memory *m, int32_t index) noexcept nogil:
    """The first source from ``index`` on that has accesses to send; ``source_count`` when there is none."""
    cdef int32_t found = index, following
    while m.skip[found] != found:
        found = m.skip[found]
    while index != found:
        following = m.skip[index]
        m.skip[index] = found
        index = following
    return found


cdef int32_t choose_source(Memory *m) noexcept nogil:
    """The source whose turn it is; -1, and nothing changed, when none may send now."""
    cdef int32_t skipped = 0, turn_at = m.turn_at, found
    cdef int64_t turn_left = m.turn_left
    cdef Source *s
    if m.by_index and m.in_order:
        while m.begun < m.source_count and m.source[m.begun].start <= m.tick:
            m.begun += 1
        if m.turn_left and m.skip[m.turn_at] == m.turn_at and m.turn_at < m.begun:
            return m.turn_at
        found = unfinished(m, m.turn_at + 1)
        if found >= m.begun:
            found = unfinished(m, 0)
        if found >= m.begun:
            return -1
        m.turn_at = found
        m.turn_left = m.source[found].turn
        return found
    while True:
        s = &m.source[m.turns[m.turn_at]]
        if m.turn_left and s.start <= m.tick and not (s.limit and s.sent == s.limit):
            return m.turns[m.turn_at]
        skipped += 1
        if skipped > m.turn_count + 1:
            m.turn_at, m.turn_left = turn_at, turn_left
            return -1
        m.turn_at += 1
        if m.turn_at == m.turn_count:
            m.turn_at = 0
        m.turn_left = m.source[m.turns[m.turn_at]].turn


cdef bint send(Memory *m) noexcept nogil:
    """Send accesses while the window and the pace allow; False when no source has any left now."""
    cdef Rules *rules = &m.rules
    cdef Source *s
    cdef Entry *e
    cdef Channel *ch
    cdef int64_t address
    cdef int64_t part[4]
    cdef int32_t i, d, index, source
    cdef Piece *p
    while m.in_flight < rules.window:
        if rules.interval_ticks and m.sent * rules.interval_ticks > m.tick * rules.interval_accesses:
            return True
        source = choose_source(m)
        if source < 0:
            return False
        s = &m.source[source]
        m.turn_left -= 1
        address = next_address(m, s)
        s.sent += 1
        if s.sent == s.limit:
            m.skip[source] = source + 1
        m.sent += 1
        m.in_flight += 1
        part[TO_CHANNEL] = part[TO_BANK] = part[TO_ROW] = part[TO_COLUMN] = 0
        for i in range(rules.pieces):
            p = &rules.piece[i]
            part[p.field] |= ((address >> p.low) & p.mask) << p.shift
        for i in range(rules.xors):
            p = &rules.xor_piece[i]
            part[p.field] ^= ((part[p.source] >> p.low) & p.mask) << p.shift
        index = m.free_entry
        e = &m.entry[index]
        m.free_entry = e.after
        m.used += 1
        e.bank, e.row, e.column = <int32_t>part[TO_BANK], part[TO_ROW], part[TO_COLUMN]
        e.merged = -1
        e.write = s.write
        e.stream = source
        e.order = m.sent
        e.after = -1
        ch = &m.channel[part[TO_CHANNEL]]
        d = e.write
        if ch.source_tail[d] < 0:
            ch.source_head[d] = index
        else:
            m.entry[ch.source_tail[d]].after = index
        ch.source_tail[d] = index
        # Where the queue is full, the channel wakes by itself when there is room.
        if ch.waiting[d] < rules.capacity[d]:
            ch.wake = m.tick
    return True
