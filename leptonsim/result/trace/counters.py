"""Quantities over the time of a run: dynamic and static power, DRAM bandwidth, staging space in SRAM, core clock.

Power is that of ``leptonsim.result.power``, for every run of the program by its own jobs: each operator's energy over
the time in which the engines that spend it are at work; copies over PCIe are not in it. Bandwidth is the mean over a
``BINS``-th of the run, its bytes spread evenly over each job. Staging space is what the tiles in flight hold of a
core's SRAM; what operators keep resident there comes on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import ENGINE_NAMES, JOB_FIELDS
from leptonsim.machine.energy import COMPONENTS
from leptonsim.machine.machine import Record
from leptonsim.result.power import Piece, power_over_time
from leptonsim.result.trace.model import Floats, Integers

BINS = 2000
Series = tuple[Integers, Floats]
"""Times in picoseconds, and the value from each on."""
ENGINE, STEP, INSTANCE, ROUTE, BEGIN, END, JOBS, BYTES = range(len(JOB_FIELDS))


def power_w(
    program: Program, record: Record, dynamic: Sequence[Mapping[str, float]], static_w: float
) -> dict[str, Series]:
    """Watts by component, and in all; ``dynamic`` is each operator's energy in pJ by component."""
    pieces: list[Piece] = []
    for spans in _spans_by_run(record, len(program.steps)):
        pieces += power_over_time(program, replace(record, step_span_ps=spans), dynamic)
    found = {"total": _sum_of_pieces(pieces, static_w)}
    for component in COMPONENTS:
        own = [piece for piece in pieces if piece[2] == component]
        if own:
            found[component] = _sum_of_pieces(own, 0.0)
    if static_w:
        found["static"] = np.zeros(1, dtype=np.int64), np.array([static_w])
    return found


def _spans_by_run(record: Record, steps: int) -> list[Integers]:
    """int64 (steps, engines, 2) for each run: first start and last end of each engine's jobs."""
    jobs = record.jobs[record.jobs[:, STEP] >= 0]
    jobs = jobs[np.argsort(jobs[:, INSTANCE], kind="stable")]
    borders = np.searchsorted(jobs[:, INSTANCE], np.arange(record.runs + 1))
    found = []
    for run in range(record.runs):
        own = jobs[borders[run] : borders[run + 1]]
        at = (own[:, STEP], own[:, ENGINE] % len(ENGINE_NAMES))
        spans = np.full((max(steps, 1), len(ENGINE_NAMES), 2), -1, dtype=np.int64)
        first = np.full(spans.shape[:2], np.iinfo(np.int64).max)
        np.minimum.at(first, at, own[:, BEGIN])
        np.maximum.at(spans[:, :, 1], at, own[:, END])
        spans[:, :, 0] = np.where(spans[:, :, 1] < 0, -1, first)
        found.append(spans)
    return found


def _sum_of_pieces(pieces: Sequence[Piece], constant: float) -> Series:
    """The sum of pieces that are constant between their ends, at each instant at which it changes."""
    edges = np.array([at for begin, end, _, _ in pieces for at in (begin, end)] + [0], dtype=np.int64)
    steps = np.array([change for _, _, _, watts in pieces for change in (watts, -watts)] + [0.0])
    times, where = np.unique(edges, return_inverse=True)
    change = np.zeros(len(times))
    np.add.at(change, where, steps)
    # what is left of rounding where all pieces have ended is not power
    return times, np.maximum(np.cumsum(change), 0.0) + constant


def dram_bytes_per_s(program: Program, record: Record) -> dict[str, Series]:
    """Bytes a second that DRAM gives and takes; what several cores receive at once is read once."""
    jobs = record.jobs[record.jobs[:, ROUTE] >= 0]
    ends = np.array([route.end in ("dram", "copy") for route in program.routes])
    writes = np.array([route.write for route in program.routes])
    receivers = np.array([route.receivers for route in program.routes])
    jobs = jobs[ends[jobs[:, ROUTE]]]
    found = {}
    for name, write in (("read", False), ("written", True)):
        own = jobs[writes[jobs[:, ROUTE]] == write]
        sizes = own[:, BYTES] / receivers[own[:, ROUTE]]
        found[name] = _binned(own[:, BEGIN], own[:, END], sizes, record.makespan_ps)
    return found


def _binned(begin: Integers, end: Integers, sizes: Floats, until: int) -> Series:
    """Mean rates in equal parts of the time, per second, of amounts that flow evenly from begin to end."""
    edges = np.unique(np.linspace(0, until, BINS + 1).astype(np.int64))
    rates = sizes / (end - begin)
    flowed = _ramps(begin, rates, edges) - _ramps(end, rates, edges)
    means = np.maximum(np.diff(flowed), 0.0) / np.diff(edges) * 1e12
    return edges, np.append(means, 0.0)


def _ramps(since: Integers, rates: Floats, at: Integers) -> Floats:
    """At each of ``at``, the sum of rate x time since, over what began before."""
    order = np.argsort(since, kind="stable")
    since, rates = since[order], rates[order]
    known = np.searchsorted(since, at, side="right")
    slope = np.concatenate([[0.0], np.cumsum(rates)])[known]
    offset = np.concatenate([[0.0], np.cumsum(rates * since)])[known]
    sums: Floats = slope * at - offset
    return sums


def staging_bytes(record: Record, cores: int) -> list[Series]:
    """Bytes of staging space that the tiles in flight hold, for each core."""
    rows = record.staging[np.argsort(record.staging[:, 0], kind="stable")]
    borders = np.searchsorted(rows[:, 0], np.arange(cores + 1))
    zero = np.zeros(1, dtype=np.int64)
    found = []
    for core in range(cores):
        own = rows[borders[core] : borders[core + 1]]
        known = own[:1, 1].tolist() == [0]
        times = own[:, 1] if known else np.concatenate([zero, own[:, 1]])
        levels = own[:, 2] if known else np.concatenate([zero, own[:, 2]])
        found.append((times, levels.astype(np.float64)))
    return found
