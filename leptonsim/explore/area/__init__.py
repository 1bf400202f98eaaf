"""Area and cost of a die, good enough for trade-offs: mm2 by block and node, with sources and stated uncertainty."""

from leptonsim.chip.area import Area, Block, area
from leptonsim.explore.area.cost import DieCost, die_cost

__all__ = ["Area", "Block", "DieCost", "area", "die_cost"]
