"""Output-stationary: each fold accumulates rows x cols results in the cells while A and B stream past, then drains.

Folds run with m inside and n outside. This twin walks them one by one; in the compiled kernel the same recurrences are
closed forms. They were measured in RTL (``tests/rtl``): a skewed drain follows the wavefront of the last operands, R
slots of it, and hides behind the next fold where cells have two accumulators; a broadside drain waits until the
wavefront has left the array.
"""

from __future__ import annotations

from leptonsim.kernels.plain.systolic_array import (
    NOTHING,
    Array,
    Cycles,
    packed_k,
    row_cycles,
    stream,
    useful_cycles,
)


def os_cycles(a: Array, m: int, k: int, n: int) -> Cycles:
    """Cycles of C[m x n] = A[m x k] B[k x n], C stationary; every size at least 0."""
    if not (m and k and n):
        return NOTHING
    r, c = a.rows, a.cols
    useful = useful_cycles(a, m, k, n)
    folds = [min(c, n - column) for column in range(0, n, c) for _ in range(0, m, r)]
    if a.schedule == 3:
        reduction = row_cycles(a, packed_k(a, k))
        total = len(folds) * (r + c + reduction - 2) - 1
        padding = len(folds) * reduction - useful
        return Cycles(total, total, useful, 0, padding, total - useful - padding, 0, r + c - 2)

    reduction = stream(a, packed_k(a, k)) * (2 if a.scratchpad_ports == 1 else 1)
    preload = r if a.accumulator_preload else 0
    drain = 2 * r + c - 2 + a.pipeline_stages  # from the last operands' entry to the last result of a whole fold
    starts = [preload]
    for f in range(1, len(folds) + 1):
        before = starts[f - 1]
        if a.schedule == 0:
            starts.append(before + reduction + drain + preload)
        elif a.schedule == 1:
            starts.append(before + reduction + (2 * r + c - 2 if a.drain == 1 else r))
        else:
            ready = before + max(reduction, r)
            if a.drain == 1 and f >= 2:
                ready = max(ready, starts[f - 2] + reduction + 2 * r + c - 2)
            starts.append(ready)
    narrow = a.edge == 1 and a.drain == 0  # a broadside drain shows all columns in the same cycle
    ends = [start + reduction + drain - (c - cols if narrow else 0) for start, cols in zip(starts, folds, strict=False)]
    total = max(ends) + a.issue_overhead
    load = preload * (len(folds) if a.schedule == 0 else 1)
    padding = len(folds) * reduction - useful
    return Cycles(
        total=total,
        steady=starts[-1] - starts[0],
        useful=useful,
        weight_load=load,
        padding=padding,
        fill_drain=total - useful - load - padding,
        first_load=preload,
        last_drain=total - a.issue_overhead - (starts[-2] + reduction),
    )
