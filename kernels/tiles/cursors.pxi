# Where each stage of a core is in its tiles, and the tokens of an instance.


cdef void _open(TileMachine self, Cursor* at, int64_t begin, int64_t end) noexcept nogil:
    """Set a cursor on the first tile of its instance, if that instance was submitted."""
    at.valid = at.instance < self.submitted and begin < end
    at.step = begin
    if begin < end:
        at.block = self.step_at[begin].block
        at.run = self.block_at[at.block].first
    at.repeat = 0
    at.index = 0


cdef inline int _advance(TileMachine self, Cursor* at, int64_t begin, int64_t end) noexcept nogil:
    """Go to the next tile: 0 within the step, 1 into the next step, 2 into the next instance."""
    at.tile += 1
    at.index += 1
    if at.index < self.run_at[at.run].count:
        return 0
    return _advance_run(self, at, begin, end)


cdef int _advance_run(TileMachine self, Cursor* at, int64_t begin, int64_t end) noexcept nogil:
    at.index = 0
    at.run += 1
    if at.run < self.block_at[at.block].end:
        return 0
    at.repeat += 1
    if at.repeat < self.block_at[at.block].times:
        at.run = self.block_at[at.block].first
        return 0
    at.repeat = 0
    at.block += 1
    if at.block < self.step_at[at.step].block_end:
        at.run = self.block_at[at.block].first
        return 0
    at.step += 1
    if at.step < end:
        at.block = self.step_at[at.step].block
        at.run = self.block_at[at.block].first
        return 1
    at.instance += 1
    _open(self, at, begin, end)
    return 2


cdef void _arm(TileMachine self, int64_t parity) noexcept nogil:
    """Make the tokens of an instance await their completions anew."""
    cdef int64_t t, base = parity * self.n_tokens
    for t in range(self.n_operators):
        self.token_left[base + t] = self.operator_steps[t]
    for t in range(self.n_operators, self.n_tokens):
        self.token_left[base + t] = 1
    self.steps_left[parity] = self.n_steps
    memset(self.begun + parity * self.n_operators, 0, self.n_operators)
