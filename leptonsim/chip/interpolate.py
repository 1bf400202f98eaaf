"""Curves through a few points: straight in log-log, hence power laws, monotone where the points are."""

from __future__ import annotations

import math
from collections.abc import Mapping


def log_log(points: Mapping[float, float], at: float) -> float:
    """The value at ``at`` (> 0) of the power law through the two nearest of ``points`` (all > 0).

    Outside the points the outermost law continues; a single point is a constant.
    """
    known = sorted(points)
    if at in points or len(known) == 1:
        return points[at] if at in points else points[known[0]]
    above = next((index for index, x in enumerate(known) if x > at), len(known) - 1)
    right = max(above, 1)
    x0, x1 = known[right - 1], known[right]
    slope = math.log(points[x1] / points[x0]) / math.log(x1 / x0)
    return points[x0] * math.exp(slope * math.log(at / x0))


def rising(points: Mapping[float, float]) -> dict[float, float]:
    """The same points made to rise: each at least as high as the one before."""
    result, highest = {}, 0.0
    for x in sorted(points):
        highest = max(highest, points[x])
        result[x] = highest
    return result
