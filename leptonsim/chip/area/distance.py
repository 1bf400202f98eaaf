"""How far a byte travels in one hop of the network, from the area of the cores.

Cores are square tiles of equal size, side by side: their blocks, their slice of shared SRAM and their part of the rest
of the die. A hop of a ring or mesh goes from one tile to the next: the side of a tile (a ring is folded, so that its
ends are neighbours too). A crossbar stands in the middle of all tiles; a point of a square is half its side away from
the middle on average, along the axes, so that the way in and the way out are one side of that square. Over N cores the
mean way of a mesh, 2/3 sqrt(N) hops, is then the mean distance of two points of the same square, 2/3 of its side.

Not modelled: tiles that are not square, detours around blocks, the way to interfaces at the die's edge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from leptonsim.chip.area.model import core_blocks, rest_of

if TYPE_CHECKING:
    from leptonsim.chip.spec import Chip


def hop_length_mm(chip: Chip) -> tuple[float, str]:
    """The length of a hop, and where it is from: ``noc.hop_length`` where that is given."""
    if chip.noc.hop_length_mm is not None:
        return chip.noc.hop_length_mm, f"noc.hop_length of {chip.name}"
    blocks = core_blocks(chip)
    blocks.append(rest_of(blocks))
    all_mm2 = math.fsum(block.area_mm2 for block in blocks)
    off = math.fsum(block.area_mm2 * block.uncertainty for block in blocks) / all_mm2
    crossbar = chip.noc.topology == "crossbar"
    tiles = 1 if crossbar else chip.cores
    what = "side of all cores together" if crossbar else "side of a core's tile"
    # a length is off by half the share that its square is
    source = f"estimate: {what}, {all_mm2 / tiles:.3g} mm2 by the area model, within {50 * off:.0f} %"
    return math.sqrt(all_mm2 / tiles), source
