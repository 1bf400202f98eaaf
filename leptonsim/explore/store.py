"""Where the results of sweeps are kept: one SQLite file, a row for each point.

``points`` holds what was computed, keyed by the digest of chip, model, options and version of leptonsim; ``members``
says which points belong to which sweep, and with which parameters it came to them. Several sweeps may write one file at
once: write-ahead logging, short transactions, and nothing is ever overwritten but a point that was lost, or that failed
and was tried again. No row holds a time of day.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from leptonsim.errors import LeptonError

SCHEMA = "leptonsim-store-1"
BUSY_TIMEOUT_S = 60
LOG_PAGES = 250
"""Pages of 4 KiB in the log before they move into the file: small stores stay small on a small disk."""

LOST = "lost"
"""Status of a point whose worker died each time: it is tried again by the next run."""

_TABLES = """
CREATE TABLE IF NOT EXISTS store (schema TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sweeps (sweep TEXT PRIMARY KEY, text TEXT NOT NULL, about TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (
    key TEXT PRIMARY KEY, status TEXT NOT NULL, error TEXT, chip_digest TEXT NOT NULL, model_digest TEXT NOT NULL,
    options TEXT NOT NULL, version TEXT NOT NULL, measures TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    sweep TEXT NOT NULL, key TEXT NOT NULL, chip TEXT NOT NULL, model TEXT NOT NULL, parameters TEXT NOT NULL,
    PRIMARY KEY (sweep, key)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Row:
    """One point of one sweep. ``status`` is ok, failed (``error`` says why) or lost; ``options`` are batch, dtype and
    the like.
    """

    sweep: str
    key: str
    chip: str
    model: str
    parameters: dict[str, Any]
    status: str
    error: str | None
    chip_digest: str
    model_digest: str
    options: dict[str, Any]
    version: str
    measures: dict[str, Any]


_COLUMNS = tuple(each.name for each in fields(Row))
_JSON_COLUMNS = ("parameters", "options", "measures")


class Store:
    """An open store. Raises LeptonError, with what to do, where the file cannot be used."""

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        self.path = Path(path)
        if read_only and not self.path.exists():
            raise LeptonError(f"{self.path}: no such file; `leptonsim sweep SWEEP.yaml --store {self.path}` makes it")
        self._database = self._open(read_only)

    def _open(self, read_only: bool) -> sqlite3.Connection:
        try:
            return self._open_to_read() if read_only else self._connected("mode=rwc", self._prepare)
        except sqlite3.Error as error:
            raise self._told(error) from None

    def _open_to_read(self) -> sqlite3.Connection:
        try:
            return self._connected("mode=ro", self._check)
        except sqlite3.OperationalError:
            # A folder that cannot be written has no room for the index of the log; without a log there is nothing to
            # index.
            log = self.path.with_name(self.path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise
            return self._connected("immutable=1", self._check)

    def _connected(self, way: str, ready: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
        """A connection that was made ready, or is closed again."""
        address = f"{self.path.absolute().as_uri()}?{way}"
        database = sqlite3.connect(address, timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=True)
        try:
            ready(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        database.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            database.execute(statement)
        if database.execute("SELECT count(*) FROM store").fetchone()[0] == 0:
            database.execute("INSERT INTO store VALUES (?)", (SCHEMA,))
        self._check(database)
        database.execute("COMMIT")

    def _check(self, database: sqlite3.Connection) -> None:
        found = database.execute("SELECT schema FROM store").fetchone()
        if found is None or found[0] != SCHEMA:
            raise LeptonError(
                f"{self.path}: a store of another version of leptonsim ({found and found[0]}); take another file"
            )

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- writing
    # -------------------------------------------------------------------------------------------------------

    def begin(self, sweep: str, text: str, about: Mapping[str, Sequence[str]] | None = None) -> None:
        """Note a sweep, its file and what it is about (see ``about``), and thereby whether the store can be written."""
        values = (sweep, text, json.dumps(dict(about or {})))
        self._write([("INSERT OR REPLACE INTO sweeps VALUES (?, ?, ?)", [values])])

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows, all or none. A point that is there already, from this sweep or another, stays as it is unless it
        was lost, or failed and now did not.
        """
        rows = list(rows)
        points = [
            (
                row.key,
                row.status,
                row.error,
                row.chip_digest,
                row.model_digest,
                _text(row.options),
                row.version,
                _text(row.measures),
            )
            for row in rows
        ]
        members = [(row.sweep, row.key, row.chip, row.model, _text(row.parameters)) for row in rows]
        self._write(
            [
                (
                    "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) "
                    "DO UPDATE SET status = excluded.status, "
                    f"error = excluded.error, measures = excluded.measures WHERE points.status = '{LOST}' "
                    "OR (points.status = 'failed' AND excluded.status = 'ok')",
                    points,
                ),
                ("INSERT OR IGNORE INTO members VALUES (?, ?, ?, ?, ?)", members),
            ]
        )

    def _write(self, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                self._database.executemany(statement, values)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise self._told(error) from None

    # ---- reading
    # -------------------------------------------------------------------------------------------------------

    def sweeps(self) -> list[tuple[str, int]]:
        """The sweeps in the file and how many points each has, by name."""
        return self._read("SELECT sweep, count(*) FROM members GROUP BY sweep ORDER BY sweep", ())

    def about(self, sweep: str) -> dict[str, list[str]]:
        """What a sweep seeks (``objectives``, such as "min latency_s"), its ``constraints``, and which parameters are
        ``derived``.
        """
        rows = self._read("SELECT about FROM sweeps WHERE sweep = ?", (sweep,))
        return {"objectives": [], "constraints": [], "derived": [], **(json.loads(rows[0][0]) if rows else {})}

    def found(self, key: str) -> tuple[str, dict[str, Any]] | None:
        """Status and measures of a point that was computed; None where it is missing or was lost."""
        rows = self._read("SELECT status, measures FROM points WHERE key = ? AND status != ?", (key, LOST))
        return (rows[0][0], json.loads(rows[0][1])) if rows else None

    def join(self, sweep: str, members: Iterable[tuple[str, str, str, dict[str, Any]]]) -> None:
        """Note points (key, chip, model, parameters) that are there already as belonging to a sweep too."""
        rows = [(sweep, key, chip, model, _text(parameters)) for key, chip, model, parameters in members]
        self._write([("INSERT OR IGNORE INTO members VALUES (?, ?, ?, ?, ?)", rows)])

    def rows(self, sweep: str | None = None) -> Iterator[Row]:
        """Rows sorted by key, then sweep."""
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM members JOIN points USING (key) "
            "WHERE ? IS NULL OR sweep = ? ORDER BY key, sweep"
        )
        try:
            for row in self._database.execute(query, (sweep, sweep)):
                values = dict(zip(_COLUMNS, row, strict=True))
                yield Row(**{**values, **{name: json.loads(values[name]) for name in _JSON_COLUMNS}})
        except sqlite3.Error as error:
            raise self._told(error) from None

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._told(error) from None

    def _told(self, error: sqlite3.Error) -> LeptonError:
        text = str(error)
        kept = "all points stored before are kept; run the same command again to go on"
        if "full" in text:
            return LeptonError(f"{self.path}: the disk is full; make room: {kept}")
        if "readonly" in text or "read-only" in text:
            return LeptonError(
                f"{self.path}: cannot be written (read-only); change its permissions or take another --store"
            )
        if "not a database" in text or "malformed" in text or "no such table" in text:
            return LeptonError(f"{self.path}: not a store of leptonsim ({text}); take another file")
        if "unable to open" in text:
            return LeptonError(f"{self.path}: cannot be opened; does the folder exist, and may it be written?")
        if "locked" in text:
            return LeptonError(f"{self.path}: another process has kept it locked for {BUSY_TIMEOUT_S} s; {kept}")
        return LeptonError(f"{self.path}: cannot be used: {text}; {kept}")


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
