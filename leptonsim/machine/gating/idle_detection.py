"""``idle_detection:1us``: hardware puts a block to sleep when it has been idle for so long.

Blocks with several states may be told a time for each (``idle_detection:2us,50us``); those beyond the last are not
used. Without a time each state is entered after its own break-even time, which costs at most twice what knowing the
future would (Karlin et al., SODA 1990). The job that finds the block asleep waits until it is awake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leptonsim.chip.units import TIME
from leptonsim.errors import LeptonError
from leptonsim.machine.gating import Choice, Integers, Policy, Stay, Stays


@dataclass(frozen=True)
class IdleDetection:
    """``after_ps`` idle each state is entered; ``sleeps`` has that and the time to wake."""

    sleeps: tuple[tuple[int, int], ...]

    @property
    def from_ps(self) -> int | None:
        """A rest in which something is entered."""
        return self.sleeps[0][0]

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """From the idle time of a state to that of the next one, or to the end of the rest.

        Only the deepest state that was reached is paid for: its break-even time covers the way through the others.
        """
        found = []
        afters = [after for after, _ in self.sleeps]
        for state, after in enumerate(afters):
            deeper = afters[state + 1] if state + 1 < len(afters) else None
            rest = end_ps - begin_ps
            passing = rest > deeper if deeper is not None else np.zeros(len(rest), dtype=bool)
            last = (rest > after) & ~passing
            found.append(Stays(state, begin_ps[last] + after, end_ps[last], False))
            if deeper is not None:
                found.append(Stays(state, begin_ps[passing] + after, begin_ps[passing] + deeper, True))
        return found

    def stay(self, begin_ps: int, end_ps: int) -> list[Stay]:
        """The same of one rest."""
        found = []
        for state, (after, _) in enumerate(self.sleeps):
            if end_ps - begin_ps <= after:
                break
            deeper = self.sleeps[state + 1][0] if state + 1 < len(self.sleeps) else None
            if deeper is not None and end_ps - begin_ps > deeper:
                found.append(Stay(state, begin_ps + after, begin_ps + deeper, True))
            else:
                found.append(Stay(state, begin_ps + after, end_ps, False))
        return found


def gate(choices: Sequence[Choice], told: str) -> Policy:
    """Idle times as told, or the break-even times."""
    states = [choice.state for choice in choices]
    try:
        after = [int(TIME.parse(text)) for text in told.split(",")] if told else [s.break_even_ps for s in states]
    except LeptonError as error:
        raise LeptonError(f"idle_detection takes idle times, as in idle_detection:1us: {error}") from None
    if len(after) > len(states):
        names = ", ".join(state.name for state in states)
        raise LeptonError(f"idle_detection is told {len(after)} times for {len(states)} states ({names})")
    if sorted(after) != after or min(after) < 0:
        raise LeptonError(f"idle_detection takes idle times in rising order, not {told!r}")
    return IdleDetection(tuple((idle, state.wake_ps) for idle, state in zip(after, states, strict=False)))
