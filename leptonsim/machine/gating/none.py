"""``none``: blocks that rest stay awake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leptonsim.machine.gating import Choice, Integers, Policy, Rule, Stays, told_nothing


@dataclass(frozen=True)
class Awake:
    """Nothing sleeps."""

    sleeps: tuple[tuple[int, int], ...] = ()
    from_ps: int | None = None

    rules: tuple[Rule, ...] = ()

    def stays(self, begin_ps: Integers, end_ps: Integers) -> list[Stays]:
        """No sleep."""
        return []


def gate(choices: Sequence[Choice], told: str) -> Policy:
    """Never sleep."""
    told_nothing("none", told)
    return Awake()
