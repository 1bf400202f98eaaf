# Clocks stand still and go on: the core clock with all jobs of the cores, the clocks of the chip's blocks with what moves over them.


cdef inline bint _stands(TileMachine self, int64_t e) noexcept nogil:
    """Whether the job of an engine cannot go on under what is in force."""
    cdef Engine* engine = &self.engine[e]
    if engine.state == IDLE:
        return False
    if self.clock == PAUSED and e < self.n_cores * ENGINES:
        return True
    return self.held_blocks and (engine.state == LATENT or engine.state == TRANSFER) and self.route_blocks[engine.route] & self.held_blocks


cdef int _stop(TileMachine self, int64_t e) noexcept nogil:
    """The job of an engine keeps what is left of it; a transfer leaves the links to others. -1 when memory is out."""
    cdef Engine* engine = &self.engine[e]
    cdef Queue* queue
    cdef int64_t i = 0, moved, size
    if engine.state == TRANSFER:
        queue = &self.queue[engine.route]
        _serve(self, queue)
        # invariant: a transfer that moves is in the queue of its route
        while queue.at[i].engine != e:
            i += 1
        engine.left = <int64_t> (queue.at[i].target - queue.served)
        queue.n -= 1
        memmove(queue.at + i, queue.at + i + 1, (queue.n - i) * sizeof(Moving))
        queue.moved = True
        self.flows[engine.route] -= 1
    if engine.start < self.now_ps:
        moved = (engine.size << 32) - engine.left - engine.counted
        if _log_part(self, e, moved) < 0:
            return -1
        size = engine.counted >> 32
        if engine.state == TRANSFER:
            engine.counted += moved
        if self.log_jobs and engine.state != WAKING and _log_job(self, e, 0, (engine.counted >> 32) - size) < 0:
            return -1
    if engine.state == COMPUTE:
        engine.left -= self.khz * (self.now_ps - engine.updated)
        engine.updated = self.now_ps
    elif engine.state != TRANSFER:
        engine.left = engine.ready - self.now_ps
    _set_end(self, e, NEVER)
    _stand(self, e)
    return 0


cdef inline void _stand(TileMachine self, int64_t e) noexcept nogil:
    """The job of an engine stands still from now on."""
    self.engine[e].stands = True
    self.engine[e].start = self.now_ps
    self.rates_stale = True


cdef int _go_on(TileMachine self, int64_t e, int64_t khz) noexcept nogil:
    """The job of an engine goes on with what is left of it; -1 when memory is out."""
    cdef Engine* engine = &self.engine[e]
    if self.now_ps > engine.start:
        _account(self, e, engine.step, TRANSITION, self.now_ps - engine.start)
        if _append(self, e, self.now_ps, 0, TRANSITION) < 0:
            return -1
    engine.stands = False
    engine.start = self.now_ps
    engine.updated = self.now_ps
    if engine.state == COMPUTE:
        _set_end(self, e, self.now_ps + (engine.left + khz - 1) // khz)
        return 0
    if engine.state == TRANSFER:
        _flow(self, e)
        return 0
    engine.ready = self.now_ps + engine.left
    if engine.state == LATENT:
        engine.left = engine.size << 32
    _set_end(self, e, engine.ready)
    return 0


cdef int _pause(TileMachine self) noexcept nogil:
    """The core clock stands still: the jobs of the cores with it."""
    cdef int64_t e
    self.clock = PAUSED
    for e in range(self.n_cores * ENGINES):
        if self.engine[e].state != IDLE and not self.engine[e].stands and _stop(self, e) < 0:
            return -1
    self.rates_stale = True
    self.paused_since = self.now_ps
    return 0


cdef int _resume(TileMachine self, int64_t khz) noexcept nogil:
    """The core clock runs again, at ``khz``: jobs go on with what is left of them, and what came meanwhile counts as coming now."""
    cdef int64_t e, t, c, s, k, kept
    cdef Pause* grown
    if self.pauses_n == self.pauses_room:
        grown = <Pause*> realloc(self.pause_at, (2 * self.pauses_room + 16) * sizeof(Pause))
        if grown == NULL:
            return -1
        self.pause_at = grown
        self.pauses_room = 2 * self.pauses_room + 16
    if self.now_ps > self.paused_since:
        self.pause_at[self.pauses_n].begin = self.paused_since
        self.pause_at[self.pauses_n].end = self.now_ps
        self.pauses_n += 1
    self.clock = RUNNING
    for e in range(self.n_cores * ENGINES):
        if self.engine[e].stands and not _stands(self, e) and _go_on(self, e, khz) < 0:
            return -1
    # what was satisfied at the instant of the pause or since is among the recent
    kept = 0
    for k in range(self.recent_n):
        t = self.recent[k]
        if self.token_source[t].time >= self.paused_since:
            self.token_source[t].time = self.now_ps
            self.recent[kept] = t
            kept += 1
    self.recent_n = kept
    self.recent_at = self.now_ps
    for c in range(self.n_cores):
        if self.core[c].release.time >= self.paused_since:
            self.core[c].release.time = self.now_ps
        for s in range(STAGES):
            if self.core[c].source[s].time >= self.paused_since:
                self.core[c].source[s].time = self.now_ps
    return 0


cdef int _hold(TileMachine self) noexcept nogil:
    """Other blocks of the chip than before stand still: what moves over them stops, what moved over the others goes on."""
    cdef int64_t e
    self.held_blocks = self.holding
    for e in range(self.n_engines):
        if _stands(self, e):
            if not self.engine[e].stands and _stop(self, e) < 0:
                return -1
        elif self.engine[e].stands and _go_on(self, e, self.khz) < 0:
            return -1
    return 0
