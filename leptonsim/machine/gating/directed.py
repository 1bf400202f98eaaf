"""``directed``: the program knows how long a block will rest, and says when it sleeps.

Of each rest the state is chosen that saves most, if any does: the block sleeps at once and is woken ahead of its next
job, so that nothing waits. A rest shorter than break-even and waking of every state stays awake. This is what ReGate
(Xue and Huang, MICRO 2025) gives to the compiler of vector units and SRAM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leptonsim.machine.gating import Choice, Integers, Policy, Stay, Stays, told_nothing


@dataclass(frozen=True)
class Directed:
    """``choices`` are the states with what they save."""

    choices: tuple[Choice, ...]
    sleeps: tuple[tuple[int, int], ...] = ()

    @property
    def from_ps(self) -> int | None:
        """The shortest rest that pays in some state."""
        return min(choice.state.break_even_ps + choice.state.wake_ps for choice in self.choices)

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """From the beginning of a rest until the time to wake."""
        rest = end_ps - begin_ps
        gains = np.array(
            [
                choice.saved_w * (rest - choice.state.break_even_ps - choice.state.wake_ps).astype(np.float64)
                for choice in self.choices
            ]
        )
        best = gains.argmax(axis=0)
        found = []
        for state, choice in enumerate(self.choices):
            own = (best == state) & (gains[state] > 0)
            found.append(Stays(state, begin_ps[own], end_ps[own] - choice.state.wake_ps, False))
        return found

    def stay(self, begin_ps: int, end_ps: int) -> tuple[Stay, ...]:
        """The same of one rest."""
        rest, best, most = end_ps - begin_ps, 0, 0.0
        for state, choice in enumerate(self.choices):
            gain = choice.saved_w * float(rest - choice.state.break_even_ps - choice.state.wake_ps)
            if gain > most:
                best, most = state, gain
        if most <= 0:
            return ()
        return (Stay(best, begin_ps, end_ps - self.choices[best].state.wake_ps, False),)


def gate(choices: Sequence[Choice], told: str) -> Policy:
    """Sleep where it pays."""
    told_nothing("directed", told)
    return Directed(tuple(choices))
