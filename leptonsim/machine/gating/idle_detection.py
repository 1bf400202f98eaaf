"""``idle_detection:1us``: hardware puts a block to sleep when it has been idle for so long.

Blocks with several states may be told a time for each (``idle_detection:2us,50us``); those beyond the last are not
used. Without a time each state is entered after its own break-even time, which costs at most twice what knowing the
future would (Karlin et al., SODA 1990). The job that finds the block asleep waits until it is awake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leptonsim.chip.units import TIME
from leptonsim.errors import LeptonError
from leptonsim.machine.gating import Choice, Integers, Policy, Rule, Stays


@dataclass(frozen=True)
class IdleDetection:
    """``after_ps`` idle each state is entered; ``sleeps`` has that and the time to wake."""

    sleeps: tuple[tuple[int, int], ...]

    @property
    def from_ps(self) -> int | None:
        """A rest in which something is entered."""
        return self.sleeps[0][0]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """From the idle time of a state to that of the next one, or to the end of the rest.

        Only the deepest state that was reached is paid for: its break-even time covers the way through the others.
        """
        afters = [after for after, _ in self.sleeps]
        found = []
        for state, after in enumerate(afters):
            deeper = afters[state + 1] if state + 1 < len(afters) else None
            found.append(Rule(state, after, deeper, after, None, 0, False))
            if deeper is not None:
                found.append(Rule(state, deeper, None, after, deeper, 0, True))
        return tuple(found)

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """By the rules."""
        return [rule.stays(begin_ps, end_ps) for rule in self.rules]


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
