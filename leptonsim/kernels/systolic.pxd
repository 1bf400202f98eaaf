# C interface of the systolic kernels:
#
#     from leptonsim.kernels.systolic cimport Array, Cycles, array_struct, systolic_cycles
#     cdef Array a = array_struct(array)      # array: the Python record that leptonsim.kernels.systolic.array_of makes
#     cdef Cycles c = systolic_cycles(&a, m, k, n)

from libc.stdint cimport int64_t

from leptonsim.kernels.systolic_array cimport Array, Cycles

# The C struct of a Python record; raises what reading its attributes raises, OverflowError for a number beyond 64 bits.
cdef Array array_struct(object array) except *

# Cycles of C[m x n] = A[m x k] B[k x n]. Invariant for the caller: sizes at least 0, m * k * n * rate_den below 2**63.
cdef Cycles systolic_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil
