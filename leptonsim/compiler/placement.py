"""Where activations live between the operator that makes them and the last one that reads them.

A tensor stays in the cores' SRAM, spread over all of them, when it fits beside what else is alive and leaves room for
staging; else in shared SRAM; else in DRAM. Inputs and outputs of the run are in DRAM, where the host's copies put and
fetch them. What an operator on the host reads or makes is in the host's memory, which is not accounted.

Not modelled: fragmentation, moving a tensor from one level to another while it is alive.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.compiler.operands import Home, Placed
from leptonsim.compiler.outline import Outline
from leptonsim.compiler.target import Target

RESIDENT_SHARE = 2 / 3
"""Part of a core's usable SRAM that tensors may occupy; the rest is always left to tiles on their way."""


@dataclass(slots=True)
class Ledger:
    """Bytes that are alive now in one core's SRAM, in shared SRAM and in DRAM, and the most that ever were."""

    target: Target
    sram: int = 0
    shared: int = 0
    dram: int = 0
    sram_peak: int = 0
    shared_peak: int = 0
    dram_peak: int = 0

    def per_core(self, size_bytes: int) -> int:
        """Bytes that a tensor takes in each core's SRAM."""
        return -(-size_bytes // self.target.cores)

    def choose(self, size_bytes: int) -> Home:
        """The nearest level that has room for a tensor now."""
        if self.sram + self.per_core(size_bytes) <= self.target.sram_bytes * RESIDENT_SHARE:
            return "sram"
        if self.shared + size_bytes <= self.target.shared_bytes:
            return "shared"
        return "dram"

    def take(self, placed: Placed) -> None:
        """A tensor comes to life."""
        if placed.home == "sram":
            self.sram += self.per_core(placed.size_bytes)
            self.sram_peak = max(self.sram_peak, self.sram)
        elif placed.home == "shared":
            self.shared += placed.size_bytes
            self.shared_peak = max(self.shared_peak, self.shared)
        elif placed.home == "dram":
            self.dram += placed.size_bytes
            self.dram_peak = max(self.dram_peak, self.dram)

    def release(self, placed: Placed) -> None:
        """Nobody reads a tensor any more."""
        if placed.home == "sram":
            self.sram -= self.per_core(placed.size_bytes)
        elif placed.home == "shared":
            self.shared -= placed.size_bytes
        elif placed.home == "dram":
            self.dram -= placed.size_bytes


@dataclass(frozen=True, slots=True)
class Placement:
    """Where every value of an outline lies, by its number.

    ``room``, ``sram`` and ``shared`` have, for each line, what tiles have of a core's SRAM while it runs and what
    tensors take of one core's SRAM and of shared SRAM; ``kept`` what they take of one core's SRAM after it. ``spilled``
    names the activations that went to DRAM; ``ledger`` has the peaks.
    """

    values: list[Placed]
    room: list[int]
    sram: list[int]
    shared: list[int]
    kept: list[int]
    spilled: list[str]
    ledger: Ledger


def place(target: Target, work: Outline) -> Placement:
    """Give every value its place, line by line, while others come and go."""
    values = [Placed("dram", size) for size in work.elements.in_bytes(target.dtype).tolist()]
    ledger = Ledger(target)
    result = Placement(values, [], [], [], [], [], ledger)
    for value, placed in zip(work.values, values, strict=True):
        placed.joined = value.joined
        if value.maker < 0:
            ledger.take(placed)
    for index, line in enumerate(work.lines):
        for number in line.makes:
            value, placed = work.values[number], values[number]
            if value.maker != index:
                # A further part of what is joined: its place is taken already.
                continue
            if value.on_host:
                placed.home = "host"
            elif not value.is_kept:
                placed.home = ledger.choose(placed.size_bytes)
                if placed.home == "dram":
                    result.spilled.append(value.name)
            ledger.take(placed)
        result.room.append(target.sram_bytes - ledger.sram)
        result.sram.append(ledger.sram)
        result.shared.append(ledger.shared)
        for number in line.ends:
            ledger.release(values[number])
        result.kept.append(ledger.sram)
    return result
