from libc.stdint cimport int64_t

from leptonsim.kernels.systolic_array cimport Array, Cycles

# C[m x n] = A[m x k] B[k x n], B stationary; sizes at least 0.
cdef Cycles ws_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil

# A k x columns operand stays in the cells while `streamed` rows pass; `useful` is handed through to the answer.
cdef Cycles stationary_cycles(
    const Array* a, int64_t streamed, int64_t k, int64_t columns, int64_t useful
) noexcept nogil
