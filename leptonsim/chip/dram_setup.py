"""What the burst-level DRAM kernel takes: organisation, timings and controller of channels, and streams of accesses.

All times are whole ticks, all sizes bytes. A tick is a clock of the command bus, or half of one where a standard has
commands of half a clock. Command-to-command times are given as they act in the kernel (a write to a read is CWL +
burst + tWTR, for example), so that the kernel knows no standard and no controller by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FIELDS = ("channel", "lane", "rank", "group", "bank", "row", "column")
"""Fields of an address, in the order of their numbers in ``address_map``; a lane is a pseudo-channel."""

BOUNDS = ("data_bus", "bank_groups", "activate_window", "command_bus", "banks", "turnaround", "refresh", "outstanding")
"""What the time of a data bus goes to: bytes moved, then the causes of its gaps."""

Pair = tuple[tuple[int, int], tuple[int, int]]
"""Ticks from a column command to the next, [previous][next], 0 a read and 1 a write."""


@dataclass(frozen=True, slots=True)
class DramSetup:
    """Channels, their parts and controllers. Rows, columns and counts are powers of two."""

    channels: int
    lanes: int
    ranks: int
    groups: int
    banks_per_group: int
    rows: int
    columns: int
    access_bytes: int
    # (field, lowest address bit, bits, lowest bit in the field) and (field, source field, lowest source bit, bits)
    address_map: tuple[tuple[int, int, int, int], ...]
    xor_map: tuple[tuple[int, int, int, int], ...]
    # Timings, in ticks.
    tick_hz: int
    burst: int
    read_latency: int
    act_to_read: int
    act_to_write: int
    act_to_pre: int
    act_to_act: int
    act_to_act_rank: int
    act_to_act_group: int
    four_activates: int
    wide_window: int
    pre_to_act: int
    pre_to_pre: int
    read_to_pre: int
    write_to_pre: int
    same_group: Pair
    same_rank: Pair
    other_rank: Pair
    # Refresh.
    refresh_interval: int
    refresh_cycle: int
    refresh_mode: Literal["rank", "lane", "bank"] = "rank"
    refresh_staggered: bool = False
    refresh_one_precharge: bool = True
    refresh_blocks_channel: bool = False
    act_to_refresh: int = 0
    pre_to_refresh: int = 0
    activate_scope: Literal["rank", "lane"] = "rank"
    # Command buses.
    two_buses: bool = False
    act_slots: int = 1
    column_slots: int = 1
    pre_slots: int = 1
    issue_align: int = 1
    split_activate: int = 0
    column_sync: int = 0
    # Controller.
    arbiter: Literal["bank_round_robin", "oldest_ready"] = "oldest_ready"
    read_queue: int = 32
    write_queue: int = 32
    bank_queue: int = 0
    row_hit_cap: int = 0
    protect_hits: Literal["none", "older", "all"] = "older"
    age_cap: int = 0
    drain_high: int = 26
    drain_low: int = 6
    drain_idle: int = 0
    posted_writes: bool = False
    merge_reads: bool = False
    # Source.
    sends_per_tick: int = 2
    window: int = 256
    interval: tuple[int, int] = field(default=(0, 1))

    def __post_init__(self) -> None:
        """Raise ValueError for a controller whose writes would wait for ever."""
        if self.arbiter != "bank_round_robin":
            return
        enough = min(self.drain_high, max(1, self.drain_idle))
        if enough > self.write_queue or (not self.posted_writes and self.channels * (enough - 1) >= self.window):
            raise ValueError(f"DramSetup: writes drain when {enough} wait, but never so many can")

    @property
    def banks(self) -> int:
        """Banks of one channel."""
        return self.lanes * self.ranks * self.groups * self.banks_per_group

    @property
    def peak_bytes_per_s(self) -> int:
        """Peak of all data pins."""
        return self.channels * self.lanes * self.access_bytes * self.tick_hz // self.burst

    def ps(self, ticks: int) -> int:
        """Picoseconds of a number of ticks, to the nearest."""
        return (2 * ticks * 10**12 + self.tick_hz) // (2 * self.tick_hz)


@dataclass(frozen=True, slots=True)
class Stream:
    """One source of accesses, by byte range or pattern.

    linear: from ``base`` upwards, wrapping after ``span_bytes``. tile: ``tile_rows`` rows of ``run_bytes`` at a pitch
    of ``pitch_bytes``, row after row, then the tile to the right until the pitch is used up, then the tiles below.
    random: runs of ``run_bytes`` at uniformly random multiples of it below ``span_bytes``. A stream takes
    ``turn_accesses`` accesses when it is its turn, begins at ``start_tick`` and ends after ``accesses`` (0: never).
    """

    kind: Literal["linear", "tile", "random"] = "linear"
    write: bool = False
    base: int = 0
    span_bytes: int = 1 << 40
    run_bytes: int = 64
    pitch_bytes: int = 0
    tile_rows: int = 1
    turn_accesses: int = 1
    start_tick: int = 0
    accesses: int = 0
    seed: int = 1
