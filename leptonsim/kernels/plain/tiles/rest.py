"""Blocks that rest: arrays, vector units and SRAMs of the cores; the network, DRAM and the PCIe link of the chip.

A block rests while no job uses it. A rest longer than a depth of sleep asks for has reached that depth, and the job
that ends it waits until the block is awake; so does every other job that comes to the block before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from leptonsim.kernels.plain.tiles.accounts import ENGINES

BLOCK_NAMES = ("tensor_core", "vector_unit", "sram", "noc", "dram", "pcie")
REST_FIELDS = ("block", "begin_ps", "end_ps", "unit")
CORE_BLOCKS, CHIP_BLOCKS, SLEEPS = 3, 3, 3
TENSOR, VECTOR, SRAM, NOC = range(4)
LONGEST_PS = 10**12
_COMPUTING = {2: TENSOR, 3: VECTOR}  # engines of a core by number


@dataclass(slots=True)
class Block:
    """One block of a kind, of core ``unit``: the jobs that use it, since when none does, from when on it is awake."""

    kind: int
    unit: int = 0
    jobs: int = 0
    since_ps: int = 0
    awake_ps: int = 0


class Blocks:
    """All blocks of a chip. Raises ValueError for arguments that do not fit (see ``TileMachine``)."""

    def __init__(self, cores: int, routes: int, route_blocks: Any, sleeps: Any, rests_from_ps: Any) -> None:
        kinds = len(BLOCK_NAMES)
        self.route_blocks = [0] * routes if route_blocks is None else [int(each) for each in route_blocks]
        self.sleeps = [[-1] * 2 * SLEEPS] * kinds if sleeps is None else np.array(sleeps, dtype=np.int64).tolist()
        self.from_ps = [-1] * kinds if rests_from_ps is None else [int(each) for each in rests_from_ps]
        if len(self.route_blocks) != routes or len(self.from_ps) != kinds:
            raise ValueError("TileMachine: blocks for each route, and a shortest rest for each kind of block")
        if len(self.sleeps) != kinds or any(len(row) != 2 * SLEEPS for row in self.sleeps):
            raise ValueError("TileMachine: three depths of sleep for each kind of block")
        for r, used in enumerate(self.route_blocks):
            if not 0 <= used < 1 << CHIP_BLOCKS:
                raise ValueError(f"TileMachine: route {r} uses a block that does not exist")
        for row in self.sleeps:
            entered = [float("inf") if after < 0 else after for after in row[::2]]
            if entered != sorted(entered) or any(wake >= LONGEST_PS for wake in row[1::2]):
                raise ValueError("TileMachine: depths of sleep are entered in order and left within a second")
        self.blocks = [Block(kind, core) for core in range(cores) for kind in (TENSOR, VECTOR, SRAM)]
        self.blocks += [Block(NOC + kind) for kind in range(CHIP_BLOCKS)]
        self.cores = cores
        self.rested_ps = [0] * kinds
        self.rests: list[list[int]] = []

    def of_core(self, core: int, kind: int) -> Block:
        """A core's block of a kind."""
        return self.blocks[core * CORE_BLOCKS + kind]

    def used_by(self, engine: int, route: int | None) -> list[Block]:
        """Blocks that a job uses: what computes, or what lies on its route; and its core's SRAM."""
        core, found = engine // ENGINES, []
        if route is None:
            found.append(self.of_core(core, _COMPUTING[engine % ENGINES]))
        if engine < self.cores * ENGINES:
            found.append(self.of_core(core, SRAM))
        if route is not None:
            chip = self.blocks[self.cores * CORE_BLOCKS :]
            found += [block for bit, block in enumerate(chip) if self.route_blocks[route] >> bit & 1]
        return found

    def rouse(self, engine: int, route: int | None, now_ps: int) -> int:
        """A job begins to use its blocks: how long it waits until all are awake."""
        used = self.used_by(engine, route)
        for block in used:
            if block.jobs == 0:
                self.rest_ends(block, now_ps)
            block.jobs += 1
        return max(0, *(block.awake_ps - now_ps for block in used)) if used else 0

    def leave(self, engine: int, route: int | None, now_ps: int) -> None:
        """A job no longer uses its blocks."""
        for block in self.used_by(engine, route):
            block.jobs -= 1
            block.since_ps = now_ps

    def rest_ends(self, block: Block, now_ps: int) -> None:
        """Count a rest, remember it if it is long enough, and say when the block is awake."""
        length = now_ps - block.since_ps
        if length <= 0:
            return
        self.rested_ps[block.kind] += length
        sleeps = self.sleeps[block.kind]
        for after, wake in zip(sleeps[::2], sleeps[1::2], strict=True):
            if 0 <= after < length:
                block.awake_ps = now_ps + max(0, wake)
        if 0 <= self.from_ps[block.kind] <= length:
            self.rests.append([block.kind, block.since_ps, now_ps, block.unit])

    def finish(self, end_ps: int) -> None:
        """The run is over, and all rests with it."""
        for block in self.blocks:
            self.rest_ends(block, end_ps)
            block.since_ps = end_ps

    def rested_until(self, now_ps: int) -> Any:
        """int64 (6,): how long blocks rested until now, by kind."""
        found = list(self.rested_ps)
        for block in self.blocks:
            if block.jobs == 0:
                found[block.kind] += max(0, now_ps - block.since_ps)
        return np.array(found, dtype=np.int64)

    def rests_until(self, first: int, also_open: bool, now_ps: int) -> Any:
        """int64 (n, 4): remembered rests from number ``first`` on; ``also_open``: then those that go on."""
        if not 0 <= first <= len(self.rests):
            raise ValueError(f"rests: there are {len(self.rests)}")
        rows = self.rests[first:]
        if also_open:
            resting = [block for block in self.blocks if block.jobs == 0 and block.since_ps < now_ps]
            rows += [
                [block.kind, block.since_ps, now_ps, block.unit]
                for block in resting
                if 0 <= self.from_ps[block.kind] <= now_ps - block.since_ps
            ]
        return np.array(rows, dtype=np.int64).reshape(-1, len(REST_FIELDS))
