# Jobs of engines, from their start to their end.


cdef int _begin(TileMachine self, int64_t e, int64_t step, int64_t instance, Source source) noexcept nogil:
    """An engine starts a job of an instance (a copy: its tag) now: close its wait."""
    cdef Engine* engine = &self.engine[e]
    if self.now_ps > engine.last_end:
        if _wait(self, e, step, engine.last_end, self.now_ps, source) < 0:
            return -1
    engine.start = self.now_ps
    engine.updated = self.now_ps
    engine.counted = 0
    engine.step = step
    engine.instance = instance
    if step >= 0 and instance == 0 and self.step_span[(step * ENGINES + engine.kind) * 2] < 0:
        self.step_span[(step * ENGINES + engine.kind) * 2] = self.now_ps
    return 0


cdef int _compute(TileMachine self, int64_t e, Cursor* at, int64_t cycles, Source source) noexcept nogil:
    cdef Engine* engine = &self.engine[e]
    if _begin(self, e, at.step, at.instance, source) < 0:
        return -1
    cdef int64_t wait = 0, block = e // ENGINES * CORE_BLOCKS
    if _rouse(self, block + engine.kind - TENSOR, engine.kind - TENSOR, &wait) < 0 or _rouse(self, block + REST_SRAM, REST_SRAM, &wait) < 0:
        return -1
    engine.size = cycles
    engine.account = self.step_at[at.step].op * WORK_COLUMNS + (WORK_TENSOR if engine.kind == TENSOR else WORK_VECTOR)
    engine.ready = self.now_ps + wait
    if wait > 0:
        engine.state = WAKING
        _set_end(self, e, engine.ready)
        return 0
    return _count(self, e)


cdef int _move(
    TileMachine self, int64_t e, int64_t step, int64_t instance, int64_t size, int what, int64_t route, int64_t asked, Source source
) noexcept nogil:
    """An engine starts a transfer that might have begun at ``asked`` had the engine been idle."""
    cdef Engine* engine = &self.engine[e]
    # Requests go out while the job before still moves: the first byte's latency shows as far as it reaches beyond that one's end.
    cdef int64_t first = asked + self.routes[route].latency_ps, awake = 0
    if _begin(self, e, step, instance, source) < 0 or _rouse_way(self, e, route, &awake) < 0:
        return -1
    engine.size = size
    engine.left = size << 32
    engine.account = (self.step_at[step].op if step >= 0 else self.n_operators) * WORK_COLUMNS + WORK_MOVED + what
    engine.route = route
    engine.ready = (first if first > self.now_ps else self.now_ps) + self.setup_ps + awake
    if self.held_blocks & self.route_blocks[route]:
        engine.state = LATENT if engine.ready > self.now_ps else TRANSFER
        if engine.state == LATENT:
            engine.left = engine.ready - self.now_ps
        _stand(self, e)
    elif engine.ready > self.now_ps:
        engine.state = LATENT
        _set_end(self, e, engine.ready)
    else:
        _flow(self, e)
    return 0


cdef int _count(TileMachine self, int64_t e) noexcept nogil:
    """The engine is awake: its cycles begin; -1 when memory is out."""
    cdef Engine* engine = &self.engine[e]
    if self.now_ps > engine.start:
        if _log_part(self, e, 0) < 0:
            return -1
        engine.start = self.now_ps
    engine.state = COMPUTE
    engine.left = engine.size * WORK
    engine.updated = self.now_ps
    _set_end(self, e, self.now_ps + (engine.left + self.khz - 1) // self.khz)
    return 0


cdef inline void _set_end(TileMachine self, int64_t e, int64_t end) noexcept nogil:
    """Set the end of an engine's computation or latency, and its core's with it."""
    cdef int64_t c = e // ENGINES, i, old = self.end[e], least
    self.end[e] = end
    if end <= self.core_end[c]:
        self.core_end[c] = end
    elif old == self.core_end[c]:
        least = NEVER
        for i in range(c * ENGINES, min(c * ENGINES + ENGINES, self.n_engines)):
            if self.end[i] < least:
                least = self.end[i]
        self.core_end[c] = least


cdef void _serve(TileMachine self, Queue* queue) noexcept nogil:
    """Bring what a route has served up to now; its rate has been the same since."""
    queue.served += <uint64_t> queue.rate * <uint64_t> (self.now_ps - queue.since)
    queue.since = self.now_ps


cdef void _flow(TileMachine self, int64_t e) noexcept nogil:
    """The first byte moves: the job takes its share of the links from now on."""
    cdef Engine* engine = &self.engine[e]
    cdef Queue* queue = &self.queue[engine.route]
    cdef int64_t i = queue.n
    cdef uint64_t target
    engine.state = TRANSFER
    _set_end(self, e, NEVER)
    _serve(self, queue)
    target = queue.served + <uint64_t> engine.left
    # targets are compared by what is left, which is less than 2^62: they may wrap
    while i > 0 and <int64_t> (queue.at[i - 1].target - target) > 0:
        queue.at[i] = queue.at[i - 1]
        i -= 1
    queue.at[i].target = target
    queue.at[i].engine = e
    queue.n += 1
    queue.moved = queue.moved or i == 0
    self.flows[engine.route] += 1
    self.rates_stale = True


cdef int _end(TileMachine self, int64_t e) noexcept nogil:
    """A job is over."""
    cdef Engine* engine = &self.engine[e]
    self.work[engine.account] += engine.size
    _changed_row(self, engine.account // WORK_COLUMNS)
    if _log_part(self, e, (engine.size << 32) - engine.counted) < 0:
        return -1
    if engine.step >= 0 and engine.instance == 0:
        self.step_span[(engine.step * ENGINES + engine.kind) * 2 + 1] = self.now_ps
    if engine.state == TRANSFER:
        self.flows[engine.route] -= 1
        self.route_bytes_view[engine.route] += engine.size
        self.rates_stale = True
        _leave_way(self, e, engine.route)
    else:
        _set_end(self, e, NEVER)
        _left(self, e // ENGINES * CORE_BLOCKS + engine.kind - TENSOR)
        _left(self, e // ENGINES * CORE_BLOCKS + REST_SRAM)
    if self.log_jobs and _log_job(self, e, 1, engine.size - (engine.counted >> 32)) < 0:
        return -1
    engine.state = IDLE
    engine.last_end = self.now_ps
    return 0


cdef int _log_part(TileMachine self, int64_t e, int64_t moved) noexcept nogil:
    """Account for a job as busy since its `start`, or for its block's waking; of a transfer ``moved`` 2^-32 byte did in this time."""
    cdef Engine* engine = &self.engine[e]
    cdef int64_t kind, alone, flowing
    cdef int64_t* moving = self.moving_time + e * CAUSES
    cdef Route* route
    if engine.state == WAKING:
        _account(self, e, engine.step, LATENCY, self.now_ps - engine.start)
        return _append(self, e, self.now_ps, 0, LATENCY)
    _account(self, e, engine.step, BUSY, self.now_ps - engine.start)
    if engine.state == COMPUTE:
        return _append(self, e, self.now_ps, 0, BUSY)
    if engine.ready > engine.start:
        moving[LATENCY] += min(engine.ready, self.now_ps) - engine.start
        if _append(self, e, min(engine.ready, self.now_ps), 0, LATENCY) < 0:
            return -1
    flowing = self.now_ps - max(engine.ready, engine.start)
    if engine.state != TRANSFER or flowing == 0:
        return 0
    route = &self.routes[engine.route]
    kind = route.kind
    alone = min((moved + route.port_rate - 1) // route.port_rate, flowing)
    moving[kind] += alone
    moving[CONTENTION] += flowing - alone
    return _append(self, e, self.now_ps, alone, MOVING + kind)


cdef int _log_job(TileMachine self, int64_t e, int64_t jobs, int64_t size) noexcept nogil:
    """Remember a job since its `start`, and of a transfer the bytes; ``jobs``: 1 if it ends now, 0 if it stops. -1 when memory is out."""
    cdef Engine* engine = &self.engine[e]
    cdef bint moves = engine.state != COMPUTE
    cdef int64_t route = engine.route if moves else -1
    cdef Job* row
    cdef Job* grown
    if engine.logged >= 0:
        row = &self.job[engine.logged]
        if row.end == engine.start and row.step == engine.step and row.instance == engine.instance and row.route == route:
            row.end = self.now_ps
            row.jobs += jobs
            row.size += size if moves else 0
            return 0
    if self.jobs_n == self.jobs_room:
        grown = <Job*> realloc(self.job, (2 * self.jobs_room + 256) * sizeof(Job))
        if grown == NULL:
            return -1
        self.job = grown
        self.jobs_room = 2 * self.jobs_room + 256
    row = &self.job[self.jobs_n]
    row.engine = e
    row.step = engine.step
    row.instance = engine.instance
    row.route = route
    row.begin = engine.start
    row.end = self.now_ps
    row.jobs = jobs
    row.size = size if moves else 0
    engine.logged = self.jobs_n
    self.jobs_n += 1
    return 0


cdef int _log_levels(TileMachine self) noexcept nogil:
    """Remember the staging bytes that each core holds after this instant, where they changed; -1 when memory is out."""
    cdef int64_t c, last
    cdef Level* grown
    for c in range(self.n_cores):
        last = self.leveled[c]
        if self.core[c].used == (self.level[last].used if last >= 0 else 0):
            continue
        if last >= 0 and self.level[last].time == self.now_ps:
            self.level[last].used = self.core[c].used
            continue
        if self.levels_n == self.levels_room:
            grown = <Level*> realloc(self.level, (2 * self.levels_room + 256) * sizeof(Level))
            if grown == NULL:
                return -1
            self.level = grown
            self.levels_room = 2 * self.levels_room + 256
        self.level[self.levels_n].core = c
        self.level[self.levels_n].time = self.now_ps
        self.level[self.levels_n].used = self.core[c].used
        self.leveled[c] = self.levels_n
        self.levels_n += 1
    return 0
