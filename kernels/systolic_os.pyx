"""Output-stationary arrays in closed form; the twin in ``plain/systolic_os.py`` says what is modelled."""

from libc.stdint cimport int64_t

from leptonsim.kernels.systolic_array cimport (
    BROADSIDE,
    DOUBLE,
    SCALESIM,
    SERIAL,
    SINGLE,
    SKEWED,
    TRIMMED,
    Array,
    Cycles,
    ceil_div,
    larger,
    packed_k,
    row_cycles,
    stream,
    two_step,
    useful_cycles,
)


cdef Cycles os_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil:
    cdef Cycles out = Cycles(0, 0, 0, 0, 0, 0, 0, 0)
    if m == 0 or k == 0 or n == 0:
        return out
    cdef int64_t r = a.rows, c = a.cols
    cdef int64_t m_folds = ceil_div(m, r), n_folds = ceil_div(n, c)
    cdef int64_t folds = m_folds * n_folds
    cdef int64_t reduction, preload, drain, interval, start, end, n_last
    out.useful = useful_cycles(a, m, k, n)
    if a.schedule == SCALESIM:
        reduction = row_cycles(a, packed_k(a, k))
        out.total = folds * (r + c + reduction - 2) - 1
        out.steady = out.total
        out.padding = folds * reduction - out.useful
        out.last_drain = r + c - 2
        out.fill_drain = out.total - out.useful - out.padding
        return out

    reduction = stream(a, packed_k(a, k)) * (2 if a.scratchpad_ports == 1 else 1)
    preload = r if a.accumulator_preload else 0
    drain = 2 * r + c - 2 + a.pipeline_stages
    if a.schedule == SERIAL:
        interval = reduction + drain + preload
    elif a.schedule == SINGLE:
        interval = reduction + (2 * r + c - 2 if a.drain == BROADSIDE else r)
    else:
        interval = larger(reduction, r)
    if a.schedule == DOUBLE and a.drain == BROADSIDE:
        start = two_step(folds - 1, interval, reduction + 2 * r + c - 2)
        out.steady = two_step(folds, interval, reduction + 2 * r + c - 2)
    else:
        start = (folds - 1) * interval
        out.steady = folds * interval
    end = preload + start + reduction + drain
    if a.edge == TRIMMED and a.drain == SKEWED:
        n_last = n - (n_folds - 1) * c
        # A narrow last column group can be finished before the wide one ahead of it.
        end = larger(end - (c - n_last), end - m_folds * interval if n_folds > 1 else 0)
    out.total = end + a.issue_overhead
    out.weight_load = preload * (folds if a.schedule == SERIAL else 1)
    out.padding = folds * reduction - out.useful
    out.first_load = preload
    out.last_drain = end - (preload + start + reduction)
    out.fill_drain = out.total - out.useful - out.weight_load - out.padding
    return out
