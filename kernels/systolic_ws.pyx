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


cdef struct Starts:
    int64_t latest   # start of the latest fold
    int64_t ahead    # start of the fold ahead of it, where there is one
    bint two         # whether there is one


cdef inline void advance(Starts* s, int64_t folds, int64_t one, int64_t two) noexcept nogil:
    # So many more equal folds, each starting at max(start of the last + one, start of the last but one + two).
    # The start of the j-th is the longest path in steps of one and two folds from either of the starts known: O(1).
    if folds <= 0:
        return
    cdef int64_t latest = s.latest + two_step(folds, one, two), ahead = s.latest + two_step(folds - 1, one, two)
    if s.two:
        latest = larger(latest, s.ahead + two + two_step(folds - 1, one, two))
        if folds > 1:
            ahead = larger(ahead, s.ahead + two + two_step(folds - 2, one, two))
    s.latest = latest
    s.ahead = ahead
    s.two = True


cdef int64_t trimmed_broadside_start(
    int64_t k_folds, int64_t n_folds, int64_t full, int64_t ragged, int64_t cross, int64_t r, int64_t k_last,
    int64_t c, int64_t n_last, int64_t* before, int64_t* closing
) noexcept nogil:
    # Start of the last fold after the first one's. A fold starts when the one before has streamed and its weights are
    # in (full later, or ragged for the last of each column group), and not before the last but one has crossed the
    # array: cross later, with that one's columns and this one's rows added. before: the start of the last fold of the
    # column group before the last one; closing: of one more fold like the last.
    cdef Starts s = Starts(0, 0, False)
    cdef int64_t group, at, own, wide = cross + c
    before[0] = 0
    for group in range(n_folds):
        before[0] = s.latest
        # Invariant: `at` folds of this group have started; columns of the last but one are this group's from at = 2 on.
        own = cross + (n_last if group == n_folds - 1 else c)
        at = 1 if group == 0 else 0
        while at < 2 and at < k_folds - 1:
            advance(&s, 1, full, wide + r)
            at += 1
        advance(&s, k_folds - 1 - at, full, own + r)
        if group > 0 or k_folds > 1:
            advance(&s, 1, ragged, (own if k_folds > 2 else wide) + k_last)
    at = s.latest
    advance(&s, 1, ragged, (own if k_folds > 1 else wide) + k_last)
    closing[0] = s.latest
    return at


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
    cdef int64_t last, slot, cross, settled, full, ragged, cleared, start, steady, end, group, ahead = 0
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
            out.weight_load + a.switch_overhead + folds * (slot + cross)
            + (k_folds * columns if trimmed else folds * c)
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
    # With a fold's columns and another one's rows added: from the first until the other may start (broadside).
    cleared = last + r - 3
    # start: of the last fold after the first one's; steady: of one more fold like the last; group: from the last fold
    # of the column group before to the last fold of all.
    if a.load == BROADSIDE and a.schedule == SINGLE:
        # A fold waits for the one before it: full or ragged rows after full (C) or narrow columns.
        steady = larger(ragged, cleared + n_last + k_last)
        if k_folds == 1:
            group = larger(ragged, cleared + c + k_last)
            start = (n_folds - 1) * group
        else:
            group = (k_folds - 2) * larger(full, cleared + n_last + r) + steady
            start = group
            if n_folds > 1:
                full = larger(full, cleared + c + r)
                group += full
                start += (n_folds - 1) * ((k_folds - 1) * full + larger(ragged, cleared + c + k_last))
        steady += start
    elif a.load == BROADSIDE:
        if trimmed:
            start = trimmed_broadside_start(
                k_folds, n_folds, full, ragged, cleared, r, k_last, c, n_last, &ahead, &steady
            )
        else:
            start = two_step(folds - 1, full, cleared + c + r)
            steady = two_step(folds, full, cleared + c + r)
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
