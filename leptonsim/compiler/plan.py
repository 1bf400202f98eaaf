"""What mapping an operator yields: the tiles of every core, the ways their bytes take, and how the result lies.

``streams`` makes plans for vector and DMA operators, ``products`` for matrix products; ``schedule`` strings them
together.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.compiler.routes import Route

Run = tuple[int, int, int, int, int, int, int]
"""Equal tiles: count, weight bytes, activation bytes, extra bytes, tensor cycles, vector cycles, output bytes."""

Block = tuple[int, int, int]
"""Repetitions of a range of runs: times, first run, end."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tiles of one core's share: runs, blocks over them, and what the tiles need.

    ``stage_bytes`` are those of the largest tile; ``accumulators`` are used in turn.
    """

    runs: tuple[Run, ...]
    blocks: tuple[Block, ...]
    stage_bytes: int
    accumulators: int = 1


@dataclass(slots=True)
class Plan:
    """One operator on all cores.

    ``shares`` has the tiles of each core that works, by core; ``w``, ``a``, ``x`` and ``o`` are routes (None: nothing
    moves). ``local`` says that each core finds its inputs in its own SRAM as the same core left them. ``weights_wait``
    says that B is an activation. ``cells_share`` is the share of an array's cells that hold no padding. ``cost_ps`` is
    the search's estimate, for the choice between alternatives.
    """

    shares: dict[int, Tiles]
    split: int
    mapping: str
    cost_ps: float
    w: Route | None = None
    a: Route | None = None
    x: Route | None = None
    o: Route | None = None
    weights_wait: bool = False
    local: bool = False
    column_parts: int = 1
    columns: int = 1
    channels_first: bool = False
    sram_read_bytes: int = 0
    sram_written_bytes: int = 0
    accumulator_bytes: int = 0
    tensor_cycles: int = 0
    useful_cycles: int = 0
    weight_load_cycles: int = 0
    sram_stall_cycles: int = 0
    cells_share: float = 1.0

    @property
    def lying(self) -> tuple[int, int, int, bool]:
        """How the result lies in the cores' SRAM (see ``Placed``)."""
        return (self.split, self.column_parts, self.columns, self.channels_first)
