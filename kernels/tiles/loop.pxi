# The loop: what ends at one instant, what starts then, new rates, and on to the next.


cdef int64_t _find_due(TileMachine self) noexcept nogil:
    """Collect the engines whose job or latency ends now, in order; transfers leave their queues."""
    cdef int64_t c, e, r, i, k, n = 0
    cdef Queue* queue
    for c in range(self.n_cores + 1):
        if self.core_end[c] == self.now_ps:
            for e in range(c * ENGINES, min(c * ENGINES + ENGINES, self.n_engines)):
                if self.end[e] == self.now_ps:
                    self.due[n] = e
                    n += 1
    for r in range(self.n_routes):
        queue = &self.queue[r]
        if queue.end != self.now_ps:
            continue
        _serve(self, queue)
        i = 0
        while i < queue.n and <int64_t> (queue.at[i].target - queue.served) <= 0:
            # invariant: due[:n] ascends
            e = queue.at[i].engine
            k = n
            while k > 0 and self.due[k - 1] > e:
                self.due[k] = self.due[k - 1]
                k -= 1
            self.due[k] = e
            n += 1
            i += 1
        queue.n -= i
        memmove(queue.at, queue.at + i, queue.n * sizeof(Moving))
        queue.moved = True
    return n


cdef int _finish_jobs(TileMachine self) noexcept nogil:
    """All completions of this instant, engine by engine."""
    cdef int64_t e, c, k, side, n = _find_due(self)
    cdef int kind, stage
    cdef Source nobody = _nobody(self, 0, BUSY)
    for k in range(n):
        e = self.due[k]
        if self.engine[e].state == LATENT:
            _flow(self, e)
            continue
        if self.engine[e].state == WAKING:
            if _count(self, e) < 0:
                return -1
            continue
        if _end(self, e) < 0:
            return -1
        if e >= self.n_cores * ENGINES:
            side = e - self.n_cores * ENGINES - 1
            _report(self, 1, self.copy_now[side].tag)
            continue
        c = e // ENGINES
        kind = self.engine[e].kind
        if kind == TENSOR:
            stage = MULTIPLY
        elif kind == VECTOR:
            stage = FINISH
        elif kind == STORE:
            stage = WRITE
        else:
            stage = _loading(self, c, kind)
        if _through(self, c, stage, e, nobody) < 0:
            return -1
    return 0


cdef int _loading(TileMachine self, int64_t c, int kind) noexcept nogil:
    """Which load stage the job of a load engine belongs to."""
    cdef Core* core = &self.core[c]
    if not self.one_queue:
        if kind == WEIGHTS:
            return LOAD_W
        return LOAD_A if core.cursor[LOAD_A].tile == core.cursor[LOAD_X].tile else LOAD_X
    if core.cursor[LOAD_W].tile == core.cursor[LOAD_X].tile:
        return LOAD_W
    return LOAD_A if core.cursor[LOAD_A].tile == core.cursor[LOAD_X].tile else LOAD_X


cdef int _run(TileMachine self, int64_t limit) noexcept nogil:
    cdef int64_t at
    while self.now_ps < limit:
        # also after a stop: what ends at this instant ends before anything starts or rates change
        if _finish_jobs(self) < 0 or (self.clock == PAUSING and _pause(self) < 0):
            return -1
        if self.holding != self.held_blocks and _hold(self) < 0:
            return -1
        if _start(self) < 0 or (self.log_jobs and _log_levels(self) < 0):
            return -1
        if self.rates_stale:
            _share(self)
        if self.reached >= 0:
            _report(self, 2, self.reached)
            self.reached = -1
        if self.event_n:
            return 1
        at = _next(self)
        if at == NEVER and limit == NEVER:
            return 0
        self.now_ps = min(at, limit)
    return 0
