"""The budget of a sliding window: what the next interval may take so that every window still holds.

Every window that the next interval falls into is looked at in turn: what was drawn in it so far, and the floor for each
of its intervals to come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol


class Sample(Protocol):
    """What is known of an interval."""

    @property
    def interval_ps(self) -> int:
        """How long it was."""

    @property
    def power_w(self) -> float:
        """Its mean power."""


class PowerWindow:
    """See ``kernels/power_window.pyx`` for the parameters."""

    def __init__(self, intervals: int, floor_j: float, budget_j: float, needs_j: Sequence[float]) -> None:
        if not 1 <= intervals < 1 << 40 or len(needs_j) < 1:
            raise ValueError("PowerWindow: at least one interval, and at least one choice")
        self._intervals, self._floor_j, self._budget_j, self._needs_j = intervals, floor_j, budget_j, list(needs_j)
        self._sample, self._total_j = 0, 0.0
        self._levels: deque[float] = deque([0.0], maxlen=intervals)

    def add(self, energy_j: float) -> int:
        """An interval is over that took so much; the highest choice for the next one, as ``allowed``."""
        self._total_j += energy_j
        self._sample += 1
        self._levels.append(self._floor_j * self._sample - self._total_j)
        return self.allowed()

    def choose(self, sample: Sample) -> int:
        """``add`` of a governor's sample: of its mean power times its interval, which is a whole one."""
        return self.add(sample.power_w * sample.interval_ps / 1e12)

    def allowed(self) -> int:
        """The highest choice whose need fits into every window that the next interval falls into; 0 where none does."""
        to_come_j = self._floor_j * (self._intervals - 1 - self._sample)
        room_j = self._budget_j - (self._total_j + to_come_j + max(self._levels))
        return max((choice for choice, need_j in enumerate(self._needs_j) if need_j <= room_j), default=0)
