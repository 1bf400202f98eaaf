"""One core's tiles under a mapping; ``plain/layout.py`` says what is modelled."""

from libc.stdint cimport int64_t

from leptonsim.kernels.sram_conflicts cimport stall_cycles
from leptonsim.kernels.systolic cimport systolic_cycles
from leptonsim.kernels.systolic_array cimport INPUT_STATIONARY, OUTPUT_STATIONARY, Array, Cycles

cdef enum:
    MOST_CYCLES = 1 << 30   # of one tile on one engine: what the tile kernel can count

cdef struct Tile:               # sizes and costs of one tile that moves all its operands
    int64_t w
    int64_t a
    int64_t x
    int64_t o
    int64_t vector
    int64_t steady              # cycles of the arrays between tiles that keep them fed
    int64_t edge                # further cycles of a tile without a successor: the wavefront shows
    int64_t load
    int64_t reads

cdef struct Parts:              # of each operand, the part that comes by DMA
    double a
    double b
    double x


cdef int64_t a_bytes(const Problem* p, int64_t rows, int64_t depth) noexcept nogil:
    # Input bytes under `rows` row units: whole images, then a part of one with its halo.
    cdef int64_t rest = rows % p.out_rows, height = rows // p.out_rows * p.in_rows
    if rest:
        if p.stride_rows >= p.extent_rows:
            height += least(p.in_rows, rest * p.extent_rows)
        else:
            height += least(p.in_rows, (rest - 1) * p.stride_rows + p.extent_rows)
    if depth == p.k:
        return up(height * p.row_bits, 8)
    return up(up(height * p.row_bits, p.k) * depth, 8)


cdef double part(int64_t moves, bint found, int64_t cores) noexcept nogil:
    # Part of an operand that must come from elsewhere; `found`: a core finds all that it needs in its own SRAM.
    if moves:
        return 1.0
    return 0.0 if found or cores == 1 else 1.0 - 1.0 / cores


cdef Parts parts_of(const Problem* p, const Limits* chip, const Mapping* map, int64_t rows) noexcept nogil:
    cdef Parts out
    cdef bint all_cores = map.split_g * map.split_m * map.split_n == chip.cores
    cdef bint by_rows = all_cores and map.split_g == 1 and map.split_n == 1
    cdef bint by_groups = all_cores and map.split_m == 1 and map.split_n == 1
    cdef bint by_columns = all_cores and map.split_m == 1
    cdef bint b_own = by_groups if p.groups > 1 else by_columns
    cdef double halo
    out.a = part(p.a_moves, by_rows if p.a_split == 1 else (p.a_split == 2 and p.groups > 1 and by_groups), chip.cores)
    out.b = part(p.b_moves, p.b_split == 2 and b_own, chip.cores)
    out.x = part(p.x_moves, by_rows if p.x_split == 1 else (p.x_split == 2 and by_columns), chip.cores)
    if not p.a_moves and out.a == 0.0 and map.split_m > 1 and p.extent_rows > p.stride_rows:
        # Rows of the neighbours' parts that the windows of the first and last row unit reach into.
        halo = p.extent_rows - p.stride_rows
        out.a = halo / (rows * p.stride_rows + halo)
    return out


cdef void multiply(
    const Array* array, int64_t arrays, int64_t m, int64_t k, int64_t n, int64_t a_bytes, int64_t b_bytes, Tile* t
) noexcept nogil:
    # Add one product of the tile. Arrays work side by side on parts of the columns or of the rows, whatever is faster.
    cdef Cycles c = systolic_cycles(array, m, k, up(n, arrays)), other
    cdef int64_t a_reads = 1, b_reads = 1
    if arrays > 1:
        other = systolic_cycles(array, up(m, arrays), k, n)
        if other.steady < c.steady:
            c = other
    t.steady += c.steady
    t.edge += c.total - c.steady
    t.load += most(0, least(c.weight_load, c.steady - c.padding - c.useful))
    # What does not stay in the cells is read once for each fold across it.
    if array.dataflow == INPUT_STATIONARY:
        b_reads = up(m, array.cols * arrays)
    else:
        a_reads = up(n, array.cols * arrays)
        if array.dataflow == OUTPUT_STATIONARY:
            b_reads = up(m, array.rows)
    t.reads += a_bytes * a_reads + b_bytes * b_reads


cdef Tile tile(
    const Problem* p, const Limits* chip, const Array* array, const Parts* parts, int64_t rows, int64_t n, int64_t k
) noexcept nogil:
    cdef Tile t
    cdef int64_t m = rows * p.out_cols, results = m * (p.context if p.context else n)
    cdef int64_t b = up(k * n * p.b_bits, 8 * p.b_scale), v = up(n * p.context * p.b_bits, 8)
    t.steady = t.edge = t.load = t.reads = 0
    multiply(array, chip.arrays, m, k, n, up(m * k * p.a_bits, 8), b, &t)
    if p.context:
        multiply(array, chip.arrays, m, n, p.context, up(m * n * p.a_bits, 8), v, &t)
    t.vector = up(m * n * p.vector_q20, 1 << 20)
    t.w = <int64_t> ((b + v + up(n * p.column_bits * k, 8 * p.k)) * parts.b)
    t.a = <int64_t> (a_bytes(p, rows, k) * parts.a)
    t.x = <int64_t> (up(results * p.x_q16, 65536) * parts.x)
    t.o = up(results * p.o_bits, 8) if p.o_moves else 0
    return t


cdef void add(
    Layout* out, const Limits* chip, int64_t count, const Tile* t, bint w, bint a, bint finished, int64_t rescaled
) noexcept nogil:
    # Add a run to the open block: tiles that bring weights, that bring activations, whose results are complete, and
    # whose vector unit takes `rescaled` cycles more.
    if count <= 0:
        return
    cdef Run* run = &out.run[out.runs]
    run.count = count
    run.w = t.w if w else 0
    run.a = t.a if a else 0
    run.x = t.x if finished else 0
    run.vector = t.vector + rescaled if finished else rescaled
    run.o = t.o if finished else 0
    run.stall = stall_cycles(&chip.scratchpad, t.steady, t.reads, run.w + run.a + run.x)
    run.tensor = t.steady + run.stall
    run.load = t.load
    run.reads = t.reads
    out.runs += 1


cdef void close_block(Layout* out, int64_t times) noexcept nogil:
    cdef int64_t first = out.end[out.blocks - 1] if out.blocks else 0
    if times <= 0 or out.runs == first:
        out.runs = first
        return
    out.times[out.blocks] = times
    out.first[out.blocks] = first
    out.end[out.blocks] = out.runs
    out.blocks += 1


cdef void show_edge(Layout* out, int64_t edge) noexcept nogil:
    # The very last tile has no successor: its wavefront drains, nothing is rounded up to where the next may begin.
    cdef int64_t last = out.blocks - 1, r
    if edge == 0:
        return
    if out.times[last] > 1:
        out.times[last] -= 1
        out.times[last + 1] = 1
        out.first[last + 1] = out.runs
        for r in range(out.first[last], out.end[last]):
            out.run[out.runs] = out.run[r]
            out.runs += 1
        out.end[last + 1] = out.runs
        out.blocks += 1
        last += 1
    if out.run[out.runs - 1].count > 1:
        out.run[out.runs - 1].count -= 1
        out.run[out.runs] = out.run[out.runs - 1]
        out.run[out.runs].count = 1
        out.runs += 1
        out.end[last] = out.runs
    out.run[out.runs - 1].tensor += edge


cdef void sum_up(Layout* out) noexcept nogil:
    cdef int64_t b, r
    cdef double times
    out.bytes_w = out.bytes_a = out.bytes_x = out.bytes_o = out.tensor = out.vector = 0
    for b in range(out.blocks):
        for r in range(out.first[b], out.end[b]):
            times = <double> out.times[b] * out.run[r].count
            out.bytes_w += times * out.run[r].w
            out.bytes_a += times * out.run[r].a
            out.bytes_x += times * out.run[r].x
            out.bytes_o += times * out.run[r].o
            out.tensor += times * out.run[r].tensor
            out.vector += times * out.run[r].vector


cdef bint lay_out(const Problem* p, const Limits* chip, const Array* array, const Mapping* map,
                  int64_t groups, int64_t rows, int64_t n, Layout* out) noexcept nogil:
    cdef int64_t tr = least(map.tile_rows, rows), tn = least(map.tile_n, n), tk = least(map.tile_k, p.k)
    cdef int64_t m_full = rows // tr, m_rest = rows % tr, n_full = n // tn, n_rest = n % tn
    cdef int64_t k_full = p.k // tk, k_rest = p.k % tk
    cdef int64_t shared = p.shared_b if groups % p.shared_b == 0 else 1
    cdef int64_t i, sums, rescaled, last_n, last_m, edge = 0
    cdef Parts parts = parts_of(p, chip, map, rows)
    cdef Tile s, t
    out.runs = out.blocks = 0
    sums = tr * p.out_cols * (tn + p.context) * 4
    if sums > chip.accumulator_bytes:
        return False
    out.accumulators = least(2, chip.accumulator_bytes // sums)
    s = tile(p, chip, array, &parts, tr, tn, tk)
    out.stage = s.w + s.a + s.x + s.o
    if out.stage > chip.stage_bytes or s.steady >= MOST_CYCLES or s.vector >= MOST_CYCLES or s.reads >= 1LL << 33:
        return False
    if map.order == WEIGHTS_STAY:
        if tk < p.k or (p.context and tn < n):
            return False
        for i in range(2):
            if i == 1 and not n_rest:
                break
            last_n = n_rest if i else tn
            s = tile(p, chip, array, &parts, tr, last_n, tk)
            add(out, chip, 1, &s, True, True, True, 0)
            add(out, chip, shared * m_full - 1, &s, False, True, True, 0)
            edge = s.edge
            if m_rest:
                t = tile(p, chip, array, &parts, m_rest, last_n, tk)
                add(out, chip, shared, &t, False, True, True, 0)
                edge = t.edge
            close_block(out, groups // shared * (1 if i else n_full))
    elif map.order == ACTIVATIONS_STAY:
        if tk < p.k:
            return False
        for i in range(2):
            if i == 1 and not m_rest:
                break
            last_m = m_rest if i else tr
            s = tile(p, chip, array, &parts, last_m, tn, tk)
            t = tile(p, chip, array, &parts, last_m, n_rest if n_rest else tn, tk)
            edge = t.edge
            if not p.context:
                add(out, chip, 1, &s, True, True, True, 0)
                add(out, chip, n_full - 1, &s, True, False, True, 0)
                if n_rest:
                    add(out, chip, 1, &t, True, False, True, 0)
            else:
                # The context of a row tile is complete after its last column tile; each but the first rescales it.
                rescaled = up(last_m * p.out_cols * p.context * p.rescale_q20, 1 << 20)
                if n_full + (n_rest > 0) == 1:
                    add(out, chip, 1, &s, True, True, True, 0)
                else:
                    add_scores(out, chip, 1, &s, True, 0)
                    add_scores(out, chip, n_full - (1 if n_rest else 2), &s, False, rescaled)
                    add(out, chip, 1, &t, True, False, True, rescaled)
            close_block(out, groups * (1 if i else m_full))
    else:
        if k_full + (k_rest > 0) < 2 or p.context:
            return False
        for i in range(4):
            if (i & 1 and not m_rest) or (i & 2 and not n_rest):
                continue
            last_m = m_rest if i & 1 else tr
            last_n = n_rest if i & 2 else tn
            s = tile(p, chip, array, &parts, last_m, last_n, tk)
            t = tile(p, chip, array, &parts, last_m, last_n, k_rest if k_rest else tk)
            add(out, chip, k_full - (0 if k_rest else 1), &s, True, True, False, 0)
            add(out, chip, 1, &t, True, True, True, 0)
            edge = t.edge
            close_block(out, groups * (1 if i & 1 else m_full) * (1 if i & 2 else n_full))
    show_edge(out, edge)
    sum_up(out)
    return True


cdef void add_scores(Layout* out, const Limits* chip, int64_t count, const Tile* t, bint a, int64_t rescaled) noexcept nogil:
    # Column tiles of attention before the last: softmax takes its turn, but no result leaves.
    cdef Tile scores = t[0]
    scores.x = scores.o = 0
    add(out, chip, count, &scores, True, a, True, rescaled)
