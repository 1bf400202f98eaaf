"""``deadline:5ms``: the state with the least energy, from deadline to deadline, among those that meet it.

Every state is tried on one request before the run. What counts is the energy of the request, of the rest until the
deadline, and of the changes between: a fast state with a long rest can win where static power is high. The chip rests
at the lowest state, or stays where it is where going there costs more than it saves. Where no state meets the deadline
it is the fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leptonsim.chip.units import TIME
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import change
from leptonsim.machine.governors import Governor, Measured, Sample, Setting, of_the_cores


@dataclass(frozen=True)
class Deadline:
    """One point for work, one for rest; asked as soon as work comes or goes."""

    work: int
    rest: int

    @property
    def first(self) -> int:
        """The run starts at rest."""
        return self.rest

    def choose(self, sample: Sample) -> int:
        """What holds already."""
        return self.work_changed(sample.waiting)

    def work_changed(self, waiting: bool) -> int:
        """The chosen point while a request is being worked on."""
        return self.work if waiting else self.rest


def deadline_ps(name: str, told: str) -> int:
    """The time that a governor is told. Raises LeptonError for a text that is none."""
    try:
        limit_ps = int(TIME.parse(told))
    except LeptonError as error:
        raise LeptonError(f"power.governor: {name} takes a time, as in {name}:5ms: {error}") from None
    if limit_ps <= 0:
        raise LeptonError(f"power.governor: {name} takes a time above zero, not {told!r}")
    return limit_ps


def from_rest(setting: Setting, run: Measured, work: int, rest: int) -> Measured:
    """A request at a point with the way there from another point: the clock stands still for so long."""
    way = change(setting.points[rest], setting.points[work], setting.chip.power.transition)
    energy_pj = run.energy_pj + way.energy_pj + setting.change_w(rest, work) * way.time_ps
    return replace(run, latency_ps=run.latency_ps + way.time_ps, energy_pj=energy_pj)


def best(setting: Setting, tried: Sequence[Measured], limit_ps: int) -> tuple[int, int]:
    """Points for work and rest with the least energy in the window, of those that meet the limit, or the fastest."""
    ways = [(work, rest) for work in range(len(tried)) for rest in sorted({0, work})]
    runs = {way: from_rest(setting, tried[way[0]], *way) for way in ways}
    in_time = [way for way in ways if runs[way].latency_ps <= limit_ps]
    if not in_time:
        return min(ways, key=lambda way: runs[way].latency_ps)
    return min(in_time, key=lambda way: setting.window_pj(runs[way], way[0], way[1], limit_ps))


def govern(setting: Setting, told: str) -> Governor:
    """Try every point on one request."""
    of_the_cores("deadline", setting)
    limit_ps = deadline_ps("deadline", told)
    tried = [setting.measure(point) for point in range(len(setting.points))]
    return Deadline(*best(setting, tried, limit_ps))
