"""What a learning sampler is told of a design: objectives to minimise, and which constraints its points break."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from leptonsim.explore.expression import Expression
from leptonsim.explore.spec import Sweep

Found = tuple[str, Mapping[str, Any]]
"""Status and measures of a point."""


def judged(sweep: Sweep, points: Sequence[Found | None]) -> tuple[list[float] | None, list[float]]:
    """Objectives to minimise, over several workloads their geometric mean, None where a point failed; and by how much
    each constraint is broken, by the workload that breaks it most.
    """
    measures = [found[1] for found in points if found is not None and found[0] == "ok"]
    if not measures or len(measures) < len(points):
        return None, []
    values = []
    for objective in sweep.objectives:
        parts = [each[objective.measure] for each in measures]
        if any(not isinstance(part, int | float) for part in parts):
            return None, []
        mean = geometric_mean([float(part) for part in parts])
        values.append(-mean if objective.is_larger_better else mean)
    return values, [max(violation(each, one) for one in measures) for each in sweep.constraints]


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean; 0 where a value is not positive. One value is its own mean, to the last digit."""
    if len(values) == 1:
        return values[0]
    if min(values) <= 0:
        return 0.0
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def violation(condition: Expression, measures: Mapping[str, Any]) -> float:
    """By how much a point breaks a constraint; a measure that it does not have counts as infinite."""
    return condition.violation(lambda name: measures[name] if measures.get(name) is not None else math.inf)
