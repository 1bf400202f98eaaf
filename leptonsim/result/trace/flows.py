"""Flows of a trace: from the last job of a step to the first job of each step that waited for it.

A dependency on a whole operator is drawn from the step of it that ended last, which is the one that was waited for; one
on the request's inputs from their copy. Weights may be loaded before what a step depends on is there, so a flow arrives
at the first job of the step's other engines where it has any.
"""

from __future__ import annotations

import numpy as np

from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import ENGINE_NAMES, JOB_FIELDS
from leptonsim.machine.machine import Record
from leptonsim.result.trace.model import NOTHING, Integers

ENGINE, STEP, INSTANCE, ROUTE, BEGIN, END, JOBS, BYTES = range(len(JOB_FIELDS))
WEIGHTS = ENGINE_NAMES.index("weights")
_DEP, _DEP_END, _OPERATOR = 9, 10, 11


def flows(program: Program, record: Record) -> Integers:
    """int64 (flows, 2): row of the job log that a flow leaves, and row at which it arrives, without repetitions."""
    steps, jobs = program.steps, record.jobs
    count, operators = len(steps), len(program.operators)
    first, last = _first_and_last(jobs, count, record.runs)
    edges_of = steps[:, _DEP_END] - steps[:, _DEP]
    consumer = np.repeat(np.arange(count), edges_of)
    begin = np.repeat(steps[:, _DEP] - np.concatenate([[0], np.cumsum(edges_of)[:-1]]), edges_of)
    token = program.dependencies[begin + np.arange(len(consumer))]
    inputs = _input_copies(program, record)
    found = [NOTHING.reshape(0, 2)]
    for run in range(record.runs):
        source = np.full(len(token), -1, dtype=np.int64)
        of_step = (token >= operators) & (token < operators + count)
        source[of_step] = last[run][token[of_step] - operators]
        ends = np.where(last[run] >= 0, jobs[last[run], END], -1) if len(jobs) else np.full(count, -1)
        latest = np.full(operators, -1, dtype=np.int64)
        order = np.argsort(ends, kind="stable")
        latest[steps[order, _OPERATOR]] = last[run][order]
        of_operator = token < operators
        source[of_operator] = latest[token[of_operator]]
        source[token == operators + count] = inputs[run]
        target = first[run][consumer]
        there = (source >= 0) & (target >= 0)
        found.append(np.unique(np.stack([source[there], target[there]], axis=1), axis=0))
    rows: Integers = np.concatenate(found)
    # a step that moves and computes nothing has no slice, and what waited for it shows no flow
    forward: Integers = rows[jobs[rows[:, 0], END] <= jobs[rows[:, 1], BEGIN]]
    return forward


def _first_and_last(jobs: Integers, steps: int, runs: int) -> tuple[Integers, Integers]:
    """int64 (runs, steps) each: rows of the first job that waits for what the step depends on, and of the last."""
    first = np.full((runs, steps), -1, dtype=np.int64)
    last = np.full((runs, steps), -1, dtype=np.int64)
    rows = np.flatnonzero(jobs[:, STEP] >= 0)
    by_end = rows[np.argsort(jobs[rows, END], kind="stable")]
    last[jobs[by_end, INSTANCE], jobs[by_end, STEP]] = by_end
    early = jobs[rows, ENGINE] % len(ENGINE_NAMES) == WEIGHTS
    # the last assignment stays: jobs of weights come before all others, the earliest of each last
    order = rows[np.lexsort((-jobs[rows, BEGIN], ~early))]
    first[jobs[order, INSTANCE], jobs[order, STEP]] = order
    return first, last


def _input_copies(program: Program, record: Record) -> Integers:
    """int64 (runs,): row of the copy that brought the last of a run's inputs, or -1."""
    found = np.full(record.runs, -1, dtype=np.int64)
    inwards = program.chip.cores * len(ENGINE_NAMES) + 1
    for row in np.flatnonzero(record.jobs[:, ENGINE] == inwards).tolist():
        run = record.copies[int(record.jobs[row, INSTANCE])][0]
        if run >= 0:
            found[run] = row
    return found
