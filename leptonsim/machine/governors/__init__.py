"""Governors: policies that choose the operating point, sample after sample.

Each is one file of this folder; its name is the value of ``power.governor``, which may tell it something after a colon
(``power_cap:60W``). Third parties add to them by entry points of the group ``leptonsim.machine.governors``. A module
has ``govern(setting, told)``, which gives a ``Governor``; it raises LeptonError for a text that it does not understand.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import NamedTuple, Protocol

from leptonsim.chip.spec import Chip
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import OperatingPoint


class Sample(NamedTuple):
    """What a governor sees of the interval that has just ended.

    ``point`` is the index of the operating point; ``busy`` the share of the interval in which a request was being
    worked on, ``waiting`` whether one is now; ``tensor`` and ``vector`` the share of its cycles in which these engines
    computed, of the busier kind averaged over cores; ``moved_bytes`` what the cores' DMA moved; ``power_w`` the mean
    power of chip and memory. ``highest`` is the point that heat allows.
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
    """One request at one point: its latency, and its energy in that time."""

    latency_ps: int
    energy_pj: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What a governor knows beforehand: the operating points by rising clock, and where the chip starts.

    ``most_w`` is for each point a bound on the power that the program can draw there, up to the temperature at which
    the chip throttles, ``static_w`` what the chip draws while all of it rests. ``measure`` runs one request at a point
    and tells how it went.
    """

    chip: Chip
    points: tuple[OperatingPoint, ...]
    start: int
    most_w: tuple[float, ...]
    static_w: tuple[float, ...]
    measure: Callable[[int], Measured]


class Governor(Protocol):
    """A policy."""

    @property
    def first(self) -> int:
        """The point at which the run starts."""

    def choose(self, sample: Sample) -> int:
        """The point for the next interval."""


def governor_names() -> list[str]:
    """Names of all governors: the files of this folder, then those of entry points."""
    own = sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
    return own + sorted(entry.name for entry in entry_points(group=__name__))


def make_governor(text: str, setting: Setting) -> Governor:
    """The governor that ``name`` or ``name:what it is told`` stands for. Raises LeptonError where there is none."""
    name, _, told = text.partition(":")
    names = governor_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        raise LeptonError(f"power.governor: no governor is called {name!r}; {hint}")
    given = [entry for entry in entry_points(group=__name__) if entry.name == name]
    module = given[0].load() if given else importlib.import_module(f"{__name__}.{name}")
    governor: Governor = module.govern(setting, told)
    return governor


def told_nothing(name: str, told: str) -> None:
    """Refuse what is told to a governor that takes nothing."""
    if told:
        raise LeptonError(f"power.governor: {name} takes nothing after its name, not {told!r}")


def lowest_at_least(points: tuple[OperatingPoint, ...], core_hz: float) -> int:
    """The lowest point whose clock is at least ``core_hz``; the highest where none is."""
    return next((index for index, point in enumerate(points) if point.core_hz >= core_hz), len(points) - 1)
