"""What is in force in all domains together, and what stands still under it.

While the clock of the cores stands still all of the chip counts as resting but the link, over which copies go on; while
that of the network does the network. DRAM draws its standby at all times, at work as at rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.kernels.tiles import BLOCK_NAMES
from leptonsim.machine.blocks import Beside
from leptonsim.machine.domain import InForce

Flags = npt.NDArray[np.uint8]

_NETWORK, _DRAM = 1, 2
"""Blocks of the chip as the tile machine numbers them by bits."""


class Condition(NamedTuple):
    """What is in force in each domain; ``uncore`` is None where network and SRAM share that of the cores."""

    core: InForce
    uncore: InForce | None
    memory: InForce

    @property
    def beside(self) -> Beside:
        """What blocks at rest need to know beside the cores."""
        uncore_v, uncore_hz = (0.0, 0.0) if self.uncore is None else (self.uncore.voltage_v, float(self.uncore.idle_hz))
        return Beside(uncore_v, uncore_hz, float(self.memory.idle_hz))

    @property
    def held(self) -> int:
        """Blocks of the chip that stand still, as bits."""
        network = self.uncore is not None and not self.uncore.clock_hz
        return (_NETWORK if network else 0) + (0 if self.memory.clock_hz else _DRAM)

    @property
    def still(self) -> Flags:
        """uint8 (blocks,): kinds of blocks of which all units count as resting."""
        if not self.core.clock_hz:
            return np.array([name != "pcie" for name in BLOCK_NAMES], dtype=np.uint8)
        names = ("dram", "noc") if self.held & _NETWORK else ("dram",)
        return np.array([name in names for name in BLOCK_NAMES], dtype=np.uint8)
