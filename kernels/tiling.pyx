"""The tiling search: how one matrix product is cut into tiles, over which cores, in which order.

The twin ``plain/tiling.py`` says what a mapping is and what is modelled. Here candidates whose lower bound is no better
than the best are not timed, timing stops at the best, and runs of equal tiles are skipped once they take equal steps.
"""

from bisect import insort

from libc.stdint cimport int64_t

from leptonsim.kernels.plain.layout import PROBLEM_FIELDS, Laid
from leptonsim.kernels.plain.sram_conflicts import Scratchpad as ScratchpadRecord
from leptonsim.kernels.plain.tile_sizes import PARTS
from leptonsim.kernels.plain.tiling import EXPOSED as EXPOSED_OF_TWIN
from leptonsim.kernels.plain.tiling import ORDER_NAMES
from leptonsim.kernels.plain.tiling import PIECES as PIECES_OF_TWIN
from leptonsim.kernels.plain.tiling import TIE as TIE_OF_TWIN

from leptonsim.kernels.layout cimport (
    ACTIVATIONS_STAY,
    DEPTH_INSIDE,
    Layout,
    Limits,
    Mapping,
    Problem,
    Run,
    lay_out,
    least,
    most,
    up,
)
from leptonsim.kernels.sram_conflicts cimport scratchpad_struct
from leptonsim.kernels.systolic cimport array_struct
from leptonsim.kernels.systolic_array cimport INPUT_STATIONARY, OUTPUT_STATIONARY, Array

__all__ = ["ORDER_NAMES", "PROBLEM_FIELDS", "Tiler"]

cdef enum:
    RING = 64        # tiles that may hold staging space at once
    CLOCKS = 9       # engines, links and grants whose steps are compared
    LEAST_PIECE = 16
    MOST_PIECE = 4096
    MAX_SIZES = 64   # tile sizes tried along one dimension
    DEEP_FOLDS = 8  # depth in folds from which cutting it is tried even where it need not be cut


cdef double SETTLED = 1e-3     # picoseconds
cdef double TIE = TIE_OF_TWIN, EXPOSED = EXPOSED_OF_TWIN, PIECES = PIECES_OF_TWIN


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


cdef double bound_of(const Problem* p, const Limits* chip, const Mapping* map, const Layout* plan) noexcept nogil:
    # No mapping with these bytes and cycles is faster.
    cdef double cores = map.split_g * map.split_m * map.split_n, dram = 0, port, t
    cdef double w = plan.bytes_w * chip.w_port_ps, a = (plan.bytes_a + plan.bytes_x) * chip.a_port_ps
    if p.b_dram and chip.host_ps == 0:
        dram += plan.bytes_w * cores / map.split_m
    if p.a_dram:
        dram += plan.bytes_a * cores / map.split_n * waste_a(p, chip, map)
    if p.x_dram:
        dram += plan.bytes_x * cores
    if p.o_dram:
        dram += plan.bytes_o * cores * waste_o(p, chip, map)
    t = dram * chip.dram_ps
    if p.b_dram:
        t = most_of(t, plan.bytes_w * cores / map.split_m * chip.host_ps)
    port = w + a if chip.one_queue else most_of(w, a)
    t = most_of(t, most_of(port, plan.bytes_o * chip.o_port_ps))
    if plan.tensor * chip.cycle_ps > t:
        t = plan.tensor * chip.cycle_ps
    if plan.vector * chip.cycle_ps > t:
        t = plan.vector * chip.cycle_ps
    return t


cdef double job_ps(const Limits* chip, bint dram, int64_t jobs, double size, double port_ps) noexcept nogil:
    # So many transfers in a row; from or to anywhere but DRAM it is not known here how fast.
    if jobs == 0 or size == 0:
        return 0
    return jobs * chip.setup_ps + (chip.latency_ps + size * port_ps if dram else 0)


cdef double least_time_of(const Problem* p, const Limits* chip, const Layout* plan, double ahead_ps) noexcept nogil:
    # See the twin.
    cdef const Run* head = &plan.run[plan.first[0]]
    cdef const Run* tail = &plan.run[plan.end[plan.blocks - 1] - 1]
    cdef const Run* run
    cdef bint w_dram = p.b_dram and chip.host_ps == 0
    cdef int64_t b, r, times, w = 0, a = 0, x = 0, o = 0
    cdef double begin, first, last, tensor, vector, stored, t
    for b in range(plan.blocks):
        for r in range(plan.first[b], plan.end[b]):
            run = &plan.run[r]
            times = plan.times[b] * run.count
            w += times * (run.w > 0)
            a += times * (run.a > 0)
            x += times * (run.x > 0)
            o += times * (run.o > 0)
    begin = most_of(
        job_ps(chip, p.a_dram, head.a > 0, head.a, chip.a_port_ps),
        job_ps(chip, w_dram, head.w > 0, head.w, chip.w_port_ps) - ahead_ps,
    )
    tensor, vector = tail.tensor * chip.cycle_ps, tail.vector * chip.cycle_ps
    stored = job_ps(chip, p.o_dram, tail.o > 0, tail.o, chip.o_port_ps)
    first, last = begin + head.tensor * chip.cycle_ps, vector + stored
    t = begin + plan.tensor * chip.cycle_ps + last
    t = most_of(t, first + plan.vector * chip.cycle_ps + stored)
    t = most_of(t, first + head.vector * chip.cycle_ps + job_ps(chip, p.o_dram, o, plan.bytes_o, chip.o_port_ps))
    t = most_of(t, job_ps(chip, p.a_dram, a, plan.bytes_a, chip.a_port_ps) + tensor + last)
    t = most_of(t, job_ps(chip, p.x_dram, x, plan.bytes_x, chip.a_port_ps) + last)
    return most_of(t, job_ps(chip, w_dram, w, plan.bytes_w, chip.w_port_ps) - ahead_ps + tensor + last)


cdef struct Sizes:                  # tile sizes to try along one dimension, from the largest down
    int64_t at[MAX_SIZES]
    int64_t n


cdef class Tiler:
    """The search for one chip, data type and amount of staging space.

    Parameters
    ----------
    array : record of leptonsim.kernels.systolic.array_of
    scratchpad : leptonsim.kernels.plain.sram_conflicts.Scratchpad
    cores, arrays, accumulator_bytes, stage_bytes : int
        Cores; arrays, accumulator and staging bytes of a core.
    core_khz, setup_ps, latency_ps : int
        Core clock; set-up of a DMA job and latency of its first byte.
    port_bytes_per_s : (float, float, float)
        Bandwidth of a core's DMA engines for weights, for activations and for stores.
    dram_bytes_per_s : float
        Bandwidth of the whole DRAM.
    host_bytes_per_s : float
        Bandwidth of the link from the host where weights come over it; else 0.
    dram_access_bytes : int
        What DRAM moves at least.
    one_queue : bool
        Whether weights and activations share one DMA engine.

    Raises ValueError if a size or rate is not positive.
    """

    cdef Array array
    cdef Limits chip
    cdef int64_t parts[MAX_SIZES]
    cdef int64_t n_parts
    cdef readonly int64_t considered, timed

    def __init__(
        self, array, scratchpad, *, int64_t cores, int64_t arrays, int64_t accumulator_bytes, int64_t stage_bytes,
        int64_t core_khz, int64_t setup_ps, int64_t latency_ps, port_bytes_per_s, double dram_bytes_per_s,
        double host_bytes_per_s, int64_t dram_access_bytes, bint one_queue,
    ):
        if (
            min(cores, arrays, accumulator_bytes, stage_bytes, core_khz, dram_access_bytes) < 1
            or min(*port_bytes_per_s, dram_bytes_per_s) <= 0
        ):
            raise ValueError("Tiler: every size and rate must be positive")
        self.array = array_struct(array)
        self.chip.scratchpad = scratchpad_struct(scratchpad)
        self.chip.cores = cores
        self.chip.arrays = arrays
        self.chip.accumulator_bytes = accumulator_bytes
        self.chip.stage_bytes = min(stage_bytes, 1 << 29)
        self.chip.cycle_ps = 1e9 / core_khz
        self.chip.setup_ps = setup_ps
        self.chip.latency_ps = latency_ps
        self.chip.w_port_ps, self.chip.a_port_ps, self.chip.o_port_ps = (1e12 / rate for rate in port_bytes_per_s)
        self.chip.dram_ps = 1e12 / dram_bytes_per_s
        self.chip.host_ps = 1e12 / host_bytes_per_s if host_bytes_per_s > 0 else 0.0
        self.chip.dram_access = dram_access_bytes
        self.chip.one_queue = one_queue
        self.n_parts = len(PARTS)
        for i, parts in enumerate(PARTS):
            self.parts[i] = parts

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
        if min(
            p.groups, p.shared_b, p.rows, p.out_rows, p.out_cols, p.in_rows, p.row_bits, p.stride_rows, p.extent_rows, p.k,
            p.n, p.b_bits, p.b_scale, p.o_bits, p.a_bits,
        ) < 1:
            raise ValueError("Tiler: sizes must be at least 1")
        return p

    def search(self, values, int64_t keep=1, double within=1e300):
        """The ``keep`` fastest mappings of a problem (values in the order of ``PROBLEM_FIELDS``), fastest first.

        Returns a list of (picoseconds, mapping), a mapping being (groups split, rows split, columns split, order, tile
        rows, tile columns, tile depth); an empty list when not even the smallest tile fits. ``keep`` = 0 returns every
        candidate that fits. None takes longer than ``within`` times the fastest. Sizes below one fold of the array are
        tried only where nothing else fits.
        """
        cdef Problem p = self._problem(values)
        return self._search(&p, keep, within, False) or self._search(&p, keep, within, True)

    cdef list _search(self, const Problem* p, int64_t keep, double within, bint fine):
        cdef Mapping map
        cdef Layout plan
        cdef Sizes rows, columns, depths
        cdef int64_t g, m, n, share_g, share_m, share_n, i, j, l, order, sums
        cdef int64_t units = p.groups // p.shared_b if p.groups % p.shared_b == 0 else p.groups
        cdef int64_t column_folds = up(p.n, self.array.cols), depth_folds = up(p.k, self.array.rows)
        cdef double best = 1e300, slack = 1e300, bound, t
        cdef bint roomy
        found = []          # invariant: ascending, at most `keep`, none above `slack`
        self._sizes(p.k, self.array.rows, fine, &depths)
        for used in reversed(divisors(self.chip.cores)):
            for g in divisors(used):
                if g > p.groups or (g > units and p.groups % g):
                    continue
                for m in divisors(used // g):
                    n = used // g // m
                    if m > p.rows or n > column_folds or (p.context and n > 1):
                        continue
                    map.split_g = g
                    map.split_m = m
                    map.split_n = n
                    share_g = up(units, g) * p.shared_b if g <= units else up(p.groups, g)
                    share_m = up(p.rows, m)
                    share_n = up(p.n, n)
                    self._sizes(share_m, self._row_unit(p), fine or self._row_unit(p) > 1, &rows)
                    self._sizes(share_n, self.array.cols, fine, &columns)
                    for i in range(rows.n):
                        map.tile_rows = rows.at[i]
                        if p.out_rows < map.tile_rows:
                            map.tile_rows -= map.tile_rows % p.out_rows
                        sums = map.tile_rows * p.out_cols * 4
                        for j in range(columns.n):
                            map.tile_n = columns.at[j]
                            if sums * (map.tile_n + p.context) > self.chip.accumulator_bytes:
                                continue
                            for l in range(depths.n):
                                map.tile_k = depths.at[l]
                                roomy = False
                                for order in range(3):
                                    if (order == DEPTH_INSIDE) != (l > 0):
                                        continue
                                    if order == ACTIVATIONS_STAY and not p.context and (
                                        map.tile_n == share_n or (map.tile_rows == share_m and not p.a_moves)
                                    ):
                                        continue
                                    map.order = order
                                    self.considered += 1
                                    if not lay_out(p, &self.chip, &self.array, &map, share_g, share_m, share_n, &plan):
                                        continue
                                    roomy = roomy or plan.stage <= self.chip.stage_bytes // 2
                                    bound = bound_of(p, &self.chip, &map, &plan)
                                    if bound > slack or (keep == 1 and bound >= slack):
                                        continue
                                    self.timed += 1
                                    t = time_of(p, &self.chip, &map, &plan, bound, slack)
                                    if t > slack or (keep == 1 and t >= slack):
                                        continue
                                    insort(found, (t, (g, m, n, order, map.tile_rows, map.tile_n, map.tile_k)))
                                    if t < best:
                                        best = t
                                        slack = least_of(slack, best * within)
                                    if keep and len(found) >= keep:
                                        del found[keep:]
                                        slack = least_of(slack, found[keep - 1][0])
                                if l == 0 and roomy and depth_folds < DEEP_FOLDS:
                                    break
        while found and found[len(found) - 1][0] > best * within:
            found.pop()
        return found

    cdef int64_t _row_unit(self, const Problem* p) noexcept:
        """Row units that make one fold of the array, where it holds rows."""
        if p.out_cols > 1:
            return 1
        if self.array.dataflow == OUTPUT_STATIONARY:
            return self.array.rows
        return self.array.cols if self.array.dataflow == INPUT_STATIONARY else 1

    cdef void _sizes(self, int64_t share, int64_t fold, bint fine, Sizes* out) noexcept:
        """Equal parts in whole folds, from the largest down; one fold is also cut in two; ``fine``: halves down to 1."""
        cdef int64_t i, size = 0
        out.n = 0
        for i in range(self.n_parts):
            size = least(share, up(up(share, fold), self.parts[i]) * fold)
            if out.n == 0 or size != out.at[out.n - 1]:
                out.at[out.n] = size
                out.n += 1
        if not fine and 1 < share <= fold:
            out.at[out.n] = up(share, 2)
            out.n += 1
        while fine and size > 1 and out.n < MAX_SIZES:
            size //= 2
            out.at[out.n] = size
            out.n += 1

    def least(self, values, mapping, double ahead_ps=0):
        """What no machine beats on the core with the most to do: (picoseconds, cycles of its arrays).

        From the instant on at which activations can be loaded; weights that need not wait can be loaded ``ahead_ps`` before.
        Raises ValueError if the mapping does not fit.
        """
        cdef Problem p = self._problem(values)
        cdef Mapping map = self._mapping(mapping)
        cdef Layout plan
        cdef int64_t units = p.groups // p.shared_b if p.groups % p.shared_b == 0 else p.groups
        cdef int64_t groups = up(units, map.split_g) * p.shared_b if map.split_g <= units else up(p.groups, map.split_g)
        if not lay_out(
            &p, &self.chip, &self.array, &map, groups, up(p.rows, map.split_m), up(p.n, map.split_n), &plan
        ):
            raise ValueError(f"least: the mapping {mapping} does not fit")
        return least_time_of(&p, &self.chip, &plan, ahead_ps), <int64_t> plan.tensor

    cdef Mapping _mapping(self, mapping) except *:
        cdef Mapping map
        map.split_g, map.split_m, map.split_n, map.order, map.tile_rows, map.tile_n, map.tile_k = mapping
        if min(mapping[:3]) < 1 or min(mapping[4:]) < 1:
            raise ValueError("a mapping is of positive sizes")
        return map

    def lay_out(self, values, mapping, int64_t groups, int64_t rows, int64_t n):
        """The tiles (``Laid``) of a core's share under a mapping. Raises ValueError if the mapping does not fit."""
        cdef Problem p = self._problem(values)
        cdef Mapping map = self._mapping(mapping)
        cdef Layout plan
        cdef int64_t b, i, times, stalls = 0, loads = 0, reads = 0
        cdef Run* r
        if min(groups, rows, n) < 1:
            raise ValueError("lay_out: a share is of positive sizes")
        if not lay_out(&p, &self.chip, &self.array, &map, groups, rows, n, &plan):
            raise ValueError(f"lay_out: the mapping {mapping} does not fit")
        runs = []
        for b in range(plan.blocks):
            for i in range(plan.first[b], plan.end[b]):
                r = &plan.run[i]
                times = plan.times[b] * r.count
                stalls += times * r.stall
                loads += times * r.load
                reads += times * r.reads
                runs.append((r.count, r.w, r.a, r.x, r.tensor, r.vector, r.o))
        blocks = [(plan.times[b], plan.first[b], plan.end[b]) for b in range(plan.blocks)]
        return Laid(runs, blocks, plan.stage, plan.accumulators, stalls, loads, reads)


def divisors(int64_t n):
    """Divisors of ``n``, ascending."""
    return [d for d in range(1, n + 1) if n % d == 0]
