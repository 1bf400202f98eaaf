"""``memory_aware``: the lowest core clock that does not slow down what memory or the link holds back anyway.

Two things run at the core clock: the engines, and the cores' DMA ports. A clock is low enough for neither to bind when
the engines' cycles of the last intervals fit into it with a margin, and the ports still carry the bytes that moved.
The greatest need of the last ``MEMORY`` intervals counts, so that a short lull does not lower the clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from leptonsim.machine.governors import (
    Governor,
    Sample,
    Setting,
    clocks_of,
    lowest_at_least,
    of_the_cores,
    told_nothing,
)

MARGIN = 0.9
"""Share of its cycles in which an engine, or of its width to which a port, may be used before it binds (estimate)."""

MEMORY = 20


@dataclass
class MemoryAware:
    """Follows the engines and ports; ``port_bytes_per_cycle`` is of all cores together.

    ``needs_hz`` are needs of the last ``MEMORY`` intervals by number, falling, so that the first is the greatest: one
    is dropped as soon as a later one is as great.
    """

    clocks_hz: tuple[int, ...]
    first: int
    port_bytes_per_cycle: int
    number: int = 0
    needs_hz: deque[tuple[int, float]] = field(default_factory=deque)

    def choose(self, sample: Sample) -> int:
        """The lowest point at which nothing on the core clock would bind."""
        if not sample.waiting:
            return sample.point
        engines = max(sample.tensor, sample.vector) * self.clocks_hz[sample.point]
        ports = sample.moved_bytes * 1e12 / sample.interval_ps / self.port_bytes_per_cycle
        need_hz, needs_hz = max(engines, ports) / MARGIN, self.needs_hz
        self.number += 1
        while needs_hz and needs_hz[-1][1] <= need_hz:
            needs_hz.pop()
        needs_hz.append((self.number, need_hz))
        if needs_hz[0][0] <= self.number - MEMORY:
            needs_hz.popleft()
        return lowest_at_least(self.clocks_hz, needs_hz[0][1])


def govern(setting: Setting, told: str) -> Governor:
    """Starts at the highest point: what memory allows shows only there."""
    of_the_cores("memory_aware", setting)
    told_nothing("memory_aware", told, setting)
    width = setting.chip.core.dma.port_bytes_per_cycle * setting.chip.cores
    return MemoryAware(clocks_of(setting.points), len(setting.points) - 1, width)
