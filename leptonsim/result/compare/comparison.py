"""Two results or more: operators matched by name, and what the chips have apart.

The first result is what the others are held against. Of operators with the same name the first is matched with the
first, the second with the second. An operator that only some of the results have has appeared or vanished: a model that
was exported or fused differently has other names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leptonsim.errors import LeptonError
from leptonsim.result.compare.metrics import METRICS, Metric

if TYPE_CHECKING:
    from leptonsim.result.load import AnyResult
    from leptonsim.result.step import Step

STATES = ("faster", "slower", "unchanged", "appeared", "vanished", "moved")


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """One operator in each result, None where it is not; ``occurrence`` counts operators of that name from 0."""

    name: str
    occurrence: int
    steps: tuple[Step | None, ...]

    @property
    def kind(self) -> str:
        """Its kind, in the first result that has it."""
        return next(step.kind for step in self.steps if step is not None)

    @property
    def times_ps(self) -> tuple[int | None, ...]:
        """What it adds to the time of a run, in each result."""
        return tuple(None if step is None else step.time_ps for step in self.steps)

    def change_ps(self, index: int) -> int:
        """By how much more it adds in a result than in the first; what is not there adds nothing."""
        return (self.times_ps[index] or 0) - (self.times_ps[0] or 0)

    @property
    def largest_change_ps(self) -> int:
        """The largest change in any of the results, without its sign."""
        return max(abs(self.change_ps(index)) for index in range(1, len(self.steps)))

    def moved(self, index: int) -> bool:
        """Whether another engine does it than in the first result."""
        before, after = self.steps[0], self.steps[index]
        return before is not None and after is not None and before.engine != after.engine

    def states(self, index: int) -> list[str]:
        """What became of it in a result: one of faster, slower, unchanged, appeared, vanished; and moved."""
        before, after = self.steps[0], self.steps[index]
        if before is None and after is None:
            return ["unchanged"]
        if before is None or after is None:
            return ["appeared" if before is None else "vanished"]
        change = self.change_ps(index)
        state = "faster" if change < 0 else "slower" if change > 0 else "unchanged"
        return [state, "moved"] if self.moved(index) else [state]


@dataclass(frozen=True)
class Comparison:
    """Results with their labels; ``operators`` by their largest change."""

    labels: tuple[str, ...]
    results: tuple[AnyResult, ...]
    operators: tuple[OperatorChange, ...]

    @property
    def others(self) -> range:
        """Indices of the results that are held against the first."""
        return range(1, len(self.results))

    def metrics(self) -> list[tuple[Metric, tuple[float | None, ...]]]:
        """The metrics that any of the results has, with their values; no percentile of single requests."""
        single = all(result.requests == 1 for result in self.results)
        rows = [(metric, tuple(metric.of(result) for result in self.results)) for metric in METRICS]
        return [
            (metric, values)
            for metric, values in rows
            if any(value is not None for value in values) and not (single and metric.name == "latency_p99")
        ]

    def counts(self, index: int) -> Counter[str]:
        """How many operators are in each of ``STATES``."""
        return Counter(state for operator in self.operators for state in operator.states(index))

    def chip_changes(self) -> list[tuple[str, tuple[str, ...]]]:
        """Parameters of the chips that are not the same in all results: path, and text in each ("-": not there)."""
        sides = [dict(_leaves(result.chip_parameters)) for result in self.results]
        return [(path, values) for path, values in _differences(sides) if path not in ("name", "description")]

    def input_changes(self) -> list[tuple[str, tuple[str, ...]]]:
        """What else was not the same: model, its digest, batch, data type, requests, version."""
        sides = [
            {
                "model": result.model,
                "model_digest": result.provenance["model_digest"][:12],
                "batch": result.batch,
                "dtype": result.dtype,
                "requests": result.requests,
                "version": result.provenance["version"],
            }
            for result in self.results
        ]
        return _differences([{name: str(value) for name, value in side.items()} for side in sides])


def compare(results: Sequence[AnyResult], labels: Sequence[str]) -> Comparison:
    """Compare results with the first of them. Raises LeptonError for fewer than two."""
    if len(results) < 2:
        raise LeptonError("a comparison needs two results at least: the one before and the one after")
    found: dict[tuple[str, int], list[Step | None]] = {}
    for index, result in enumerate(results):
        seen: Counter[str] = Counter()
        for step in result.steps:
            steps = found.setdefault((step.name, seen[step.name]), [None] * len(results))
            steps[index] = step
            seen[step.name] += 1
    operators = [OperatorChange(name, occurrence, tuple(steps)) for (name, occurrence), steps in found.items()]
    # the sort is stable: equal changes stay in the order of the program
    operators.sort(key=lambda operator: -operator.largest_change_ps)
    return Comparison(tuple(labels), tuple(results), tuple(operators))


def _leaves(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)


def _differences(sides: Sequence[Mapping[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    names = dict.fromkeys(name for side in sides for name in side)
    rows = [(name, tuple(side.get(name, "-") for side in sides)) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
