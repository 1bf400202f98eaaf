# One core's tiles under a mapping, as C records; leptonsim/kernels/plain/layout.py says what is modelled.

from libc.stdint cimport int64_t

from leptonsim.kernels.sram_conflicts cimport Scratchpad
from leptonsim.kernels.systolic_array cimport Array

cdef enum:
    MAX_RUNS = 40
    MAX_BLOCKS = 8

# Loop orders.
cdef enum:
    WEIGHTS_STAY = 0
    ACTIVATIONS_STAY = 1
    DEPTH_INSIDE = 2

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
    int64_t vector_q20      # vector cycles for each element of the first product, in 2^-20
    int64_t a_moves         # A comes by DMA from beyond the cores; else it lies in their SRAM
    int64_t a_split         # how it lies in the cores' SRAM: 1 by rows, 2 by columns or groups, 0 otherwise
    int64_t b_moves         # the same of B
    int64_t b_split
    int64_t x_moves         # the same of the extra operands
    int64_t x_split
    int64_t o_moves         # output goes by DMA
    int64_t a_dram          # whether what moves comes from DRAM, for its share of the bandwidth
    int64_t b_dram
    int64_t x_dram
    int64_t o_dram
    int64_t a_bits          # bits of one element of A
    int64_t b_waits         # B is made by an earlier operator; else it can be loaded ahead
    int64_t rescale_q20     # vector cycles to rescale one element of the context before more columns are added, in 2^-20

cdef struct Limits:
    int64_t cores
    int64_t arrays              # systolic arrays of a core
    int64_t accumulator_bytes   # of a core
    int64_t stage_bytes         # staging space of a core
    Scratchpad scratchpad       # of a core
    double cycle_ps
    double setup_ps
    double latency_ps
    double w_port_ps            # picoseconds a byte on the DMA engines for weights
    double a_port_ps            # for activations
    double o_port_ps            # for stores
    double dram_ps              # picoseconds a byte of the whole DRAM
    double host_ps              # of the link from the host, where weights come over it; else 0
    int64_t dram_access         # bytes that DRAM moves at least
    bint one_queue              # weights and activations share one DMA engine

cdef struct Mapping:
    int64_t split_g             # cores over groups
    int64_t split_m             # cores over rows
    int64_t split_n             # cores over columns
    int64_t order               # WEIGHTS_STAY, ACTIVATIONS_STAY or DEPTH_INSIDE
    int64_t tile_rows           # row units
    int64_t tile_n              # columns
    int64_t tile_k              # depth

cdef struct Run:                # equal tiles
    int64_t count
    int64_t w                   # bytes of weights that come by DMA
    int64_t a                   # of activations
    int64_t x                   # of extra operands
    int64_t tensor              # cycles of the tensor core, stalls included
    int64_t vector              # cycles of the vector unit
    int64_t o                   # bytes that go by DMA
    int64_t stall               # of the tensor cycles: waits for the SRAM
    int64_t load                # of the tensor cycles: nothing streams because weights are loaded
    int64_t reads               # bytes that the arrays read from the SRAM

cdef struct Layout:             # the tiles of one core's share
    Run run[MAX_RUNS]
    int64_t times[MAX_BLOCKS]   # repetitions of runs first to end
    int64_t first[MAX_BLOCKS]
    int64_t end[MAX_BLOCKS]
    int64_t runs
    int64_t blocks
    int64_t stage               # bytes that the largest tile holds
    int64_t accumulators        # tiles whose partial sums fit at once, at most 2
    double bytes_w              # sums over all tiles
    double bytes_a
    double bytes_x
    double bytes_o
    double tensor
    double vector


cdef inline int64_t up(int64_t a, int64_t b) noexcept nogil:
    # a / b rounded up; a >= 0, b >= 1
    return (a + b - 1) // b


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t most(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


# The tiles of a core that has so many groups, row units and columns; false when they do not fit.
# Invariant for the caller: every number of the mapping and the share at least 1.
cdef bint lay_out(const Problem* p, const Limits* chip, const Array* array, const Mapping* map,
                  int64_t groups, int64_t rows, int64_t n, Layout* out) noexcept nogil
