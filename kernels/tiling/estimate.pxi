# How long a mapping takes by the estimate: tile after tile through engines and links, equal steps taken at once.


cdef inline double most_of(double a, double b) noexcept nogil:
    return a if a > b else b


cdef inline double least_of(double a, double b) noexcept nogil:
    return a if a < b else b


cdef double waste(int64_t run_bytes, int64_t access_bytes) noexcept nogil:
    # Bytes that DRAM moves for each byte of pieces this long; as routes have it, a power of two from 16 B to 4 KiB.
    cdef int64_t piece = LEAST_PIECE
    while piece < MOST_PIECE and 2 * piece <= run_bytes:
        piece *= 2
    return PIECES * (up(piece, access_bytes) * access_bytes) / piece


cdef double waste_a(const Problem* p, const Limits* chip, const Mapping* map) noexcept nogil:
    # Rows of A that are cut along the depth.
    return waste(map.tile_k * p.a_bits // 8, chip.dram_access) if map.tile_k < p.k else 1.0


cdef double waste_o(const Problem* p, const Limits* chip, const Mapping* map) noexcept nogil:
    # Rows of results that are cut along the columns.
    cdef int64_t columns = p.context if p.context else p.n
    if map.split_n == 1 and map.tile_n >= p.n:
        return 1.0
    return waste(least(map.tile_n, columns) * p.o_bits // 8, chip.dram_access)


cdef double brought_ps(const Limits* chip, const Layout* plan) noexcept nogil:
    # What the DMA engines bring, one engine after the other.
    return plan.bytes_w * chip.w_port_ps + (plan.bytes_a + plan.bytes_x) * chip.a_port_ps


cdef double scattered_ps(const Problem* p, const Limits* chip, const Mapping* map) noexcept nogil:
    # What readers will bring: a core's share of a result of which the cores have neither ranges of rows nor of columns.
    cdef int64_t cores = map.split_g * map.split_m * map.split_n
    if p.o_moves or chip.cores == 1 or (cores == chip.cores and (map.split_m == 1 or cores == map.split_m)):
        return 0
    return <double> p.groups * p.rows * p.out_cols * (p.context if p.context else p.n) * p.o_bits / 8 / cores * chip.a_port_ps


cdef double time_of(
    const Problem* p, const Limits* chip, const Mapping* map, const Layout* plan, double bound, double best
) noexcept nogil:
    # Picoseconds of the tiles of one core while all cores do the same; any figure above `best` when it is no better.
    cdef double w_free = 0, a_free = 0, tensor = 0, vector = 0, store = 0, dram = 0, drained = 0, link = 0, grant = 0
    cdef double w_end, a_end, begin, before = 0, step = 0, now
    cdef double cores = map.split_g * map.split_m * map.split_n
    cdef double w_share = most_of(chip.host_ps, chip.dram_ps * (chip.host_ps == 0)) * cores / map.split_m if p.b_dram else 0.0
    cdef double a_share = chip.dram_ps * cores / map.split_n * waste_a(p, chip, map) if p.a_dram else 0.0
    cdef double x_share = chip.dram_ps * cores if p.x_dram else 0.0
    cdef double o_share = chip.dram_ps * cores * waste_o(p, chip, map) if p.o_dram else 0.0
    cdef double freed_at[RING]
    cdef int64_t freed[RING]
    cdef int64_t head = 0, tail = 0, used = 0, held_w = 0, held_a = 0, b, r, i, need, same, times, left
    cdef double exposed = 0
    cdef double clocks[CLOCKS]
    cdef double last[CLOCKS]
    cdef bint ahead = not p.b_waits
    cdef double past[2]          # ends of the vector work of the last tiles: accumulators in use
    cdef const Run* run
    cdef double jump
    past[0] = past[1] = 0
    for b in range(plan.blocks):
        for times in range(plan.times[b]):
            for r in range(plan.first[b], plan.end[b]):
                run = &plan.run[r]
                same = 0
                i = 0
                for need in range(CLOCKS):
                    last[need] = -1
                before = store if store > vector else vector
                while i < run.count:
                    need = run.w + run.a + run.x + run.o
                    if run.w and held_w and tail > head:
                        freed[(tail - 1) % RING] += held_w
                        held_w = 0
                    if run.a and held_a and tail > head:
                        freed[(tail - 1) % RING] += held_a
                        held_a = 0
                    while tail > head and (used + need > chip.stage_bytes or tail - head == RING):
                        if freed_at[head % RING] > grant:
                            grant = freed_at[head % RING]
                        used -= freed[head % RING]
                        head += 1
                    used += need
                    w_end = grant
                    if run.w and ahead:
                        # Weights need not wait for anything: the first are there when the activations come, or nearly.
                        ahead = False
                        exposed = chip.setup_ps + chip.latency_ps + run.w * most_of(chip.w_port_ps, w_share)
                    elif run.w:
                        w_end = most_of(w_free, grant + chip.latency_ps) + chip.setup_ps
                        now = most_of(link if chip.host_ps > 0 else dram, w_end) + run.w * w_share
                        w_end += run.w * chip.w_port_ps
                        if w_share > 0:
                            w_end = most_of(w_end, now)
                            if chip.host_ps > 0:
                                link = now
                            else:
                                dram = now
                        w_free = w_end
                        if chip.one_queue:
                            a_free = w_free
                    a_end = grant
                    if run.a:
                        a_end = most_of(a_free, grant + chip.latency_ps) + chip.setup_ps
                        if a_share > 0:
                            dram = (dram if dram > a_end else a_end) + run.a * a_share
                        a_end += run.a * chip.a_port_ps
                        if a_share > 0 and dram > a_end:
                            a_end = dram
                        a_free = a_end
                    if run.tensor:
                        begin = w_end if w_end > a_end else a_end
                        if tensor > begin:
                            begin = tensor
                        if past[0 if plan.accumulators == 2 else 1] > begin:
                            begin = past[0 if plan.accumulators == 2 else 1]
                        tensor = begin + run.tensor * chip.cycle_ps
                        begin = tensor
                    else:
                        begin = w_end if w_end > a_end else a_end
                    now = begin
                    if run.x:
                        a_end = most_of(a_free, grant + chip.latency_ps) + chip.setup_ps
                        if x_share > 0:
                            dram = (dram if dram > a_end else a_end) + run.x * x_share
                        a_end += run.x * chip.a_port_ps
                        if x_share > 0 and dram > a_end:
                            a_end = dram
                        a_free = a_end
                        if a_end > now:
                            now = a_end
                    if chip.one_queue:
                        w_free = a_free
                    if vector > now:
                        now = vector
                    if run.vector:
                        vector = now + run.vector * chip.cycle_ps
                        now = vector
                    past[0] = past[1]
                    past[1] = now
                    if run.o:
                        if store > now:
                            now = store
                        now += chip.setup_ps
                        if o_share > 0:
                            drained = (drained if drained > now else now) + run.o * o_share
                        now += run.o * chip.o_port_ps
                        if o_share > 0 and drained > now:
                            now = drained
                        store = now
                    held_w += run.w
                    held_a += run.a
                    freed_at[tail % RING] = now
                    freed[tail % RING] = run.x + run.o
                    tail += 1
                    i += 1
                    if now > best:
                        return now
                    # Equal tiles settle into equal steps of every engine: take the rest of the run at once. They have settled
                    # once all tiles that hold staging space have: what these free is what the next wait for.
                    same = same + 1 if -SETTLED < now - before - step < SETTLED else 0
                    step = now - before
                    clocks[0], clocks[1], clocks[2], clocks[3] = w_free, a_free, tensor, vector
                    clocks[4], clocks[5], clocks[6], clocks[7], clocks[8] = store, dram, drained, link, grant
                    for need in range(CLOCKS):
                        if clocks[need] != last[need] and not -SETTLED < clocks[need] - last[need] - step < SETTLED:
                            same = 0
                        last[need] = clocks[need]
                    before = now
                    left = run.count - i
                    if same >= 3 and same > tail - head and left > 8 and step > 0:
                        jump = step * (left - 4)
                        w_free += jump
                        a_free += jump
                        tensor += jump
                        vector += jump
                        store += jump
                        dram += jump
                        drained += jump
                        link += jump
                        grant += jump
                        past[0] += jump
                        past[1] += jump
                        for need in range(head, tail):
                            freed_at[need % RING] += jump
                        before += jump
                        for need in range(CLOCKS):
                            last[need] = -1
                        i += left - 4
    now = store if store > vector else vector
    if tensor > now:
        now = tensor
    return most_of(now, bound) + (now + brought_ps(chip, plan) + scattered_ps(p, chip, map)) * TIE + exposed * EXPOSED
