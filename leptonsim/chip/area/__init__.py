"""Area of a chip's die by block and node, good enough for trade-offs, and the length of wire that follows from it."""

from leptonsim.chip.area.distance import hop_length_mm
from leptonsim.chip.area.model import Area, Block, area

__all__ = ["Area", "Block", "area", "hop_length_mm"]
