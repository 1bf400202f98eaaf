"""``power_cap:60W`` or ``power_cap:60W/10ms``: the highest state whose power, averaged over a window, stays within.

The window slides: at every sample the energy of the last intervals is known, and for the next one each state has a
bound on what the program can draw there. A state is allowed if every window that the next interval falls into can still
be completed at the lowest state, of which is assumed that it draws at most its bound, and at most 90 % of the cap. So
the average over any window of the cap's length holds once the lowest state draws less than that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from leptonsim.chip.units import POWER, TIME
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import change
from leptonsim.machine.governors import Governor, Sample, Setting

DEFAULT_WINDOW = "10 ms"
"""About the time constant of a board's regulators and of a driver's power limit (estimate)."""


FLOOR = 0.9
"""Share of the cap that the lowest state is taken to draw at most, so that there is room for others above it."""


@dataclass
class PowerCap:
    """``spent_j`` are the energies of the last intervals, the newest first, of one window but one interval."""

    setting: Setting
    cap_w: float
    window_ps: int
    first: int = 0
    spent_j: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        power = self.setting.chip.power
        self.interval_s = power.interval_ps / 1e12
        self.intervals = self.window_ps // power.interval_ps
        self.spent_j = np.zeros(self.intervals - 1)
        self.later = np.arange(self.intervals)
        most_w = self.setting.most_w
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
        if self.intervals > 1:
            self.spent_j[1:] = self.spent_j[:-1]
            self.spent_j[0] = sample.power_w * sample.interval_ps / 1e12
        return self.allowed()

    def allowed(self) -> int:
        """The highest point for the next interval."""
        # windows that end 0, 1, 2, ... intervals after the next: each holds the fewer of those behind us, and the
        # intervals after the next at the lowest state
        behind_j = np.concatenate([np.cumsum(self.spent_j)[::-1], [0.0]])
        taken_j = behind_j + self.floor_j * self.later
        room_j = self.cap_w * self.interval_s * self.intervals - float(taken_j.max())
        return next((point for point in range(len(self.reserve_j) - 1, 0, -1) if self.reserve_j[point] <= room_j), 0)


def govern(setting: Setting, told: str) -> Governor:
    """The cap and the window, as ``60W`` or ``60W/10ms``."""
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
