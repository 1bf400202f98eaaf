"""Time in spans: how much of some intervals lies in each of the spans between bounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def spread(begin_ps: Integers, end_ps: Integers, bounds_ps: Integers) -> Integers:
    """int64 (spans,): time that intervals, int64 (n,) each, have in the spans between bounds; what is outside is not
    counted.
    """
    begin = np.clip(begin_ps, bounds_ps[0], bounds_ps[-1])
    end = np.clip(end_ps, bounds_ps[0], bounds_ps[-1])
    spans = len(bounds_ps) - 1
    total = np.zeros(spans, dtype=np.int64)
    first = np.clip(np.searchsorted(bounds_ps, begin, "right") - 1, 0, spans - 1)
    last = np.clip(np.searchsorted(bounds_ps, end, "left") - 1, 0, spans - 1)
    within = first >= last
    np.add.at(total, first[within], (end - begin)[within])
    for one, other, since, until in zip(
        first[~within].tolist(), last[~within].tolist(), begin[~within].tolist(), end[~within].tolist(), strict=True
    ):
        total[one] += bounds_ps[one + 1] - since
        total[one + 1 : other] += np.diff(bounds_ps[one + 1 : other + 1])
        total[other] += until - bounds_ps[other]
    return total
