"""The operands of one operator on one chip: bytes, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from leptonsim.compiler.precision import element_bits
from leptonsim.compiler.routes import Route, dram_route
from leptonsim.compiler.work import Along, Operand
from leptonsim.model.graph import Tensor

Home = Literal["sram", "shared", "dram", "host"]

ROWS, COLUMNS, OTHERWISE = 1, 2, 0
"""How a tensor lies in the cores' SRAM: each core has a range of rows, of columns (or groups), or something else."""


Lying = tuple[int, int, int, bool]
"""How a tensor lies in the cores' SRAM: its split, and by columns how many cores share how many columns of each row;
whether the columns are the channels of images."""


@dataclass(slots=True)
class Placed:
    """A tensor in memory; how it lies in the cores' SRAM is known once the operator that makes it has been mapped.

    ``channels_first`` says that its columns are the channels of images. ``joined`` has the shape of a tensor whose
    parts several operators make, and the axis along which they are joined.
    """

    home: Home
    size_bytes: int
    split: int = OTHERWISE
    column_parts: int = 1
    columns: int = 1
    channels_first: bool = False
    joined: Along | None = None
    is_made: bool = False

    @property
    def lying(self) -> Lying:
        """How it lies in the cores' SRAM."""
        return (self.split, self.column_parts, self.columns, self.channels_first)

    def lie(self, lying: Lying, shape: tuple[int, ...]) -> None:
        """Lie as a plan says, with channels first if the shape has as many of them there.

        A joined tensor lies by rows if all of its parts do and if it is joined within the rows; else as each part lies.
        """
        split, parts, columns, image = lying
        image = image and len(shape) > 2 and shape[1] == columns
        if self.joined is not None:
            alike = not self.is_made or (self.split, self.channels_first) == (split, image)
            split = ROWS if alike and split == ROWS and not self.joined.cuts_rows(image) else OTHERWISE
            parts, columns = 1, self.joined.shape[1 if image else -1]
        self.split, self.column_parts, self.columns, self.channels_first = split, parts, columns, image
        self.is_made = True


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
        return (self.size_bytes, self.place.home, self.place.lying, self.operand.access, self.run_bytes, self.weight)

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
