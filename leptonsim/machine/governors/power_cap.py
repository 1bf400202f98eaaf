"""``power_cap:60W`` or ``power_cap:60W/10ms``: the highest state whose power, averaged over a window, stays within.

The window slides: at every sample the energy of the last intervals is known, and for the next one each state has a
bound on what the program can draw there. A state is allowed if every window that the next interval falls into can still
be completed at the lowest state, of which is assumed that it draws at most its bound, and at most 90 % of the cap. So
the average over any window of the cap's length holds once the lowest state draws less than that.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from leptonsim.chip.units import POWER, TIME
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import change
from leptonsim.machine.governors import Governor, Sample, Setting, of_the_cores

DEFAULT_WINDOW = "10 ms"
"""About the time constant of a board's regulators and of a driver's power limit (estimate)."""


FLOOR = 0.9
"""Share of the cap that the lowest state is taken to draw at most, so that there is room for others above it."""


@dataclass
class PowerCap:
    """``total_j`` is the energy until ``sample``.

    ``peaks`` has, of the samples of one window, those from which on the chip has drawn more than the floor for longest:
    sample and floor x sample - energy until then, falling, so that the first is the greatest.
    """

    setting: Setting
    cap_w: float
    window_ps: int
    first: int = 0
    total_j: float = 0.0
    sample: int = 0
    peaks: deque[tuple[int, float]] = field(default_factory=lambda: deque([(0, 0.0)]))

    def __post_init__(self) -> None:
        power = self.setting.chip.power
        self.interval_s = power.interval_ps / 1e12
        self.intervals = self.window_ps // power.interval_ps
        most_w = self.setting.bound_w()
        self.floor_j = min(most_w[0], FLOOR * self.cap_w) * self.interval_s
        # what the next interval may take at each point, with the way down from there at the end of it
        ramp_s = [
            change(point, self.setting.points[0], power.transition).time_ps / 1e12 for point in self.setting.points
        ]
        self.reserve_j = [
            most * self.interval_s + (most - most_w[0]) * s for most, s in zip(most_w, ramp_s, strict=True)
        ]

    def choose(self, sample: Sample) -> int:
        """The highest point that leaves every window within the cap."""
        self.total_j += sample.power_w * sample.interval_ps / 1e12
        self.sample += 1
        level = self.floor_j * self.sample - self.total_j
        while self.peaks and self.peaks[-1][1] <= level:
            self.peaks.pop()
        self.peaks.append((self.sample, level))
        if self.peaks[0][0] <= self.sample - self.intervals:
            self.peaks.popleft()
        return self.allowed()

    def allowed(self) -> int:
        """The highest point for the next interval."""
        # A window that began j samples ago takes what was drawn since, the next interval, and n - 1 - j at the floor:
        # total(now) - total(now - j) + floor (n - 1 - j), at its greatest over all j below n.
        worst_j = self.total_j + self.floor_j * (self.intervals - 1 - self.sample) + self.peaks[0][1]
        room_j = self.cap_w * self.interval_s * self.intervals - worst_j
        reserve_j, point = self.reserve_j, len(self.reserve_j) - 1
        while point and reserve_j[point] > room_j:
            point -= 1
        return point


def govern(setting: Setting, told: str) -> Governor:
    """The cap and the window, as ``60W`` or ``60W/10ms``."""
    of_the_cores("power_cap", setting)
    cap, slash, window = told.partition("/")
    try:
        watts = POWER.parse(cap)
        window_ps = int(TIME.parse(window if slash else DEFAULT_WINDOW))
    except LeptonError as error:
        raise LeptonError(
            f"power.governor: power_cap takes a power and a window, as in power_cap:60W/10ms: {error}"
        ) from None
    if watts <= 0 or window_ps <= 0 or window_ps % setting.chip.power.interval_ps:
        raise LeptonError(
            f"power.governor: power_cap takes a power above zero and a window of whole intervals "
            f"({TIME.format(setting.chip.power.interval_ps)}, power.interval), not {told!r}"
        )
    governor = PowerCap(setting, float(watts), window_ps)
    governor.first = governor.allowed()
    return governor
