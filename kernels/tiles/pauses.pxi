# The core clock stands still and goes on.


cdef int _pause(TileMachine self) noexcept nogil:
    """The core clock stands still: the jobs of the cores keep what is left of them, and transfers leave the links to others."""
    cdef int64_t e, r, i, kept, moved, size
    cdef Engine* engine
    cdef Queue* queue
    for r in range(self.n_routes):
        queue = &self.queue[r]
        _serve(self, queue)
        kept = 0
        for i in range(queue.n):
            engine = &self.engine[queue.at[i].engine]
            if queue.at[i].engine < self.n_cores * ENGINES:
                engine.left = <int64_t> (queue.at[i].target - queue.served)
                self.flows[r] -= 1
            else:
                queue.at[kept] = queue.at[i]
                kept += 1
        queue.n = kept
        queue.moved = True
    for e in range(self.n_cores * ENGINES):
        engine = &self.engine[e]
        if engine.state == IDLE or engine.start == self.now_ps:
            moved = 0
        else:
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
        elif engine.state == LATENT or engine.state == WAKING:
            engine.left = engine.ready - self.now_ps
        _set_end(self, e, NEVER)
    self.rates_stale = True
    self.paused_since = self.now_ps
    self.clock = PAUSED
    return 0


cdef int _resume(TileMachine self, int64_t khz) noexcept nogil:
    """The core clock runs again, at ``khz``: jobs go on with what is left of them, and what came meanwhile counts as coming now."""
    cdef int64_t e, t, c, s, k, kept
    cdef Engine* engine
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
    for e in range(self.n_cores * ENGINES):
        engine = &self.engine[e]
        if engine.state == IDLE:
            continue
        if self.now_ps > self.paused_since:
            _account(self, e, engine.step, TRANSITION, self.now_ps - self.paused_since)
            if _append(self, e, self.now_ps, 0, TRANSITION) < 0:
                return -1
        engine.start = self.now_ps
        engine.updated = self.now_ps
        if engine.state == COMPUTE:
            _set_end(self, e, self.now_ps + (engine.left + khz - 1) // khz)
        elif engine.state == WAKING:
            engine.ready = self.now_ps + engine.left
            _set_end(self, e, engine.ready)
        elif engine.state == LATENT:
            engine.ready = self.now_ps + engine.left
            engine.left = engine.size << 32
            _set_end(self, e, engine.ready)
        else:
            _flow(self, e)
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
