# What operators have done so far, jobs in progress included, and what of it changed.


cdef void _add_in_progress(TileMachine self, int64_t* to, bint changed_only) noexcept nogil:
    """Add whole cycles and bytes of the jobs in progress to an array like `work`, or to the rows of the changed operators."""
    cdef int64_t e, r, i, left, part
    cdef Engine* engine
    cdef Queue* queue
    cdef uint64_t served
    for e in range(self.n_engines):
        engine = &self.engine[e]
        # a transfer that stands still is in no queue
        if engine.state == COMPUTE or (engine.state == TRANSFER and engine.stands):
            left = engine.left
            if engine.state == TRANSFER:
                part = engine.size - ((left + 0xFFFFFFFFLL) >> 32)
            else:
                if not engine.stands:
                    left -= self.khz * (self.now_ps - engine.updated)
                part = engine.size if left <= 0 else engine.size - (left + WORK - 1) // WORK
            _add(self, to, engine.account, part, changed_only)
    for r in range(self.n_routes):
        queue = &self.queue[r]
        served = queue.served + <uint64_t> queue.rate * <uint64_t> (self.now_ps - queue.since)
        for i in range(queue.n):
            engine = &self.engine[queue.at[i].engine]
            left = <int64_t> (queue.at[i].target - served)
            part = engine.size if left <= 0 else engine.size - ((left + 0xFFFFFFFFLL) >> 32)
            _add(self, to, engine.account, part, changed_only)


cdef inline void _add(TileMachine self, int64_t* to, int64_t account, int64_t part, bint changed_only) noexcept nogil:
    cdef int64_t row
    if changed_only:
        row = account // WORK_COLUMNS
        _changed_row(self, row)
        account += ((self.place[row] - 1) - row) * WORK_COLUMNS
    to[account] += part


cdef inline void _changed_row(TileMachine self, int64_t row) noexcept nogil:
    """An operator, or the copies, did something since the last ``changes``."""
    if self.place[row] == 0:
        self.changed[self.changed_n] = row
        self.changed_n += 1
        self.place[row] = self.changed_n
