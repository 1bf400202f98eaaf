# When tiles passed a stage: from then on their transfers could have been asked for.


cdef inline int _mark(TileMachine self, Marks* marks, int64_t tile, int64_t least) noexcept nogil:
    """A tile passes a stage now; those before ``least`` will not be asked for again. -1 when memory is out."""
    if marks.n and marks.at[marks.n - 1].time == self.now_ps:
        return 0
    if marks.n == marks.room and _make_room(self, marks, least) < 0:
        return -1
    marks.at[marks.n].tile = tile
    marks.at[marks.n].time = self.now_ps
    marks.n += 1
    return 0


cdef int _make_room(TileMachine self, Marks* marks, int64_t least) noexcept nogil:
    """Forget marks that hold no tile from ``least`` on, and take more memory if they were few."""
    cdef int64_t k = 0
    cdef Mark* grown
    while k + 1 < marks.n and marks.at[k + 1].tile <= least:
        k += 1
    marks.n -= k
    memmove(marks.at, marks.at + k, marks.n * sizeof(Mark))
    if 2 * marks.n >= marks.room:
        grown = <Mark*> realloc(marks.at, (2 * marks.room + 32) * sizeof(Mark))
        if grown == NULL:
            return -1
        marks.at = grown
        marks.room = 2 * marks.room + 32
    return 0


cdef inline int64_t _marked(TileMachine self, const Marks* marks, int64_t tile) noexcept nogil:
    """When a tile passed the stage that was marked: mostly just now."""
    # invariant: the mark that holds the tile is before `high`; from the second loop on it is at `low` or after
    cdef int64_t high = marks.n, low = high - 1, reach = 1, middle
    while marks.at[low].tile > tile:
        high = low
        low = low - reach if low > reach else 0
        reach *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if marks.at[middle].tile <= tile:
            low = middle
        else:
            high = middle
    return marks.at[low].time


cdef int64_t _asked(TileMachine self, Core* core, int stage, Cursor* at) noexcept nogil:
    """When all was there that a tile's load needs, but for the engine."""
    cdef int64_t i, t, asked = _marked(self, &core.granted, at.tile)
    cdef Step* step = &self.step_at[at.step]
    if _is_first(self, at) and (stage != LOAD_W or step.w_waits):
        for i in range(step.dep, step.dep_end):
            t = (at.instance & 1) * self.n_tokens + self.deps[i]
            if self.token_source[t].time > asked:
                asked = self.token_source[t].time
    return asked
