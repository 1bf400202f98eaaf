"""How busy a domain beside the cores was: what its governor takes for the load of the last interval.

Of the memory it is the bytes that moved over what DRAM could carry of the access patterns in flight at the time, as the
DRAM drivers of Linux's devfreq count accesses over what fits into the time; what DRAM loses to row misses, turns and
refresh is no room that a governor could hope for, so that a memory that limits the program shows a load near 1. Its
busy time would not do: tiles are fetched ahead, so that some job uses DRAM nearly always.

Of network and SRAM it is the bytes that arrived over what the network, or shared SRAM if that is fuller, could carry.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import numpy.typing as npt

from leptonsim.kernels.tiles import TileMachine
from leptonsim.machine.links import DRAM, NOC, SHARED, Links, shares_of

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_ONE_BYTE = float(1 << 32)


class Load:
    """The load since the last call.

    ``moved`` tells bytes until now, int64 of any shape; ``times_ps`` how long each byte of these takes each link that
    may be the fullest, float64 (links, bytes counted).
    """

    def __init__(self, moved: Callable[[], Integers], times_ps: Callable[[Links], Floats]) -> None:
        self._tell, self._times_ps = moved, times_ps
        self._moved, self._since_ps = moved(), 0
        self._known: dict[Hashable, Floats] = {}

    def __call__(self, condition: Hashable, links: Links, now_ps: int) -> float:
        """The share of the time since the last call for which the fullest link was busy, at the rates of ``links``,
        which are those of ``condition``.
        """
        times = self._known.get(condition)
        if times is None:
            times = self._known[condition] = self._times_ps(links)
        moved = self._tell()
        busy_ps = times @ (moved - self._moved).ravel()
        span_ps, self._moved, self._since_ps = now_ps - self._since_ps, moved, now_ps
        return min(1.0, float(busy_ps.max()) / span_ps)


def memory_load(tiles: TileMachine) -> Load:
    """The load of the memory: bytes by mix of patterns and route."""

    def times_ps(links: Links) -> Floats:
        return np.outer(_ONE_BYTE / links.dram_mix, shares_of(links.routes, DRAM)).reshape(1, -1)

    return Load(lambda: tiles.mix_bytes, times_ps)


def uncore_load(tiles: TileMachine) -> Load:
    """The load of network and shared SRAM: bytes by route."""

    def times_ps(links: Links) -> Floats:
        return np.stack([shares_of(links.routes, link) * _ONE_BYTE / links.capacities[link] for link in (NOC, SHARED)])

    return Load(lambda: tiles.route_bytes, times_ps)
