"""A compiled program as the tile machine walks it: every core's tiles one after the other.

Runs of equal tiles and repeated blocks of runs are expanded here. Also here: which arguments are refused, and the rule
for operands that several tiles share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from leptonsim.kernels.plain.fabric import MAX_ROUTE_LINKS, ROUTE_COLUMNS, SHARE_ONE
from leptonsim.kernels.plain.tiles.accounts import CHIP_ENGINES, ENGINES, Cause

ENGINE_NAMES = ("weights", "activations", "tensor", "vector", "store")
RUN_FIELDS = ("count", "w_bytes", "a_bytes", "x_bytes", "tensor_cycles", "vector_cycles", "o_bytes")
JOB_FIELDS = ("engine", "step", "instance", "route", "begin_ps", "end_ps", "jobs", "bytes")
STEP_FIELDS = (
    *("block", "block_end", "stage_bytes", "accumulators", "w_route", "a_route", "x_route", "o_route"),
    *("w_waits", "dep", "dep_end", "operator"),
)
LEAST_RATE = 1 << 16  # 2^-32 byte/ps: 16 MB/s
MOST_RATE = 1 << 46
FASTEST_KHZ = 10**9
LONGEST_PS = 10**12
LARGEST = 1 << 30  # bytes or cycles of one tile


@dataclass(frozen=True, slots=True)
class Run:
    """``count`` equal tiles in a row; sizes in bytes, work in cycles."""

    count: int
    weight_bytes: int
    activation_bytes: int
    extra_bytes: int
    tensor_cycles: int
    vector_cycles: int
    output_bytes: int

    @property
    def bytes(self) -> int:
        """Staging space that a tile asks for."""
        return self.weight_bytes + self.activation_bytes + self.extra_bytes + self.output_bytes


@dataclass(frozen=True, slots=True)
class Step:
    """A fused operator, or one core's slice of it. Routes are -1 where nothing moves."""

    block: int
    block_end: int
    stage_bytes: int
    accumulators: int
    weight_route: int
    activation_route: int
    extra_route: int
    output_route: int
    weights_wait: int
    dependency: int
    dependency_end: int
    operator: int

    @property
    def routes(self) -> tuple[int, int, int, int]:
        """Routes of weights, activations, extras and outputs."""
        return self.weight_route, self.activation_route, self.extra_route, self.output_route


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a core's program.

    ``operands_freed`` are the staging bytes of operands, its own or those of tiles before, that no tile after it uses.
    """

    run: Run
    step: int
    is_first: bool
    is_last: bool
    operands_freed: int


def operands_freed(loads: Sequence[int]) -> list[int]:
    """Operand bytes that leave after each tile of a step, given what each tile loads.

    An operand stays for the tiles that load none of their own, and leaves with the last of them.
    """
    freed = []
    held = 0
    for number, load in enumerate(loads):
        held = load or held
        is_last_user = number + 1 == len(loads) or loads[number + 1] > 0
        freed.append(held if is_last_user else 0)
        held = 0 if is_last_user else held
    return freed


class Program:
    """Steps, the tiles of each core, and the steps that each operator has."""

    def __init__(
        self, runs: Any, blocks: Any, steps: Any, cores: Any, dependencies: Any, operators: int, routes: int
    ) -> None:
        self.runs = [Run(*row) for row in read_table(runs, len(RUN_FIELDS))]
        self.blocks = read_table(blocks, 3)
        self.steps = [Step(*row) for row in read_table(steps, len(STEP_FIELDS))]
        self.dependencies = [int(token) for token in dependencies]
        self.operators = operators
        check_cores([int(step) for step in cores], len(self.steps))
        self.check_runs()
        for index, step in enumerate(self.steps):
            self.check_step(index, step, routes)
        self.core_steps = list(pairwise(int(step) for step in cores))
        self.tiles = [[tile for s in range(begin, end) for tile in self.expand(s)] for begin, end in self.core_steps]

    def runs_of(self, step: Step) -> list[Run]:
        """Runs of a step, each as often as its block repeats it."""
        blocks = self.blocks[step.block : step.block_end]
        return [run for times, first, end in blocks for _ in range(times) for run in self.runs[first:end]]

    def expand(self, index: int) -> list[Tile]:
        """Tiles of a step."""
        runs = [run for run in self.runs_of(self.steps[index]) for _ in range(run.count)]
        weights = operands_freed([run.weight_bytes for run in runs])
        activations = operands_freed([run.activation_bytes for run in runs])
        last = len(runs) - 1
        return [Tile(run, index, n == 0, n == last, weights[n] + activations[n]) for n, run in enumerate(runs)]

    def dependencies_of(self, step: int) -> list[int]:
        """Tokens that a step awaits."""
        return self.dependencies[self.steps[step].dependency : self.steps[step].dependency_end]

    def check_runs(self) -> None:
        """Refuse runs and blocks without tiles, and quantities out of range."""
        for run in self.runs:
            work = [getattr(run, field.name) for field in fields(run)][1:]
            if run.count < 1 or not all(0 <= quantity < LARGEST for quantity in work):
                raise ValueError("TileMachine: a run has no tiles, or bytes or cycles that are negative or above 2^30")
        for times, first, end in self.blocks:
            if times < 1 or not 0 <= first < end <= len(self.runs):
                raise ValueError("TileMachine: a block repeats nothing or names a run that does not exist")
        if not all(0 <= token <= self.operators + len(self.steps) for token in self.dependencies):
            raise ValueError("TileMachine: a dependency names nothing")

    def check_step(self, index: int, step: Step, routes: int) -> None:
        """Refuse a step that names what does not exist, or that does not fit its staging space."""
        if not 0 <= step.block < step.block_end <= len(self.blocks):
            raise ValueError(f"TileMachine: step {index} has no block or names one that does not exist")
        if not 0 <= step.dependency <= step.dependency_end <= len(self.dependencies):
            raise ValueError(f"TileMachine: step {index} names dependencies that do not exist")
        if not 0 <= step.operator < self.operators or step.accumulators < 1:
            raise ValueError(f"TileMachine: step {index} has no operator or no accumulator")
        if not all(-1 <= route < routes for route in step.routes):
            raise ValueError(f"TileMachine: step {index} names a route that does not exist")
        runs = self.runs_of(step)
        for run in runs:
            moved = (run.weight_bytes, run.activation_bytes, run.extra_bytes, run.output_bytes)
            if any(size > 0 and route < 0 for size, route in zip(moved, step.routes, strict=True)):
                raise ValueError(f"TileMachine: step {index} moves bytes without a route")
        if len({run.tensor_cycles > 0 for run in runs}) > 1:
            raise ValueError(f"TileMachine: step {index} mixes tiles with and without tensor work")
        most = max(run.weight_bytes for run in runs) + max(run.activation_bytes for run in runs)
        if most + max(run.extra_bytes + run.output_bytes for run in runs) > step.stage_bytes:
            raise ValueError(f"TileMachine: step {index} does not fit its staging space")


def read_table(rows: Any, columns: int) -> list[list[int]]:
    """Rows of integers, each of so many columns."""
    table = [[int(value) for value in row] for row in np.asarray(rows, dtype=np.int64)]
    if any(len(row) != columns for row in table):
        raise ValueError(f"TileMachine: a row does not have {columns} columns")
    return table


def read_fabric(routes: Any, capacities: Any, dram_mix: Any) -> tuple[list[list[int]], list[int], list[int]]:
    """Routes, capacities and DRAM mixes in Python's integers."""
    return (
        [[int(value) for value in row] for row in routes],
        [int(capacity) for capacity in capacities],
        [int(capacity) for capacity in dram_mix],
    )


def check_cores(cores: list[int], steps: int) -> None:
    """Refuse core boundaries that do not divide the steps."""
    if len(cores) < 2 or steps < 1 or cores[0] != 0 or cores[-1] != steps or any(a > b for a, b in pairwise(cores)):
        raise ValueError("TileMachine: the cores do not divide the steps")


def check_clock(core_khz: int, setup_ps: int = 0) -> None:
    """Refuse a clock or a set-up time with which a product would leave 64 bits."""
    if not 1 <= core_khz < FASTEST_KHZ or not 0 <= setup_ps < LONGEST_PS:
        raise ValueError(
            "TileMachine: the clock is positive and below 1 THz, the set-up time not negative and below 1 s"
        )


def check_fabric(routes: list[list[int]], capacities: list[int], dram_mix: list[int], cores: int) -> None:
    """Refuse rates that are zero, or so great or small that sums would leave 64 bits."""
    mixes = len(dram_mix)
    if not routes or not capacities or mixes & (mixes - 1) or any(len(row) != ROUTE_COLUMNS for row in routes):
        raise ValueError(
            "TileMachine: there are routes of 13 columns and links, and DRAM mixes are none or a power of two"
        )
    if not all(LEAST_RATE <= rate < MOST_RATE for rate in [*capacities, *dram_mix, *(row[0] for row in routes)]):
        raise ValueError("TileMachine: a link, DRAM or a route is slower than 16 MB/s or faster than 16 PB/s")
    jobs = cores * ENGINES + CHIP_ENGINES
    least = [min(dram_mix), *capacities[1:]] if dram_mix else capacities
    for _, latency_ps, pattern, kind, links, *uses in routes:
        if not 0 <= latency_ps < LONGEST_PS or not 0 <= pattern < max(mixes, 1) or not 0 <= links <= MAX_ROUTE_LINKS:
            raise ValueError("TileMachine: a route has no sensible latency, an unknown pattern or too many links")
        if kind not in (Cause.DRAM, Cause.NOC, Cause.PCIE):
            raise ValueError("TileMachine: a route's kind is DRAM (4), NoC (5) or PCIe (6)")
        for link, share in zip(uses[:links], uses[MAX_ROUTE_LINKS:], strict=False):
            if not 0 <= link < len(capacities):
                raise ValueError("TileMachine: a route names a link that does not exist")
            if not 0 <= share <= 64 * SHARE_ONE or jobs * share * MAX_ROUTE_LINKS > least[link] * SHARE_ONE:
                raise ValueError(
                    "TileMachine: a route takes a share of a link that is negative or leaves nothing for others"
                )
