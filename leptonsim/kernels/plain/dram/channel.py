"""One channel with its controller: queues and the two arbiters."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from leptonsim.kernels.plain.dram.device import Device, Owner
from leptonsim.kernels.plain.dram.state import READ, WRITE, Bank, Entry


class Channel(Device):
    """One channel, tick by tick."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        self.sent: list[deque[Entry]] = [deque(), deque()]
        self.queue: list[list[Entry]] = [[], []]
        self.mode = READ
        self.draining = 0
        self.pointer = 0
        self.order = 0
        self.posted = 0
        self.posted_at = 0
        self.forced: tuple[int, Entry] | None = None

    # ---- bank queues, served in turn

    def _offer(self, bank: Bank, tick: int) -> tuple[str, Entry] | None:
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

    def _next_in_turn(self, tick: int) -> tuple[str, Entry] | None:
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

    def _do(self, command: tuple[str, Entry], tick: int) -> None:
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

    def _oldest_column(self, tick: int) -> tuple[str, Entry] | None:
        active = [bank.active for bank in self.banks if bank.active]
        ready = [entry for entry in active if self._col_at(self.banks[entry.bank], entry.write) <= tick]
        if not ready and not (self.setup.refresh_blocks_channel and self.refreshes_due):
            held = self._held()
            hits = [(bank, bank.first(self.mode, True)) for bank in self.banks if bank not in held]
            ready = [entry for bank, entry in hits if entry and self._col_at(bank, self.mode) <= tick]
        return ("column", min(ready, key=lambda entry: entry.order)) if ready else None

    def _row_commands(self, tick: int) -> Iterator[tuple[str, Entry]]:
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

    def _waiting_read(self, entry: Entry) -> Entry | None:
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
