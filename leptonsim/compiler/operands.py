"""The operands of one operator on one chip: bytes, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from leptonsim.compiler.precision import element_bits
from leptonsim.compiler.routes import Route, dram_route
from leptonsim.compiler.work import Operand
from leptonsim.model.graph import Tensor

Home = Literal["sram", "shared", "dram", "host"]

ROWS, COLUMNS, OTHERWISE = 1, 2, 0
"""How a tensor lies in the cores' SRAM: each core has a range of rows, of columns (or groups), or something else."""


@dataclass(slots=True)
class Placed:
    """A tensor in memory; ``split`` is known once the operator that makes it has been mapped."""

    home: Home
    size_bytes: int
    split: int = OTHERWISE


@dataclass(frozen=True, slots=True)
class Located:
    """An operand with its bits and its place; a weight lies in DRAM from the start."""

    operand: Operand
    bits: int
    place: Placed
    weight: bool

    @property
    def size_bytes(self) -> int:
        """Bytes really moved."""
        return -(-self.operand.elements * self.bits // 8)

    @property
    def run_bytes(self) -> int | None:
        """Bytes of one contiguous piece, None when the whole is contiguous."""
        run = self.operand.run_elements
        return None if run is None else max(1, run * self.bits // 8)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for operands that are moved alike."""
        return (self.size_bytes, self.place.home, self.place.split, self.operand.access, self.run_bytes, self.weight)

    def read_route(self, receivers: int, engines: int) -> Route:
        """The way of a load into a core."""
        if self.place.home == "dram":
            return dram_route(False, self.operand.access, self.run_bytes, receivers, engines)
        if self.place.home == "host":
            return Route("host", receivers=receivers, engines=engines)
        return Route("shared" if self.place.home == "shared" else "cores", receivers=receivers, engines=engines)


def locate(operand: Operand, tensor: Tensor, place: Placed, dtype: str) -> Located:
    """An operand that lies at a place, in a run in ``dtype``.

    Pieces of a weight at places that an index tells are no weight here: they are not fetched before the index is known.
    """
    is_weight = tensor.kind == "weight" and operand.access != "random"
    return Located(operand, element_bits(tensor.dtype, dtype), place, is_weight)
