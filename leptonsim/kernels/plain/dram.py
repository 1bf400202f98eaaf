"""Burst-level DRAM in plain Python: what the compiled kernel ``leptonsim.kernels.dram`` does, tick by tick.

Each tick: sources send accesses while fewer than ``window`` are in flight and their pace allows; then each channel
takes sent accesses into its queues (the oldest first, a few each tick), counts data that have arrived, notes
refreshes that are due, and issues commands: one on the command bus, or one each on a row and a column bus. A command
may be issued when every earlier command that concerns its bank, bank group, rank or pseudo-channel is long enough
ago; those times are ``DramSetup``'s.

Two arbiters. ``oldest_ready``: reads go first until the write queue is filled to ``drain_high`` (or no read waits),
then writes down to ``drain_low``; of the requests in the queue being served the oldest whose next command is ready
goes first; one that a row was opened for goes before all and keeps that row open; a row with hits that wait is not
closed for a younger request (``protect_hits``), or for an older one before it has waited ``age_cap``.
``bank_round_robin``: requests move one each tick from a read or write queue to short queues of their banks, which are
served in turn, each offering its first ready command; only the first of a bank's queue may close a row, when no hit
waits or ``row_hit_cap`` of them were served. Writes move when ``drain_high`` of them wait (all of these), or
``drain_idle`` and no read.

With ``merge_reads`` a read of a burst that another read waits for takes no place in the queues and is served with it.

Modelled: banks, bank groups, ranks, pseudo-channels, activate windows, command slots, turnaround, refresh (of ranks,
pseudo-channels or banks, together or staggered), address maps with hashes. Not modelled: power-down, self-refresh,
forwarding of written data to reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from leptonsim.chip.dram_setup import BOUNDS, DramSetup, Stream

READ, WRITE = 0, 1
LONGEST = (1 << 16) - 1
_DATA, _GROUPS, _WINDOW, _COMMAND, _BANKS, _TURN, _REFRESH, _OUTSTANDING = range(len(BOUNDS))
_MASK = (1 << 64) - 1


@dataclass(eq=False)
class _Entry:
    """One access from its sending to its end; ``order`` is its age."""

    order: int
    bank: int
    row: int
    column: int
    write: int
    stream: int
    accepted: int = 0
    done: int = 0
    merged: list[_Entry] = field(default_factory=list)


@dataclass(eq=False)
class _Source:
    """One stream as it goes on."""

    stream: Stream
    sent: int = 0
    returned: int = 0
    last_done: int = -1
    at: int = 0
    run_end: int = 0
    tile_x: int = 0
    tile_y: int = 0
    tile_row: int = 0
    random: int = 0

    def has_more(self, tick: int) -> bool:
        """Whether it may send at ``tick``."""
        return self.stream.start_tick <= tick and not (self.stream.accesses and self.sent == self.stream.accesses)

    def next(self, access: int) -> tuple[int, int]:
        """Address of its next access, and how many bytes of it are asked for."""
        stream = self.stream
        self.sent += 1
        if stream.kind == "linear":
            address = stream.base + self.at
            self.at = 0 if self.at + access >= stream.span_bytes else self.at + access
            return address, access
        if self.at >= self.run_end:
            self.at = self._next_run()
            self.run_end = self.at + stream.run_bytes
        address = self.at - self.at % access
        end = min(address + access, self.run_end)
        useful, self.at = end - self.at, end
        return address, useful

    def _next_run(self) -> int:
        stream = self.stream
        if stream.kind == "random":
            # splitmix64 (Steele, Lea and Flood, OOPSLA 2014)
            self.random = (self.random + 0x9E3779B97F4A7C15) & _MASK
            z = self.random
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
            z ^= z >> 31
            return stream.base + z % (stream.span_bytes // stream.run_bytes) * stream.run_bytes
        row = self.tile_y * stream.tile_rows + self.tile_row
        start = stream.base + row * stream.pitch_bytes + self.tile_x * stream.run_bytes
        self.tile_row += 1
        if self.tile_row == stream.tile_rows:
            self.tile_row = 0
            self.tile_x += 1
            if (self.tile_x + 1) * stream.run_bytes > stream.pitch_bytes:
                self.tile_x = 0
                self.tile_y += 1
                if self.tile_y * stream.tile_rows * stream.pitch_bytes >= stream.span_bytes:
                    self.tile_y = 0
        return start


@dataclass(eq=False)
class _Bank:
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
    waiting: list[list[_Entry]] = field(default_factory=lambda: [[], []])
    hits: int = 0
    active: _Entry | None = None
    closed_by: int = 0
    opened_by: int = 0

    def first(self, direction: int, hit: bool) -> _Entry | None:
        """The oldest waiting entry that hits (or misses) the open row."""
        if self.row < 0:
            return None
        return next((entry for entry in self.waiting[direction] if (entry.row == self.row) == hit), None)


@dataclass(eq=False)
class _Group:
    """A bank group, or a rank, with the earliest ticks of commands by its history."""

    act_at: int = 0
    pre_at: int = 0
    col_at: list[int] = field(default_factory=lambda: [0, 0])
    activates: deque[int] = field(default_factory=lambda: deque(maxlen=32))
    open_banks: int = 0
    open_since: int = 0
    open_ticks: int = 0


class _Channel:
    """One channel; ``owner`` holds the setup and the counts."""

    def __init__(self, owner: DramSimulation) -> None:
        setup = self.setup = owner.setup
        self.owner = owner
        per_rank = setup.groups * setup.banks_per_group
        self.banks = [
            _Bank(b, b // setup.banks_per_group, b // per_rank, b // (per_rank * setup.ranks))
            for b in range(setup.banks)
        ]
        self.groups = [_Group() for _ in range(setup.lanes * setup.ranks * setup.groups)]
        self.ranks = [_Group() for _ in range(setup.lanes * setup.ranks)]
        self.sent: list[deque[_Entry]] = [deque(), deque()]
        self.queue: list[list[_Entry]] = [[], []]
        self.arriving: deque[_Entry] = deque()
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
        self.mode = READ
        self.draining = 0
        self.pointer = 0
        self.order = 0
        self.posted = 0
        self.posted_at = 0
        self.forced: tuple[int, _Entry] | None = None
        self.synced_until = 0
        self.split_deadline: int | None = None

    # ---- earliest ticks

    def _aligned(self, tick: int) -> int:
        return -(-tick // self.setup.issue_align) * self.setup.issue_align

    def _act_at(self, bank: _Bank) -> int:
        return self._aligned(
            max(bank.act_at, self.groups[bank.group].act_at, self.ranks[bank.rank].act_at, self.row_free)
        )

    def _pre_at(self, bank: _Bank) -> int:
        return max(bank.pre_at, self.ranks[bank.rank].pre_at, self.row_free)

    def _col_at(self, bank: _Bank, direction: int) -> int:
        group, rank = self.groups[bank.group], self.ranks[bank.rank]
        latest = max(bank.col_at[direction], group.col_at[direction], rank.col_at[direction], self.col_free)
        return self._aligned(latest)

    # ---- commands

    def _take_bus(self, tick: int, column: bool, slots: int) -> None:
        if column or not self.setup.two_buses:
            self.col_free = max(self.col_free, tick + slots)
        if not column or not self.setup.two_buses:
            self.row_free = max(self.row_free, tick + slots)

    def _activate(self, bank: _Bank, entry: _Entry, tick: int) -> None:
        setup, total = self.setup, self.owner.total
        group, rank = self.groups[bank.group], self.ranks[bank.rank]
        lane_first = bank.lane * setup.ranks
        together = self.ranks[lane_first : lane_first + setup.ranks] if setup.activate_scope == "lane" else [rank]
        latest, cause = entry.accepted, _OUTSTANDING
        if bank.act_at > latest:
            latest, cause = bank.act_at, bank.closed_by
        if max(group.act_at, rank.act_at) > latest:
            latest, cause = max(group.act_at, rank.act_at), _WINDOW
        bank.opened_by = _COMMAND if tick > latest + 2 * setup.issue_align else cause
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

    def _close(self, bank: _Bank, tick: int, cause: int) -> None:
        rank = self.ranks[bank.rank]
        bank.row, bank.closed_by = -1, cause
        bank.act_at = max(bank.act_at, tick + self.setup.pre_to_act)
        bank.refresh_at = max(bank.refresh_at, tick + self.setup.pre_to_refresh)
        rank.pre_at = max(rank.pre_at, tick + self.setup.pre_to_pre)
        rank.open_banks -= 1
        if not rank.open_banks:
            rank.open_ticks += tick - rank.open_since

    def _precharge(self, bank: _Bank, entry: _Entry, tick: int) -> None:
        self._close(bank, tick, _OUTSTANDING if entry.accepted >= bank.pre_at else _BANKS)
        self.owner.total["precharges"] += 1
        self._take_bus(tick, False, self.setup.pre_slots)

    def _column(self, bank: _Bank, entry: _Entry, tick: int) -> None:
        setup, total, way = self.setup, self.owner.total, entry.write
        group, rank = self.groups[bank.group], self.ranks[bank.rank]
        gap = tick - self.lane_free[bank.lane]
        if gap > 0:
            latest, cause = entry.accepted, _OUTSTANDING
            if bank.col_at[way] > latest:
                latest, cause = bank.col_at[way], bank.opened_by
            if max(group.col_at[way], rank.col_at[way]) > latest:
                latest = max(group.col_at[way], rank.col_at[way])
                turned = self.lane_last[bank.lane] != way or rank.col_at[way] > group.col_at[way]
                cause = _TURN if turned else _GROUPS
            self.owner.bounds[_COMMAND if tick > latest + 2 * setup.issue_align else cause] += gap
        self.owner.bounds[_DATA] += setup.burst
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

    def _unit(self) -> list[_Bank]:
        """Banks that are refreshed next."""
        return self.banks[self.refresh_unit * self.unit_banks : (self.refresh_unit + 1) * self.unit_banks]

    def _held(self) -> list[_Bank]:
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
                bank.closed_by = _REFRESH
            self.owner.total["refreshes"] += 1
            self.refreshing = False
            self.refreshes_due -= 1
            self.refresh_unit = (self.refresh_unit + 1) % self.units
            self._take_bus(tick, False, setup.pre_slots)
            return True
        for bank in closing:
            self._close(bank, tick, _REFRESH)
        if closing:
            self.owner.total["precharges"] += 1
            self._take_bus(tick, False, setup.pre_slots)
        return bool(closing)

    # ---- bank queues, served in turn

    def _offer(self, bank: _Bank, tick: int) -> tuple[str, _Entry] | None:
        """The first ready command of a bank's queue."""
        queue = sorted(bank.waiting[READ] + bank.waiting[WRITE], key=lambda entry: entry.order)
        if bank.row < 0:
            return ("activate", queue[0]) if self._act_at(bank) <= tick else None
        hits = [entry for way in (READ, WRITE) if (entry := bank.first(way, True))]
        tired = self.setup.row_hit_cap and bank.hits >= self.setup.row_hit_cap
        if queue[0].row != bank.row and (not hits or tired) and self._pre_at(bank) <= tick:
            return "precharge", queue[0]
        for entry in sorted(hits, key=lambda entry: entry.order):
            if self._col_at(bank, entry.write) <= tick:
                return "column", entry
        return None

    def _next_in_turn(self, tick: int) -> tuple[str, _Entry] | None:
        held = self._held()
        count = len(self.banks)
        for step in range(1, count + 1):
            bank = self.banks[(self.pointer + step) % count]
            if bank in held or not (bank.waiting[READ] or bank.waiting[WRITE]):
                continue
            offer = self._offer(bank, tick)
            if offer:
                self.pointer = bank.index
                return offer
        return None

    def _do(self, command: tuple[str, _Entry], tick: int) -> None:
        kind, entry = command
        {"activate": self._activate, "precharge": self._precharge, "column": self._column}[kind](
            self.banks[entry.bank], entry, tick
        )

    def _arbitrate_in_turn(self, tick: int) -> None:
        column = False
        if not (self.refreshes_due and self._refresh(tick)):
            command = self._next_in_turn(tick)
            if not command:
                return
            column = command[0] == "column"
            self._do(command, tick)
        if self.setup.two_buses:
            second = self._next_in_turn(tick)
            if second and (second[0] == "column") != column:
                self._do(second, tick)

    def _fill_bank_queues(self) -> None:
        setup = self.setup
        if not self.draining:
            idle = self.waiting[WRITE] and (self.owner.flushing or self.waiting[WRITE] >= setup.drain_idle)
            if self.waiting[WRITE] >= setup.drain_high or (not self.waiting[READ] and idle):
                self.draining = self.waiting[WRITE]
        way = WRITE if self.draining else READ
        for entry in self.queue[way]:
            bank = self.banks[entry.bank]
            if len(bank.waiting[READ]) + len(bank.waiting[WRITE]) < setup.bank_queue:
                self.queue[way].remove(entry)
                self.waiting[way] -= 1
                self.draining -= way
                self.order += 1
                entry.order = self.order
                bank.waiting[way].append(entry)
                return

    # ---- one queue, the oldest ready first

    def _choose_mode(self) -> None:
        if self.mode == READ:
            if self.waiting[WRITE] >= self.setup.drain_high or not self.waiting[READ]:
                self.mode = WRITE
        elif self.waiting[WRITE] <= self.setup.drain_low and self.waiting[READ]:
            self.mode = READ

    def _oldest_column(self, tick: int) -> tuple[str, _Entry] | None:
        active = [bank.active for bank in self.banks if bank.active]
        ready = [entry for entry in active if self._col_at(self.banks[entry.bank], entry.write) <= tick]
        if not ready and not (self.setup.refresh_blocks_channel and self.refreshes_due):
            held = self._held()
            hits = [(bank, bank.first(self.mode, True)) for bank in self.banks if bank not in held]
            ready = [entry for bank, entry in hits if entry and self._col_at(bank, self.mode) <= tick]
        return ("column", min(ready, key=lambda entry: entry.order)) if ready else None

    def _row_commands(self, tick: int) -> Iterator[tuple[str, _Entry]]:
        """Activates and precharges that are ready, for the queue being served."""
        if self.setup.refresh_blocks_channel and self.refreshes_due:
            return
        held = self._held()
        for bank in self.banks:
            if bank in held or bank.active:
                continue
            if bank.row < 0:
                if bank.waiting[self.mode] and self.split_deadline is None and self._act_at(bank) <= tick:
                    yield "activate", bank.waiting[self.mode][0]
                continue
            hit, miss = bank.first(self.mode, True), bank.first(self.mode, False)
            if not miss or self._pre_at(bank) > tick:
                continue
            # The row stays open for its hits until the request that wants another is too old.
            protect, patience = self.setup.protect_hits, self.setup.age_cap
            protected = hit and (protect == "all" or (protect == "older" and hit.order < miss.order))
            if not protected or (patience and miss.accepted + patience <= tick):
                yield "precharge", miss

    def _arbitrate_oldest(self, tick: int) -> None:
        setup = self.setup
        if self.forced:
            if self.forced[0] <= tick:
                entry, self.forced = self.forced[1], None
                self._column(self.banks[entry.bank], entry, tick)
            return
        if self.split_deadline is not None and tick >= self.split_deadline:
            self.split_deadline = None
            self._take_bus(tick, False, 1)
            return
        self._choose_mode()
        column = self._oldest_column(tick)
        issued = bool(setup.two_buses and column)
        if issued and column:
            self._do(column, tick)
            column = None
        opened_for = column and self.banks[column[1].bank].active is column[1]
        if self.refreshes_due and not opened_for and self._refresh(tick):
            return
        if setup.two_buses:
            self._choose_mode()
        row = min(self._row_commands(tick), key=lambda command: command[1].order, default=None)
        if row and (not column or (not opened_for and row[1].order < column[1].order)):
            self._do(row, tick)
        elif column:
            if setup.column_sync and tick >= self.synced_until:
                self.forced = (tick + 1, column[1])
                self._take_bus(tick, True, 1)
            else:
                self._do(column, tick)
        elif not issued and self.split_deadline is not None:
            self.split_deadline = None
            self._take_bus(tick, False, 1)

    # ---- one tick

    def _accept(self, tick: int) -> None:
        setup = self.setup
        room = (setup.read_queue, setup.write_queue)
        for _ in range(setup.sends_per_tick):
            ways = [way for way in (READ, WRITE) if self.sent[way] and self.waiting[way] < room[way]]
            if not ways:
                return
            way = min(ways, key=lambda way: self.sent[way][0].order)
            entry = self.sent[way].popleft()
            entry.accepted = tick
            same = self._waiting_read(entry) if setup.merge_reads and way == READ else None
            if same:
                same.merged.append(entry)
                continue
            self.waiting[way] += 1
            if setup.arbiter == "bank_round_robin":
                self.queue[way].append(entry)
            else:
                self.banks[entry.bank].waiting[way].append(entry)
            if way == WRITE and setup.posted_writes:
                self.owner.count(entry, tick + 1)
                self.posted += 1
                self.posted_at = tick + 1

    def _waiting_read(self, entry: _Entry) -> _Entry | None:
        """An entry that waits to read the same burst."""
        bank = self.banks[entry.bank]
        waiting = [*self.queue[READ], *bank.waiting[READ]]
        if bank.active and bank.active.write == READ:
            waiting.append(bank.active)
        burst = (entry.bank, entry.row, entry.column)
        return next((each for each in waiting if (each.bank, each.row, each.column) == burst), None)

    def tick(self, tick: int) -> None:
        """All that happens in this channel at ``tick``."""
        if self.posted and self.posted_at <= tick:
            self.owner.in_flight -= self.posted
            self.posted = 0
        while self.arriving and self.arriving[0].done <= tick:
            self.owner.in_flight -= 1
            self.owner.used -= 1
            self.owner.count(self.arriving.popleft(), tick)
        self._accept(tick)
        while self.next_refresh is not None and tick >= self.next_refresh:
            self.next_refresh += self._interval()
            self.refreshes_due += 1 if self.one_by_one else self.units
        if self.setup.arbiter == "bank_round_robin":
            self._arbitrate_in_turn(tick)
            self._fill_bank_queues()
        else:
            self._arbitrate_oldest(tick)


class DramSimulation:
    """Channels under a stream of accesses, as the compiled kernel; see there for the arguments and errors."""

    def __init__(self, setup: DramSetup, streams: Sequence[Stream], turns: Sequence[int] | None = None) -> None:
        self.setup = setup
        self.streams = tuple(streams)
        self.sources = [_Source(stream, random=stream.seed) for stream in self.streams]
        self.by_index = turns is None
        self.turns = tuple(range(len(self.streams))) if turns is None else tuple(turns)
        self.turn_at = 0
        self.turn_left = self.streams[self.turns[0]].turn_accesses
        names = ["reads", "writes", "activates", "precharges", "refreshes", "read_bursts", "write_bursts"]
        names += ["row_hits", "read_latency"]
        self.total = dict.fromkeys(names, 0)
        self.bounds = [0] * len(BOUNDS)
        self.histogram: dict[int, int] = {}
        self.in_flight = self.sent = self.useful = self.used = 0
        self.flushing = self.finished = False
        self.now = 0
        self.channels = [_Channel(self) for _ in range(setup.channels)]

    def count(self, entry: _Entry, tick: int) -> None:
        """Count an access as done at ``tick``."""
        source = self.sources[entry.stream]
        source.returned += 1
        source.last_done = tick
        self.total["writes" if entry.write else "reads"] += 1
        if not entry.write:
            latency = tick - entry.accepted
            self.total["read_latency"] += latency
            self.histogram[min(latency, LONGEST)] = self.histogram.get(min(latency, LONGEST), 0) + 1

    def _next_source(self) -> _Source | None:
        """The source whose turn it is; None, and nothing changed, when none may send now."""
        before = self.turn_at, self.turn_left
        for _ in range(len(self.turns) + 2):
            source = self.sources[self.turns[self.turn_at]]
            if self.turn_left and source.has_more(self.now):
                return source
            self.turn_at = (self.turn_at + 1) % len(self.turns)
            self.turn_left = self.sources[self.turns[self.turn_at]].stream.turn_accesses
        self.turn_at, self.turn_left = before
        return None

    def _send(self) -> bool:
        """Send what window and pace allow; False when no source may send now."""
        setup = self.setup
        ticks, accesses = setup.interval
        while self.in_flight < setup.window:
            if ticks and self.sent * ticks > self.now * accesses:
                return True
            source = self._next_source()
            if source is None:
                return False
            self.turn_left -= 1
            address, useful = source.next(setup.access_bytes)
            self.useful += useful
            self.sent += 1
            self.in_flight += 1
            self.used += 1
            part = [0] * 7
            for name, low, bits, position in setup.address_map:
                part[name] |= (address >> low & (1 << bits) - 1) << position
            for name, other, low, bits in setup.xor_map:
                part[name] ^= part[other] >> low & (1 << bits) - 1
            channel, lane, rank, group, bank, row, column = part
            flat = ((lane * setup.ranks + rank) * setup.groups + group) * setup.banks_per_group + bank
            way = int(source.stream.write)
            entry = _Entry(self.sent, flat, row, column, way, self.turns[self.turn_at])
            self.channels[channel].sent[way].append(entry)
        return True

    def run(self, accesses: int | None = None, until_tick: int | None = None) -> bool:
        """Simulate until ``accesses`` more are done or ``until_tick`` is reached; False when all is done."""
        if accesses is None and until_tick is None and any(stream.accesses == 0 for stream in self.streams):
            raise ValueError("DramSimulation.run: an endless stream needs a number of accesses or a tick to stop at")
        target = None if accesses is None else self.total["reads"] + self.total["writes"] + accesses
        while not self.finished and (until_tick is None or self.now < until_tick):
            sending = self._send()
            for channel in self.channels:
                channel.tick(self.now)
            self.now += 1
            if not sending and all(source.stream.start_tick < self.now for source in self.sources):
                if not self.used:
                    self.finished = True
                    break
                self.flushing = True
            if target is not None and self.total["reads"] + self.total["writes"] >= target:
                return True
        return not self.finished

    def add(self, stream: Stream) -> int:
        """Add a stream, which takes its turn after the others, and return its number."""
        if not self.by_index:
            raise ValueError("DramSimulation.add: the order of turns was given, so that no stream can join")
        self.streams += (stream,)
        self.sources.append(_Source(stream, random=stream.seed))
        self.turns = tuple(range(len(self.streams)))
        self.flushing = self.finished = False
        return len(self.streams) - 1

    def totals(self) -> dict[str, Any]:
        """Counts since the start."""
        opened = sum(
            rank.open_ticks + (self.now - rank.open_since if rank.open_banks else 0)
            for channel in self.channels
            for rank in channel.ranks
        )
        return self.total | {
            "tick": self.now,
            "sent": self.sent,
            "useful_bytes_sent": self.useful,
            "open_ticks": opened,
            "bounds": tuple(self.bounds),
        }

    def latencies(self) -> list[int]:
        """Reads done by latency in ticks."""
        longest = max(self.histogram, default=-1)
        return [self.histogram.get(latency, 0) for latency in range(longest + 1)]

    def returned(self) -> list[tuple[int, int]]:
        """For each stream: (accesses done, tick of the last)."""
        return [(source.returned, source.last_done) for source in self.sources]
