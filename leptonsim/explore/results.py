"""The rows of a store as a table: chosen, sorted, and written as CSV, JSON or Parquet.

Columns come in a fixed order (key, sweep, chip, model, options, parameters by name, status, error, results, version);
values are as exact as they were stored. The same rows give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from leptonsim.errors import LeptonError
from leptonsim.explore.expression import parse
from leptonsim.explore.measures import MEASURES
from leptonsim.explore.store import Row

Record = dict[str, Any]
OPTIONS = ("batch", "dtype", "requests", "cold", "mapping")


def table(rows: Iterable[Row]) -> list[Record]:
    """One record for each row, all with the same columns in the same order."""
    rows = list(rows)
    parameters = sorted({path for row in rows for path in row.parameters})
    return [
        {
            "key": row.key,
            "sweep": row.sweep,
            "chip": row.chip,
            "model": row.model,
            **{name: row.options.get(name) for name in OPTIONS},
            **{path: _plain(row.parameters.get(path)) for path in parameters},
            "status": row.status,
            "error": row.error,
            **{name: row.measures.get(name) for name in MEASURES},
            "version": row.version,
        }
        for row in rows
    ]


def parameters_of(records: Sequence[Record]) -> list[str]:
    """The columns that are parameters of chips."""
    known = {"key", "sweep", "chip", "model", "status", "error", "version", *OPTIONS, *MEASURES}
    return [name for name in (records[0] if records else ()) if name not in known]


def chosen(records: Iterable[Record], conditions: Sequence[str]) -> list[Record]:
    """The records for which every condition holds. An empty cell fulfils no comparison. Raises LeptonError."""
    expressions = [parse(condition) for condition in conditions]
    found = []
    for record in records:
        lookup = _lookup(record)
        try:
            if all(expression.value(lookup) for expression in expressions):
                found.append(record)
        except _EmptyError:
            continue
    return found


def ordered(records: Iterable[Record], by: Sequence[str]) -> list[Record]:
    """Sorted by columns; ``-latency_s`` for the largest first; empty cells come last; equal records by key. Raises
    LeptonError.
    """
    result = list(records)
    for name in reversed([*by, "key", "sweep"]):
        column = name.removeprefix("-")
        if result and column not in result[0]:
            raise LeptonError(f"no column is called {column!r}; {_near(column, result[0])}")
        known = [record for record in result if record[column] is not None]
        empty = [record for record in result if record[column] is None]
        result = sorted(known, key=lambda each: natural(each[column]), reverse=name.startswith("-")) + empty
    return result


def natural(value: Any) -> tuple[int, float, str]:
    """A key that sorts numbers by value, texts that begin with a number by that (with its unit), and other texts by
    letters.
    """
    number = quantity(value)
    return (0, number, str(value)) if number is not None else (1, 0.0, str(value))


def quantity(value: Any) -> float | None:
    """The number that a cell holds, in inner units where it has one; None for text."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            found = parse(value)
            inner = found.value(_no_names)
        except LeptonError:
            return None
        return float(inner) if isinstance(inner, int | float) else None
    return None


def to_csv(records: Sequence[Record]) -> str:
    """Comma-separated values, a header first; empty cells for what is absent."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(records[0] if records else ["key"])
    for record in records:
        writer.writerow(["" if value is None else _cell(value) for value in record.values()])
    return out.getvalue()


def to_json(records: Sequence[Record]) -> str:
    """A list of objects, one to a line."""
    lines = [json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def to_parquet(records: Sequence[Record]) -> bytes:
    """Parquet, by the extra ``parquet``. Raises LeptonError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise LeptonError("Parquet needs pyarrow: pip install 'leptonsim[parquet]'") from None
    columns = {name: [record[name] for record in records] for name in (records[0] if records else ())}
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


class _EmptyError(LeptonError):
    """A condition met an empty cell."""


def _lookup(record: Record) -> Callable[[str], Any]:
    def look(name: str) -> Any:
        if name not in record:
            raise LeptonError(f"no column is called {name!r}; {_near(name, record)}")
        value = record[name]
        if value is None:
            raise _EmptyError
        number = quantity(value)
        return value if number is None else number

    return look


def _near(name: str, record: Mapping[str, Any]) -> str:
    from leptonsim.chip.report import near

    return near(name, record)


def _no_names(name: str) -> Any:
    raise LeptonError(f"{name} is a text")


def _plain(value: Any) -> Any:
    """A swept section as text in YAML's flow style."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else value


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
