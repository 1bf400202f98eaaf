# What is refused before the first picosecond: what would send the kernel out of its arrays or past 64 bits.


cdef int _check(TileMachine self, int64_t[:, ::1] table) except -1:
    """Refuse what would send the kernel out of its arrays."""
    cdef int64_t i, k, b, r, w, a, rest, tensor, routes = table.shape[0]
    if self.runs.shape[1] != RUN_COLUMNS or self.blocks.shape[1] != 3 or self.steps.shape[1] != STEP_COLUMNS or table.shape[1] != 13:
        raise ValueError("TileMachine: runs have 7 columns, blocks 3, steps 12, routes 13")
    if not 1 <= self.khz < FASTEST_KHZ or not 0 <= self.setup_ps < LONGEST_PS:
        raise ValueError("TileMachine: the clock is positive and below 1 THz, the set-up time not negative and below 1 s")
    if self.n_cores < 1 or self.core_steps[0] != 0 or self.core_steps[self.n_cores] != self.n_steps or self.n_steps < 1:
        raise ValueError("TileMachine: the cores do not divide the steps")
    for i in range(self.n_cores):
        if self.core_steps[i] > self.core_steps[i + 1]:
            raise ValueError("TileMachine: the cores do not divide the steps")
    for r in range(self.runs.shape[0]):
        for k in range(RUN_COLUMNS):
            if self.runs[r, k] < (1 if k == RUN_COUNT else 0) or (k != RUN_COUNT and self.runs[r, k] >= 1 << 30):
                raise ValueError(f"TileMachine: run {r} has no tiles, or bytes or cycles that are negative or above 2^30")
    for b in range(self.blocks.shape[0]):
        if self.blocks[b, 0] < 1 or not 0 <= self.blocks[b, 1] < self.blocks[b, 2] <= self.runs.shape[0]:
            raise ValueError(f"TileMachine: block {b} repeats nothing or names a run that does not exist")
    for i in range(self.deps.shape[0]):
        if not 0 <= self.deps[i] <= self.n_operators + self.n_steps:
            raise ValueError("TileMachine: a dependency names nothing")
    for i in range(self.n_steps):
        if not 0 <= self.steps[i, STEP_BLOCK] < self.steps[i, STEP_BLOCK_END] <= self.blocks.shape[0]:
            raise ValueError(f"TileMachine: step {i} has no block or names one that does not exist")
        if not 0 <= self.steps[i, STEP_DEP] <= self.steps[i, STEP_DEP_END] <= self.deps.shape[0]:
            raise ValueError(f"TileMachine: step {i} names dependencies that do not exist")
        if not 0 <= self.steps[i, STEP_OPERATOR] < self.n_operators or self.steps[i, STEP_ACCUMULATORS] < 1:
            raise ValueError(f"TileMachine: step {i} has no operator or no accumulator")
        for k in range(STEP_W_ROUTE, STEP_O_ROUTE + 1):
            if not -1 <= self.steps[i, k] < routes:
                raise ValueError(f"TileMachine: step {i} names a route that does not exist")
        w = a = rest = 0
        tensor = -1
        for b in range(self.steps[i, STEP_BLOCK], self.steps[i, STEP_BLOCK_END]):
            for r in range(self.blocks[b, 1], self.blocks[b, 2]):
                w = max(w, self.runs[r, RUN_W])
                a = max(a, self.runs[r, RUN_A])
                rest = max(rest, self.runs[r, RUN_X] + self.runs[r, RUN_O])
                if (
                    (self.runs[r, RUN_W] and self.steps[i, STEP_W_ROUTE] < 0) or (self.runs[r, RUN_A] and self.steps[i, STEP_A_ROUTE] < 0)
                    or (self.runs[r, RUN_X] and self.steps[i, STEP_X_ROUTE] < 0) or (self.runs[r, RUN_O] and self.steps[i, STEP_O_ROUTE] < 0)
                ):
                    raise ValueError(f"TileMachine: step {i} moves bytes without a route")
                if tensor >= 0 and tensor != (self.runs[r, RUN_TENSOR] > 0):
                    raise ValueError(f"TileMachine: step {i} mixes tiles with and without tensor work")
                tensor = self.runs[r, RUN_TENSOR] > 0
        if w + a + rest > self.steps[i, STEP_STAGE]:
            raise ValueError(f"TileMachine: step {i} stages {w + a + rest} bytes in {self.steps[i, STEP_STAGE]}")
    if not (0 <= self.copy_in_route < routes and 0 <= self.copy_out_route < routes):
        raise ValueError("TileMachine: copies need a route")
    return 0


cdef int _check_fabric(TileMachine self, int64_t[:, ::1] table, int64_t[::1] capacity, int64_t[::1] mix) except -1:
    """Refuse rates that are zero, or so great or small that sums overflow."""
    cdef int64_t i, k, r, links = capacity.shape[0], mixes = mix.shape[0], least, least_mix = NEVER
    if table.shape[0] < 1 or table.shape[1] != 13:
        raise ValueError("TileMachine: there is at least one route, and routes have 13 columns")
    if links < 1 or mixes & (mixes - 1):
        raise ValueError("TileMachine: there is at least one link, and the DRAM mixes are none or a power of two")
    for i in range(links):
        if not LEAST_RATE <= capacity[i] < MOST_RATE:
            raise ValueError(f"TileMachine: link {i} is slower than 16 MB/s or faster than 16 PB/s")
    for i in range(mixes):
        least_mix = min(least_mix, mix[i])
        if not LEAST_RATE <= mix[i] < MOST_RATE:
            raise ValueError(f"TileMachine: DRAM is slower than 16 MB/s or faster than 16 PB/s in mix {i}")
    for r in range(table.shape[0]):
        if not LEAST_RATE <= table[r, 0] < MOST_RATE or not 0 <= table[r, 1] < LONGEST_PS:
            raise ValueError(f"TileMachine: route {r} is slower than 16 MB/s, faster than 16 PB/s, or has no sensible latency")
        if not 0 <= table[r, 2] < max(mixes, 1):
            raise ValueError(f"TileMachine: route {r} has a pattern that no DRAM mix knows")
        if table[r, 3] not in (DRAM, NOC, PCIE):
            raise ValueError("TileMachine: a route's kind is DRAM (4), NoC (5) or PCIe (6)")
        if not 0 <= table[r, 4] <= MAX_ROUTE_LINKS:
            raise ValueError(f"TileMachine: route {r} has more than {MAX_ROUTE_LINKS} links, or less than none")
        for k in range(table[r, 4]):
            i = table[r, 5 + k]
            if not 0 <= i < links:
                raise ValueError(f"TileMachine: route {r} names a link that does not exist")
            least = least_mix if i == 0 and mixes else capacity[i]
            if not 0 <= table[r, 9 + k] <= 64 * SHARE_ONE or self.n_engines * table[r, 9 + k] * MAX_ROUTE_LINKS > least * SHARE_ONE:
                raise ValueError(f"TileMachine: route {r} takes a share of link {i} that is negative or leaves nothing for others")
    return 0


cdef int _check_rest(TileMachine self, int64_t[:, ::1] sleeps, int64_t[::1] rests_from) except -1:
    """Take what says when blocks sleep and which rests are remembered, or refuse it."""
    cdef int64_t r, k, s
    if self.route_blocks.shape[0] != self.n_routes or rests_from.shape[0] != BLOCK_KINDS:
        raise ValueError("TileMachine: blocks for each route, and a shortest rest for each kind of block")
    if sleeps.shape[0] != BLOCK_KINDS or sleeps.shape[1] != 2 * SLEEPS:
        raise ValueError("TileMachine: three depths of sleep for each kind of block")
    for r in range(self.n_routes):
        if not 0 <= self.route_blocks[r] < 1 << CHIP_BLOCKS:
            raise ValueError(f"TileMachine: route {r} uses a block that does not exist")
    for k in range(BLOCK_KINDS):
        self.rests_from[k] = NEVER if rests_from[k] < 0 else rests_from[k]
        self.rested[k] = 0
        for s in range(SLEEPS):
            self.sleep[k][s].after = NEVER if sleeps[k, 2 * s] < 0 else sleeps[k, 2 * s]
            self.sleep[k][s].wake = max(0, sleeps[k, 2 * s + 1])
            if self.sleep[k][s].wake >= LONGEST_PS or (s > 0 and self.sleep[k][s].after < self.sleep[k][s - 1].after):
                raise ValueError("TileMachine: depths of sleep are entered in order and left within a second")
    return 0


cdef int _check_banks(TileMachine self, banks, tensor_bytes) except -1:
    """Take what there is to know of banks and of what tensors take of them, or refuse it."""
    cdef int64_t op
    told = np.array(banks, dtype=np.int64)
    sizes = np.zeros((self.n_operators, 2), dtype=np.int64) if tensor_bytes is None else np.array(tensor_bytes, dtype=np.int64, order="C")
    if told.shape != (len(BANK_FIELDS),) or sizes.shape != (self.n_operators, 2):
        raise ValueError("TileMachine: of banks six numbers, and what tensors take and leave with each operator")
    self.bank_count, self.bank_bytes, self.kept_bytes, after, wake, least = told.tolist()
    if not 0 < self.bank_count <= MOST_BANKS or not 0 < self.bank_bytes < MOST_BYTES or not 0 <= self.kept_bytes < MOST_BYTES or wake >= LONGEST_PS:
        raise ValueError("TileMachine: banks are 1 to 4096 of 1 byte to 1 TiB, and awake within a second")
    self.tensor_bytes = sizes
    for op in range(self.n_operators):
        if not 0 <= self.tensor_bytes[op, 0] < MOST_BYTES or not 0 <= self.tensor_bytes[op, 1] < MOST_BYTES:
            raise ValueError(f"TileMachine: tensors of operator {op} take less than 0 or more than 1 TiB")
    self.bank_sleep.after = NEVER if after < 0 else after
    self.bank_sleep.wake = max(0, wake)
    self.bank_rests_from = NEVER if least < 0 else least
    return 0


cdef void _find_work(TileMachine self) noexcept:
    """Tell the engines that the program has jobs for from those that stay idle for ever."""
    cdef int64_t c, i, b, r, k
    cdef int64_t engine_of[RUN_COLUMNS]
    engine_of[RUN_W] = WEIGHTS
    engine_of[RUN_A] = engine_of[RUN_X] = WEIGHTS if self.one_queue else ACTIVATIONS
    engine_of[RUN_TENSOR] = TENSOR
    engine_of[RUN_VECTOR] = VECTOR
    engine_of[RUN_O] = STORE
    for c in range(self.n_cores):
        for i in range(self.core_steps[c], self.core_steps[c + 1]):
            for b in range(self.steps[i, STEP_BLOCK], self.steps[i, STEP_BLOCK_END]):
                for r in range(self.blocks[b, 1], self.blocks[b, 2]):
                    for k in range(RUN_W, RUN_COLUMNS):
                        if self.runs[r, k]:
                            self.engine[c * ENGINES + engine_of[k]].works = True
