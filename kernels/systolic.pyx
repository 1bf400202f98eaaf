"""Cycles of GEMMs on a systolic array: the face of the three dataflows, one kernel file each.

The twins in ``leptonsim/kernels/plain/systolic*.py`` walk the folds one by one and say what is modelled; here every
padded form and every skewed form is closed. C callers cimport ``systolic_cycles`` (see
``leptonsim/kernels/systolic.pxd``).
"""

from libc.stdint cimport int64_t

from leptonsim.kernels.plain.systolic_array import Cycles as CyclesRecord
from leptonsim.kernels.plain.systolic_array import array_of

from leptonsim.kernels.systolic_array cimport INPUT_STATIONARY, WEIGHT_STATIONARY, Array, Cycles
from leptonsim.kernels.systolic_is cimport is_cycles
from leptonsim.kernels.systolic_os cimport os_cycles
from leptonsim.kernels.systolic_ws cimport ws_cycles

__all__ = ["array_of", "gemm_cycles", "gemm_cycles_many"]


cdef Array array_struct(object array) except *:
    cdef Array a
    a.rows = array.rows
    a.cols = array.cols
    a.dataflow = array.dataflow
    a.schedule = array.schedule
    a.load = array.load
    a.drain = array.drain
    a.edge = array.edge
    a.pipeline_stages = array.pipeline_stages
    a.issue_overhead = array.issue_overhead
    a.min_rows = array.min_rows
    a.round_rows = array.round_rows
    a.scratchpad_ports = array.scratchpad_ports
    a.switch_settled = array.switch_settled
    a.switch_overhead = array.switch_overhead
    a.accumulator_preload = array.accumulator_preload
    a.rate_num = array.rate_num
    a.rate_den = array.rate_den
    a.sparse_keep = array.sparse_keep
    a.sparse_group = array.sparse_group
    # What the kernels divide by.
    if min(a.rows, a.cols, a.round_rows, a.rate_num, a.rate_den, a.sparse_group) < 1:
        raise ValueError(f"rows, cols, round_rows, rate and group must be at least 1: {array}")
    return a


cdef Cycles systolic_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil:
    if a.dataflow == WEIGHT_STATIONARY:
        return ws_cycles(a, m, k, n)
    if a.dataflow == INPUT_STATIONARY:
        return is_cycles(a, m, k, n)
    return os_cycles(a, m, k, n)


cdef int check_sizes(int64_t m, int64_t k, int64_t n, int64_t scale) except -1:
    if m < 0 or k < 0 or n < 0:
        raise ValueError(f"sizes must be at least 0, got m={m}, k={k}, n={n}")
    if <double>m * k * n * scale > 9e18:
        raise OverflowError(f"m * k * n is beyond 64 bits: m={m}, k={k}, n={n}")
    return 0


def gemm_cycles(array, int64_t m, int64_t k, int64_t n):
    """Cycles of C[m x n] = A[m x k] B[k x n]; sizes in elements, at least 0 (an empty GEMM takes none).

    ``array`` is what ``array_of`` makes. Raises ValueError for a negative size, OverflowError beyond 64 bits.
    """
    cdef Array a = array_struct(array)
    check_sizes(m, k, n, a.rate_den)
    cdef Cycles c = systolic_cycles(&a, m, k, n)
    return CyclesRecord(
        c.total, c.steady, c.useful, c.weight_load, c.padding, c.fill_drain, c.first_load, c.last_drain
    )


def gemm_cycles_many(array, const int64_t[:] m, const int64_t[:] k, const int64_t[:] n, int64_t[:, ::1] out):
    """The same for many GEMMs: row i of ``out`` (len(m) x 8, int64) takes the fields of ``Cycles`` in their order.

    Raises ValueError when lengths differ or a size is negative, OverflowError beyond 64 bits; ``out`` is then
    unspecified.
    """
    cdef Py_ssize_t count = m.shape[0], i
    if k.shape[0] != count or n.shape[0] != count or out.shape[0] != count or out.shape[1] != 8:
        raise ValueError(f"m, k and n must have one length and out be that many rows of 8, got {count}, "
                         f"{k.shape[0]}, {n.shape[0]} and {out.shape[0]} x {out.shape[1]}")
    cdef Array a = array_struct(array)
    cdef Cycles c
    cdef Py_ssize_t wrong = -1
    with nogil:
        for i in range(count):
            if m[i] < 0 or k[i] < 0 or n[i] < 0 or <double>m[i] * k[i] * n[i] * a.rate_den > 9e18:
                wrong = i
                break
            c = systolic_cycles(&a, m[i], k[i], n[i])
            out[i, 0] = c.total
            out[i, 1] = c.steady
            out[i, 2] = c.useful
            out[i, 3] = c.weight_load
            out[i, 4] = c.padding
            out[i, 5] = c.fill_drain
            out[i, 6] = c.first_load
            out[i, 7] = c.last_drain
    if wrong >= 0:
        check_sizes(m[wrong], k[wrong], n[wrong], a.rate_den)
