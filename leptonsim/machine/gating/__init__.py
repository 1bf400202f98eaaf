"""Policies that put blocks to sleep while they rest.

Each is one file of this folder; its name is the value of ``power.blocks.<block>.gating``, which may tell it something
after a colon (``idle_detection:1us``). Third parties add to them by entry points of the group
``leptonsim.machine.gating``. A module has ``gate(states, told)``, which gives a ``Policy``; it raises LeptonError for a
text that it does not understand.

A policy says two things: what the machine has to time while it runs (blocks that fell asleep make the next job wait),
and, given the rests that there were, which parts of them were slept in which state. Sleep that begins and ends costs
the break-even time of its state, unless the policy is one for which it is free. One that goes by the length of each
rest alone gives ``rules`` too.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from leptonsim.errors import LeptonError
from leptonsim.machine.sleep import SleepState

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """A state to choose from, and the watts that a block of its kind saves in it, at the chip's starting point."""

    state: SleepState
    saved_w: float


class Stays(NamedTuple):
    """Sleep in one state: begins and ends in ps, int64 (n,) each; ``is_free``: nothing is paid for it."""

    state: int
    begin_ps: Integers
    end_ps: Integers
    is_free: bool


class Rule(NamedTuple):
    """What a rest of some length means: one longer than ``above_ps``, and not longer than ``upto_ps``, is slept in a
    state from ``from_ps`` after its beginning until ``until_ps`` after it; None: until ``wake_ps`` before its end.
    """

    state: int
    above_ps: int
    upto_ps: int | None
    from_ps: int
    until_ps: int | None
    wake_ps: int
    is_free: bool

    def stays(self, begin_ps: Integers, end_ps: Integers) -> Stays:
        """What of these rests was slept by the rule."""
        rest = end_ps - begin_ps
        own = rest > self.above_ps
        if self.upto_ps is not None:
            own &= rest <= self.upto_ps
        begin, end = begin_ps[own], end_ps[own]
        until = end - self.wake_ps if self.until_ps is None else begin + self.until_ps
        return Stays(self.state, begin + self.from_ps, until, self.is_free)


@runtime_checkable
class Ruled(Protocol):
    """A policy that goes by the length of each rest alone: what it comes to is worked out while the run goes on, for
    next to nothing.
    """

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What ``stays`` goes by."""


class Policy(Protocol):
    """A policy for one kind of block."""

    @property
    def sleeps(self) -> tuple[tuple[int, int], ...]:
        """What the machine times: idle time after which a state is entered, and the time that the next job waits."""

    @property
    def from_ps(self) -> int | None:
        """The shortest rest of which the policy wants to know; None: of none."""

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """What of these rests, int64 (n,) each, was slept."""


@functools.cache
def _own() -> tuple[str, ...]:
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_")))


@functools.cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


def gating_names() -> list[str]:
    """Names of all policies: the files of this folder, then those of entry points."""
    return [*_own(), *sorted(entry.name for entry in entry_points(group=__name__))]


def make_policy(block: str, text: str, choices: Sequence[Choice]) -> Policy:
    """The policy that ``name`` or ``name:what it is told`` stands for. Raises LeptonError where there is none."""
    name, _, told = text.partition(":")
    where = f"power.blocks.{block}.gating"
    if name in _own():
        module = _module(name)
    else:
        given = [entry for entry in entry_points(group=__name__) if entry.name == name]
        if not given:
            names = gating_names()
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
            raise LeptonError(f"{where}: no policy is called {name!r}; {hint}")
        module = given[0].load()
    try:
        policy: Policy = module.gate(tuple(choices), told)
    except LeptonError as error:
        raise LeptonError(f"{where}: {error}") from None
    return policy


def told_nothing(name: str, told: str) -> None:
    """Refuse what is told to a policy that takes nothing."""
    if told:
        raise LeptonError(f"{name} takes nothing after its name, not {told!r}")
