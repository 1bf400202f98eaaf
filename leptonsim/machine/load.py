"""How busy a domain beside the cores was: what its governor takes for the load of the last interval.

Of the memory it is the bytes that moved over what DRAM could carry of the access patterns in flight at the time, as the
DRAM drivers of Linux's devfreq count accesses over what fits into the time; what DRAM loses to row misses, turns and
refresh is no room that a governor could hope for, so that a memory that limits the program shows a load near 1. Its
busy time would not do: tiles are fetched ahead, so that some job uses DRAM nearly always.

Of network and SRAM it is the bytes that arrived over what the network, or shared SRAM if that is fuller, could carry.
"""

from __future__ import annotations

from leptonsim.kernels.tiles import TileMachine
from leptonsim.machine.links import DRAM, NOC, SHARED, Links, shares_of

_ONE_BYTE = float(1 << 32)


class MemoryLoad:
    """The load of the memory since the last call."""

    def __init__(self, tiles: TileMachine) -> None:
        self._tiles, self._moved, self._since_ps = tiles, tiles.mix_bytes, 0

    def __call__(self, links: Links, now_ps: int) -> float:
        """The share of the time since the last call in which DRAM was at its limit, at the rates of ``links``."""
        moved = self._tiles.mix_bytes
        by_mix = (moved - self._moved) @ shares_of(links.routes, DRAM)
        span_ps, self._moved, self._since_ps = now_ps - self._since_ps, moved, now_ps
        return min(1.0, float((by_mix * _ONE_BYTE / links.dram_mix).sum()) / span_ps)


class UncoreLoad:
    """The load of network and shared SRAM since the last call."""

    def __init__(self, tiles: TileMachine) -> None:
        self._tiles, self._moved, self._since_ps = tiles, tiles.route_bytes, 0

    def __call__(self, links: Links, now_ps: int) -> float:
        """The share of what the fuller of the two could have carried since the last call, at the rates of ``links``."""
        moved = self._tiles.route_bytes
        new = moved - self._moved
        span_ps, self._moved, self._since_ps = now_ps - self._since_ps, moved, now_ps
        used = [float(new @ shares_of(links.routes, link)) / float(links.capacities[link]) for link in (NOC, SHARED)]
        return min(1.0, max(used) * _ONE_BYTE / span_ps)
