"""The network on the chip in closed form: how far bytes travel, and what all links together carry.

Ring and mesh take uniform traffic on shortest ways (Dally and Towles, Principles and Practices of Interconnection
Networks, 2004, sections 3.3 and 5.2): a bidirectional ring of N nodes has N / 4 hops on average and 2 N links, a square
mesh 2/3 sqrt(N) hops and about 4 N links; a crossbar has one hop and N ports.

Not modelled: which links a given pair of nodes uses, arbitration, deadlock avoidance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from leptonsim.chip.memory import Noc


@dataclass(frozen=True, slots=True)
class NocModel:
    """The network of a chip with so many ``cores``, at one clock."""

    spec: Noc
    cores: int
    core_hz: int

    @property
    def hops(self) -> float:
        """Average hops of a byte, at least 1."""
        if self.spec.topology == "ring":
            return max(1.0, self.cores / 4)
        if self.spec.topology == "mesh":
            return max(1.0, 2 / 3 * math.sqrt(self.cores))
        return 1.0

    @property
    def capacity_bytes_per_s(self) -> int:
        """What all links together carry; a byte takes ``hops`` of it."""
        links = {"ring": 2, "mesh": 4, "crossbar": 1}[self.spec.topology] * self.cores
        return links * self.spec.link_bytes_per_cycle * self.core_hz

    @property
    def latency_ps(self) -> int:
        """An average way, one direction; rounded up."""
        return math.ceil(self.hops * self.spec.hop_cycles * 10**12 / self.core_hz)
