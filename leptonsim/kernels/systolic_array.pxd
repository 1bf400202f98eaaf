# The records of the systolic kernels, and the few sums that all three dataflows share.
# Fields mean what they mean in leptonsim/kernels/plain/systolic_array.py; words are positions in its tuples.

from libc.stdint cimport int64_t

cdef enum:
    WEIGHT_STATIONARY = 0
    INPUT_STATIONARY = 1
    OUTPUT_STATIONARY = 2

cdef enum:
    SERIAL = 0
    SINGLE = 1
    DOUBLE = 2
    SCALESIM = 3

cdef enum:
    SKEWED = 0
    BROADSIDE = 1

cdef enum:
    PADDED = 0
    TRIMMED = 1


cdef struct Array:
    int64_t rows                 # cells along k (WS, IS) or m (OS); at least 1
    int64_t cols                 # cells along n (WS, OS) or m (IS); at least 1
    int dataflow                 # WEIGHT_STATIONARY, INPUT_STATIONARY or OUTPUT_STATIONARY
    int schedule                 # SERIAL, SINGLE, DOUBLE or SCALESIM
    int load                     # how stationary operands enter: SKEWED or BROADSIDE
    int drain                    # how OS results leave: SKEWED or BROADSIDE
    int edge                     # ragged folds: PADDED or TRIMMED
    int64_t pipeline_stages      # cycles added to each pass through the mesh; at least 0
    int64_t issue_overhead       # cycles added once to each GEMM; at least 0
    int64_t min_rows             # fewest rows that the last block streams; at least 1
    int64_t round_rows           # rows in one block; at least 1 (1: no blocks)
    int64_t scratchpad_ports     # 1: both operands take turns at one port; 2 or more: no conflict
    int64_t switch_settled       # 1: the next stationary operands wait until the last switch has crossed all rows
    int64_t switch_overhead      # cycles added to each load of stationary operands after the first; at least 0
    int64_t accumulator_preload  # 1: OS accumulators are first loaded with a bias, row by row
    int64_t rate_num             # multiply-accumulates in a cell and cycle: numerator, at least 1
    int64_t rate_den             # and denominator, at least 1
    int64_t sparse_keep          # elements kept along k in each group, 1 to sparse_group
    int64_t sparse_group         # neighbours in a group, at least 1


cdef struct Cycles:
    int64_t total        # first operand at the edge to the last result; = useful + weight_load + padding + fill_drain
    int64_t steady       # intervals between folds, summed: what the GEMM costs between others that keep the array fed
    int64_t useful       # the wanted multiply-accumulates with every cell at work
    int64_t weight_load  # no row streams because stationary operands (or a bias) are loaded
    int64_t padding      # streaming cycles lost to cells and rows that hold nothing wanted
    int64_t fill_drain   # the rest: wavefront in and out, accumulators draining, pipeline stages, issue
    int64_t first_load   # of total: before the first row streams
    int64_t last_drain   # of total: after the last row has entered


cdef inline int64_t larger(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef inline int64_t ceil_div(int64_t a, int64_t b) noexcept nogil:
    # a >= 0, b >= 1
    return (a + b - 1) // b


cdef inline int64_t kept_k(const Array* a, int64_t k) noexcept nogil:
    if a.sparse_group == 1:
        return k
    cdef int64_t rest = k % a.sparse_group
    return k // a.sparse_group * a.sparse_keep + (rest if rest < a.sparse_keep else a.sparse_keep)


cdef inline int64_t packed_k(const Array* a, int64_t k) noexcept nogil:
    cdef int64_t kept = kept_k(a, k)
    return ceil_div(kept * a.rate_den, a.rate_num) if a.rate_num > a.rate_den else kept


cdef inline int64_t row_cycles(const Array* a, int64_t rows) noexcept nogil:
    return ceil_div(rows * a.rate_den, a.rate_num) if a.rate_num < a.rate_den else rows


cdef inline int64_t last_stream(const Array* a, int64_t rows) noexcept nogil:
    if a.round_rows == 1:
        return row_cycles(a, larger(rows, a.min_rows))
    cdef int64_t whole = (rows - 1) // a.round_rows * a.round_rows
    return row_cycles(a, whole + larger(rows - whole, a.min_rows))


cdef inline int64_t stream(const Array* a, int64_t rows) noexcept nogil:
    cdef int64_t last = last_stream(a, rows)
    if a.round_rows == 1:
        return last
    return larger(row_cycles(a, ceil_div(rows, a.round_rows) * a.round_rows), last)


cdef inline int64_t useful_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil:
    return ceil_div(m * kept_k(a, k) * n * a.rate_den, a.rows * a.cols * a.rate_num)


cdef inline int64_t two_step(int64_t folds, int64_t one, int64_t two) noexcept nogil:
    # The start of fold `folds` when x(f) = max(x(f-1) + one, x(f-2) + two), x(0) = 0: the longest path in steps of
    # one and two folds.
    return (folds >> 1) * larger(two, 2 * one) + (folds & 1) * one
