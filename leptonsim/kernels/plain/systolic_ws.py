"""Weight-stationary: each fold loads rows x cols weights, streams the m rows of A, and partial sums fall out below.

Folds run with the reduction (k) inside and the columns (n) outside. This twin walks them one by one; in the compiled
kernel the same recurrences are closed forms. They were measured in RTL (``tests/rtl``): skewed operands leave R + C - 2
cycles from the last row's entry to its last result; with one weight buffer the next weights follow the last row; with
two they load while rows stream; broadside loads shift the whole buffer at once and so wait until the buffer's last user
has crossed the array.
"""

from __future__ import annotations

from leptonsim.kernels.plain.systolic_array import (
    NOTHING,
    Array,
    Cycles,
    last_stream,
    packed_k,
    row_cycles,
    stream,
    useful_cycles,
)


def ws_cycles(a: Array, m: int, k: int, n: int) -> Cycles:
    """Cycles of C[m x n] = A[m x k] B[k x n], B stationary; every size at least 0."""
    return stationary_cycles(a, m, packed_k(a, k), n, useful_cycles(a, m, k, n))


def stationary_cycles(a: Array, streamed: int, k: int, columns: int, useful: int) -> Cycles:
    """Cycles of a GEMM whose k x columns operand stays in the cells while ``streamed`` rows pass."""
    if not (streamed and k and columns):
        return NOTHING
    r, c = a.rows, a.cols
    trimmed = a.edge == 1 and a.schedule != 3
    folds = []
    for column in range(0, columns, c):
        for row in range(0, k, r):
            folds.append((min(r, k - row), min(c, columns - column)) if trimmed else (r, c))
    if a.schedule == 3:
        rows_in = row_cycles(a, streamed)
        total = len(folds) * (2 * r + c + rows_in - 2) - 1
        load = len(folds) * r
        padding = len(folds) * rows_in - useful
        return Cycles(total, total, useful, load, padding, total - useful - load - padding, r, r + c - 2)

    last = last_stream(a, streamed)
    slot = stream(a, streamed)
    cross = r + a.pipeline_stages - 2  # with a fold's columns added: from the last row's entry to its last result
    if a.schedule == 0:
        steady = sum(rows + a.switch_overhead + slot + cross + cols for rows, cols in folds)
        total = steady - a.switch_overhead - (slot - last) + a.issue_overhead
        load = sum(rows for rows, _ in folds) + (len(folds) - 1) * a.switch_overhead
        padding = (len(folds) - 1) * slot + last - useful
        return Cycles(
            total, steady, useful, load, padding, total - useful - load - padding, folds[0][0], cross + folds[-1][1]
        )

    settled = r if a.switch_settled else 0  # from a switch of weights until the next ones may enter
    takes_turns = a.schedule == 1 or a.scratchpad_ports == 1
    starts = [folds[0][0]]
    # The fold after the last is taken to be like the last: its start closes the steady interval.
    for f, (rows, _) in enumerate([*folds[1:], folds[-1]], start=1):
        enter = rows + a.switch_overhead
        ready = starts[f - 1] + (max(slot, settled) + enter if takes_turns else max(slot, settled + enter))
        user = f - (1 if a.schedule == 1 else 2)  # the fold that last used the buffer
        if a.load == 1 and user >= 0:
            ready = max(ready, starts[user] + last + r + folds[user][1] - 3 + rows)
        starts.append(ready)
    end = max(start + last + cross + cols for start, (_, cols) in zip(starts, folds, strict=False))
    total = end + a.issue_overhead
    load = folds[0][0] + sum(starts[f + 1] - starts[f] - slot for f in range(len(folds) - 1))
    padding = (len(folds) - 1) * slot + last - useful
    return Cycles(
        total=total,
        steady=starts[-1] - starts[0],
        useful=useful,
        weight_load=load,
        padding=padding,
        fill_drain=total - useful - load - padding,
        first_load=folds[0][0],
        last_drain=total - a.issue_overhead - (starts[-2] + last),
    )
