"""Heat: the die and the sink as two RC nodes, in closed form between two instants.

    c_die  dT_die/dt  = P - (T_die - T_sink) / r_die
    c_sink dT_sink/dt = (T_die - T_sink) / r_die - (T_sink - ambient) / r_sink

For constant power the distance from the steady state is a sum of two exponentials, whose rates are the eigenvalues of
the 2 x 2 system. Static power grows with the die's temperature, exponentially; it is taken as constant between two
instants, at the temperature at their beginning, so that instants should lie closer together than the fast pole (about
a millisecond) where leakage is a large part of the power.

Not modelled: heat flow within the die (hot spots), fans that speed up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from leptonsim.chip.power import Thermal
from leptonsim.errors import LeptonError

HOTTEST_C = 400.0
"""Above this no die works: a steady state beyond it is a thermal runaway."""


def leakage_factor(thermal: Thermal, die_c: float) -> float:
    """Static power at a die temperature over that at ``leakage_at``."""
    return math.exp(thermal.leakage_per_kelvin * (die_c - thermal.leakage_at))


class Temperatures(NamedTuple):
    """Degrees Celsius of the two nodes."""

    die_c: float
    sink_c: float


class ThermalModel:
    """The two nodes of one chip and its air. Nothing here changes: ``after`` gives new temperatures."""

    def __init__(self, thermal: Thermal) -> None:
        self.thermal = thermal
        # dx/dt = A x of the distances x from the steady state; A has two real, negative, distinct eigenvalues, since
        # its off-diagonal elements are positive and its determinant is 1 / (r_die c_die r_sink c_sink)
        self._a = -1 / (thermal.r_die * thermal.c_die)
        self._b = -self._a
        self._c = 1 / (thermal.r_die * thermal.c_sink)
        self._d = -self._c - 1 / (thermal.r_sink * thermal.c_sink)
        trace = self._a + self._d
        determinant = 1 / (thermal.r_die * thermal.c_die * thermal.r_sink * thermal.c_sink)
        root = math.sqrt((self._a - self._d) ** 2 + 4 * self._b * self._c)
        self._fast = (trace - root) / 2
        self._slow = determinant / self._fast  # the product of both: free of cancellation
        self._weights: tuple[float, tuple[float, float, float, float]] = (0.0, (1.0, 0.0, 0.0, 1.0))

    @property
    def time_constants_s(self) -> tuple[float, float]:
        """Of the fast pole (the die) and the slow one (the sink)."""
        return -1 / self._fast, -1 / self._slow

    def for_meter(self) -> tuple[float, ...]:
        """``HEAT_FIELDS`` of ``leptonsim.kernels.meter``: the two nodes, their leakage and their start."""
        thermal = self.thermal
        matrix = (self._a, self._b, self._c, self._d, self._fast, self._slow)
        return (
            *matrix,
            thermal.r_die,
            thermal.r_sink,
            thermal.ambient,
            thermal.leakage_per_kelvin,
            thermal.leakage_at,
            *self.start(),
        )

    def start(self) -> Temperatures:
        """Temperatures before the first request."""
        thermal = self.thermal
        return self.steady(0.0) if thermal.start is None else Temperatures(thermal.start, thermal.start)

    def steady(self, power_w: float) -> Temperatures:
        """Temperatures after a long time at constant power."""
        thermal = self.thermal
        sink = thermal.ambient + power_w * thermal.r_sink
        return Temperatures(sink + power_w * thermal.r_die, sink)

    def after(self, now: Temperatures, power_w: float, time_s: float) -> Temperatures:
        """Temperatures after ``time_s`` at constant power: exact, however long."""
        rest_die, rest_sink = self.steady(power_w)
        die, sink = now.die_c - rest_die, now.sink_c - rest_sink
        e11, e12, e21, e22 = self._propagator(time_s)
        return Temperatures(rest_die + e11 * die + e12 * sink, rest_sink + e21 * die + e22 * sink)

    def _propagator(self, time_s: float) -> tuple[float, float, float, float]:
        """exp(A t) by Sylvester's formula; that of the last interval is remembered, for most are equally long."""
        if self._weights[0] != time_s:
            fast, slow = math.exp(self._fast * time_s), math.exp(self._slow * time_s)
            # exp(A t) = slow I + (fast - slow) / (l_fast - l_slow) (A - l_slow I)
            mix = (fast - slow) / (self._fast - self._slow)
            diagonal = slow - mix * self._slow
            found = (diagonal + mix * self._a, mix * self._b, mix * self._c, diagonal + mix * self._d)
            self._weights = (time_s, found)
        return self._weights[1]

    def steady_with_leakage(self, dynamic_w: float, static_w: float) -> Temperatures:
        """The steady state of a long run, a shortcut past it: the die's leakage is in balance with the heat it makes.

        ``static_w`` is the static power at ``leakage_at``. Raises LeptonError where there is no balance.
        """

        def excess(die_c: float) -> float:
            power = dynamic_w + static_w * leakage_factor(self.thermal, die_c)
            return self.steady(power).die_c - die_c

        die = _first_root(excess, self.thermal.ambient, HOTTEST_C)
        if die is None:
            raise LeptonError(
                f"thermal runaway: at {dynamic_w:g} W of dynamic and {static_w:g} W of static power the die's leakage "
                "outgrows its cooling; lower power.thermal.r_sink or r_die, or choose a lower state"
            )
        return self.steady(dynamic_w + static_w * leakage_factor(self.thermal, die))

    def steady_or_none(self, dynamic_w: float, static_w: float) -> float | None:
        """The die's temperature in that state, None for a runaway."""
        try:
            return self.steady_with_leakage(dynamic_w, static_w).die_c
        except LeptonError:
            return None


def _first_root(function: Callable[[float], float], low: float, high: float) -> float | None:
    """Where a convex function that is not negative at ``low`` first meets zero; None if nowhere up to ``high``.

    Newton's steps from the left of a convex function's first root never pass it.
    """
    at = low
    for _ in range(200):
        value = function(at)
        step = 1e-6 * max(1.0, abs(at))
        slope = (function(at + step) - value) / step
        if abs(value) < 1e-10:
            return at
        if slope >= 0 or at > high:
            return None
        at -= value / slope
    return at if at <= high else None
