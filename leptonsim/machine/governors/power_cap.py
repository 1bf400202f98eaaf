"""``power_cap:60W`` or ``power_cap:60W/10ms``: the highest state whose power, averaged over a window, stays within.

The window slides: at every sample the energy of the last intervals is known, and for the next one each state has a
bound on what the program can draw there. A state is allowed if every window that the next interval falls into can still
be completed at the lowest state. What that draws is bounded likewise; where this bound is near the cap or above it, a
trial of requests back to back tells, with the leakage of a die as hot as it can be under the cap. So the average over
any window of the cap's length holds where the lowest state stays below the cap; else the chip stays there.
"""

from __future__ import annotations

from collections.abc import Callable

from leptonsim.chip.units import POWER, TIME
from leptonsim.errors import LeptonError
from leptonsim.kernels.power_window import PowerWindow
from leptonsim.machine.clocks import change
from leptonsim.machine.governors import Floor, Governor, Sample, Setting, of_the_cores
from leptonsim.machine.thermal import ThermalModel, leakage_factor

DEFAULT_WINDOW = "10 ms"
"""About the time constant of a board's regulators and of a driver's power limit (estimate)."""


FLOOR = 0.9
"""A bound on the lowest state above this share of the cap leaves little room for others: then it is tried out."""


class PowerCap:
    """Starts at the highest point that the first window allows."""

    def __init__(self, setting: Setting, cap_w: float, window_ps: int) -> None:
        power = setting.chip.power
        interval_s, intervals = power.interval_ps / 1e12, window_ps // power.interval_ps
        most_w = setting.bound_w()
        # what the next interval may take at each point, with the way down from there at the end of it
        ramp_s = [change(point, setting.points[0], power.transition).time_ps / 1e12 for point in setting.points]
        needs_j = [most * interval_s + (most - most_w[0]) * s for most, s in zip(most_w, ramp_s, strict=True)]
        floor = Floor(most_w[0], 0.0)
        if floor.rate_w > FLOOR * cap_w:
            floor = heated(setting, setting.floor(window_ps), cap_w, most_w[-1])
        # a window that begins and ends within intervals takes more than those on either side of it where power changes
        # there: by share (1 - share) of what an interval takes at the most, if a change takes that share of it
        share = min(0.5, max(ramp_s) / interval_s)
        uneven_j = 2 * share * (1 - share) * most_w[-1] * interval_s
        budget_j = cap_w * interval_s * intervals - floor.burst_j - uneven_j
        self._window = PowerWindow(intervals, floor.rate_w * interval_s, budget_j, needs_j)
        self.first: int = self._window.allowed()
        # the window's own, without a way through Python for each sample
        self.choose: Callable[[Sample], int] = self._window.choose


def heated(setting: Setting, floor: Floor, cap_w: float, most_w: float) -> Floor:
    """What the lowest state draws with a die as hot as it can be: a sink that has the cap for ever, and the most that
    the chip draws through the die at the time.
    """
    thermal, watts = setting.chip.power.thermal, setting.leakage_w[0]
    if thermal is None:
        return floor
    hot_c = thermal.ambient + cap_w * thermal.r_sink + most_w * thermal.r_die
    hot_c = max(min(hot_c, thermal.throttle), ThermalModel(thermal).start().die_c)
    return floor._replace(rate_w=floor.rate_w + watts * (leakage_factor(thermal, hot_c) - 1))


def cap_of(governor: str) -> tuple[float, int] | None:
    """Watts and the window in ps that the text of a chip's governor says; None where it is another governor."""
    name, _, told = governor.partition(":")
    return _told(told) if name == "power_cap" else None


def _told(text: str) -> tuple[float, int]:
    cap, slash, window = text.partition("/")
    try:
        return float(POWER.parse(cap)), int(TIME.parse(window if slash else DEFAULT_WINDOW))
    except LeptonError as error:
        raise LeptonError(
            f"power.governor: power_cap takes a power and a window, as in power_cap:60W/10ms: {error}"
        ) from None


def govern(setting: Setting, told: str) -> Governor:
    """The cap and the window, as ``60W`` or ``60W/10ms``."""
    of_the_cores("power_cap", setting)
    watts, window_ps = _told(told)
    if watts <= 0 or window_ps <= 0 or window_ps % setting.chip.power.interval_ps:
        raise LeptonError(
            f"power.governor: power_cap takes a power above zero and a window of whole intervals "
            f"({TIME.format(setting.chip.power.interval_ps)}, power.interval), not {told!r}"
        )
    return PowerCap(setting, watts, window_ps)
