"""What the twin keeps: accesses on their way, banks, and groups of banks (bank groups, ranks)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from leptonsim.chip.dram_setup import BOUNDS

READ, WRITE = 0, 1
(DATA_BUS, BANK_GROUPS, ACTIVATE_WINDOW, COMMAND_BUS, BANKS, TURNAROUND, REFRESH, OUTSTANDING) = range(len(BOUNDS))


@dataclass(eq=False)
class Entry:
    """One access from its sending to its end; ``order`` is its age."""

    order: int
    bank: int
    row: int
    column: int
    write: int
    stream: int
    accepted: int = 0
    done: int = 0
    merged: list[Entry] = field(default_factory=list)


@dataclass(eq=False)
class Bank:
    """A bank: its open row (-1: none), the earliest ticks of its commands, and the entries that wait for it."""

    index: int
    group: int
    rank: int
    lane: int
    row: int = -1
    act_at: int = 0
    pre_at: int = 0
    refresh_at: int = 0
    col_at: list[int] = field(default_factory=lambda: [0, 0])
    waiting: list[list[Entry]] = field(default_factory=lambda: [[], []])
    hits: int = 0
    active: Entry | None = None
    closed_by: int = 0
    opened_by: int = 0

    def first(self, direction: int, hit: bool) -> Entry | None:
        """The oldest waiting entry that hits (or misses) the open row."""
        if self.row < 0:
            return None
        return next((entry for entry in self.waiting[direction] if (entry.row == self.row) == hit), None)


@dataclass(eq=False)
class Group:
    """A bank group, or a rank, with the earliest ticks of commands by its history."""

    act_at: int = 0
    pre_at: int = 0
    col_at: list[int] = field(default_factory=lambda: [0, 0])
    activates: deque[int] = field(default_factory=lambda: deque(maxlen=32))
    open_banks: int = 0
    open_since: int = 0
    open_ticks: int = 0
