"""A CSV file of reference data, as rows that know their line: what is wrong with one is said where it stands."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    import _csv


class BadFile(LeptonError):
    """A reference file that cannot be read; the message starts with file:line."""


@dataclass(frozen=True)
class Row:
    """One line of the file: its columns as they stand there."""

    file: str
    line: int
    columns: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.columns[column]

    def fail(self, message: str) -> BadFile:
        """The error to raise for this row."""
        return BadFile(f"{self.file}:{self.line}: {message}")

    def integer(self, column: str, least: int = 0) -> int:
        """The whole number in a column; raises BadFile for anything else."""
        text = self.columns[column].strip()
        if not text.isascii() or not text.isdecimal() or int(text) < least:
            raise self.fail(f"{column}: expects a whole number of at least {least}, not {text!r}")
        return int(text)

    def number(self, column: str) -> float:
        """The number above 0 in a column; raises BadFile for anything else."""
        try:
            value = float(self.columns[column])
        except ValueError:
            value = math.nan
        if not (0 < value < math.inf):
            raise self.fail(f"{column}: expects a number above 0, not {self.columns[column]!r}")
        return value

    def choice(self, column: str, values: Iterable[str]) -> str:
        """One of ``values``, in whatever case; raises BadFile for anything else."""
        allowed = {value.lower(): value for value in values}
        text = self.columns[column].strip().lower()
        if text not in allowed:
            raise self.fail(f"{column}: expects one of {', '.join(allowed.values())}, not {self.columns[column]!r}")
        return allowed[text]


@dataclass(frozen=True)
class Table:
    """A whole file."""

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: str | Path) -> Table:
    """The rows of a CSV file with a header; raises BadFile where it is not one."""
    file = str(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            return _table(file, csv.reader(stream, strict=True))
    except OSError as error:
        raise BadFile(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadFile(f"{file}: not text: byte {error.start} is not UTF-8; reference data are CSV files") from None
    except csv.Error as error:
        raise BadFile(f"{file}: not a CSV file: {error}") from None


def _table(file: str, lines: _csv.Reader) -> Table:
    header = next(lines, None)
    if not header:
        raise BadFile(f"{file}: the file is empty; the first line of reference data names their columns")
    for index, column in enumerate(header):
        if column in header[:index]:
            raise BadFile(f"{file}:1: column {column!r} is there twice")
    rows = []
    for cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            raise BadFile(f"{file}:{lines.line_num}: {len(cells)} cells, but the header names {len(header)} columns")
        rows.append(Row(file, lines.line_num, dict(zip(header, cells, strict=True))))
    return Table(file, tuple(header), tuple(rows))
