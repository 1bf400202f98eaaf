"""Governors: policies that choose the operating point of a domain, sample after sample.

Each is one file of this folder; its name is the value of ``power.governor``, which may tell it something after a colon
(``power_cap:60W``), and of ``power.uncore.governor`` and ``power.memory.governor``. Third parties add to them by entry
points of the group ``leptonsim.machine.governors``. A module has ``govern(setting, told)``, which gives a ``Governor``;
it raises LeptonError for a text that it does not understand.

A governor sees a sample every ``power.interval``. One with ``work_changed`` is asked when work comes or goes too, one
of the cores with ``marks`` and ``reached`` at the ends of operators of its choice.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import NamedTuple, Protocol, runtime_checkable

from leptonsim.chip.spec import Chip
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import OperatingPoint, change


class Sample(NamedTuple):
    """What a governor sees of the interval that has just ended.

    ``point`` is the index of the operating point of the governor's domain; ``busy`` how busy that was: of the cores the
    share of the interval in which a request was being worked on, of the others their load (``leptonsim.machine.load``);
    ``waiting`` whether a request is being worked on now; ``tensor`` and ``vector`` the share of its cycles in which
    these engines computed, of the busier kind averaged over cores; ``moved_bytes`` what the cores' DMA moved;
    ``power_w`` the mean power of chip and memory. ``highest`` is the highest point that is allowed: heat holds back
    that of the cores.
    """

    now_ps: int
    interval_ps: int
    point: int
    busy: float
    waiting: bool
    tensor: float
    vector: float
    moved_bytes: int
    power_w: float
    die_c: float
    highest: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One request: its latency, and its energy in that time.

    ``ends_ps`` and ``dynamic_pj`` are by operator: when its last job ended, and its energy (of one point alone).
    """

    latency_ps: int
    energy_pj: float
    ends_ps: tuple[int, ...]
    dynamic_pj: tuple[float, ...]


class Floor(NamedTuple):
    """What is drawn over any time t takes at most ``burst_j`` + ``rate_w`` x t; leakage at ``leakage_at``."""

    rate_w: float
    burst_j: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What a governor knows beforehand: the operating points of its domain by rising clock, and where it starts.

    ``domain`` is ``core``, ``uncore`` or ``memory``; the points of the last have data rates for clocks. ``idle_w`` is
    what the chip draws at each point while all of it rests, ``rest_w`` the same at any voltage and clock, with the
    other domains as at the start. Of the cores alone ``bound_w`` gives for each point a bound on the power that the
    program can draw there, up to the temperature at which the chip throttles and in any state of the other domains;
    ``measure`` runs one request at a point and tells how it went; ``rehearse`` runs one under a plan, a point for each
    operator and one for rest, with the changes between them; ``floor`` runs some at the lowest point, back to back, and
    tells what they drew over times of about the length that it is given (ps). ``leakage_w`` is the part of static power
    that goes with temperature, by point, at ``leakage_at``.
    """

    chip: Chip
    points: tuple[OperatingPoint, ...]
    start: int
    bound_w: Callable[[], tuple[float, ...]]
    idle_w: tuple[float, ...]
    rest_w: Callable[[float, int], float]
    measure: Callable[[int], Measured]
    rehearse: Callable[[Sequence[int], int], Measured]
    floor: Callable[[int], Floor]
    leakage_w: tuple[float, ...]
    domain: str = "core"

    @property
    def path(self) -> str:
        """The parameter that names the governor."""
        return "power.governor" if self.domain == "core" else f"power.{self.domain}.governor"

    def window_pj(self, run: Measured, last: int, rest: int, window_ps: int) -> float:
        """Energy from the start of a request to that of the next, ``window_ps`` later, with rest after the request.

        ``last`` is the point at which the request ends; the way from there to rest counts.
        """
        way = change(self.points[last], self.points[rest], self.chip.power.transition)
        rest_ps = max(0, window_ps - run.latency_ps - way.time_ps)
        return run.energy_pj + way.energy_pj + self.change_w(last, rest) * way.time_ps + self.idle_w[rest] * rest_ps

    def change_w(self, old: int, new: int) -> float:
        """Power on the way between two points: at the higher voltage and the lower clock."""
        one, other = self.points[old], self.points[new]
        return self.rest_w(max(one.voltage_v, other.voltage_v), min(one.clock_hz, other.clock_hz))


class Governor(Protocol):
    """A policy."""

    @property
    def first(self) -> int:
        """The point at which the run starts."""

    def choose(self, sample: Sample) -> int:
        """The point for the next interval."""


@runtime_checkable
class Prompt(Protocol):
    """A governor that is also asked at the instant at which work comes or goes, as the driver knows who launches it."""

    def work_changed(self, waiting: bool) -> int:
        """The point from now on; ``waiting``: whether a request is being worked on."""


@runtime_checkable
class Planning(Protocol):
    """A governor that is also asked when operators end that it has marked, as by instructions of the program."""

    @property
    def marks(self) -> Sequence[int]:
        """Indices of the operators."""

    def reached(self, operator: int, waiting: bool) -> int:
        """The point from now on, after one of them ended."""


def governor_names() -> list[str]:
    """Names of all governors: the files of this folder, then those of entry points."""
    own = sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
    return own + sorted(entry.name for entry in entry_points(group=__name__))


def make_governor(text: str, setting: Setting) -> Governor:
    """The governor that ``name`` or ``name:what it is told`` stands for. Raises LeptonError where there is none."""
    name, _, told = text.partition(":")
    is_own = name.isidentifier() and not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None
    # to list the packages that are installed takes longer than some simulations
    given = [] if is_own else [entry for entry in entry_points(group=__name__) if entry.name == name]
    if not is_own and not given:
        names = governor_names()
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        raise LeptonError(f"{setting.path}: no governor is called {name!r}; {hint}")
    module = given[0].load() if given else importlib.import_module(f"{__name__}.{name}")
    governor: Governor = module.govern(setting, told)
    return governor


def told_nothing(name: str, told: str, setting: Setting) -> None:
    """Refuse what is told to a governor that takes nothing."""
    if told:
        raise LeptonError(f"{setting.path}: {name} takes nothing after its name, not {told!r}")


def of_the_cores(name: str, setting: Setting) -> None:
    """Refuse another domain than the cores for a governor that chooses states of these alone."""
    if setting.domain != "core":
        raise LeptonError(
            f"{setting.path}: {name} chooses states of the cores only (power.governor); "
            "fixed, powersave, race_to_idle, on_demand and schedutil choose those of any domain"
        )


def clocks_of(points: Sequence[OperatingPoint]) -> tuple[int, ...]:
    """The clocks of some points."""
    return tuple(point.clock_hz for point in points)


def lowest_at_least(clocks_hz: Sequence[int], clock_hz: float) -> int:
    """The lowest of rising clocks that is at least ``clock_hz``; the highest where none is."""
    found = bisect_left(clocks_hz, clock_hz)
    return found if found < len(clocks_hz) else len(clocks_hz) - 1
