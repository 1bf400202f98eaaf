"""Which points are worth having: the Pareto front, how much it dominates, and where it bends.

Values are arrays of (points, objectives), all to be minimised; an objective to be maximised is negated by who calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


def front(values: Floats) -> Booleans:
    """Which points no other dominates: is as good in all objectives and better in one. Equals stay together."""
    count = len(values)
    is_front = np.ones(count, dtype=np.bool_)
    order = np.lexsort(values.T[::-1])
    kept: list[int] = []
    for index in order:
        # In lexicographic order a point can be dominated by those before it only, and then by one of the front.
        if kept:
            others = values[kept]
            if np.any(np.all(others <= values[index], axis=1) & np.any(others < values[index], axis=1)):
                is_front[index] = False
                continue
        kept.append(int(index))
    return is_front


def hypervolume(values: Floats, reference: Sequence[float]) -> float:
    """Volume between the points and a reference that is worse than they: what the set dominates (Zitzler and Thiele,
    1998).

    Points beyond the reference count for nothing. Exact, by slices along the last objective; fit for some hundred
    points.
    """
    limit = np.asarray(reference, dtype=np.float64)
    inside = values[np.all(values < limit, axis=1)]
    if len(inside) == 0:
        return 0.0
    return _volume(np.unique(inside[front(inside)], axis=0), limit)


def _volume(values: Floats, reference: Floats) -> float:
    if values.shape[1] == 1:
        return float(reference[0] - values.min())
    order = np.argsort(values[:, -1], kind="stable")
    values = values[order]
    total = 0.0
    for index in range(len(values)):
        top = values[index + 1, -1] if index + 1 < len(values) else reference[-1]
        depth = float(top - values[index, -1])
        if depth > 0:
            slab = values[: index + 1, :-1]
            total += depth * _volume(np.unique(slab[front(slab)], axis=0), reference[:-1])
    return total


def knee(values: Floats) -> int:
    """The point of a front nearest to the best of all objectives, each scaled from 0 to 1 over the front."""
    low, high = values.min(axis=0), values.max(axis=0)
    scaled = (values - low) / np.where(high > low, high - low, 1.0)
    return int(np.argmin(np.sum(scaled * scaled, axis=1)))
