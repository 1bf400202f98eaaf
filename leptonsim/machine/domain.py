"""One domain of voltage and clock: where it is, where it goes, and for how long it was where.

A domain is at one of its operating points or on the way between two, phase by phase, as ``clocks.change`` says. Its
governor wishes for a point; a wish that comes on the way is followed afterwards, the latest one. Cores, network and
memory each are one, with points, a governor and a transition of their own; they change independently of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from leptonsim.chip.power import Transition
from leptonsim.machine.clocks import OperatingPoint, change
from leptonsim.machine.governors import Governor


class InForce(NamedTuple):
    """A clock that is in force (0 Hz: it stands still) and the voltage that is paid for.

    ``idle_hz`` is the clock at which what rests draws power, as all does where the clock stands still.
    """

    clock_hz: int
    voltage_v: float
    idle_hz: int


class Way(NamedTuple):
    """The way from one point to another: how long each phase takes, by its number in ``Domain.known``."""

    phases: tuple[tuple[int, int], ...]
    energy_pj: float


class Domain:
    """Starts at the governor's first point. ``known`` is what may be in force: the points by number, then what holds on
    the ways between them; ``number`` says which is. Who changes that by ``wish`` or ``proceed`` passes it on.

    ``highest`` is the highest point that may be wished for: heat lowers it. ``once_pj`` is the energy of changes that
    began since it was last set to 0.
    """

    def __init__(
        self,
        name: str,
        points: Sequence[OperatingPoint],
        transition: Transition,
        governor: Governor,
        governor_name: str,
    ) -> None:
        self.name, self.points, self.governor, self.governor_name = name, tuple(points), governor, governor_name
        self._transition = transition
        self.known = [InForce(point.clock_hz, point.voltage_v, point.clock_hz) for point in self.points]
        self.top = self.highest = len(self.points) - 1
        self.point = self.target = self._wanted = self.number = max(0, min(governor.first, self.top))
        self.is_changing = False
        self.phase_ends_ps = 0
        self.changes = 0
        self.changes_pj: list[tuple[int, float]] = []
        self.once_pj = 0.0
        self.residency_ps: dict[str, int] = {point.name: 0 for point in self.points} | {"change": 0}
        self._phases: Sequence[tuple[int, int]] = ()
        self._ways: dict[tuple[int, int], Way] = {}
        self._since_ps = 0

    @property
    def is_fixed(self) -> bool:
        """Whether it stays where it starts."""
        return self.governor_name == "fixed"

    @property
    def in_force(self) -> InForce:
        """What holds now."""
        return self.known[self.number]

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
        # thousands of times a second: comparisons cost less than min and max
        wanted = self._wanted if self._wanted <= self.highest else self.highest
        if wanted < 0:
            wanted = 0
        if wanted == self.point:
            return
        way = self._ways.get((self.point, wanted)) or self._find_way(self.point, wanted)
        self.changes += 1
        self.changes_pj.append((now_ps, way.energy_pj))
        self.once_pj += way.energy_pj
        self.target = wanted
        self._follow(way.phases, now_ps)

    def _find_way(self, old: int, new: int) -> Way:
        found = change(self.points[old], self.points[new], self._transition)
        phases = []
        for phase in found.phases:
            phases.append((phase.time_ps, len(self.known)))
            self.known.append(InForce(phase.clock_hz, phase.voltage_v, phase.idle_hz))
        way = self._ways[old, new] = Way(tuple(phases), found.energy_pj)
        return way

    def _follow(self, phases: Sequence[tuple[int, int]], now_ps: int) -> None:
        """Begin the first of these phases; without any the domain is there, and may have to go elsewhere by now."""
        self.reside(now_ps)
        self._phases, self.is_changing = phases, bool(phases)
        if phases:
            self.phase_ends_ps, self.number = now_ps + phases[0][0], phases[0][1]
            return
        self.point = self.number = self.target
        if self._wanted != self.point:
            self._set_out(now_ps)
