"""Policies that put blocks to sleep while they rest.

Each is one file of this folder; its name is the value of ``power.blocks.<block>.gating``, which may tell it something
after a colon (``idle_detection:1us``). Third parties add to them by entry points of the group
``leptonsim.machine.gating``. A module has ``gate(states, told)``, which gives a ``Policy``; it raises LeptonError for a
text that it does not understand.

A policy says two things: what the machine has to time while it runs (blocks that fell asleep make the next job wait),
and, given the rests that there were, which parts of them were slept in which state. Sleep that begins and ends costs
the break-even time of its state, unless the policy is one for which it is free.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import NamedTuple, Protocol

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


class Stay(NamedTuple):
    """Sleep in one state, once."""

    state: int
    begin_ps: int
    end_ps: int
    is_free: bool


Judge = Callable[[int, int], Sequence[Stay]]
"""What of one rest, from begin to end in ps, was slept."""


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


def judge_of(policy: Policy) -> Judge:
    """A policy's word on one rest at a time, which readings of a governed run ask for often.

    It is the policy's method ``stay(begin_ps, end_ps)`` if it has one, else what ``stays`` says of that rest alone.
    """
    own: Judge | None = getattr(policy, "stay", None)

    def alone(begin_ps: int, end_ps: int) -> Sequence[Stay]:
        several = policy.stays(np.array([begin_ps], dtype=np.int64), np.array([end_ps], dtype=np.int64))
        return [
            Stay(stays.state, int(begin), int(end), stays.is_free)
            for stays in several
            for begin, end in zip(stays.begin_ps, stays.end_ps, strict=True)
        ]

    return own or alone


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
