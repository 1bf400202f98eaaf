"""A machine's record as accounts: bytes by route and operator, time by engine and cause, what binds each operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.compiler.program import Program
from leptonsim.compiler.routes import Route
from leptonsim.kernels.tiles import CAUSE_NAMES, ENGINE_NAMES
from leptonsim.machine.machine import Record

Integers = npt.NDArray[np.int64]

TENSOR: int = ENGINE_NAMES.index("tensor")
VECTOR: int = ENGINE_NAMES.index("vector")
BUSY: int = CAUSE_NAMES.index("busy")
CHIP_ENGINES = ("host", "pcie_in", "pcie_out")
_ROUTE_COLUMNS = ((1, 4), (2, 5), (3, 6), (6, 7))


@dataclass(frozen=True, slots=True)
class OperatorAccount:
    """One operator in the first run: when, what of the run's time it added, what bound it, and its bytes by route.

    ``spans_ps`` has, for each engine that it uses, the start of the first core's first job and the end of the last's.
    """

    start_ps: int
    end_ps: int
    time_ps: int
    bound_by: str
    waits_ps: Mapping[str, int]
    bytes_by_route: Mapping[Route, int]
    spans_ps: Mapping[str, tuple[int, int]]


def engine_names(cores: int) -> list[str]:
    """Names of the engine instances, in the order of the kernel's rows."""
    return [f"core{core}.{name}" for core in range(cores) for name in ENGINE_NAMES] + list(CHIP_ENGINES)


def time_by_engine(record: Record, cores: int) -> dict[str, dict[str, int]]:
    """Picoseconds by engine instance and cause; each engine's parts sum to the makespan."""
    return {
        name: {cause: int(value) for cause, value in zip(CAUSE_NAMES, row, strict=True)}
        for name, row in zip(engine_names(cores), record.engine_time_ps, strict=True)
    }


def bytes_by_operator(program: Program) -> Integers:
    """int64 (operators, routes): bytes delivered in one run of the program."""
    total = np.zeros((len(program.operators), len(program.routes)), dtype=np.int64)
    times = np.zeros(len(program.runs), dtype=np.int64)
    for repeat, begin, end in program.blocks.tolist():
        times[begin:end] = repeat * program.runs[begin:end, 0]
    sums = np.zeros((len(program.blocks), 4), dtype=np.int64)
    moved = program.runs[:, [1, 2, 3, 6]] * times[:, None]
    running = np.vstack([np.zeros((1, 4), dtype=np.int64), np.cumsum(moved, axis=0)])
    if len(program.blocks):
        sums = running[program.blocks[:, 2]] - running[program.blocks[:, 1]]
    running = np.vstack([np.zeros((1, 4), dtype=np.int64), np.cumsum(sums, axis=0)])
    steps = program.steps
    per_step = running[steps[:, 1]] - running[steps[:, 0]]
    for column, (_, route_column) in enumerate(_ROUTE_COLUMNS):
        routes = steps[:, route_column]
        there = routes >= 0
        np.add.at(total, (steps[there, 11], routes[there]), per_step[there, column])
    return total


def operator_accounts(program: Program, record: Record) -> list[OperatorAccount]:
    """Every operator of the first run, in the program's order.

    ``time_ps`` is by how much the operator moved the end of everything so far, so that the times sum to the end of the
    last one.
    """
    spans = record.step_span_ps
    owner = program.steps[:, 11]
    count = len(program.operators)
    begins = np.full((count, len(ENGINE_NAMES)), np.iinfo(np.int64).max)
    ends = np.full((count, len(ENGINE_NAMES)), -1, dtype=np.int64)
    np.minimum.at(begins, owner, np.where(spans[:, :, 0] < 0, np.iinfo(np.int64).max, spans[:, :, 0]))
    np.maximum.at(ends, owner, spans[:, :, 1])
    first, last = begins.min(axis=1).tolist(), ends.max(axis=1).tolist()
    by_engine = np.stack([begins, ends], axis=2).tolist()
    causes = np.zeros((count, len(ENGINE_NAMES), len(CAUSE_NAMES)), dtype=np.int64)
    np.add.at(causes, owner, record.step_time_ps)
    moved = bytes_by_operator(program).tolist()
    main = causes[np.arange(count), _main_engines(program, causes)].tolist()
    accounts = []
    reached = 0
    for index, operator in enumerate(program.operators):
        ran = last[index] >= 0
        end = last[index] if ran else reached
        times = dict(zip(CAUSE_NAMES, main[index], strict=True))
        accounts.append(
            OperatorAccount(
                first[index] if ran else reached,
                end,
                max(0, end - reached),
                _binding(operator.engine, times),
                {cause: time_ps for cause, time_ps in times.items() if time_ps},
                {route: size for route, size in zip(program.routes, moved[index], strict=True) if size},
                {
                    name: (span[0], span[1])
                    for name, span in zip(ENGINE_NAMES, by_engine[index], strict=True)
                    if span[1] >= 0
                },
            )
        )
        reached = max(reached, end)
    return accounts


def staging_by_operator(program: Program, record: Record) -> list[int]:
    """Most bytes that tiles on their way took in a core's SRAM, by operator."""
    most = np.zeros(len(program.operators), dtype=np.int64)
    np.maximum.at(most, program.steps[:, 11], record.step_staging_bytes)
    staged: list[int] = most.tolist()
    return staged


def _main_engines(program: Program, causes: Integers) -> Integers:
    """The engine whose time tells what binds an operator: the one that computes, or of a DMA operator the busiest."""
    computing = {"tensor": TENSOR, "vector": VECTOR}
    engines = np.array([computing.get(operator.engine, -1) for operator in program.operators], dtype=np.int64)
    return np.where(engines >= 0, engines, np.argmax(causes[:, :, BUSY], axis=1))


def _binding(engine: str, times: Mapping[str, int]) -> str:
    """What most of an engine's time goes to; latency and contention count with the transfers that they belong to."""
    times = dict(times)
    moving = max(("dram", "noc", "pcie"), key=lambda cause: times[cause])
    times[moving] += times.pop("latency") + times.pop("contention")
    cause = max(times, key=lambda name: times[name])
    if cause == "busy":
        return {"tensor": "tensor core", "vector": "vector unit"}.get(engine, "data movement")
    if cause == "buffer":
        return "vector unit" if engine == "tensor" else "buffer"
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
