"""``directed``: the program knows how long a block will rest, and says when it sleeps.

Of each rest the state is chosen that saves most, if any does: the block sleeps at once and is woken ahead of its next
job, so that nothing waits. A rest shorter than break-even and waking of every state stays awake. This is what ReGate
(Xue and Huang, MICRO 2025) gives to the compiler of vector units and SRAM.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from leptonsim.machine.gating import Choice, Integers, Policy, Rule, Stays, told_nothing


@dataclass(frozen=True)
class Directed:
    """``choices`` are the states with what they save."""

    choices: tuple[Choice, ...]
    sleeps: tuple[tuple[int, int], ...] = ()

    @property
    def from_ps(self) -> int | None:
        """The shortest rest that pays in some state."""
        return min(choice.state.break_even_ps + choice.state.wake_ps for choice in self.choices)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """From the beginning of a rest until the time to wake, in the state that saves most of such a rest."""
        found = []
        costs = [choice.state.break_even_ps + choice.state.wake_ps for choice in self.choices]
        for state, (choice, cost) in enumerate(zip(self.choices, costs, strict=True)):
            above, upto = cost, None
            for other, (rival, its_cost) in enumerate(zip(self.choices, costs, strict=True)):
                watts, its_watts = Fraction(choice.saved_w), Fraction(rival.saved_w)
                if watts == its_watts:
                    if (its_cost, other) < (cost, state):
                        upto = above
                    continue
                # from here on the one that saves more watts is ahead; of equals the first is taken
                level = (watts * cost - its_watts * its_cost) / (watts - its_watts)
                if watts > its_watts:
                    above = max(above, math.floor(level) if other < state else math.ceil(level) - 1)
                else:
                    end = math.ceil(level) - 1 if other < state else math.floor(level)
                    upto = end if upto is None else min(upto, end)
            if choice.saved_w > 0 and (upto is None or upto > above):
                found.append(Rule(state, above, upto, 0, None, choice.state.wake_ps, False))
        return tuple(found)

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """By the rules."""
        return [rule.stays(begin_ps, end_ps) for rule in self.rules]


def gate(choices: Sequence[Choice], told: str) -> Policy:
    """Sleep where it pays."""
    told_nothing("directed", told)
    return Directed(tuple(choices))
