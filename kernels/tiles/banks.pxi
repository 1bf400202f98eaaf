# Banks of the cores' SRAM: which hold data, how long the others are empty, and when those are awake that fill again.
#
# What a core holds (tensors, and what is loaded or made of tiles on their way) is packed into its first banks. Space that was granted
# holds nothing before its load begins, or the vector work that writes into it. Tensors lie on all cores alike.


cdef int64_t _holding(TileMachine self, int64_t c) noexcept nogil:
    """How many of a core's banks have to hold data now."""
    cdef int64_t held = self.kept_bytes + self.core[c].live
    return min(self.bank_count, (held + self.bank_bytes - 1) // self.bank_bytes) if held > 0 else 0


cdef int _fit_banks(TileMachine self, int64_t c) noexcept nogil:
    """Let as many banks hold data as a core needs: the others are empty from now on; -1 when memory is out."""
    cdef Core* core = &self.core[c]
    cdef int64_t i, needed = _holding(self, c), wake = -1
    cdef int64_t* since = self.bank_since + c * self.bank_count
    cdef Rester* sram = &self.rester[c * CORE_BLOCKS + REST_SRAM]
    for i in range(needed, core.banks):
        since[i] = self.now_ps
    for i in range(core.banks, needed):
        if _bank_fills(self, c, i, self.now_ps) < 0:
            return -1
        if self.now_ps - since[i] > self.bank_sleep.after:
            wake = self.bank_sleep.wake
    # no job of the core can tell which banks it will touch: all wait
    if wake >= 0 and sram.awake < self.now_ps + wake:
        sram.awake = self.now_ps + wake
    core.banks = needed
    core.most = NEVER if needed == self.bank_count else needed * self.bank_bytes - self.kept_bytes
    core.fewest = (needed - 1) * self.bank_bytes - self.kept_bytes
    return 0


cdef int _bank_fills(TileMachine self, int64_t c, int64_t i, int64_t until) noexcept nogil:
    """A bank held nothing until an instant; -1 when memory is out."""
    cdef int64_t unit = c * self.bank_count + i, begin = self.bank_since[unit]
    if until <= begin:
        return 0
    self.banks_empty += until - begin
    return 0 if until - begin < self.bank_rests_from else _remember(self, REST_BANK, begin, until, unit)


cdef inline int _fill(TileMachine self, int64_t c, int64_t size) noexcept nogil:
    """Something is written into staging space of a core from now on; -1 when memory is out."""
    self.core[c].live += size
    return _fit_banks(self, c) if self.core[c].live > self.core[c].most else 0


cdef inline void _drain(TileMachine self, int64_t c, int64_t size) noexcept nogil:
    """Nobody needs it any more."""
    self.core[c].live -= size
    if self.core[c].live <= self.core[c].fewest:
        _fit_banks(self, c)  # banks that become empty ask for no memory


cdef int _keep(TileMachine self, int64_t size) noexcept nogil:
    """Tensors take so many bytes more of every core's SRAM (or fewer, below 0); -1 when memory is out."""
    cdef int64_t c
    if size == 0:
        return 0
    self.kept_bytes += size
    for c in range(self.n_cores):
        if _fit_banks(self, c) < 0:
            return -1
    return 0


cdef int _begin_tensors(TileMachine self, Cursor* at) noexcept nogil:
    """The first tile of a step is multiplied: its results begin to come, and those of its operator if none did; -1 when memory is out."""
    cdef int64_t op = self.step_at[at.step].op
    cdef Step* step = &self.step_at[at.step]
    cdef unsigned char* begun = &self.begun[(at.instance & 1) * self.n_operators + op]
    if at.block != step.block or at.repeat or at.index or at.run != self.block_at[at.block].first or begun[0]:
        return 0
    begun[0] = 1
    return _keep(self, self.tensor_bytes[op, 0])


cdef int64_t _banks_empty(TileMachine self) noexcept nogil:
    """How long banks were empty until now, over all of them."""
    cdef int64_t c, i, found = self.banks_empty
    for c in range(self.n_cores if self.bank_count else 0):
        for i in range(self.core[c].banks, self.bank_count):
            found += self.now_ps - self.bank_since[c * self.bank_count + i]
    return found
