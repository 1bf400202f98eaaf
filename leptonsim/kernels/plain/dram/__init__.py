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

from collections.abc import Sequence
from typing import Any

from leptonsim.chip.dram_setup import BOUNDS, DramSetup, Stream
from leptonsim.kernels.plain.dram.channel import Channel
from leptonsim.kernels.plain.dram.source import Source
from leptonsim.kernels.plain.dram.state import Entry

LONGEST = (1 << 16) - 1


class DramSimulation:
    """Channels under a stream of accesses, as the compiled kernel; see there for the arguments and errors."""

    def __init__(self, setup: DramSetup, streams: Sequence[Stream], turns: Sequence[int] | None = None) -> None:
        self.setup = setup
        self.streams = tuple(streams)
        self.sources = [Source(stream, random=stream.seed) for stream in self.streams]
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
        self.channels = [Channel(self) for _ in range(setup.channels)]

    def count(self, entry: Entry, tick: int) -> None:
        """Count an access as done at ``tick``."""
        source = self.sources[entry.stream]
        source.returned += 1
        source.last_done = tick
        self.total["writes" if entry.write else "reads"] += 1
        if not entry.write:
            latency = tick - entry.accepted
            self.total["read_latency"] += latency
            self.histogram[min(latency, LONGEST)] = self.histogram.get(min(latency, LONGEST), 0) + 1

    def _next_source(self) -> Source | None:
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
            entry = Entry(self.sent, flat, row, column, way, self.turns[self.turn_at])
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
        self.sources.append(Source(stream, random=stream.seed))
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
