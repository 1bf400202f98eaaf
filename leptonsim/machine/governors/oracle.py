"""``oracle:5ms``: a state for each operator, with the least energy from deadline to deadline: a bound for the others.

It knows the program. Every state is tried on one request, which tells time and energy of each operator there. For a
price of time, the cheapest path through operators and states, changes between them included, is found by dynamic
programming (Viterbi); the price is searched for which the path meets the deadline (Lagrange). Operators overlap on a
real machine, so that these paths are guesses: each is rehearsed, as are the best single states, and what was found to
take the least energy in time is what is done. So it never takes more than ``deadline`` does.

Not a bound for what no plan by operator can do: a change within an operator, or other states for each core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.machine.clocks import change
from leptonsim.machine.governors import Governor, Measured, Setting, of_the_cores
from leptonsim.machine.governors.deadline import best, deadline_ps

Floats = npt.NDArray[np.float64]
Plan = tuple[int, ...]

REHEARSALS = 8
"""How often the price of time is halved or doubled in search of the deadline."""


@dataclass(frozen=True)
class Costs:
    """Time in ps and energy in pJ of each operator at each point, (operators, points), and of changes between points.

    Energy is what is over that of rest, for time that is not spent working is spent resting.
    """

    time: Floats
    energy: Floats
    change_time: Floats
    change_energy: Floats

    def cheapest(self, price: float) -> Plan:
        """The path of least energy + ``price`` x time (pJ for each ps)."""
        step = self.energy + price * self.time
        change_cost = self.change_energy + price * self.change_time
        cost, came = step[0], []
        for row in step[1:]:
            ways = cost[:, None] + change_cost
            came.append(ways.argmin(axis=0))
            cost = ways.min(axis=0) + row
        plan = [int(cost.argmin())]
        for origin in reversed(came):
            plan.append(int(origin[plan[-1]]))
        return tuple(reversed(plan))

    def time_of(self, plan: Plan) -> float:
        """Time of a path."""
        steps = self.time[np.arange(len(plan)), list(plan)].sum()
        return float(steps + self.change_time[list(plan[:-1]), list(plan[1:])].sum())


def costs(setting: Setting, tried: list[Measured], rest: int) -> Costs:
    """What operators and changes cost. An operator's time is by how much it moves the end of everything so far."""
    ends = np.array([run.ends_ps for run in tried], dtype=np.float64).T
    time = np.diff(np.maximum.accumulate(ends, axis=0), axis=0, prepend=0.0)
    dynamic = np.array([run.dynamic_pj for run in tried]).T
    # what is drawn beside operations, on average over the run, and over what rest would take
    steady = np.array([(run.energy_pj - sum(run.dynamic_pj)) / run.latency_ps for run in tried]) - setting.idle_w[rest]
    ways = [[change(old, new, setting.chip.power.transition) for new in setting.points] for old in setting.points]
    change_time = np.array([[float(way.time_ps) for way in row] for row in ways])
    points = range(len(setting.points))
    paid = np.array([[setting.change_w(old, new) for new in points] for old in points]) - setting.idle_w[rest]
    change_energy = np.array([[way.energy_pj for way in row] for row in ways]) + paid * change_time
    return Costs(time, dynamic + steady * time, change_time, change_energy)


def plans(known: Costs, limit_ps: float) -> list[Plan]:
    """Paths around the price of time at which the deadline is just met, the cheapest without regard to it first."""
    found = [known.cheapest(0.0)]
    if known.time_of(found[0]) <= limit_ps:
        return found
    scale = float(known.energy.sum(axis=0).max() / max(1.0, known.time.sum(axis=0).min()))
    low, high = scale * 2.0**-20, scale * 2.0**20
    for _ in range(24):
        price = (low * high) ** 0.5
        if known.time_of(known.cheapest(price)) <= limit_ps:
            high = price
        else:
            low = price
    # dearer time than the sum of the operators' parts asks for, where they overlap less well in the plan
    found += [known.cheapest(high * 2.0 ** (step / 2)) for step in range(REHEARSALS)]
    return list(dict.fromkeys(found))


def plan(setting: Setting, limit_ps: int) -> tuple[Plan, int]:
    """The best that was rehearsed: a point for each operator, and one for rest."""
    tried = [setting.measure(point) for point in range(len(setting.points))]
    operators = len(tried[0].ends_ps)
    work, rest = best(setting, tried, limit_ps)
    candidates = [((work,) * operators, rest), ((len(tried) - 1,) * operators, len(tried) - 1)]
    candidates += [(each, 0) for each in plans(costs(setting, tried, 0), limit_ps)]
    runs = {way: setting.rehearse(*way) for way in dict.fromkeys(candidates)}
    in_time = [way for way, run in runs.items() if run.latency_ps <= limit_ps]
    if not in_time:
        return candidates[0]
    return min(in_time, key=lambda way: setting.window_pj(runs[way], way[0][-1], way[1], limit_ps))


def govern(setting: Setting, told: str) -> Governor:
    """Find a plan."""
    from leptonsim.machine.trials import Planned

    of_the_cores("oracle", setting)
    return Planned(*plan(setting, deadline_ps("oracle", told)))
