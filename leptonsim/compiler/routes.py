"""The ways that bytes take between a core and where they lie, by name; the machine turns them into rates.

A program holds routes as records, not as numbers of a clock, so that one program runs at any clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from leptonsim.compiler.work import Access

End = Literal["dram", "shared", "cores", "local", "host", "copy"]
"""Where the bytes lie: DRAM, shared SRAM, the SRAMs of all cores, the core's own, the host (streamed over PCIe), or a
copy between host and DRAM."""

SLOWNESS = {"dram": 3, "shared": 2, "cores": 1}
"""Ends in the order in which they hold up what goes along with them; any other is faster."""

SEQUENTIAL_BYTES = 4096
"""Pieces of this size or more reach DRAM like a sequential stream (MODELS: with 4 KiB turns all parts recover)."""

MAX_PATTERNS = 6
"""Access patterns told apart in one program: the table of DRAM efficiencies has an entry for each set of them."""


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """One way: its end, its direction, how DRAM is hit, and how many cores receive the same bytes at once.

    ``run_bytes`` is the length of a contiguous piece, rounded down to a power of two. ``receivers`` cores that load the
    same bytes fetch one part each and pass it on. ``engines`` DMA engines of the core work together. ``wait_ps`` is
    what passes at the far end before the first byte comes: the work of the host.
    """

    end: End
    write: bool = False
    access: Access = "sequential"
    run_bytes: int = SEQUENTIAL_BYTES
    receivers: int = 1
    engines: int = 1
    wait_ps: int = 0


class RouteTable:
    """The routes of one program, numbered as they are first asked for; the two of host copies come first."""

    COPY_IN = 0
    COPY_OUT = 1

    def __init__(self) -> None:
        self.routes: list[Route] = [Route("copy", write=True), Route("copy")]
        self._index = {route: index for index, route in enumerate(self.routes)}
        self._patterns = {pattern_of(route) for route in self.routes}

    def index(self, route: Route) -> int:
        """Number of a route, as the steps of a program name it."""
        found = self._index.get(route)
        if found is None:
            found = self._add(route)
        return found

    def _add(self, route: Route) -> int:
        pattern = pattern_of(route)
        if route.end in ("dram", "host") and pattern not in self._patterns:
            if len(self._patterns) == MAX_PATTERNS:
                access, run_bytes, write = self._nearest(pattern)
                nearest = replace(route, write=write, access=access, run_bytes=run_bytes)
                return self._remember(route, nearest)
            self._patterns.add(pattern)
        return self._remember(route, route)

    def _nearest(self, pattern: tuple[Access, int, bool]) -> tuple[Access, int, bool]:
        """The known pattern of the same direction whose pieces are closest in size."""
        same = [known for known in self._patterns if known[2] == pattern[2]]
        return min(same, key=lambda known: (abs(known[1].bit_length() - pattern[1].bit_length()), known))

    def _remember(self, asked: Route, taken: Route) -> int:
        if taken not in self._index:
            self._index[taken] = len(self.routes)
            self.routes.append(taken)
        self._index[asked] = self._index[taken]
        return self._index[taken]


def pattern_of(route: Route) -> tuple[Access, int, bool]:
    """How a route hits DRAM: access, contiguous bytes, direction."""
    return (route.access, route.run_bytes, route.write)


def dram_route(
    write: bool, access: Access = "sequential", run_bytes: int | None = None, receivers: int = 1, engines: int = 1
) -> Route:
    """A route from or to DRAM; long pieces count as sequential."""
    if run_bytes is None or (access != "random" and run_bytes >= SEQUENTIAL_BYTES):
        return Route("dram", write, "sequential", SEQUENTIAL_BYTES, receivers, engines)
    piece = min(SEQUENTIAL_BYTES, 1 << max(4, run_bytes.bit_length() - 1))
    return Route("dram", write, access, piece, receivers, engines)
