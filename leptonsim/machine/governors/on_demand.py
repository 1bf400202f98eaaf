"""``on_demand``: the rule of Linux devfreq's simple_ondemand.

Above 90 % busy the highest clock; between 85 and 90 % no change; below, the clock at which the same work would keep the
chip 87.5 % busy. Busy is the share of time in which a request is being worked on, as a device driver sees it.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.machine.governors import Governor, Sample, Setting, clocks_of, lowest_at_least, told_nothing

UP, DOWN_DIFFERENTIAL = 0.90, 0.05
"""Defaults of drivers/devfreq/governor_simpleondemand.c."""


@dataclass(frozen=True)
class OnDemand:
    """Follows how busy the chip was."""

    clocks_hz: tuple[int, ...]
    first: int

    def choose(self, sample: Sample) -> int:
        """The point that the load of the last interval asks for."""
        if sample.busy > UP:
            return len(self.clocks_hz) - 1
        if sample.busy > UP - DOWN_DIFFERENTIAL:
            return sample.point
        wanted = self.clocks_hz[sample.point] * sample.busy / (UP - DOWN_DIFFERENTIAL / 2)
        return lowest_at_least(self.clocks_hz, wanted)


def govern(setting: Setting, told: str) -> Governor:
    """Starts at the state of ``power.state``."""
    told_nothing("on_demand", told, setting)
    return OnDemand(clocks_of(setting.points), setting.start)
