"""Which parameter moves what: shares of variance.

The share of a parameter is the variance of the means over its values, as a part of the whole variance (the first-order
index of Sobol'; eta squared in statistics). It is exact for a full grid; for drawn points it is too high by about
(values - 1) / (points - 1). What the shares of all parameters leave of 1 is their interaction. Results that are
positive are taken in logarithms, so that half and double count alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from leptonsim.explore.results import Record, natural, quantity

MOST_GROUPS = 10
"""A parameter with more values than this is cut into so many groups of equal size."""


def shares(
    records: Sequence[Record], parameters: Sequence[str], measures: Sequence[str]
) -> Mapping[str, Mapping[str, float]]:
    """For each measure the share of its variance by parameter; a measure that does not vary is absent."""
    found = {}
    for measure in measures:
        known = [record for record in records if isinstance(record[measure], int | float)]
        values = [float(record[measure]) for record in known]
        if values and min(values) > 0:
            values = [math.log(value) for value in values]
        spread = _variance(values)
        # Means of equal numbers differ in their last digits; that is no variance.
        if len(values) < 2 or spread <= 1e-18 * max(1.0, max(abs(value) for value in values) ** 2):
            continue
        found[measure] = {name: _explained(values, _groups(known, name)) / spread for name in parameters}
    return found


def _explained(values: Sequence[float], groups: Sequence[Any]) -> float:
    """Variance of the means of the groups, each weighted by its size."""
    members: dict[Any, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        members.setdefault(group, []).append(value)
    mean = math.fsum(values) / len(values)
    return math.fsum(len(each) * (math.fsum(each) / len(each) - mean) ** 2 for each in members.values()) / len(values)


def _groups(records: Sequence[Record], name: str) -> list[Any]:
    """The value of a parameter in each record, or the group that it falls into."""
    values = [record[name] for record in records]
    different = sorted(set(values), key=natural)
    if len(different) <= MOST_GROUPS or any(quantity(value) is None for value in different):
        return values
    size = math.ceil(len(values) / MOST_GROUPS)
    ranked = sorted(range(len(values)), key=lambda index: natural(values[index]))
    group_of = {values[index]: rank // size for rank, index in enumerate(ranked)}
    return [group_of[value] for value in values]


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / max(1, len(values))
    return math.fsum((value - mean) ** 2 for value in values) / max(1, len(values))
