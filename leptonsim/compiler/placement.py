"""Where activations live between the operator that makes them and the last one that reads them.

A tensor stays in the cores' SRAM, spread over all of them, when it fits beside what else is alive and leaves room for
staging; else in shared SRAM; else in DRAM. Inputs and outputs of the run are in DRAM, where the host's copies put and
fetch them. What an operator on the host reads or makes is in the host's memory, which is not accounted.

Not modelled: fragmentation, moving a tensor from one level to another while it is alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Along

Home = Literal["sram", "shared", "dram", "host"]

RESIDENT_SHARE = 2 / 3
"""Part of a core's usable SRAM that tensors may occupy; the rest is always left to tiles on their way."""

ROWS, COLUMNS, OTHERWISE = 1, 2, 0
"""How a tensor lies in the cores' SRAM: each core has a range of rows, of columns (or groups), or something else."""


@dataclass(slots=True)
class Placed:
    """A tensor in memory.

    ``maker`` is the index of the operator that makes it, -1 for an input copied from the host for each run, -2 for
    what is in DRAM from the start (weights, state). In the cores' SRAM it lies as ``split`` says; by columns,
    ``column_parts`` cores share the ``columns`` of each row; ``channels_first`` says that these are channels of images.
    ``others`` make further parts of a tensor that is joined where its parts lie.
    """

    home: Home
    size_bytes: int
    maker: int
    split: int = OTHERWISE
    column_parts: int = 1
    columns: int = 1
    channels_first: bool = False
    others: tuple[int, ...] = ()

    @property
    def makers(self) -> tuple[int, ...]:
        """All operators that make parts of it."""
        return (self.maker, *self.others)

    @property
    def lying(self) -> tuple[int, int, int, bool]:
        """How it lies in the cores' SRAM."""
        return (self.split, self.column_parts, self.columns, self.channels_first)

    def lie(self, lying: tuple[int, int, int, bool], shape: tuple[int, ...]) -> None:
        """Lie as a plan says, with channels first if the shape has as many of them there."""
        self.split, self.column_parts, self.columns, image = lying
        self.channels_first = image and len(shape) > 2 and shape[1] == self.columns


INPUT, RESIDENT = -1, -2


def joined(parts: Sequence[Placed], along: Along) -> Placed | None:
    """A tensor made of parts where they lie, None where they are not all in one memory that operators write to.

    It lies as its parts do if they are joined within each core's share, else each part lies for itself.
    """
    first = parts[0]
    if len({part.home for part in parts}) > 1 or any(part.maker < 0 for part in parts) or first.home == "host":
        return None
    makers = dict.fromkeys(maker for part in parts for maker in part.makers)
    maker, *others = makers
    result = Placed(first.home, sum(part.size_bytes for part in parts), maker, others=tuple(others))
    by_rows = all((part.split, part.channels_first) == (ROWS, first.channels_first) for part in parts)
    if by_rows and not along.cuts_rows(first.channels_first):
        result.split, result.channels_first = ROWS, first.channels_first
        result.columns = along.shape[1 if first.channels_first else -1]
    return result


@dataclass
class Ledger:
    """What is alive where, operator by operator; keeps the peaks and the names of activations that went to DRAM."""

    target: Target
    sram: int = 0
    shared: int = 0
    dram: int = 0
    sram_peak: int = 0
    shared_peak: int = 0
    dram_peak: int = 0
    spilled: list[str] = field(default_factory=list)

    def room_for_tiles(self) -> int:
        """Bytes of a core's SRAM that are free for staging now."""
        return self.target.sram_bytes - self.sram

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

    def release(self, gone: Iterable[Placed]) -> None:
        """Tensors that nobody reads any more."""
        for placed in gone:
            if placed.home == "sram":
                self.sram -= self.per_core(placed.size_bytes)
            elif placed.home == "shared":
                self.shared -= placed.size_bytes
            elif placed.home == "dram" and placed.maker >= INPUT:
                self.dram -= placed.size_bytes
