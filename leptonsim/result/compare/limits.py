"""Limits on what may change, such as ``latency>+5%``: for use where a chip or a model is built automatically.

A limit is a metric, a comparison and a value. A value with a sign is a change from the first result: a percentage
(``latency>+5%``), or an amount (``latency>+1ms``). One without a sign is an amount itself (``energy>0.01J``), and for a
share a percentage (``utilization.tensor<50%``). The limit is broken by every result after the first for which it holds.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leptonsim.chip.units import UnitError
from leptonsim.errors import LeptonError
from leptonsim.result.compare.comparison import Comparison
from leptonsim.result.compare.metrics import COUNT, SHARE, Metric, known_metrics, relative_change

if TYPE_CHECKING:
    from leptonsim.result.load import AnyResult

_LIMIT = re.compile(r"\s*(?P<metric>[^<>=\s]+)\s*(?P<sign>>=|<=|>|<)\s*(?P<value>[^<>=]+?)\s*")
_PERCENT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\s*%")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit and one result: the value that was held against it (None: there is none), and whether it broke it."""

    limit: str
    label: str
    shown: str
    broken: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as read; ``is_change`` from the first result, ``is_relative`` in parts of it."""

    text: str
    metric: Metric
    sign: str
    value: float
    is_change: bool
    is_relative: bool

    def verdicts(self, comparison: Comparison) -> list[Verdict]:
        """What it says of every result after the first. Raises LeptonError if a result has no such number."""
        before = self._number(comparison, 0) if self.is_change else 0.0
        found = []
        for index in comparison.others:
            after = self._number(comparison, index)
            change = relative_change(before, after) if self.is_relative else after - before
            # None would say that a number is missing, which was refused above
            broken = change is not None and _SIGNS[self.sign](change, self.value)
            shown = self.metric.text(after)
            if self.is_change:
                shown = f"{self.metric.text(before)} -> {shown}, {self.metric.change_text(before, after)}"
            found.append(Verdict(self.text, comparison.labels[index], shown, broken))
        return found

    def _number(self, comparison: Comparison, index: int) -> float:
        value = self.metric.of(comparison.results[index])
        if value is None:
            raise LeptonError(f"--fail-if {self.text}: {comparison.labels[index]} has no {self.metric.name}")
        return value


def parse_limit(text: str, result: AnyResult) -> Limit:
    """Read a limit; ``result`` says which metrics there are. Raises LeptonError."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise LeptonError(
            f"--fail-if {text}: expects METRIC>VALUE or METRIC<VALUE, such as 'latency>+5%' or 'energy>0.01J' "
            "(in quotes: > means a file to the shell)"
        )
    known = known_metrics(result.to_dict())
    name, value = match["metric"], match["value"]
    if name not in known:
        from leptonsim.suggest import near

        raise LeptonError(f"--fail-if {text}: no metric is called {name!r}: {near(name, sorted(known))}")
    metric = known[name]
    is_change = value.startswith(("+", "-"))
    is_relative = is_change and _PERCENT.fullmatch(value) is not None
    if is_relative:
        number = float(value.removesuffix("%")) / 100
    elif _PERCENT.fullmatch(value) and metric.quantity is not SHARE:
        raise LeptonError(f"--fail-if {text}: did you mean {name}{match['sign']}+{value}? A change has a sign")
    elif metric.quantity is COUNT and _NUMBER.fullmatch(value):
        number = float(value)
    else:
        try:
            number = float(metric.quantity.parse(value))
        except UnitError as error:
            raise LeptonError(f"--fail-if {text}: {error}") from None
    return Limit(text, metric, match["sign"], number, is_change, is_relative)
