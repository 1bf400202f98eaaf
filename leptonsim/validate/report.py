"""What a validation found: one record for each quantity of each row, and a summary for each group of rows.

An error is predicted / measured - 1. A prediction is exact when it equals the measured figure to the digits with which
that was written down.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leptonsim.files import write_whole
from leptonsim.validate.table import Row

ALL = "all"
PLACES = 9
"""Decimals to which the figures of a summary are rounded, so that no platform's last bit shows in a file."""


@dataclass(frozen=True)
class Record:
    """One quantity of one row; ``predicted`` is None, and ``reason`` says why, where the row is skipped."""

    row: Row
    quantity: str
    measured: float | None
    predicted: float | None
    exact: bool
    reason: str
    group: str

    @property
    def error(self) -> float | None:
        """predicted / measured - 1."""
        return None if self.predicted is None or self.measured is None else self.predicted / self.measured - 1

    def as_dict(self) -> dict[str, Any]:
        """The record as it is written; a column that has the name of one of its own fields is ``row_<name>`` there."""
        own = {
            "quantity": self.quantity,
            "predicted": self.predicted,
            "measured": self.measured,
            "error": self.error,
            "status": "skipped" if self.predicted is None else "ok",
            "reason": self.reason,
        }
        columns = {f"row_{name}" if name in own else name: value for name, value in self.row.columns.items()}
        return own | columns


def predicted(row: Row, column: str, value: float, group: str, measured: float | None = None) -> Record:
    """The record of a prediction for the figure in ``column``, or for what the kind reads ``measured`` out of it as."""
    text = row[column].strip()
    figure = row.number(column) if measured is None else measured
    decimals = len(text.partition(".")[2]) if "e" not in text.lower() else None
    exact = value == figure if decimals is None else round(value, decimals) == round(figure, decimals)
    return Record(row, column, _whole(figure), _whole(value), exact, "", group)


def skipped(row: Row, column: str, reason: str, group: str, measured: float | None = None) -> Record:
    """The record of a figure that is not predicted; what stands in ``column`` need not be a number."""
    return Record(row, column, None if measured is None else _whole(measured), None, False, reason, group)


@dataclass(frozen=True)
class Summary:
    """The errors of one group; all None where nothing was predicted. Shares, not per cent."""

    rows: int
    predicted: int
    exact: int
    median_abs_error: float | None
    mean_abs_error: float | None
    p90_abs_error: float | None
    bias: float | None
    """Mean error with its sign."""
    worst: float | None
    """The error furthest from 0, with its sign."""
    worst_line: int | None
    """The line of the file that it belongs to."""


def summarise(records: Iterable[Record]) -> Summary:
    """The summary of some records."""
    every = list(records)
    found = [(record.error, record) for record in every if record.error is not None]
    if not found:
        return Summary(len(every), 0, 0, None, None, None, None, None, None)
    errors = [error for error, _ in found]
    sizes = sorted(abs(error) for error in errors)
    worst, at = max(found, key=lambda pair: (abs(pair[0]), -pair[1].row.line))
    return Summary(
        rows=len(every),
        predicted=len(found),
        exact=sum(record.exact for _, record in found),
        median_abs_error=round(statistics.median(sizes), PLACES),
        mean_abs_error=round(math.fsum(sizes) / len(sizes), PLACES),
        p90_abs_error=round(sizes[math.ceil(0.9 * len(sizes)) - 1], PLACES),
        bias=round(math.fsum(errors) / len(errors), PLACES),
        worst=round(worst, PLACES),
        worst_line=at.row.line,
    )


@dataclass(frozen=True)
class Report:
    """What ``validate`` found in one file."""

    kind: str
    title: str
    file: str
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know beside the figures."""

    def summary(self) -> dict[str, Summary]:
        """The summary of each group, sorted by name, and of all of them last."""
        groups: dict[str, list[Record]] = {}
        for record in self.records:
            groups.setdefault(record.group, []).append(record)
        summaries = {name: summarise(groups[name]) for name in sorted(groups)}
        return {**summaries, ALL: summarise(self.records)}

    def skipped(self) -> Mapping[str, int]:
        """How many records each reason for skipping stands for."""
        reasons: dict[str, int] = {}
        for record in self.records:
            if record.predicted is None:
                reasons[record.reason] = reasons.get(record.reason, 0) + 1
        return reasons

    def exceeds(self, share: float) -> bool:
        """Whether some prediction is further off than ``share``, or there is none at all to judge by."""
        errors = [record.error for record in self.records if record.error is not None]
        return not errors or any(abs(error) > share for error in errors)

    def as_dict(self) -> dict[str, Any]:
        """The report as it is written to JSON."""
        return {
            "kind": self.kind,
            "summary": {name: vars(summary) for name, summary in self.summary().items()},
            "rows": [record.as_dict() for record in self.records],
        }

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the report as JSON, whole or not at all; raises LeptonError where that cannot be."""
        write_whole(path, self.to_json())


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value
