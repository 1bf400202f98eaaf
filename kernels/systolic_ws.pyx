"""Weight-stationary arrays in closed form; the twin in ``plain/systolic_ws.py`` says what is modelled."""

from libc.stdint cimport int64_t

from leptonsim.kernels.systolic_array cimport (
    BROADSIDE,
    SCALESIM,
    SERIAL,
    SINGLE,
    TRIMMED,
    Array,
    Cycles,
    ceil_div,
    larger,
    last_stream,
    packed_k,
    row_cycles,
    stream,
    two_step,
    useful_cycles,
)


cdef inline int64_t interval(int64_t slot, int64_t settled, int64_t load, bint takes_turns) noexcept nogil:
    # From one fold's first row to the next one's, whose operands may enter after `settled` and take `load` cycles.
    return larger(slot, settled) + load if takes_turns else larger(slot, settled + load)


cdef inline int64_t broadside_start(
    int64_t k_folds, int64_t n_folds, int64_t full, int64_t last, int64_t two, int64_t spare,
    int64_t* ahead, int64_t* closing
) noexcept nogil:
    # Start of the last fold, relative to the first one's, when x(f) = max(x(f-1) + one(f), x(f-2) + two(f)); for folds
    # that fill the rows one = full and two = two, for the last of each column group one = last and two = two - spare.
    # ahead: the start of the column group before the last one's last fold; closing: of one more fold like the last.
    # A run of j equal folds is the longest path in steps of one and two: O(1); column groups are walked.
    # Invariant: x is the latest start, before the one ahead of it, and has_before says whether there is one.
    cdef int64_t x = 0, before = 0, run, group, after, jump
    cdef bint has_before = False
    ahead[0] = 0
    for group in range(n_folds):
        ahead[0] = x
        run = k_folds - 1 - (1 if group == 0 and k_folds > 1 else 0)
        if run > 0:
            after = x + two_step(run, full, two)
            jump = x + two_step(run - 1, full, two)
            if has_before:
                after = larger(after, before + two + two_step(run - 1, full, two))
                if run >= 2:
                    jump = larger(jump, before + two + two_step(run - 2, full, two))
            before = jump
            x = after
            has_before = True
        if group == 0 and k_folds == 1:
            continue
        after = x + last
        if has_before:
            after = larger(after, before + two - spare)
        before = x
        x = after
        has_before = True
    after = x + last
    if has_before:
        after = larger(after, before + two - spare)
    closing[0] = after
    return x


cdef Cycles stationary_cycles(
    const Array* a, int64_t streamed, int64_t k, int64_t columns, int64_t useful
) noexcept nogil:
    cdef Cycles out = Cycles(0, 0, 0, 0, 0, 0, 0, 0)
    if streamed == 0 or k == 0 or columns == 0:
        return out
    cdef int64_t r = a.rows, c = a.cols
    cdef int64_t k_folds = ceil_div(k, r), n_folds = ceil_div(columns, c)
    cdef int64_t folds = k_folds * n_folds
    cdef bint trimmed = a.edge == TRIMMED and a.schedule != SCALESIM
    # Rows and columns loaded and waited for in the last fold of a column group, and in the last column group.
    cdef int64_t k_last = k - (k_folds - 1) * r if trimmed else r
    cdef int64_t n_last = columns - (n_folds - 1) * c if trimmed else c
    cdef int64_t k_first = r if k_folds > 1 else k_last
    cdef int64_t last, slot, cross, settled, full, ragged, start, steady, end, group, ahead = 0
    cdef bint takes_turns
    out.useful = useful
    if a.schedule == SCALESIM:
        last = row_cycles(a, streamed)
        out.total = folds * (2 * r + c + last - 2) - 1
        out.steady = out.total
        out.weight_load = folds * r
        out.padding = folds * last - useful
        out.first_load = r
        out.last_drain = r + c - 2
        out.fill_drain = out.total - useful - out.weight_load - out.padding
        return out

    last = last_stream(a, streamed)
    slot = stream(a, streamed)
    cross = r + a.pipeline_stages - 2
    if a.schedule == SERIAL:
        out.weight_load = (n_folds * k if trimmed else folds * r) + (folds - 1) * a.switch_overhead
        out.steady = (
            out.weight_load + a.switch_overhead + folds * (slot + cross) + (k_folds * columns if trimmed else folds * c)
        )
        out.total = out.steady - a.switch_overhead - (slot - last) + a.issue_overhead
        out.padding = (folds - 1) * slot + last - useful
        out.first_load = k_first
        out.last_drain = cross + n_last
        out.fill_drain = out.total - useful - out.weight_load - out.padding
        return out

    settled = r if a.switch_settled else 0
    takes_turns = a.schedule == SINGLE or a.scratchpad_ports == 1
    full = interval(slot, settled, r + a.switch_overhead, takes_turns)
    ragged = interval(slot, settled, k_last + a.switch_overhead, takes_turns)
    # start: of the last fold after the first one's; steady: of one more fold like the last; group: from the last fold of
    # the column group before to the last fold of all.
    if a.load == BROADSIDE:
        if trimmed:
            start = broadside_start(k_folds, n_folds, full, ragged, last + 2 * r + c - 3, r - k_last, &ahead, &steady)
        else:
            start = two_step(folds - 1, full, last + 2 * r + c - 3)
            steady = two_step(folds, full, last + 2 * r + c - 3)
        group = start - ahead
    else:
        group = (k_folds - 1) * full + ragged
        start = n_folds * group - (full if k_folds > 1 else ragged)
        steady = start + ragged
    end = k_first + start + last + cross + n_last
    if trimmed and n_folds > 1:
        # A narrow last column group can be finished before the wide one ahead of it.
        end = larger(end, end - group + c - n_last)
    out.total = end + a.issue_overhead
    out.steady = steady
    out.weight_load = k_first + start - (folds - 1) * slot
    out.padding = (folds - 1) * slot + last - useful
    out.first_load = k_first
    out.last_drain = end - (k_first + start + last)
    out.fill_drain = out.total - useful - out.weight_load - out.padding
    return out


cdef Cycles ws_cycles(const Array* a, int64_t m, int64_t k, int64_t n) noexcept nogil:
    return stationary_cycles(a, m, packed_k(a, k), n, useful_cycles(a, m, k, n))
