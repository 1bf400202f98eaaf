"""``power_cap:60W`` or ``power_cap:60W/10ms``: the highest state whose power, averaged over a window, stays within.

The window slides: at every sample the energy of the last intervals is known, and for the next one each state has a
bound on what the program can draw there. A state is allowed if every window that the next interval falls into can still
be completed at the lowest state, of which is assumed that it draws at most its bound, and at most 90 % of the cap. So
the average over any window of the cap's length holds once the lowest state draws less than that.
"""

from __future__ import annotations

from leptonsim.chip.units import POWER, TIME
from leptonsim.errors import LeptonError
from leptonsim.kernels.power_window import PowerWindow
from leptonsim.machine.clocks import change
from leptonsim.machine.governors import Governor, Sample, Setting, of_the_cores

DEFAULT_WINDOW = "10 ms"
"""About the time constant of a board's regulators and of a driver's power limit (estimate)."""


FLOOR = 0.9
"""Share of the cap that the lowest state is taken to draw at most, so that there is room for others above it."""


class PowerCap:
    """Starts at the highest point that the first window allows."""

    def __init__(self, setting: Setting, cap_w: float, window_ps: int) -> None:
        power = setting.chip.power
        interval_s, intervals = power.interval_ps / 1e12, window_ps // power.interval_ps
        most_w = setting.bound_w()
        # what the next interval may take at each point, with the way down from there at the end of it
        ramp_s = [change(point, setting.points[0], power.transition).time_ps / 1e12 for point in setting.points]
        needs_j = [most * interval_s + (most - most_w[0]) * s for most, s in zip(most_w, ramp_s, strict=True)]
        floor_j = min(most_w[0], FLOOR * cap_w) * interval_s
        self._window = PowerWindow(intervals, floor_j, cap_w * interval_s * intervals, needs_j)
        self.first: int = self._window.allowed()

    def choose(self, sample: Sample) -> int:
        """The highest point that leaves every window within the cap."""
        point: int = self._window.add(sample.power_w * sample.interval_ps / 1e12)
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
    return PowerCap(setting, float(watts), window_ps)
