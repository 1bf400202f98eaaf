from libc.stdint cimport int64_t

from leptonsim.kernels.systolic_array cimport Array, Cycles

# C[m x n] = A[m x k] B[k x n], C stationary; sizes at least 0.
cdef Cycles os_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil
