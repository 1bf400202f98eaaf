"""From sample to sample: the kernel and its plain-Python twin ask the same of a machine, a meter and a governor."""

import math
from typing import NamedTuple

import numpy as np
import pytest

from leptonsim.kernels import pacing as kernel
from leptonsim.kernels.plain import pacing as plain

PACES = pytest.mark.parametrize("module", [kernel, plain], ids=["kernel", "twin"])
INTERVAL_PS = 100


class Seen(NamedTuple):
    """What the meter gives: its arguments, and how many operators did something in the interval."""

    cores: int
    point: int
    busy_ps: int
    waiting: bool
    once_pj: float
    highest: int
    changed: int


class Machine:
    """A tile machine and meter in one: events at times given beforehand, work until some time; all is logged."""

    def __init__(self, events, works_until_ps, temperatures=()):
        self.now_ps, self.die_c = 0, math.nan
        self._events, self._works_until_ps = dict(events), works_until_ps
        self._temperatures, self._changed, self._told_ps = list(temperatures), 0, 0
        self.log = []

    def run(self, until_ps):
        self.log.append(("run", until_ps))
        assert until_ps >= self.now_ps
        due = [at for at in self._events if self.now_ps <= at < until_ps]
        self.now_ps = min(due, default=until_ps)
        return self._events.pop(self.now_ps, []) if due else []

    def next_ps(self):
        return self._works_until_ps if self.now_ps < self._works_until_ps else None

    def changes(self):
        self._changed = 2 if self._told_ps < self._works_until_ps else 0
        self._told_ps = self.now_ps
        return self._changed

    def read(self, changed, now_ps):
        self.log.append(("read", changed, now_ps))
        if self._temperatures:
            self.die_c = self._temperatures.pop(0)

    def sample(self, cores, point, busy_ps, waiting, once_pj, highest):
        return cores, point, busy_ps, waiting, once_pj, highest, self._changed


class Choosing:
    """A governor that chooses what it was told beforehand, then stays; what it saw is in the machine's log."""

    def __init__(self, machine, choices):
        self._machine, self._choices = machine, list(choices)

    def choose(self, seen):
        assert type(seen) is Seen
        self._machine.log.append(seen)
        return self._choices.pop(0) if self._choices else seen.point


class Following:
    """Changes at once, or takes time for every change to a point above ``slow_above``; it is in the machine's log."""

    def __init__(self, machine, slow_above):
        self._machine, self._slow_above = machine, slow_above

    def follow(self, point, now_ps):
        self._machine.log.append(("follow", point, now_ps))
        return -1 if point > self._slow_above else point


def paced(module, machine, hot_c=math.inf):
    return module.Pace(machine, machine, machine.read, Seen, 4, INTERVAL_PS, hot_c)


def no_change(point, now_ps):
    raise AssertionError("nothing was to change")


def told(module, seed):
    """All that a pace asks and answers in a random run, told to go on again and again."""
    draw = np.random.default_rng(seed)
    events = {int(at): [("done", int(at))] for at in draw.integers(0, 2000, int(draw.integers(0, 4)))}
    machine = Machine(events, int(draw.integers(0, 1500)), draw.uniform(20, 90, 30) if draw.random() < 0.5 else ())
    pace = paced(module, machine, 80.0)
    governor = Choosing(machine, draw.integers(1, 4, 12).tolist())
    domain = Following(machine, 2)
    found = []
    for _ in range(8):
        until_ps = -1 if draw.random() < 0.4 else machine.now_ps + int(draw.integers(0, 500))
        busy_ps, waiting = int(draw.integers(0, 10**9)), bool(draw.integers(0, 2))
        found.append(pace.run(until_ps, governor.choose, domain.follow, 2, 3, float(draw.random()), busy_ps, waiting))
        found.append((pace.sample_ps, pace.changed, pace.has_run, machine.now_ps))
        if found[-2][0] == module.WHY.index("hot"):
            pace.sample_ps = machine.now_ps + INTERVAL_PS
    return found, machine.log


@pytest.mark.parametrize("seed", range(60))
def test_the_kernel_and_its_twin_agree(seed):
    assert told(kernel, seed) == told(plain, seed)


@PACES
def test_samples_are_taken_until_the_machine_reports(module):
    machine = Machine({250: [("done", 0)]}, 10**6)
    pace = paced(module, machine)
    assert pace.run(-1, Choosing(machine, []).choose, no_change, 1, 2, 7.5, 30, True) == (0, [("done", 0)])
    assert machine.now_ps == 250
    assert pace.sample_ps == 300
    samples = [entry for entry in machine.log if isinstance(entry, Seen)]
    # busy since 30 ps before; what was spent on a change counts once
    assert samples == [Seen(4, 1, 130, True, 7.5, 2, 2), Seen(4, 1, 230, True, 0.0, 2, 2)]


@PACES
def test_time_without_requests_is_not_busy(module):
    machine = Machine({}, 10**6)
    paced(module, machine).run(201, Choosing(machine, []).choose, no_change, 0, 0, 0.0, 30, False)
    assert [entry.busy_ps for entry in machine.log if isinstance(entry, Seen)] == [30, 30]


@PACES
def test_a_change_that_takes_no_time_is_followed_at_once(module):
    machine = Machine({}, 10**6)
    pace = paced(module, machine)
    pace.run(301, Choosing(machine, [1, 0, 0]).choose, Following(machine, 2).follow, 1, 1, 0.0, 0, True)
    assert [entry.point for entry in machine.log if isinstance(entry, Seen)] == [1, 1, 0]
    assert [entry for entry in machine.log if entry[0] == "follow"] == [("follow", 0, 200)]


@PACES
def test_a_change_that_takes_time_ends_it_after_the_sample(module):
    machine = Machine({}, 10**6)
    pace = paced(module, machine)
    assert pace.run(-1, Choosing(machine, [1, 3]).choose, Following(machine, 2).follow, 1, 3, 0.0, 0, True) == (2, [])
    assert (machine.now_ps, pace.sample_ps, pace.changed, pace.has_run) == (200, 300, 2, True)


@PACES
def test_a_die_that_is_too_hot_ends_it_before_the_sample(module):
    machine = Machine({}, 10**6, [79.9, 80.0])
    pace = paced(module, machine, 80.0)
    assert pace.run(-1, Choosing(machine, []).choose, no_change, 1, 1, 0.0, 0, True) == (1, [])
    assert (machine.now_ps, pace.sample_ps) == (200, 200)
    assert sum(isinstance(entry, Seen) for entry in machine.log) == 1


@PACES
def test_it_ends_at_the_sample_after_which_nothing_is_left_to_happen(module):
    machine = Machine({}, 150)
    # work until 150 ps: the sample at 200 saw the last of it, that at 300 nothing
    assert paced(module, machine).run(-1, Choosing(machine, []).choose, no_change, 0, 0, 0.0, 0, False) == (0, [])
    assert machine.now_ps == 300


@PACES
def test_a_sample_at_the_instant_that_was_set_is_taken(module):
    machine = Machine({}, 10**6)
    pace = paced(module, machine)
    assert pace.run(100, Choosing(machine, []).choose, no_change, 0, 0, 0.0, 0, False) == (0, [])
    assert pace.sample_ps == 200


@PACES
def test_what_makes_no_pace_is_refused(module):
    machine = Machine({}, 0)
    with pytest.raises(ValueError, match="at least 1 ps"):
        module.Pace(machine, machine, machine.read, Seen, 4, 0, 0.0)
    with pytest.raises(ValueError, match="is a tuple"):
        module.Pace(machine, machine, machine.read, dict, 4, 1, 0.0)
