"""``ideal``: every rest is slept whole in the state that saves most, for nothing: a bound for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leptonsim.machine.gating import Choice, Integers, Policy, Rule, Stays, told_nothing


@dataclass(frozen=True)
class Ideal:
    """``state`` is the state that saves most."""

    state: int
    sleeps: tuple[tuple[int, int], ...] = ()
    from_ps: int | None = 0

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All of it."""
        return (Rule(self.state, -1, None, 0, None, 0, True),)

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """By the rule."""
        return [rule.stays(begin_ps, end_ps) for rule in self.rules]


def gate(choices: Sequence[Choice], told: str) -> Policy:
    """Sleep always."""
    told_nothing("ideal", told)
    return Ideal(max(range(len(choices)), key=lambda state: choices[state].saved_w))
