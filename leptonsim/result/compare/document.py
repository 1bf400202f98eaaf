"""A comparison as plain values, for JSON; the same files give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from leptonsim.result.compare.comparison import STATES, Comparison
from leptonsim.result.compare.limits import Verdict
from leptonsim.result.compare.metrics import relative_change

SCHEMA = "leptonsim-comparison-1"


def document(comparison: Comparison, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Values in the order of the files; ``changes`` are parts of the first value, null where there is no such number.

    ``change_ps`` of an operator is what it adds to the time of a run more than in the first file.
    """
    return {
        "schema": SCHEMA,
        "files": [
            {"file": label, "model": result.model, "chip": result.chip, "dtype": result.dtype, "batch": result.batch}
            for label, result in zip(comparison.labels, comparison.results, strict=True)
        ],
        "metrics": [
            {
                "name": metric.name,
                "field": metric.path,
                "values": list(values),
                "changes": [_finite(relative_change(values[0], value)) for value in values],
            }
            for metric, values in comparison.metrics()
        ],
        "counts": [{state: comparison.counts(index)[state] for state in STATES} for index in comparison.others],
        "inputs": {name: list(values) for name, values in comparison.input_changes()},
        "chip": {name: list(values) for name, values in comparison.chip_changes()},
        "operators": [
            {
                "name": operator.name,
                "occurrence": operator.occurrence,
                "kind": operator.kind,
                "times_ps": list(operator.times_ps),
                "change_ps": [operator.change_ps(index) for index in comparison.others],
                "states": [operator.states(index) for index in comparison.others],
                **{
                    field: [None if step is None else getattr(step, field) for step in operator.steps]
                    for field in ("engine", "bound_by", "bytes", "energy_pj")
                },
            }
            for operator in comparison.operators
        ],
        "limits": [asdict(verdict) for verdict in verdicts],
    }


def _finite(change: float | None) -> float | None:
    return change if change is not None and math.isfinite(change) else None
