"""``ideal``: every rest is slept whole in the state that saves most, for nothing: a bound for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leptonsim.machine.gating import Choice, Integers, Policy, Stay, Stays, told_nothing


@dataclass(frozen=True)
class Ideal:
    """``state`` is the state that saves most."""

    state: int
    sleeps: tuple[tuple[int, int], ...] = ()
    from_ps: int | None = 0

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """All of it."""
        return [Stays(self.state, begin_ps, end_ps, True)]

    def stay(self, begin_ps: int, end_ps: int) -> tuple[Stay, ...]:
        """All of it."""
        return (Stay(self.state, begin_ps, end_ps, True),)


def gate(choices: Sequence[Choice], told: str) -> Policy:
    """Sleep always."""
    told_nothing("ideal", told)
    return Ideal(max(range(len(choices)), key=lambda state: choices[state].saved_w))
