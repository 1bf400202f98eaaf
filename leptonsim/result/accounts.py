"""A machine's record as accounts: bytes by route and operator, time by engine and cause, what binds each operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import CAUSE_NAMES, ENGINE_NAMES, STEP_FIELDS, WORK_FIELDS
from leptonsim.machine.machine import Record

Integers = npt.NDArray[np.int64]

TENSOR: int = ENGINE_NAMES.index("tensor")
VECTOR: int = ENGINE_NAMES.index("vector")
BUSY: int = CAUSE_NAMES.index("busy")
NEVER = np.iinfo(np.int64).max
CHIP_ENGINES = ("host", "pcie_in", "pcie_out")
OWNER = STEP_FIELDS.index("operator")
"""Column of a program's steps that has the operator."""
_BYTES = np.array([WORK_FIELDS.index(f"{kind}_bytes") for kind in ("w", "a", "x", "o")])
"""Columns of the work that moves over the routes of a step, in the order of the routes."""


class OperatorAccount(NamedTuple):
    """One operator in the first run: when, what of the run's time it added, and what bound it.

    ``spans_ps`` has, for each engine that it uses, the start of the first core's first job and the end of the last's;
    ``dram_bytes`` are those that DRAM gave and took.
    """

    start_ps: int
    end_ps: int
    time_ps: int
    bound_by: str
    waits_ps: dict[str, int]
    spans_ps: dict[str, tuple[int, int]]
    dram_bytes: int


def engine_names(cores: int) -> list[str]:
    """Names of the engine instances, in the order of the kernel's rows."""
    return [f"core{core}.{name}" for core in range(cores) for name in ENGINE_NAMES] + list(CHIP_ENGINES)


def time_by_engine(record: Record, cores: int) -> dict[str, dict[str, int]]:
    """Picoseconds by engine instance and cause; each engine's parts sum to the makespan."""
    return {
        name: {cause: int(value) for cause, value in zip(CAUSE_NAMES, row, strict=True)}
        for name, row in zip(engine_names(cores), record.engine_time_ps, strict=True)
    }


class Groups:
    """Rows by a number that each has, below ``count``; ``combine`` gives a row for each number."""

    def __init__(self, numbers: Integers, count: int) -> None:
        self._count = count
        self._order = np.argsort(numbers, kind="stable")
        ranked = numbers[self._order]
        self._firsts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))[: len(ranked)])
        self._there = ranked[self._firsts]

    def combine(self, how: np.ufunc, values: npt.NDArray[Any], none: int = 0) -> Integers:
        """int64: all rows of each number combined; ``none`` where it has no row."""
        found = np.full((self._count, *values.shape[1:]), none, dtype=np.int64)
        found[self._there] = how.reduceat(values[self._order], self._firsts, axis=0)
        return found


class Spans(NamedTuple):
    """int64 (operators, engines): begin of the first job, NEVER without one, and end of the last, -1 without one."""

    begins: Integers
    ends: Integers


def bytes_by_operator(program: Program, per_step: Integers) -> Integers:
    """int64 (operators, routes): bytes delivered in one run of the program; ``per_step`` is ``work_of`` it."""
    operators, routes = len(program.operators), len(program.routes)
    first = STEP_FIELDS.index("w_route")
    step, kind = np.nonzero(program.steps[:, first : first + len(_BYTES)] >= 0)
    place = program.steps[step, OWNER] * routes + program.steps[step, first + kind]
    moved = per_step[step, _BYTES[kind]]
    return Groups(place, operators * routes).combine(np.add, moved).reshape(operators, routes)


def operator_accounts(program: Program, record: Record, moved: Integers) -> tuple[list[OperatorAccount], Spans]:
    """Every operator of the first run, in the program's order, and their spans; ``moved`` is of ``bytes_by_operator``.

    ``time_ps`` is by how much the operator moved the end of everything so far, so that the times sum to the end of the
    last one.
    """
    count, jobs = len(program.operators), record.step_span_ps
    steps = Groups(program.steps[:, OWNER], count)
    begins = steps.combine(np.minimum, np.where(jobs[:, :, 0] < 0, NEVER, jobs[:, :, 0]), NEVER)
    ends = steps.combine(np.maximum, jobs[:, :, 1], -1)
    causes = steps.combine(np.add, record.step_time_ps)
    computing = _computing_engines(program)
    main = causes[np.arange(count), np.where(computing >= 0, computing, np.argmax(causes[:, :, BUSY], axis=1))]
    receivers = np.array([route.receivers for route in program.routes], dtype=np.int64)
    of_dram = np.array([route.end == "dram" for route in program.routes], dtype=bool)
    # An operator without any job stands where everything so far has ended.
    last = ends.max(axis=1)
    reached = np.maximum.accumulate(np.concatenate([[0], last]))[:-1]
    start = np.where(last >= 0, begins.min(axis=1), reached)
    end = np.where(last >= 0, last, reached)
    accounts = list(
        map(
            OperatorAccount,
            start.tolist(),
            end.tolist(),
            np.maximum(0, end - reached).tolist(),
            _binding(computing, main),
            _named(main != 0, CAUSE_NAMES, main),
            _named(ends >= 0, ENGINE_NAMES, begins, ends),
            (-(-moved // receivers))[:, of_dram].sum(axis=1).tolist(),
        )
    )
    return accounts, Spans(begins, ends)


def staging_by_operator(program: Program, record: Record) -> list[int]:
    """Most bytes that tiles on their way took in a core's SRAM, by operator."""
    steps = Groups(program.steps[:, OWNER], len(program.operators))
    staged: list[int] = steps.combine(np.maximum, record.step_staging_bytes).tolist()
    return staged


def _named(there: npt.NDArray[np.bool_], names: Sequence[str], *values: Integers) -> list[dict[str, Any]]:
    """By row, what is there by the name of its column: a value, or a tuple of several."""
    found: list[dict[str, Any]] = [{} for _ in there]
    rows, columns = np.nonzero(there)
    picked = [each[rows, columns].tolist() for each in values]
    cells = picked[0] if len(picked) == 1 else zip(*picked, strict=True)
    for row, column, cell in zip(rows.tolist(), columns.tolist(), cells, strict=True):
        found[row][names[column]] = cell
    return found


def _computing_engines(program: Program) -> Integers:
    """By operator, the engine that computes; -1 for operators that only move."""
    computing = {"tensor": TENSOR, "vector": VECTOR}
    return np.array([computing.get(operator.engine, -1) for operator in program.operators], dtype=np.int64)


def _binding(computing: Integers, times: Integers) -> list[str]:
    """What most of each main engine's time goes to; latency and contention count with the transfers they belong to."""
    times = times.copy()
    every = np.arange(len(times))
    latency, contention = CAUSE_NAMES.index("latency"), CAUSE_NAMES.index("contention")
    transfers = np.array([CAUSE_NAMES.index(name) for name in ("dram", "noc", "pcie")])
    moving = transfers[np.argmax(times[:, transfers], axis=1)]
    times[every, moving] += times[:, latency] + times[:, contention]
    times[:, [latency, contention]] = -1
    told = {engine: [_told(engine, cause) for cause in CAUSE_NAMES] for engine in (TENSOR, VECTOR, -1)}
    pairs = zip(computing.tolist(), np.argmax(times, axis=1).tolist(), strict=True)
    return [told[engine][cause] for engine, cause in pairs]


def _told(engine: int, cause: str) -> str:
    """A cause in the words of a report; ``engine`` as of ``_computing_engines``."""
    if cause == "busy":
        return {TENSOR: "tensor core", VECTOR: "vector unit"}.get(engine, "data movement")
    if cause == "buffer":
        return "vector unit" if engine == TENSOR else "buffer"
    return cause


def bytes_by_level(program: Program, record: Record) -> dict[str, dict[str, int]]:
    """Bytes read and written at each level over the whole run; what several cores receive at once is read once."""
    totals = {level: {"read": 0, "written": 0} for level in ("sram", "shared_sram", "noc", "dram", "pcie")}
    for route, size in zip(program.routes, record.route_bytes.tolist(), strict=True):
        once = -(-size // route.receivers)
        if route.end != "local":
            totals["noc"]["written" if route.write else "read"] += size
        if route.end == "copy":
            totals["dram"]["written" if route.write else "read"] += size
            totals["pcie"]["read" if route.write else "written"] += size
        elif route.end == "host":
            totals["pcie"]["written" if route.write else "read"] += once
        elif route.end in ("dram", "shared"):
            totals["dram" if route.end == "dram" else "shared_sram"]["written" if route.write else "read"] += once
    totals["sram"] = {
        "read": record.runs * sum(operator.sram_read_bytes for operator in program.operators),
        "written": record.runs * sum(operator.sram_written_bytes for operator in program.operators),
    }
    return totals
