# Starts: staging space granted, loads, products, vector work, stores, copies.


cdef int64_t _room(TileMachine self, Core* core, Cursor* at) noexcept nogil:
    """Staging space of the tile under the cursor: the least that any step in flight on its core leaves, its own among them."""
    cdef Cursor* oldest = &core.cursor[WRITE]
    cdef int64_t step, instance, own = self.step_at[at.step].stage
    if core.least_instance < oldest.instance or (core.least_instance == oldest.instance and core.least_step < oldest.step):
        # the step that left least was written; invariant: the cursor of WRITE is at an earlier tile, or at this one
        core.least = NEVER
        step, instance = oldest.step, oldest.instance
        while step != at.step or instance != at.instance:
            _least(self, core, step, instance)
            step += 1
            if step == core.step_end:
                step = core.step_begin
                instance += 1
    return own if own < core.least else core.least


cdef void _least(TileMachine self, Core* core, int64_t step, int64_t instance) noexcept nogil:
    """Keep which step in flight leaves the least staging space; of equals the last, which is in flight longest."""
    if self.step_at[step].stage <= core.least:
        core.least = self.step_at[step].stage
        core.least_step = step
        core.least_instance = instance


cdef void _note_staging(TileMachine self, int64_t c, int64_t room) noexcept nogil:
    """What a core holds after a grant: its most, the least that is left, and the most by the oldest step in flight."""
    cdef Core* core = &self.core[c]
    cdef int64_t oldest = core.cursor[WRITE].step
    if core.used > self.peak_view[c]:
        self.peak_view[c] = core.used
    if room - core.used < self.free_view[c]:
        self.free_view[c] = room - core.used
    if core.used > self.step_staging_view[oldest]:
        self.step_staging_view[oldest] = core.used


cdef int _grant(TileMachine self, int64_t c) noexcept nogil:
    """Give staging space to the next tile if it fits: 1 when it did, -1 when memory is out."""
    cdef Core* core = &self.core[c]
    cdef Cursor* at = &core.cursor[GRANT]
    cdef int64_t need, launch, room, least
    cdef Run* run
    cdef Source why
    if not at.valid or at.instance >= self.completed + 2:
        return 0
    launch = (at.instance & 1) * self.n_tokens + self.n_tokens - 1
    if self.token_left[launch] > 0:
        return 0
    run = &self.run_at[at.run]
    need = run.w + run.a + run.x + run.o
    room = _room(self, core, at)
    if core.used + need > room:
        return 0
    why = self.token_source[launch]
    if why.time < self.now_ps and core.release.time == self.now_ps:
        why = core.release
    core.used += need
    _least(self, core, at.step, at.instance)
    _note_staging(self, c, room)
    _pass(self, core, GRANT, -1, why)
    if need > run.o:
        least = core.cursor[LOAD_W].tile
        if core.cursor[LOAD_X].tile < least:
            least = core.cursor[LOAD_X].tile
        if _mark(self, &core.granted, at.tile, least) < 0:
            return -1
    self.todo[c] |= self.after[GRANT]
    _advance(self, at, core.step_begin, core.step_end)
    return 1


cdef int _load(TileMachine self, int64_t c, int stage) noexcept nogil:
    """Start the next load of a stage, or pass it when empty: 1 when something changed, -1 when memory is out."""
    cdef Core* core = &self.core[c]
    cdef Cursor* at = &core.cursor[stage]
    cdef int turn
    cdef Run* run
    cdef int64_t size, route, e = c * ENGINES + (WEIGHTS if stage == LOAD_W or self.one_queue else ACTIVATIONS)
    cdef Source why
    if not at.valid or self.engine[e].state != IDLE:
        return 0
    why = _nobody(self, e, BUFFER)
    # ties are settled in favour of what is looked at first: dependency, input, buffer, turn
    if (stage != LOAD_W or self.step_at[at.step].w_waits) and not _ready(self, at, &why):
        return 0
    if stage == LOAD_X and not _passed(self, core, LOAD_A, at, INPUT, &why):
        return 0
    if stage == LOAD_A and self.one_queue and not _passed(self, core, LOAD_W, at, INPUT, &why):
        return 0
    if stage != LOAD_X and self.one_queue and core.cursor[LOAD_X].tile < at.tile:
        return 0
    if stage == LOAD_A and core.cursor[LOAD_X].tile < at.tile:
        return 0
    if not _passed(self, core, GRANT, at, BUFFER, &why):
        return 0
    # An engine takes tiles in turn: one that had nothing to load may have held this one until now.
    turn = LOAD_X if stage == LOAD_A or self.one_queue else stage
    if why.time < self.now_ps and core.source[turn].time == self.now_ps:
        why = core.source[turn]
    run = &self.run_at[at.run]
    size = run.w if stage == LOAD_W else run.a if stage == LOAD_A else run.x
    if size == 0:
        _through(self, c, stage, -1, why)
        return 1
    if self.bank_count and _fill(self, c, size) < 0:
        return -1
    route = self.step_at[at.step].route[stage - LOAD_W]
    if _move(self, e, at.step, at.instance, size, stage - LOAD_W, route, _asked(self, core, stage, at), why) < 0:
        return -1
    return 1


cdef int _multiply(TileMachine self, int64_t c) noexcept nogil:
    cdef Core* core = &self.core[c]
    cdef Cursor* at = &core.cursor[MULTIPLY]
    cdef int64_t e = c * ENGINES + TENSOR
    cdef Source why = _nobody(self, e, INPUT)
    if not at.valid or self.engine[e].state != IDLE:
        return 0
    if not _passed(self, core, LOAD_A, at, INPUT, &why) or not _passed(self, core, LOAD_W, at, INPUT, &why):
        return 0
    if self.run_at[at.run].tensor == 0:
        return -1 if _through(self, c, MULTIPLY, -1, why) < 0 else 1
    if at.tile - core.cursor[FINISH].tile >= self.step_at[at.step].accumulators:
        return 0
    if (
        why.time < self.now_ps and core.source[FINISH].time == self.now_ps
        and at.tile - core.before[FINISH] >= self.step_at[at.step].accumulators
    ):
        why = core.source[FINISH]
        if why.relation == BUSY:
            why.relation = BUFFER
    if _compute(self, e, at, self.run_at[at.run].tensor, why) < 0:
        return -1
    return 1


cdef int _vector(TileMachine self, int64_t c) noexcept nogil:
    cdef Core* core = &self.core[c]
    cdef Cursor* at = &core.cursor[FINISH]
    cdef int64_t e = c * ENGINES + VECTOR
    cdef Source why = _nobody(self, e, INPUT)
    if not at.valid or self.engine[e].state != IDLE:
        return 0
    if not _passed(self, core, MULTIPLY, at, INPUT, &why) or not _passed(self, core, LOAD_X, at, INPUT, &why):
        return 0
    if self.bank_count and _fill(self, c, self.run_at[at.run].o) < 0:
        return -1
    if self.run_at[at.run].vector == 0:
        return -1 if _through(self, c, FINISH, -1, why) < 0 else 1
    if _compute(self, e, at, self.run_at[at.run].vector, why) < 0:
        return -1
    return 1


cdef int _store(TileMachine self, int64_t c) noexcept nogil:
    cdef Core* core = &self.core[c]
    cdef Cursor* at = &core.cursor[WRITE]
    cdef int64_t asked, e = c * ENGINES + STORE
    cdef Source why = _nobody(self, e, INPUT)
    if not at.valid or self.engine[e].state != IDLE:
        return 0
    if not _passed(self, core, FINISH, at, INPUT, &why):
        return 0
    if self.run_at[at.run].o == 0:
        _through(self, c, WRITE, -1, why)
        return 1
    asked = _marked(self, &core.finished, at.tile)
    if _move(self, e, at.step, at.instance, self.run_at[at.run].o, 3, self.step_at[at.step].route[3], asked, why) < 0:
        return -1
    return 1


cdef int _start_core(TileMachine self, int64_t c) noexcept nogil:
    """Start what this core can start, the earliest stage that can always first, until none can."""
    cdef int stage, status = 0
    while self.todo[c] and status >= 0:
        stage = lowest_bit(self.todo[c])
        self.todo[c] ^= 1 << stage
        if stage == GRANT:
            status = _grant(self, c)
            if status:
                self.todo[c] |= 1 << GRANT
        elif stage <= LOAD_X:
            status = _load(self, c, stage)
        elif stage == MULTIPLY:
            status = _multiply(self, c)
        elif stage == FINISH:
            status = _vector(self, c)
        else:
            status = _store(self, c)
    return min(status, 0)


cdef int _start(TileMachine self) noexcept nogil:
    """Start everything that can start now, core by core, until nothing more can."""
    cdef int64_t c, side, e, route
    cdef Source why
    while self.waking and self.clock != PAUSED:
        # a step that ends on one core, for it had nothing to do, may wake another
        self.waking = False
        for c in range(self.n_cores):
            if self.todo[c] and _start_core(self, c) < 0:
                return -1
    for side in range(2):
        e = self.n_cores * ENGINES + 1 + side
        if self.engine[e].state == IDLE and self.copies_head[side] < self.copies_n[side]:
            self.copy_now[side] = self.copies[side][self.copies_head[side]]
            self.copies_head[side] += 1
            if self.copies_head[side] == self.copies_n[side]:
                self.copies_head[side] = 0
                self.copies_n[side] = 0
            why = _nobody(self, e, DEPENDENCY) if side else _nobody(self, self.n_cores * ENGINES, ARRIVAL)
            route = self.copy_out_route if side else self.copy_in_route
            if _move(
                self, e, -1, self.copy_now[side].tag, self.copy_now[side].size, 3 * side, route, self.copy_now[side].asked, why
            ) < 0:
                return -1
    return 0
