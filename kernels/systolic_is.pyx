"""Input-stationary arrays: the weight-stationary closed forms with the operands' roles exchanged."""

from libc.stdint cimport int64_t

from leptonsim.kernels.systolic_array cimport Array, Cycles, packed_k, useful_cycles
from leptonsim.kernels.systolic_ws cimport stationary_cycles


cdef Cycles is_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil:
    return stationary_cycles(a, n, packed_k(a, k), m, useful_cycles(a, m, k, n))
