"""One domain of voltage and clock: where it is, where it goes, and for how long it was where.

A domain is at one of its operating points or on the way between two, phase by phase, as ``clocks.change`` says. Its
governor wishes for a point; a wish that comes on the way is followed afterwards, the latest one. Cores, network and
memory each are one, with points, a governor and a transition of their own; they change independently of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from leptonsim.chip.power import Transition
from leptonsim.machine.clocks import Change, OperatingPoint, Phase, change
from leptonsim.machine.governors import Governor


class InForce(NamedTuple):
    """A clock that is in force (0 Hz: it stands still) and the voltage that is paid for.

    ``idle_hz`` is the clock at which what rests draws power, as all does where the clock stands still.
    """

    clock_hz: int
    voltage_v: float
    idle_hz: int


def at_point(point: OperatingPoint) -> InForce:
    """What is in force at a point."""
    return InForce(point.clock_hz, point.voltage_v, point.clock_hz)


class Domain:
    """Starts at the governor's first point. Who changes what is ``in_force`` by ``wish`` or ``proceed`` passes it on.

    ``highest`` is the highest point that may be wished for: heat lowers it. ``changes_pj`` has
    instant and energy of every change, ``once_pj`` is the energy of those that began since it was last set to 0.
    """

    def __init__(self, name: str, points: Sequence[OperatingPoint], transition: Transition, governor: Governor) -> None:
        self.name, self.points, self.governor = name, tuple(points), governor
        self._transition = transition
        self.top = self.highest = len(self.points) - 1
        self.point = self.target = self._wanted = max(0, min(governor.first, self.top))
        self.in_force = at_point(self.points[self.point])
        self.is_changing = False
        self.phase_ends_ps = 0
        self.changes = 0
        self.changes_pj: list[tuple[int, float]] = []
        self.once_pj = 0.0
        self.residency_ps: dict[str, int] = {point.name: 0 for point in self.points} | {"change": 0}
        self._phases: Sequence[Phase] = ()
        self._ways: dict[tuple[int, int], Change] = {}
        self._since_ps = 0

    def wish(self, point: int, now_ps: int) -> None:
        """The governor wants a point; heat may hold it back, and a change in progress delays it."""
        self._wanted = point
        if not self.is_changing:
            self._set_out(now_ps)

    def proceed(self, now_ps: int) -> None:
        """A phase of a change may be over: go on to the next, or arrive."""
        if self.is_changing and now_ps >= self.phase_ends_ps:
            self._follow(self._phases[1:], now_ps)

    def reside(self, now_ps: int) -> None:
        """The time since the last change belongs to the point, or to the way between two, that ends now."""
        self.residency_ps["change" if self.is_changing else self.points[self.point].name] += now_ps - self._since_ps
        self._since_ps = now_ps

    def _set_out(self, now_ps: int) -> None:
        """Begin the way to the point that is wanted, unless the domain is there."""
        wanted = max(0, min(self._wanted, self.highest))
        if wanted == self.point:
            return
        if (self.point, wanted) not in self._ways:
            self._ways[self.point, wanted] = change(self.points[self.point], self.points[wanted], self._transition)
        way = self._ways[self.point, wanted]
        self.changes += 1
        self.changes_pj.append((now_ps, way.energy_pj))
        self.once_pj += way.energy_pj
        self.target = wanted
        self._follow(way.phases, now_ps)

    def _follow(self, phases: Sequence[Phase], now_ps: int) -> None:
        """Begin the first of these phases; without any the domain is there, and may have to go elsewhere by now."""
        self.reside(now_ps)
        self._phases, self.is_changing = phases, bool(phases)
        if phases:
            phase = phases[0]
            self.phase_ends_ps = now_ps + phase.time_ps
            self.in_force = InForce(phase.clock_hz, phase.voltage_v, phase.idle_hz)
            return
        self.point = self.target
        self.in_force = at_point(self.points[self.point])
        self._set_out(now_ps)
