# The rates of all transfers in progress, and what ends next.


cdef const int64_t* _rates(TileMachine self) noexcept nogil:
    """Rates for the jobs in progress: a function of how many there are on each route, remembered by that."""
    cdef int64_t r, mix = 0
    cdef uint64_t key = 0
    cdef int64_t* row
    for r in range(self.n_routes):
        key = (key + <uint64_t> self.flows[r]) * 0x9E3779B97F4A7C15ULL
    row = self.memo + <int64_t> (key >> 55) * (1 + 2 * self.n_routes)
    if row[0] and memcmp(row + 1, &self.flows[0], self.n_routes * sizeof(int64_t)) == 0:
        return row + 1 + self.n_routes
    row[0] = 1
    memcpy(row + 1, &self.flows[0], self.n_routes * sizeof(int64_t))
    for r in range(self.n_routes):
        if self.flows[r] > 0:
            mix |= self.routes[r].pattern
    if self.dram_mix.shape[0] > 0:
        self.capacity[0] = self.dram_mix[mix]
    max_min(
        self.routes, &self.flows[0], self.n_routes, &self.capacity[0], self.n_links,
        row + 1 + self.n_routes, &self.room[0], &self.weight[0],
    )
    return row + 1 + self.n_routes


cdef void _count_mix(TileMachine self) noexcept nogil:
    """Count what moved under the present mix of access patterns up to now."""
    cdef int64_t r
    cdef int128 moved
    for r in range(self.n_routes):
        if self.held[r]:
            moved = <int128> self.queue[r].rate * self.held[r] * (self.now_ps - self.mix_since)
            moved += self.mix_rest[self.mix_now, r]
            self.mix_bytes_view[self.mix_now, r] += <int64_t> (moved >> 32)
            self.mix_rest[self.mix_now, r] = <int64_t> (<uint64_t> moved & 0xFFFFFFFFULL)
    self.mix_since = self.now_ps


cdef void _share(TileMachine self) noexcept nogil:
    """Renew the rates of all routes, and when the first job of each ends."""
    cdef int64_t r, mix = 0
    cdef Queue* queue
    cdef const int64_t* rate = _rates(self)
    _count_mix(self)
    for r in range(self.n_routes):
        self.held[r] = self.flows[r] if self.routes[r].pattern else 0
        if self.flows[r]:
            mix |= self.routes[r].pattern
    self.mix_now = mix
    for r in range(self.n_routes):
        queue = &self.queue[r]
        if queue.rate == rate[r] and not queue.moved:
            continue
        _serve(self, queue)
        queue.rate = rate[r]
        queue.moved = False
        queue.end = NEVER
        if queue.n:
            # invariant: a route with jobs has a rate above zero
            queue.end = self.now_ps + (<int64_t> (queue.at[0].target - queue.served) + queue.rate - 1) // queue.rate
    self.rates_stale = False


cdef int64_t _next(TileMachine self) noexcept nogil:
    """When something ends next."""
    cdef int64_t i, at = NEVER
    for i in range(self.n_cores + 1):
        if self.core_end[i] < at:
            at = self.core_end[i]
    for i in range(self.n_routes):
        if self.queue[i].end < at:
            at = self.queue[i].end
    return at
