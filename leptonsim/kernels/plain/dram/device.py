"""The devices of one channel: when a command may be issued, what it does, and refresh."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from leptonsim.chip.dram_setup import DramSetup
from leptonsim.kernels.plain.dram.state import (
    ACTIVATE_WINDOW,
    BANK_GROUPS,
    BANKS,
    COMMAND_BUS,
    DATA_BUS,
    OUTSTANDING,
    READ,
    REFRESH,
    TURNAROUND,
    WRITE,
    Bank,
    Entry,
    Group,
)


class Owner(Protocol):
    """The simulation, as its channels see it."""

    setup: DramSetup
    total: dict[str, int]
    bounds: list[int]
    in_flight: int
    used: int
    flushing: bool

    def count(self, entry: Entry, tick: int) -> None:
        """Count an access as done at ``tick``."""


class Device:
    """One channel's banks and buses, and what each command does to them; ``owner`` holds the setup and the counts."""

    def __init__(self, owner: Owner) -> None:
        setup = self.setup = owner.setup
        self.owner = owner
        per_rank = setup.groups * setup.banks_per_group
        self.banks = [
            Bank(b, b // setup.banks_per_group, b // per_rank, b // (per_rank * setup.ranks))
            for b in range(setup.banks)
        ]
        self.groups = [Group() for _ in range(setup.lanes * setup.ranks * setup.groups)]
        self.ranks = [Group() for _ in range(setup.lanes * setup.ranks)]
        self.arriving: deque[Entry] = deque()
        # Entries in the read and write queue, wherever they wait.
        self.waiting = [0, 0]
        self.row_free = self.col_free = 0
        self.lane_free = [0] * setup.lanes
        self.lane_last = [READ] * setup.lanes
        self.unit_banks = {"rank": per_rank, "lane": per_rank * setup.ranks, "bank": 1}[setup.refresh_mode]
        self.units = setup.banks // self.unit_banks
        self.one_by_one = setup.refresh_staggered or setup.refresh_mode == "bank"
        self.next_refresh = self._interval() if setup.refresh_interval else None
        self.refresh_unit = self.refreshes_due = 0
        self.refreshing = False
        self.synced_until = 0
        self.split_deadline: int | None = None

    # ---- earliest ticks

    def _aligned(self, tick: int) -> int:
        return -(-tick // self.setup.issue_align) * self.setup.issue_align

    def _act_at(self, bank: Bank) -> int:
        return self._aligned(
            max(bank.act_at, self.groups[bank.group].act_at, self.ranks[bank.rank].act_at, self.row_free)
        )

    def _pre_at(self, bank: Bank) -> int:
        return max(bank.pre_at, self.ranks[bank.rank].pre_at, self.row_free)

    def _col_at(self, bank: Bank, direction: int) -> int:
        group, rank = self.groups[bank.group], self.ranks[bank.rank]
        latest = max(bank.col_at[direction], group.col_at[direction], rank.col_at[direction], self.col_free)
        return self._aligned(latest)

    # ---- commands

    def _take_bus(self, tick: int, column: bool, slots: int) -> None:
        if column or not self.setup.two_buses:
            self.col_free = max(self.col_free, tick + slots)
        if not column or not self.setup.two_buses:
            self.row_free = max(self.row_free, tick + slots)

    def _activate(self, bank: Bank, entry: Entry, tick: int) -> None:
        setup, total = self.setup, self.owner.total
        group, rank = self.groups[bank.group], self.ranks[bank.rank]
        lane_first = bank.lane * setup.ranks
        together = self.ranks[lane_first : lane_first + setup.ranks] if setup.activate_scope == "lane" else [rank]
        latest, cause = entry.accepted, OUTSTANDING
        if bank.act_at > latest:
            latest, cause = bank.act_at, bank.closed_by
        if max(group.act_at, rank.act_at) > latest:
            latest, cause = max(group.act_at, rank.act_at), ACTIVATE_WINDOW
        bank.opened_by = COMMAND_BUS if tick > latest + 2 * setup.issue_align else cause
        bank.row, bank.hits = entry.row, 0
        bank.col_at[READ] = max(bank.col_at[READ], tick + setup.act_to_read)
        bank.col_at[WRITE] = max(bank.col_at[WRITE], tick + setup.act_to_write)
        bank.pre_at = max(bank.pre_at, tick + setup.act_to_pre)
        bank.act_at = max(bank.act_at, tick + setup.act_to_act)
        bank.refresh_at = max(bank.refresh_at, tick + setup.act_to_refresh)
        group.act_at = max(group.act_at, tick + setup.act_to_act_group)
        recent = together[0].activates
        recent.append(tick)
        window = tick + setup.act_to_act_rank
        if len(recent) >= 4:
            window = max(window, recent[-4] + setup.four_activates)
        if setup.wide_window and len(recent) == 32:
            window = max(window, recent[0] + setup.wide_window)
        for each in together:
            each.act_at = max(each.act_at, window)
        if not rank.open_banks:
            rank.open_since = tick
        rank.open_banks += 1
        total["activates"] += 1
        if setup.arbiter == "oldest_ready":
            bank.waiting[entry.write].remove(entry)
            self.waiting[entry.write] -= 1
            bank.active = entry
            if setup.split_activate:
                self.split_deadline = tick + setup.split_activate
        self._take_bus(tick, False, setup.act_slots)

    def _close(self, bank: Bank, tick: int, cause: int) -> None:
        rank = self.ranks[bank.rank]
        bank.row, bank.closed_by = -1, cause
        bank.act_at = max(bank.act_at, tick + self.setup.pre_to_act)
        bank.refresh_at = max(bank.refresh_at, tick + self.setup.pre_to_refresh)
        rank.pre_at = max(rank.pre_at, tick + self.setup.pre_to_pre)
        rank.open_banks -= 1
        if not rank.open_banks:
            rank.open_ticks += tick - rank.open_since

    def _precharge(self, bank: Bank, entry: Entry, tick: int) -> None:
        latest, cause = entry.accepted, OUTSTANDING
        if bank.pre_at > latest:
            latest, cause = bank.pre_at, BANKS
        # It waited long for a bus that was taken up to now.
        if self.row_free == tick and tick > max(latest, self.ranks[bank.rank].pre_at) + 2 * self.setup.issue_align:
            cause = COMMAND_BUS
        self._close(bank, tick, cause)
        self.owner.total["precharges"] += 1
        self._take_bus(tick, False, self.setup.pre_slots)

    def _column(self, bank: Bank, entry: Entry, tick: int) -> None:
        setup, total, way = self.setup, self.owner.total, entry.write
        group, rank = self.groups[bank.group], self.ranks[bank.rank]
        gap = tick - self.lane_free[bank.lane]
        if gap > 0:
            latest, cause = entry.accepted, OUTSTANDING
            if bank.col_at[way] > latest:
                latest, cause = bank.col_at[way], bank.opened_by
            if max(group.col_at[way], rank.col_at[way]) > latest:
                latest = max(group.col_at[way], rank.col_at[way])
                turned = self.lane_last[bank.lane] != way or rank.col_at[way] > group.col_at[way]
                cause = TURNAROUND if turned else BANK_GROUPS
            self.owner.bounds[COMMAND_BUS if tick > latest + 2 * setup.issue_align else cause] += gap
        self.owner.bounds[DATA_BUS] += setup.burst
        self.lane_free[bank.lane], self.lane_last[bank.lane] = tick + setup.burst, way
        total["row_hits"] += bank.hits > 0
        total["write_bursts" if way else "read_bursts"] += 1
        bank.hits += 1
        bank.pre_at = max(bank.pre_at, tick + (setup.write_to_pre if way else setup.read_to_pre))
        first = bank.lane * setup.ranks
        for following in (READ, WRITE):
            group.col_at[following] = max(group.col_at[following], tick + setup.same_group[way][following])
            for each in self.ranks[first : first + setup.ranks]:
                apart = setup.same_rank if each is rank else setup.other_rank
                each.col_at[following] = max(each.col_at[following], tick + apart[way][following])
        if bank.active is entry:
            bank.active = None
        else:
            bank.waiting[way].remove(entry)
            if setup.arbiter == "oldest_ready":
                self.waiting[way] -= 1
        if setup.column_sync:
            self.synced_until = max(self.synced_until, tick + setup.read_latency + setup.column_sync)
        self._take_bus(tick, True, setup.column_slots)
        if way == READ:
            for read in [entry, *entry.merged]:
                read.done = tick + setup.read_latency
                self.arriving.append(read)
            return
        if not setup.posted_writes:
            self.owner.in_flight -= 1
            self.owner.count(entry, tick)
        self.owner.used -= 1

    # ---- refresh

    def _interval(self) -> int:
        return self.setup.refresh_interval // (self.units if self.one_by_one else 1)

    def _unit(self) -> list[Bank]:
        """Banks that are refreshed next."""
        return self.banks[self.refresh_unit * self.unit_banks : (self.refresh_unit + 1) * self.unit_banks]

    def _held(self) -> list[Bank]:
        """Banks that take no new commands since their refresh has begun."""
        return self._unit() if self.refreshing else []

    def _refresh(self, tick: int) -> bool:
        """Close the banks of the unit whose turn it is, then refresh it; True when a command was issued."""
        setup = self.setup
        self.refreshing = True
        opened = [bank for bank in self._unit() if bank.row >= 0]
        if opened and setup.refresh_one_precharge:
            closing = [bank for bank in opened if not bank.active and self._pre_at(bank) <= tick][:1]
        elif opened:
            ready = all(not bank.active and self._pre_at(bank) <= tick for bank in opened)
            closing = opened if ready else []
        else:
            if self._aligned(max([self.row_free, *(bank.refresh_at for bank in self._unit())])) > tick:
                return False
            for bank in self._unit():
                bank.act_at = max(bank.act_at, tick + setup.refresh_cycle)
                bank.refresh_at = max(bank.refresh_at, tick + setup.refresh_cycle)
                bank.closed_by = REFRESH
            self.owner.total["refreshes"] += 1
            self.refreshing = False
            self.refreshes_due -= 1
            self.refresh_unit = (self.refresh_unit + 1) % self.units
            self._take_bus(tick, False, setup.pre_slots)
            return True
        for bank in closing:
            self._close(bank, tick, REFRESH)
        if closing:
            self.owner.total["precharges"] += 1
            self._take_bus(tick, False, setup.pre_slots)
        return bool(closing)
