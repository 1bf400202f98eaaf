"""``power_cap:60W`` or ``power_cap:60W/10ms``: the highest state whose power, averaged over a window, stays within.

The window slides: at every sample the energy of the last intervals is known, and for the next one each state has a
bound on what the program can draw there. A state is allowed if every window that the next interval falls into can still
be completed at the lowest state. What that draws is bounded likewise; where this bound is near the cap or above it, a
trial of requests back to back tells, with the leakage of a die as hot as it can be by then. So the average over any
window of the cap's length holds where the lowest state stays below the cap; where it does not, the chip stays there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from leptonsim.chip.power import Thermal
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


@dataclass(frozen=True)
class Leaks:
    """Leakage of the lowest state: of a die as cool as it ever is, and above that.

    The die is at most as hot as it gets in one interval at the most that is drawn, or in the long run at the lowest.
    """

    thermal: Thermal
    watts: float
    rise_k: float
    lasting_c: float

    @classmethod
    def of(cls, setting: Setting, most_w: float, lowest_w: float) -> Leaks | None:
        """Those of a chip that draws so much at the most, and in the lowest state; None where heat does not matter."""
        thermal, watts = setting.chip.power.thermal, setting.leakage_w[0]
        if thermal is None:
            return None
        fast_s = thermal.r_die * thermal.c_die
        rise_k = most_w * thermal.r_die * -math.expm1(-setting.chip.power.interval_ps / 1e12 / fast_s)
        lasting_c = ThermalModel(thermal).steady_or_none(max(0.0, lowest_w - watts), watts)
        return cls(thermal, watts, rise_k, thermal.throttle if lasting_c is None else lasting_c)

    def least_w(self) -> float:
        """Of a die at the temperature of the air, or where it starts, if that is cooler."""
        thermal = self.thermal
        cool_c = thermal.ambient if thermal.start is None else min(thermal.start, thermal.ambient)
        return self.watts * leakage_factor(thermal, cool_c)

    def most_w(self, die_c: float) -> float:
        """Until the end of a window that goes on at the lowest state after the next interval."""
        return self.watts * leakage_factor(self.thermal, max(die_c + self.rise_k, self.lasting_c))


class PowerCap:
    """Starts at the highest point that the first window allows."""

    def __init__(self, setting: Setting, cap_w: float, window_ps: int) -> None:
        power = setting.chip.power
        self._interval_s = power.interval_ps / 1e12
        self._intervals = window_ps // power.interval_ps
        most_w = setting.bound_w()
        floor, self._leaks = Floor(most_w[0], 0.0), None
        if floor.rate_w > FLOOR * cap_w:
            floor = setting.floor(window_ps)
            self._leaks = Leaks.of(setting, most_w[-1], floor.rate_w)
        floor_j = floor.rate_w * self._interval_s
        if self._leaks is not None:
            floor_j += (self._leaks.least_w() - self._leaks.watts) * self._interval_s
        # what the next interval may take at each point, with the way down from there at the end of it
        ramp_s = [change(point, setting.points[0], power.transition).time_ps / 1e12 for point in setting.points]
        needs_j = [most * self._interval_s + (most - most_w[0]) * s for most, s in zip(most_w, ramp_s, strict=True)]
        # a window that begins and ends within intervals takes more than those on either side of it where power changes
        # there: by share (1 - share) of what an interval takes at the most, if a change takes that share of it
        share = min(0.5, max(ramp_s) / self._interval_s)
        uneven_j = 2 * share * (1 - share) * most_w[-1] * self._interval_s
        budget_j = cap_w * self._interval_s * self._intervals - floor.burst_j - uneven_j
        self._window = PowerWindow(self._intervals, floor_j, budget_j, needs_j)
        thermal = power.thermal
        start_c = math.nan if thermal is None else ThermalModel(thermal).start().die_c
        self.first: int = self._window.allowed(self._hotter_j(start_c))

    def _hotter_j(self, die_c: float) -> float:
        """What leakage may take more than the floor has of it, in the intervals of a window to come."""
        if self._leaks is None:
            return 0.0
        hotter_w = self._leaks.most_w(die_c) - self._leaks.least_w()
        return hotter_w * self._interval_s * (self._intervals - 1)

    def choose(self, sample: Sample) -> int:
        """The highest point that leaves every window within the cap."""
        energy_j = sample.power_w * sample.interval_ps / 1e12
        point: int = self._window.add(energy_j, self._hotter_j(sample.die_c))
        return point


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
    return PowerCap(setting, float(watts), window_ps)
