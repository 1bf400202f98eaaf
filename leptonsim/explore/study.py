"""What a set of results says: the front of each workload, the points to name on it, what moves what.

Points are compared under one workload only (model, batch, data type, requests): a front over several models would
prefer the small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.explore import pareto
from leptonsim.explore.results import Record, chosen, parameters_of
from leptonsim.explore.spec import Objective
from leptonsim.explore.spec.goals import objective

WORKLOAD = ("model", "batch", "dtype", "requests", "cold")


@dataclass(frozen=True)
class Study:
    """The points of one workload that were computed, with their front; ``labels`` names some of it by key."""

    workload: str
    records: tuple[Record, ...]
    objectives: tuple[Objective, ...]
    is_front: tuple[bool, ...]
    hypervolume_share: float
    derived: tuple[str, ...]
    labels: dict[str, str]

    @property
    def front(self) -> list[Record]:
        """The front, best of the first objective first."""
        first = self.objectives[0]
        found = [record for record, on in zip(self.records, self.is_front, strict=True) if on]
        return sorted(
            found, key=lambda r: (-r[first.measure] if first.is_larger_better else r[first.measure], r["key"])
        )

    @property
    def measures(self) -> list[str]:
        """Columns of the objectives."""
        return [each.measure for each in self.objectives]

    def best_by(self, parameter: str) -> list[Record]:
        """For each value of a parameter the record that is best in the first objective."""
        first = self.objectives[0]
        ranked = sorted(self.records, key=lambda record: float(record[first.measure]), reverse=first.is_larger_better)
        best: dict[object, Record] = {}
        for record in ranked:
            best.setdefault(record[parameter], record)
        return list(best.values())

    @property
    def varied(self) -> list[str]:
        """Columns of parameters that differ between the points, the chip among them; not those derived from others."""
        names = ["chip", *(name for name in parameters_of(self.records) if name not in self.derived)]
        return [name for name in names if len({record[name] for record in self.records}) > 1]


def objectives_of(texts: Sequence[str]) -> tuple[Objective, ...]:
    """Objectives from ``latency_s`` or ``max throughput_per_s``. Raises LeptonError."""
    return tuple(objective(text) for text in texts)


def studies(
    records: Sequence[Record],
    objectives: Sequence[Objective],
    constraints: Sequence[str] = (),
    derived: Sequence[str] = (),
) -> list[Study]:
    """One study for each workload among the records that keep the constraints.

    Raises LeptonError where no point has all objectives.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in chosen(records, constraints):
        if record["status"] == "ok" and all(isinstance(record[each.measure], int | float) for each in objectives):
            groups.setdefault(tuple(record[name] for name in WORKLOAD), []).append(record)
    if not groups:
        names = ", ".join(each.measure for each in objectives)
        kept = f", within {' and '.join(constraints)}" if constraints else ""
        raise LeptonError(f"no point was computed with all of {names}{kept}")
    different = [
        number
        for number, name in enumerate(WORKLOAD)
        if len({group[number] for group in groups}) > 1 or name == "model"
    ]
    return [
        _study(
            ", ".join(_told(number, group[number]) for number in different),
            tuple(found),
            tuple(objectives),
            tuple(derived),
        )
        for group, found in sorted(groups.items(), key=lambda item: tuple(map(str, item[0])))
    ]


def _told(number: int, value: object) -> str:
    name = WORKLOAD[number]
    return str(value) if name in ("model", "dtype") else f"{name} {value}"


def _study(
    workload: str, records: tuple[Record, ...], objectives: tuple[Objective, ...], derived: tuple[str, ...]
) -> Study:
    signs = np.array([-1.0 if each.is_larger_better else 1.0 for each in objectives])
    values = np.array([[float(record[each.measure]) for each in objectives] for record in records]) * signs
    is_front = pareto.front(values)
    study = Study(workload, records, objectives, tuple(map(bool, is_front)), _dominated_share(values), derived, {})
    best = np.flatnonzero(is_front)
    named: dict[int, str] = {}
    for number, each in enumerate(objectives):
        index = int(best[np.argmin(values[best, number])])
        named[index] = f"{named[index]}, {each.measure}" if index in named else f"best {each.measure}"
    named.setdefault(int(best[pareto.knee(values[best])]), "knee")
    study.labels.update({records[index]["key"]: _label(study, records[index], what) for index, what in named.items()})
    return study


def _dominated_share(values: pareto.Floats) -> float:
    """What the front dominates of the box from the best to the worst of all points, in each objective."""
    low, high = values.min(axis=0), values.max(axis=0)
    if not np.all(high > low):
        return float("nan")
    return pareto.hypervolume((values - low) / (high - low), [1.0 + 1e-12] * values.shape[1])


def _label(study: Study, record: Record, what: str) -> str:
    return f"{what}: " + ", ".join(f"{name.rpartition('.')[2]} {record[name]}" for name in study.varied)
