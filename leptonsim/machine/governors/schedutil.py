"""``schedutil``: a quarter more than the clock that the load needs, after Linux's scheduler governor.

f = 1.25 f_max x utilisation, where utilisation is the busy share at the present clock, scaled by that clock over the
highest. The scheduler's own averaging (PELT, a half-life of 32 ms) is left out: the load is that of the last interval.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.machine.governors import Governor, Sample, Setting, clocks_of, lowest_at_least, told_nothing

HEADROOM = 1.25


@dataclass(frozen=True)
class Schedutil:
    """Follows the load, with headroom."""

    clocks_hz: tuple[int, ...]
    first: int

    def choose(self, sample: Sample) -> int:
        """The lowest point with a quarter of headroom over the load of the last interval."""
        return lowest_at_least(self.clocks_hz, HEADROOM * self.clocks_hz[sample.point] * sample.busy)


def govern(setting: Setting, told: str) -> Governor:
    """Starts at the state of ``power.state``."""
    told_nothing("schedutil", told, setting)
    return Schedutil(clocks_of(setting.points), setting.start)
