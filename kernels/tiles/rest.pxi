# Blocks at rest: how long, how deep asleep, and when they wake.


cdef inline int _rouse(TileMachine self, int64_t d, int kind, int64_t* wait) noexcept nogil:
    """A job begins to use a block; ``wait`` becomes at least what is left until it is awake. -1 when memory is out."""
    cdef Rester* block = &self.rester[d]
    if block.jobs == 0 and block.since < self.now_ps and _rested(self, block, kind, self.now_ps) < 0:
        return -1
    block.jobs += 1
    if block.awake - self.now_ps > wait[0]:
        wait[0] = block.awake - self.now_ps
    return 0


cdef int _rested(TileMachine self, Rester* block, int kind, int64_t until) noexcept nogil:
    """A block's rest ends: count it, remember it, and say when the block is awake; -1 when memory is out."""
    cdef int64_t length = until - block.since
    cdef int s
    if length <= 0:
        return 0
    self.rested[kind] += length
    for s in range(SLEEPS):
        if length > self.sleep[kind][s].after:
            block.awake = until + self.sleep[kind][s].wake
    if length < self.rests_from[kind]:
        return 0
    return _remember(self, kind, block.since, until, (block - self.rester) // CORE_BLOCKS if kind < REST_NOC else 0)


cdef int _remember(TileMachine self, int kind, int64_t begin, int64_t end, int64_t unit) noexcept nogil:
    """A row for a rest; -1 when memory is out."""
    cdef Rest* grown
    if self.rests_n == self.rests_room:
        grown = <Rest*> realloc(self.rest, (2 * self.rests_room + 256) * sizeof(Rest))
        if grown == NULL:
            return -1
        self.rest = grown
        self.rests_room = 2 * self.rests_room + 256
    self.rest[self.rests_n].kind = kind
    self.rest[self.rests_n].begin = begin
    self.rest[self.rests_n].end = end
    self.rest[self.rests_n].unit = unit
    self.rests_n += 1
    return 0


cdef inline void _left(TileMachine self, int64_t d) noexcept nogil:
    """A job no longer uses a block."""
    self.rester[d].jobs -= 1
    if self.rester[d].jobs == 0:
        self.rester[d].since = self.now_ps


cdef inline int _rouse_way(TileMachine self, int64_t e, int64_t route, int64_t* wait) noexcept nogil:
    """A transfer begins to use its core's SRAM and the chip's blocks on its route; -1 when memory is out."""
    cdef int64_t blocks = self.route_blocks[route], first = self.n_cores * CORE_BLOCKS
    cdef int b
    if e < self.n_cores * ENGINES and _rouse(self, e // ENGINES * CORE_BLOCKS + REST_SRAM, REST_SRAM, wait) < 0:
        return -1
    for b in range(CHIP_BLOCKS):
        if blocks >> b & 1 and _rouse(self, first + b, REST_NOC + b, wait) < 0:
            return -1
    return 0


cdef inline void _leave_way(TileMachine self, int64_t e, int64_t route) noexcept nogil:
    """A transfer no longer uses them."""
    cdef int64_t blocks = self.route_blocks[route], first = self.n_cores * CORE_BLOCKS
    cdef int b
    if e < self.n_cores * ENGINES:
        _left(self, e // ENGINES * CORE_BLOCKS + REST_SRAM)
    for b in range(CHIP_BLOCKS):
        if blocks >> b & 1:
            _left(self, first + b)


cdef void _write_rested(TileMachine self, int64_t* to) noexcept nogil:
    cdef int64_t d, k
    for k in range(BLOCK_KINDS):
        to[k] = self.rested[k]
    for d in range(self.n_cores * CORE_BLOCKS + CHIP_BLOCKS):
        if self.rester[d].jobs == 0 and self.rester[d].since < self.now_ps:
            to[d % CORE_BLOCKS + (0 if d < self.n_cores * CORE_BLOCKS else REST_NOC)] += self.now_ps - self.rester[d].since
