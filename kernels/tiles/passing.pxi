# A tile is through a stage: what it frees, completes and wakes.


cdef void _freed(TileMachine self, Core* core, int64_t size, int64_t engine) noexcept nogil:
    core.used -= size
    if self.bank_count:
        _drain(self, engine // ENGINES, size)
    self.todo[engine // ENGINES] |= 1 << GRANT
    core.release.engine = engine
    core.release.relation = BUFFER
    core.release.time = self.now_ps


cdef void _operands_used(TileMachine self, Core* core, Cursor* done, bint tensor, int64_t engine) noexcept nogil:
    """Operands stay until the tile that uses them last is through: the next one brings its own, or another step begins."""
    cdef Cursor next = done[0]
    cdef int moved = _advance(self, &next, core.step_begin, core.step_end)
    cdef int64_t freed = 0
    # invariant: what the step's tile before brought was released when this one's was known to follow
    if self.run_at[done.run].w:
        core.held_w[tensor] = self.run_at[done.run].w
    if self.run_at[done.run].a:
        core.held_a[tensor] = self.run_at[done.run].a
    if moved or self.run_at[next.run].w:
        freed += core.held_w[tensor]
        core.held_w[tensor] = 0
    if moved or self.run_at[next.run].a:
        freed += core.held_a[tensor]
        core.held_a[tensor] = 0
    if freed:
        _freed(self, core, freed, engine)


cdef int _through(TileMachine self, int64_t c, int stage, int64_t engine, Source why) noexcept nogil:
    """Move a stage's cursor past its tile, with what follows from that."""
    cdef Core* core = &self.core[c]
    cdef Cursor* at = &core.cursor[stage]
    cdef int64_t step = at.step, instance = at.instance, base
    cdef int moved
    cdef Run* run = &self.run_at[at.run]
    cdef bint tensor = run.tensor > 0
    _pass(self, core, stage, engine, why)
    if stage == FINISH and run.o and _mark(self, &core.finished, at.tile, core.cursor[WRITE].tile) < 0:
        return -1
    self.todo[c] |= self.after[stage]
    self.waking = True
    if stage == MULTIPLY or stage == FINISH:
        if tensor == (stage == MULTIPLY):
            _operands_used(self, core, at, tensor, c * ENGINES + (TENSOR if tensor else VECTOR))
        if stage == FINISH:
            if run.x:
                _freed(self, core, run.x, c * ENGINES + VECTOR)
        elif self.bank_count and _begin_tensors(self, at) < 0:
            return -1
    elif stage == WRITE and run.o:
        _freed(self, core, run.o, c * ENGINES + STORE)
    moved = _advance(self, at, core.step_begin, core.step_end)
    if stage == WRITE and moved:
        if core.used > self.step_staging_view[at.step]:
            self.step_staging_view[at.step] = core.used
        if engine < 0:
            engine = why.engine
        # what the step left for staging bounds it no longer
        self.todo[c] |= 1 << GRANT
        core.release.engine = engine
        core.release.relation = BUFFER
        core.release.time = self.now_ps
        base = (instance & 1) * self.n_tokens
        _complete(self, base + self.step_at[step].op, engine)
        _complete(self, base + self.n_operators + step, engine)
        self.steps_left[instance & 1] -= 1
        if self.steps_left[instance & 1] == 0:
            _arm(self, instance & 1)
            self.completed += 1
            _report(self, 0, instance)
            _wake_all(self, 1 << GRANT)
    return 0


cdef void _wake_all(TileMachine self, int stages) noexcept nogil:
    """Something happened that may let any core's next tile pass these stages."""
    cdef int64_t c
    for c in range(self.n_cores):
        self.todo[c] |= stages
    self.waking = True


cdef inline void _satisfied(TileMachine self, int64_t token, int64_t engine) noexcept nogil:
    """A token awaits nothing any more; ``engine`` held it until now."""
    cdef Source* source = &self.token_source[token]
    if self.clock != PAUSED and self.recent_at != self.now_ps:
        self.recent_at = self.now_ps
        self.recent_n = 0
    # invariant: a token that was satisfied at `recent_at` or later is in the list
    if source.time < self.recent_at:
        self.recent[self.recent_n] = token
        self.recent_n += 1
    source.engine = engine
    source.relation = DEPENDENCY
    source.time = self.now_ps


cdef void _complete(TileMachine self, int64_t token, int64_t engine) noexcept nogil:
    """One of the completions that a token awaits; ``engine`` held it until now."""
    self.token_left[token] -= 1
    if self.token_left[token] == 0:
        _satisfied(self, token, engine)
        _wake_all(self, LOADS)
        token %= self.n_tokens
        if self.bank_count and token < self.n_operators:
            _keep(self, -self.tensor_bytes[token, 1])  # banks that become empty ask for no memory
        if token < self.n_operators and self.watched[token] and token > self.reached:
            self.reached = token


cdef void _report(TileMachine self, int64_t kind, int64_t value) noexcept nogil:
    self.event_kind[self.event_n] = kind
    self.event_value[self.event_n] = value
    self.event_n += 1
