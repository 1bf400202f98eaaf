"""Time in spans: how much of some intervals lies in each of the spans between bounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def spread(begin_ps: Integers, end_ps: Integers, bounds_ps: Integers) -> Integers:
    """int64 (spans,): time that intervals, int64 (n,) each, have in the spans between bounds; what is outside is not
    counted.
    """
    begin, end = (np.minimum(np.maximum(at, bounds_ps[0]), bounds_ps[-1]) for at in (begin_ps, end_ps))
    spans = len(bounds_ps) - 1
    total = np.zeros(spans, dtype=np.int64)
    first = np.minimum(np.searchsorted(bounds_ps, begin, "right") - 1, spans - 1)
    last = np.maximum(np.searchsorted(bounds_ps, end, "left") - 1, 0)
    within = first >= last
    np.add.at(total, first[within], (end - begin)[within])
    first, last, begin, end = first[~within], last[~within], begin[~within], end[~within]
    np.add.at(total, first, bounds_ps[first + 1] - begin)
    np.add.at(total, last, end - bounds_ps[last])
    # how many begin to fill a span whole, less how many no longer do
    steps = np.bincount(first + 1, minlength=spans + 1) - np.bincount(last, minlength=spans + 1)
    total += np.cumsum(steps)[:spans] * np.diff(bounds_ps)
    return total
