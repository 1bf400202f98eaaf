"""The tiling search: how one matrix product is cut into tiles, over which cores, in which order.

The twin ``plain/tiling.py`` says what a mapping is and what is modelled. Here candidates whose lower bound is no better
than the best are not timed, timing stops at the best, and runs of equal tiles are skipped once they take equal steps.
This file has the search; its parts:

    tiling/estimate.pxi    how long a mapping takes
    tiling/bounds.pxi      what it takes at the least
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


include "tiling/estimate.pxi"
include "tiling/bounds.pxi"


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
