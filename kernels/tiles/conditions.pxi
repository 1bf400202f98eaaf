# What a tile waits for before it passes a stage, and who satisfied it.


cdef Source _nobody(TileMachine self, int64_t engine, int64_t relation) noexcept nogil:
    """No condition was satisfied at this instant: what a job waited for is its own engine, busy until now."""
    cdef Source source
    source.engine = engine
    source.relation = relation
    source.time = self.now_ps - 1
    return source


cdef inline bint _is_first(TileMachine self, const Cursor* at) noexcept nogil:
    """Whether a tile is its step's first."""
    return not at.index and not at.repeat and at.block == self.step_at[at.step].block and at.run == self.block_at[at.block].first


cdef bint _ready(TileMachine self, Cursor* at, Source* last) noexcept nogil:
    """Whether everything that the first tile of a step depends on is there; ``last`` becomes what came at this instant."""
    cdef int64_t i, t, base = (at.instance & 1) * self.n_tokens
    cdef Step* step = &self.step_at[at.step]
    if not _is_first(self, at):
        return True
    for i in range(step.dep, step.dep_end):
        t = base + self.deps[i]
        if self.token_left[t] > 0:
            return False
        if last.time < self.now_ps and self.token_source[t].time == self.now_ps:
            last[0] = self.token_source[t]
    return True


cdef bint _passed(TileMachine self, Core* core, int stage, Cursor* at, int64_t relation, Source* last) noexcept nogil:
    """Whether the tile has passed an earlier stage; ``last`` becomes who let it pass, if that was now and nothing else was yet."""
    if core.cursor[stage].tile <= at.tile:
        return False
    if last.time < self.now_ps and core.source[stage].time == self.now_ps and core.before[stage] <= at.tile:
        last[0] = core.source[stage]
        if last.relation == BUSY:
            last.relation = relation
    return True


cdef void _pass(TileMachine self, Core* core, int stage, int64_t engine, Source why) noexcept nogil:
    """The tile under a stage's cursor is through: by a job of ``engine`` (-1: it had none, then ``why`` says who held it)."""
    if engine >= 0:
        why.engine = engine
        why.relation = BUSY
    why.time = self.now_ps
    if core.source[stage].time < self.now_ps:
        core.source[stage] = why
        core.before[stage] = core.cursor[stage].tile
    self.tiles += stage == WRITE
