"""Quantities over the time of a run: dynamic and static power, DRAM bandwidth, staging space in SRAM, core clock.

Power of a run in one state is that of ``leptonsim.result.power``, for every run of the program by its own jobs: each
operator's energy over the time in which the engines that spend it are at work; copies over PCIe are not in it. Under a
governor it is what its meter read, at the voltages in force. Bandwidth is the mean over a
``BINS``-th of the run, its bytes spread evenly over each job. Staging space is what the tiles in flight hold of a
core's SRAM; what tensors keep there besides is shown for the operators of the first run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import ENGINE_NAMES, JOB_FIELDS
from leptonsim.machine.energy import COMPONENTS
from leptonsim.machine.machine import Record
from leptonsim.machine.power_record import PowerRecord
from leptonsim.result.power import SPENDERS
from leptonsim.result.step import Step
from leptonsim.result.trace.model import Floats, Integers

BINS = 2000
Series = tuple[Integers, Floats]
"""Times in picoseconds, and the value from each on."""
ENGINE, STEP, INSTANCE, ROUTE, BEGIN, END, JOBS, BYTES = range(len(JOB_FIELDS))
_OPERATOR = 11


def power_w(
    program: Program, record: Record, steps: Sequence[Step], at_rest_w: Mapping[str, float]
) -> dict[str, Series]:
    """Watts by component, and in all; ``steps`` are the result's, one for each operator.

    ``at_rest_w`` is the mean power of blocks beside their operations, by component.
    """
    begins, ends = _spans(program, record)
    nothing: Series = np.zeros(1, dtype=np.int64), np.zeros(1)
    parts: dict[str, tuple[Integers, Integers, Floats]] = {}
    for component, names in SPENDERS.items():
        energy = np.array([step.energy_breakdown_pj.get(component, 0.0) for step in steps])
        engines = [ENGINE_NAMES.index(name) for name in names]
        at_work = ends[:, :, engines].max(axis=2) >= 0
        begin = np.where(at_work, begins[:, :, engines].min(axis=2), begins.min(axis=2))
        end = np.where(at_work, ends[:, :, engines].max(axis=2), ends.max(axis=2))
        spent = np.broadcast_to(energy > 0, begin.shape) & (end >= 0)
        watts = np.broadcast_to(energy, begin.shape)[spent] / np.maximum(1, end[spent] - begin[spent])
        parts[component] = begin[spent], end[spent], watts
    begin, end, watts = (np.concatenate(each) for each in zip(*parts.values(), strict=True))
    times, levels = _sum_of_pieces(begin, end, watts)
    found = {"total": (times, levels + sum(at_rest_w.values()))}
    found.update({name: _sum_of_pieces(*part) for name, part in parts.items() if len(part[0])})
    return {**found, **{name: (nothing[0], nothing[1] + watts) for name, watts in at_rest_w.items()}}


def readings_w(record: PowerRecord) -> dict[str, Series]:
    """Watts by component, and in all, of a run under a governor: what its meter read, at the voltages in force."""
    times = record.times[:, 0]
    parts = {name: (times, record.levels[:, 2 + place]) for place, name in enumerate(COMPONENTS)}
    return {"total": (times, record.power_w), **{name: part for name, part in parts.items() if part[1].any()}}


def _spans(program: Program, record: Record) -> tuple[Integers, Integers]:
    """int64 (runs, operators, engines) each: first start and last end of jobs; the greatest integer and -1 for none."""
    shape = (record.runs, len(program.operators), len(ENGINE_NAMES))
    jobs = record.jobs[record.jobs[:, STEP] >= 0]
    at = (jobs[:, INSTANCE], program.steps[jobs[:, STEP], _OPERATOR], jobs[:, ENGINE] % len(ENGINE_NAMES))
    begins = np.full(shape, np.iinfo(np.int64).max)
    ends = np.full(shape, -1, dtype=np.int64)
    np.minimum.at(begins, at, jobs[:, BEGIN])
    np.maximum.at(ends, at, jobs[:, END])
    return begins, ends


def _sum_of_pieces(begin: Integers, end: Integers, watts: Floats) -> Series:
    """The sum of pieces that are constant between their ends, at each instant at which it changes."""
    times, where = np.unique(np.concatenate([[0], begin, end]), return_inverse=True)
    change = np.zeros(len(times))
    np.add.at(change, where, np.concatenate([[0.0], watts, -watts]))
    # what is left of rounding where all pieces have ended is not power
    return times, np.maximum(np.cumsum(change), 0.0)


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


def resident_bytes(steps: Sequence[Step]) -> Series:
    """Bytes of tensors that stay in a core's SRAM, by the operators of the first run."""
    shown = [step for step in steps if step.time_ps > 0]
    times = [step.end_ps - step.time_ps for step in shown] + [shown[-1].end_ps if shown else 0]
    return np.array(times, dtype=np.int64), np.array([*(step.sram_resident_bytes for step in shown), 0], dtype=float)


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
        found.append(_highest(times, levels.astype(np.float64), record.makespan_ps))
    return found


def _highest(times: Integers, levels: Floats, until: int) -> Series:
    """The levels; of more than ``BINS`` the highest in each equal part of the time, and the last one at the end."""
    if len(times) <= BINS:
        return times, levels
    edges = np.unique(np.linspace(0, until, BINS + 1).astype(np.int64))
    highest = levels[np.searchsorted(times, edges, side="right") - 1]
    np.maximum.at(highest[:-1], np.searchsorted(edges[1:-1], times, side="right"), levels)
    return edges, highest
