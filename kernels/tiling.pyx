"""The tiling search: how one matrix product is cut into tiles, over which cores, in which order.

A mapping says how groups, rows and columns are split over the cores, the loop order, and the tile's rows, columns and depth:

- weights stay: for each column tile the weights are loaded once and all row tiles stream past them;
- activations stay: for each row tile the activations are loaded once and all column tiles of the weights stream past;
- depth inside: both are cut along k, partial sums wait in the accumulators.

Every candidate that fits is laid out as runs of equal tiles (the same ones that the machine will execute) and timed by a recurrence over
the machine's engines at fixed rates: DMA queues, a DRAM that serves one core's share in order, tensor, vector, store, and staging space
granted in tile order. Candidates whose lower bound is no better than the best are not laid out.

The recurrence stands in for the tile kernel (leptonsim.kernels.tiles), which has the last word on time.
Not modelled here: the load of the steps before and after, the mix of access patterns.
"""

from libc.stdint cimport int64_t

from leptonsim.kernels.systolic cimport array_struct, systolic_cycles
from leptonsim.kernels.systolic_array cimport Array, Cycles

cdef enum:
    MAX_RUNS = 32
    MAX_BLOCKS = 8
    RING = 64

# Loop orders.
cdef enum:
    WEIGHTS_STAY = 0
    ACTIVATIONS_STAY = 1
    DEPTH_INSIDE = 2

ORDER_NAMES = ("weights stay", "activations stay", "depth inside")

cdef struct Problem:
    int64_t groups          # independent products
    int64_t shared_b        # consecutive groups with the same B
    int64_t rows            # row units of one group: output rows of all images, or rows of A
    int64_t out_rows        # row units of one image
    int64_t out_cols        # rows of A in one row unit
    int64_t in_rows         # input rows of one image
    int64_t row_bits        # bits of one input row of one group
    int64_t stride_rows     # input rows between row units
    int64_t extent_rows     # input rows under one row unit
    int64_t k               # depth
    int64_t n               # columns
    int64_t context         # columns of the second product of fused attention, 0 without one
    int64_t b_bits          # bits of one element of B
    int64_t column_bits     # bits for each column that come along with B: bias, scales
    int64_t b_scale         # B's bytes are k * n * b_bits / 8 / b_scale: block-diagonal packing holds that many times fewer
    int64_t o_bits          # bits of one output element
    int64_t x_q16           # bytes of extra operands for each output element, in 1/65536
    int64_t vector_q20      # vector cycles for each output element, in 2^-20
    int64_t a_moves         # A comes by DMA from beyond the core: 0 it lies in this core's SRAM as it was split, 1 all of it moves
    int64_t a_split         # how it lies in the cores' SRAM: 1 by rows, 2 by columns or groups, 0 otherwise
    int64_t b_moves         # the same of B
    int64_t b_split
    int64_t x_moves
    int64_t x_split
    int64_t o_moves         # output goes by DMA
    int64_t a_dram          # whether what moves comes from DRAM, for its share of the bandwidth
    int64_t b_dram
    int64_t x_dram
    int64_t o_dram

PROBLEM_FIELDS = (
    "groups", "shared_b", "rows", "out_rows", "out_cols", "in_rows", "row_bits", "stride_rows", "extent_rows", "k", "n", "context",
    "b_bits", "column_bits", "b_scale", "o_bits", "x_q16", "vector_q20", "a_moves", "a_split", "b_moves", "b_split", "x_moves", "x_split", "o_moves",
    "a_dram", "b_dram", "x_dram", "o_dram",
)

cdef struct Limits:
    int64_t cores
    int64_t arrays              # systolic arrays of a core
    int64_t accumulator_bytes   # of a core
    int64_t stage_bytes         # staging space of a core
    int64_t sram_read           # bytes in a cycle
    double cycle_ps
    double setup_ps
    double latency_ps
    double port_ps              # picoseconds a byte on one DMA engine
    double dram_ps              # picoseconds a byte of the whole DRAM
    bint one_queue

cdef struct Mapping:
    int64_t split_g
    int64_t split_m
    int64_t split_n
    int64_t order
    int64_t tile_rows
    int64_t tile_n
    int64_t tile_k

cdef struct Run:
    int64_t count
    int64_t w
    int64_t a
    int64_t x
    int64_t tensor
    int64_t vector
    int64_t o
    int64_t stall

cdef struct Layout:             # the tiles of one core's share
    Run run[MAX_RUNS]
    int64_t times[MAX_BLOCKS]
    int64_t first[MAX_BLOCKS]
    int64_t end[MAX_BLOCKS]
    int64_t runs
    int64_t blocks
    int64_t stage               # bytes that the largest tile holds
    int64_t accumulators        # tiles whose partial sums fit at once
    int64_t tiles
    double bytes_dram           # bytes x share of the DRAM, for the bound
    double bytes_w
    double bytes_a
    double bytes_o
    double tensor
    double vector
    int64_t stalls              # tensor cycles in which the SRAM does not give operands fast enough


cdef struct Shape:              # one tile's sizes and costs
    int64_t w
    int64_t a
    int64_t x
    int64_t o
    int64_t tensor
    int64_t vector
    int64_t stall               # of the tensor cycles


cdef inline int64_t up(int64_t a, int64_t b) noexcept nogil:
    return (a + b - 1) // b


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t most(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef int64_t a_bytes(const Problem* p, int64_t rows, int64_t depth) noexcept nogil:
    """Input bytes under ``rows`` row units: whole images, then a part of one with its halo."""
    cdef int64_t images = rows // p.out_rows, rest = rows % p.out_rows
    cdef int64_t height = images * p.in_rows
    if rest:
        if p.stride_rows >= p.extent_rows:
            height += least(p.in_rows, rest * p.extent_rows)
        else:
            height += least(p.in_rows, (rest - 1) * p.stride_rows + p.extent_rows)
    if depth == p.k:
        return up(height * p.row_bits, 8)
    return up(up(height * p.row_bits, p.k) * depth, 8)


cdef double moved(int64_t moves, int64_t split, int64_t mine, Mapping* map, int64_t cores) noexcept nogil:
    """Part of an operand that must come from elsewhere; ``mine`` is the split under which a core finds its own part."""
    if moves:
        return 1.0
    cdef int64_t used = map.split_g * map.split_m * map.split_n
    if cores == 1:
        return 0.0
    if split == mine and used == cores:
        if mine == 1 and map.split_n == 1 and map.split_g == 1:
            return 0.0
        if mine == 2 and map.split_m == 1:
            return 0.0
    return 1.0 - 1.0 / cores


cdef void one(Layout* out, int64_t count, int64_t w, int64_t a, int64_t x, int64_t vector, int64_t o, const Shape* s) noexcept nogil:
    """Add a run to the open block."""
    if count <= 0:
        return
    cdef Run* run = &out.run[out.runs]
    run.count = count
    run.w = w
    run.a = a
    run.x = x
    run.tensor = s.tensor
    run.stall = s.stall
    run.vector = vector
    run.o = o
    out.runs += 1


cdef void close_block(Layout* out, int64_t times) noexcept nogil:
    cdef int64_t first = out.end[out.blocks - 1] if out.blocks else 0, r
    cdef Run* run
    if times <= 0 or out.runs == first:
        out.runs = first
        return
    out.times[out.blocks] = times
    out.first[out.blocks] = first
    out.end[out.blocks] = out.runs
    out.blocks += 1
    for r in range(first, out.runs):
        run = &out.run[r]
        out.tiles += times * run.count
        out.bytes_w += <double> times * run.count * run.w
        out.bytes_a += <double> times * run.count * (run.a + run.x)
        out.bytes_o += <double> times * run.count * run.o
        out.tensor += <double> times * run.count * run.tensor
        out.stalls += times * run.count * run.stall
        out.vector += <double> times * run.count * run.vector


cdef Shape tile(const Problem* p, const Limits* chip, const Array* array, Mapping* map, int64_t rows, int64_t n, int64_t k,
                double a_part, double b_part, double x_part) noexcept nogil:
    cdef Shape s
    cdef int64_t m = rows * p.out_cols, elements = m * n, per, alternative, results
    cdef Cycles c
    per = systolic_cycles(array, m, k, up(n, chip.arrays)).steady
    if chip.arrays > 1:
        alternative = systolic_cycles(array, up(m, chip.arrays), k, n).steady
        per = least(per, alternative)
    if p.context:
        alternative = systolic_cycles(array, m, n, up(p.context, chip.arrays)).steady
        if chip.arrays > 1:
            alternative = least(alternative, systolic_cycles(array, up(m, chip.arrays), n, p.context).steady)
        per += alternative
    s.w = up((k + p.context) * n * p.b_bits, 8 * p.b_scale) + up(n * p.column_bits * k, 8 * p.k)
    s.a = a_bytes(p, rows, k)
    # The array cannot take operands faster than the SRAM gives them.
    s.tensor = most(per, (s.w + up(n, array.cols * chip.arrays) * up(m * k * p.row_bits * p.in_rows, most(1, p.k * p.out_cols * p.out_rows * 8))) // chip.sram_read)
    s.stall = s.tensor - per
    results = m * p.context if p.context else elements
    s.vector = up(elements * p.vector_q20, 1 << 20)
    s.x = <int64_t> (up(elements * p.x_q16, 65536) * x_part)
    s.w = <int64_t> (s.w * b_part)
    s.a = <int64_t> (s.a * a_part)
    s.o = up(results * p.o_bits, 8) if p.o_moves else 0
    return s


cdef bint lay_out(const Problem* p, const Limits* chip, const Array* array, Mapping* map,
                  int64_t groups, int64_t rows, int64_t n, Layout* out) noexcept nogil:
    """The tiles of a core that has ``groups`` groups, ``rows`` row units and ``n`` columns; false when they do not fit."""
    cdef int64_t tr = least(map.tile_rows, rows), tn = least(map.tile_n, n), tk = least(map.tile_k, p.k)
    cdef int64_t m_full = rows // tr, m_rest = rows % tr, n_full = n // tn, n_rest = n % tn
    cdef int64_t k_full = p.k // tk, k_rest = p.k % tk, sums, i, shared = p.shared_b, sets, count, edge, last_n, last_m
    cdef double a_part, b_part, x_part, halo
    cdef Shape s, t, u, v
    cdef Cycles c
    cdef Run* run
    out.runs = out.blocks = out.tiles = out.stalls = 0
    out.bytes_w = out.bytes_a = out.bytes_o = out.tensor = out.vector = 0
    a_part = moved(p.a_moves, p.a_split, 2 if p.a_split == 2 and p.groups > 1 else 1, map, chip.cores)
    b_part = moved(p.b_moves, p.b_split, 2, map, chip.cores)
    x_part = moved(p.x_moves, p.x_split, 1 if map.split_m * map.split_g > 1 and map.split_n == 1 and map.split_g == 1 else 2, map, chip.cores)
    if not p.a_moves and a_part == 0.0 and map.split_m > 1 and p.extent_rows > p.stride_rows:
        # rows of the neighbours' parts that the window of the first and last row unit reaches into
        halo = p.extent_rows - p.stride_rows
        a_part = halo / (rows * p.stride_rows + halo)
    sums = tr * p.out_cols * (tn + p.context) * 4
    if sums > chip.accumulator_bytes:
        return False
    out.accumulators = least(2, chip.accumulator_bytes // sums)
    if groups % shared:
        shared = 1
    sets = groups // shared
    s = tile(p, chip, array, map, tr, tn, tk, a_part, b_part, x_part)
    out.stage = s.w + s.a + s.x + s.o
    if out.stage > chip.stage_bytes or s.tensor >= 1 << 30 or s.vector >= 1 << 30:
        return False
    if map.order == WEIGHTS_STAY:
        if tk < p.k or (p.context and tn < n):
            return False
        for i in range(2):
            if i == 1:
                if not n_rest:
                    break
                s = tile(p, chip, array, map, tr, n_rest, tk, a_part, b_part, x_part)
            one(out, 1, s.w, s.a, s.x, s.vector, s.o, &s)
            one(out, shared * m_full - 1, 0, s.a, s.x, s.vector, s.o, &s)
            if m_rest:
                t = tile(p, chip, array, map, m_rest, tn if i == 0 else n_rest, tk, a_part, b_part, x_part)
                one(out, shared, 0, t.a, t.x, t.vector, t.o, &t)
            close_block(out, sets * n_full if i == 0 else sets)
    elif map.order == ACTIVATIONS_STAY:
        if tk < p.k:
            return False
        for i in range(2):
            if i == 1:
                if not m_rest:
                    break
            s = tile(p, chip, array, map, tr if i == 0 else m_rest, tn, tk, a_part, b_part, x_part)
            if n_rest:
                t = tile(p, chip, array, map, tr if i == 0 else m_rest, n_rest, tk, a_part, b_part, x_part)
            if not p.context:
                one(out, 1, s.w, s.a, s.x, s.vector, s.o, &s)
                one(out, n_full - 1, s.w, 0, s.x, s.vector, s.o, &s)
                if n_rest:
                    one(out, 1, t.w, 0, t.x, t.vector, t.o, &t)
            else:
                # attention: the context of a row tile is complete after its last column tile
                count = n_full + (1 if n_rest else 0)
                if count == 1:
                    one(out, 1, s.w, s.a, s.x, s.vector, s.o, &s)
                else:
                    one(out, 1, s.w, s.a, s.x, s.vector, 0, &s)
                    one(out, n_full - 1 - (0 if n_rest else 1), s.w, 0, s.x, s.vector, 0, &s)
                    if n_rest:
                        one(out, 1, t.w, 0, t.x, t.vector, s.o, &t)
                    else:
                        one(out, 1, s.w, 0, s.x, s.vector, s.o, &s)
            close_block(out, groups * m_full if i == 0 else groups)
    else:
        if k_full + (1 if k_rest else 0) < 2 or p.context:
            return False
        for i in range(4):
            if (i & 1 and not m_rest) or (i & 2 and not n_rest):
                continue
            last_m = m_rest if i & 1 else tr
            last_n = n_rest if i & 2 else tn
            s = tile(p, chip, array, map, last_m, last_n, tk, a_part, b_part, x_part)
            if k_rest:
                t = tile(p, chip, array, map, last_m, last_n, k_rest, a_part, b_part, x_part)
            else:
                t = s
            one(out, k_full - (0 if k_rest else 1), s.w, s.a, 0, 0, 0, &s)
            one(out, 1, t.w, t.a, t.x, t.vector, t.o, &t)
            close_block(out, groups * (1 if i & 1 else m_full) * (1 if i & 2 else n_full))
    # The wavefront fills and drains once; the very last tile shows it.
    last_n = n_rest if n_rest else tn
    last_m = m_rest if m_rest else tr
    c = systolic_cycles(array, last_m * p.out_cols, k_rest if k_rest else tk, up(last_n, chip.arrays))
    edge = c.total - c.steady
    if p.context:
        c = systolic_cycles(array, last_m * p.out_cols, last_n, up(p.context, chip.arrays))
        edge += c.total - c.steady
    if edge > 0:
        out.tensor += edge
        if out.times[out.blocks - 1] > 1:
            out.times[out.blocks - 1] -= 1
            out.times[out.blocks] = 1
            out.first[out.blocks] = out.runs
            for i in range(out.first[out.blocks - 1], out.end[out.blocks - 1]):
                out.run[out.runs] = out.run[i]
                out.runs += 1
            out.end[out.blocks] = out.runs
            out.blocks += 1
        run = &out.run[out.runs - 1]
        if run.count > 1:
            run.count -= 1
            out.run[out.runs] = run[0]
            out.run[out.runs].count = 1
            out.runs += 1
            out.end[out.blocks - 1] = out.runs
        out.run[out.runs - 1].tensor += edge
    return True


cdef double time_of(const Problem* p, const Limits* chip, Mapping* map, const Layout* plan, double best) noexcept nogil:
    """Picoseconds of the tiles of one core while all cores do the same; any figure above ``best`` when it is no better."""
    cdef double w_free = 0, a_free = 0, tensor = 0, vector = 0, store = 0, dram = 0, grant = 0, w_end, a_end, begin, before = 0, step = 0, now
    cdef double used_w = 0, cores = map.split_g * map.split_m * map.split_n
    cdef double w_share = chip.dram_ps * cores / map.split_m if p.b_dram else 0.0
    cdef double a_share = chip.dram_ps * cores / map.split_n if p.a_dram else 0.0
    cdef double x_share = chip.dram_ps * cores if p.x_dram else 0.0
    cdef double o_share = chip.dram_ps * cores if p.o_dram else 0.0
    cdef double freed_at[RING]
    cdef int64_t freed[RING]
    cdef int64_t head = 0, tail = 0, used = 0, b, r, i, need, held_w = 0, held_a = 0, same, times, left
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
                step = -1
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
                    if run.w:
                        begin = w_free if w_free > grant else grant
                        w_end = begin + chip.setup_ps + (chip.latency_ps if begin > w_free or w_free == 0 else 0)
                        if w_share > 0:
                            dram = (dram if dram > w_end else w_end) + run.w * w_share
                        w_end += run.w * chip.port_ps
                        if w_share > 0 and dram > w_end:
                            w_end = dram
                        w_free = w_end
                        if chip.one_queue:
                            a_free = w_free
                    a_end = grant
                    if run.a:
                        begin = a_free if a_free > grant else grant
                        a_end = begin + chip.setup_ps + (chip.latency_ps if begin > a_free or a_free == 0 else 0)
                        if a_share > 0:
                            dram = (dram if dram > a_end else a_end) + run.a * a_share
                        a_end += run.a * chip.port_ps
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
                        begin = a_free if a_free > grant else grant
                        a_end = begin + chip.setup_ps
                        if x_share > 0:
                            dram = (dram if dram > a_end else a_end) + run.x * x_share
                        a_end += run.x * chip.port_ps
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
                            dram = (dram if dram > now else now) + run.o * o_share
                        now += run.o * chip.port_ps
                        if o_share > 0 and dram > now:
                            now = dram
                        store = now
                    held_w += run.w
                    held_a += run.a
                    freed_at[tail % RING] = now
                    freed[tail % RING] = run.x + run.o
                    tail += 1
                    i += 1
                    if now > best:
                        return now
                    # Equal tiles settle into equal steps: take the rest of the run at once.
                    if now - before == step:
                        same += 1
                    else:
                        same = 0
                        step = now - before
                    before = now
                    left = run.count - i
                    if same >= 6 and left > 8 and step > 0:
                        jump = step * (left - 4)
                        w_free += jump
                        a_free += jump
                        tensor += jump
                        vector += jump
                        store += jump
                        dram += jump
                        grant += jump
                        past[0] += jump
                        past[1] += jump
                        for need in range(head, tail):
                            freed_at[need % RING] += jump
                        before += jump
                        i += left - 4
    now = store if store > vector else vector
    if tensor > now:
        now = tensor
    return now


cdef double bound_of(const Problem* p, const Limits* chip, Mapping* map, const Layout* plan) noexcept nogil:
    """No mapping with these bytes and cycles is faster."""
    cdef double cores = map.split_g * map.split_m * map.split_n, dram = 0, port, t
    if p.b_dram:
        dram += plan.bytes_w * cores / map.split_m
    if p.a_dram:
        dram += plan.bytes_a * cores / map.split_n
    if p.o_dram:
        dram += plan.bytes_o * cores
    t = dram * chip.dram_ps
    port = (plan.bytes_w + plan.bytes_a if chip.one_queue else (plan.bytes_w if plan.bytes_w > plan.bytes_a else plan.bytes_a)) * chip.port_ps
    if port > t:
        t = port
    if plan.tensor * chip.cycle_ps > t:
        t = plan.tensor * chip.cycle_ps
    if plan.vector * chip.cycle_ps > t:
        t = plan.vector * chip.cycle_ps
    return t


cdef int64_t PARTS[20]
PARTS[:] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 4096, 16384]


cdef class Tiler:
    """The search for one chip, data type and amount of staging space.

    Parameters
    ----------
    array : record of leptonsim.kernels.systolic.array_of
    cores, arrays, accumulator_bytes, stage_bytes, sram_read_bytes : int
        Cores; arrays, accumulator and staging bytes and SRAM bytes a cycle of a core.
    core_khz, setup_ps, latency_ps : int
        Core clock; set-up of a DMA job and latency of its first byte.
    port_bytes_per_s, dram_bytes_per_s : float
        Bandwidth of one DMA engine and of the whole DRAM.
    one_queue : bool
        Whether weights and activations share one DMA engine.
    """

    cdef Array array
    cdef Limits chip
    cdef readonly int64_t considered, timed

    def __init__(self, array, *, int64_t cores, int64_t arrays, int64_t accumulator_bytes, int64_t stage_bytes, int64_t sram_read_bytes,
                 int64_t core_khz, int64_t setup_ps, int64_t latency_ps, double port_bytes_per_s, double dram_bytes_per_s, bint one_queue):
        if min(cores, arrays, accumulator_bytes, stage_bytes, sram_read_bytes, core_khz) < 1 or min(port_bytes_per_s, dram_bytes_per_s) <= 0:
            raise ValueError("Tiler: every size and rate must be positive")
        self.array = array_struct(array)
        self.chip.cores = cores
        self.chip.arrays = arrays
        self.chip.accumulator_bytes = accumulator_bytes
        self.chip.stage_bytes = min(stage_bytes, 1 << 29)
        self.chip.sram_read = sram_read_bytes
        self.chip.cycle_ps = 1e9 / core_khz
        self.chip.setup_ps = setup_ps
        self.chip.latency_ps = latency_ps
        self.chip.port_ps = 1e12 / port_bytes_per_s
        self.chip.dram_ps = 1e12 / dram_bytes_per_s
        self.chip.one_queue = one_queue

    cdef Problem _problem(self, values) except *:
        cdef Problem p
        cdef int64_t* field = <int64_t*> &p
        cdef int i = 0
        if len(values) != sizeof(Problem) // sizeof(int64_t):
            raise ValueError("Tiler: a problem has one value for each of PROBLEM_FIELDS")
        for value in values:
            if value < 0:
                raise ValueError(f"Tiler: {PROBLEM_FIELDS[i]} is negative")
            field[i] = value
            i += 1
        if min(p.groups, p.shared_b, p.rows, p.out_rows, p.out_cols, p.in_rows, p.row_bits, p.stride_rows, p.extent_rows, p.k, p.n, p.b_bits, p.b_scale, p.o_bits) < 1:
            raise ValueError("Tiler: sizes must be at least 1")
        return p

    def search(self, values, int64_t keep=1):
        """The ``keep`` fastest mappings of a problem (values in the order of ``PROBLEM_FIELDS``), fastest first.

        Returns a list of (picoseconds, mapping), a mapping being (groups split, rows split, columns split, order, tile rows, tile
        columns, tile depth); an empty list when not even the smallest tile fits. ``keep`` = 0 returns every candidate that fits.
        """
        cdef Problem p = self._problem(values)
        cdef Mapping map
        cdef Layout plan
        cdef int64_t g, m, n, share_g, share_m, share_n, i, j, l, kf, nf, last_r, last_n, last_k, units, order, sums
        cdef double best = 1e300, t
        cdef double slack
        plan.stage = self.chip.stage_bytes
        found = []
        units = p.groups // p.shared_b if p.groups % p.shared_b == 0 else p.groups
        nf = up(p.n, self.array.cols)
        kf = up(p.k, self.array.rows)
        for used in self._uses():
            for g in self._divisors(used):
                if g > p.groups or (g > units and p.groups % g):
                    continue
                for m in self._divisors(used // g):
                    n = used // g // m
                    if m > p.rows or n > nf or (p.context and n > 1):
                        continue
                    map.split_g = g
                    map.split_m = m
                    map.split_n = n
                    share_g = up(units, g) * p.shared_b if g <= units else up(p.groups, g)
                    share_m = up(p.rows, m)
                    share_n = up(p.n, n)
                    last_r = 0
                    for i in range(20):
                        map.tile_rows = up(share_m, PARTS[i])
                        if map.tile_rows == last_r:
                            continue
                        last_r = map.tile_rows
                        if p.out_rows < map.tile_rows and map.tile_rows % p.out_rows:
                            map.tile_rows -= map.tile_rows % p.out_rows
                        sums = map.tile_rows * p.out_cols * 4
                        if sums * (least(self.array.cols, p.n) + p.context) > self.chip.accumulator_bytes:
                            if map.tile_rows == 1:
                                break
                            continue
                        last_n = 0
                        for j in range(20):
                            map.tile_n = least(share_n, up(up(share_n, self.array.cols), PARTS[j]) * self.array.cols)
                            if map.tile_n == last_n:
                                continue
                            last_n = map.tile_n
                            if sums * (map.tile_n + p.context) > self.chip.accumulator_bytes:
                                continue
                            last_k = 0
                            for l in range(20):
                                map.tile_k = least(p.k, up(kf, PARTS[l]) * self.array.rows)
                                if map.tile_k == last_k:
                                    continue
                                last_k = map.tile_k
                                for order in range(3):
                                    if (order == DEPTH_INSIDE) != (l > 0):
                                        continue
                                    if order == ACTIVATIONS_STAY and (map.tile_n == share_n or map.tile_rows == share_m and p.a_moves == 0) and not p.context:
                                        continue
                                    map.order = order
                                    self.considered += 1
                                    if not lay_out(&p, &self.chip, &self.array, &map, share_g, share_m, share_n, &plan):
                                        continue
                                    slack = best if keep == 1 else 1e300
                                    t = bound_of(&p, &self.chip, &map, &plan)
                                    if t >= slack:
                                        continue
                                    self.timed += 1
                                    t = time_of(&p, &self.chip, &map, &plan, slack)
                                    if keep == 1:
                                        if t < best:
                                            best = t
                                            found = [(t, (g, m, n, order, map.tile_rows, map.tile_n, map.tile_k))]
                                    else:
                                        found.append((t, (g, m, n, order, map.tile_rows, map.tile_n, map.tile_k)))
                                if l == 0 and plan.stage <= self.chip.stage_bytes // 2 and kf < 64:
                                    break
        found.sort()
        return found if keep == 0 else found[:keep]

    def _uses(self):
        """How many cores may work: all of them, or a part when the product is too small to divide."""
        return [self.chip.cores // d for d in self._divisors(self.chip.cores)]

    def _divisors(self, int64_t n):
        return [d for d in range(1, n + 1) if n % d == 0]

    def lay_out(self, values, mapping, int64_t groups, int64_t rows, int64_t n):
        """The tiles of a core's share under a mapping.

        Returns ``(runs, blocks, stage_bytes, accumulators, stall_cycles)``: rows of (count, w, a, x, tensor, vector, o), rows of (times, first run,
        end run), the bytes that the largest tile holds, how many tiles' sums fit the accumulators, and the tensor
        cycles in which the SRAM does not give operands fast enough.

        Raises ValueError if the mapping does not fit.
        """
        cdef Problem p = self._problem(values)
        cdef Mapping map
        cdef Layout plan
        cdef int64_t i
        cdef Run* r
        map.split_g, map.split_m, map.split_n, map.order, map.tile_rows, map.tile_n, map.tile_k = mapping
        if min(mapping[:3]) < 1 or min(mapping[4:]) < 1 or min(groups, rows, n) < 1:
            raise ValueError("lay_out: a mapping and a share are of positive sizes")
        if not lay_out(&p, &self.chip, &self.array, &map, groups, rows, n, &plan):
            raise ValueError(f"lay_out: the mapping {mapping} does not fit")
        runs = []
        for i in range(plan.runs):
            r = &plan.run[i]
            runs.append((r.count, r.w, r.a, r.x, r.tensor, r.vector, r.o))
        return runs, [(plan.times[i], plan.first[i], plan.end[i]) for i in range(plan.blocks)], plan.stage, plan.accumulators, plan.stalls
