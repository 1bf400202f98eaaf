"""Banks of the cores' SRAM: which hold data, and for how long the others held nothing.

What a core holds is packed into its first banks: what is loaded or made of tiles on their way, tensors (which lie on
all cores alike, from an operator's first result to the end of the last one that reads them), and what is held always.
Space that was granted holds nothing before its load begins, or the vector work that writes into it. A bank that held
nothing for longer than its sleep asks for is off; when it has to hold data, the core's jobs wait until it is awake.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leptonsim.kernels.plain.tiles.rest import LONGEST_PS, SRAM, Blocks

BANK_FIELDS = ("banks", "bank_bytes", "kept_bytes", "after_ps", "wake_ps", "from_ps")
BANK = 6
MOST_BANKS, MOST_BYTES = 4096, 1 << 40


class Told(NamedTuple):
    """``BANK_FIELDS``: what the machine is told of banks."""

    banks: int
    bank_bytes: int
    kept_bytes: int
    after_ps: int
    wake_ps: int
    from_ps: int


class Banks:
    """All banks of all cores; ``blocks`` has the SRAMs that are awake later for them, and the rests.

    Raises ValueError for arguments that do not fit (see ``TileMachine``).
    """

    def __init__(self, blocks: Blocks, operators: int, banks: Any, tensor_bytes: Any) -> None:
        shapes = np.shape(banks), (operators, 2) if tensor_bytes is None else np.shape(tensor_bytes)
        if shapes != ((len(BANK_FIELDS),), (operators, 2)):
            raise ValueError("TileMachine: of banks six numbers, and what tensors take and leave with each operator")
        self.told = Told(*(int(each) for each in banks))
        if not 0 < self.told.banks <= MOST_BANKS or not 0 < self.told.bank_bytes < MOST_BYTES:
            raise ValueError("TileMachine: banks are 1 to 4096 of 1 byte to 1 TiB")
        if not 0 <= self.told.kept_bytes < MOST_BYTES or self.told.wake_ps >= LONGEST_PS:
            raise ValueError("TileMachine: less than 1 TiB is held always, and banks are awake within a second")
        self.tensors = [[0, 0]] * operators if tensor_bytes is None else [[int(x) for x in row] for row in tensor_bytes]
        for operator, sizes in enumerate(self.tensors):
            if not all(0 <= size < MOST_BYTES for size in sizes):
                raise ValueError(f"TileMachine: tensors of operator {operator} take less than 0 or more than 1 TiB")
        self.blocks = blocks
        self.kept_bytes = self.told.kept_bytes
        self.live_bytes = [0] * blocks.cores
        self.begun: set[tuple[int, int]] = set()
        self.empty_ps = 0
        self.empty_since: list[list[int | None]] = [[0] * self.told.banks for _ in range(blocks.cores)]
        for core in range(blocks.cores):
            self.hold(core, 0, 0)

    def hold(self, core: int, live_bytes: int, now_ps: int) -> None:
        """A core has so many bytes of tiles on their way that hold something."""
        self.live_bytes[core] = live_bytes
        held = self.kept_bytes + live_bytes
        for number, since_ps in enumerate(self.empty_since[core]):
            holds = number * self.told.bank_bytes < held
            if holds and since_ps is not None:
                self.fills(core, number, since_ps, now_ps)
                self.empty_since[core][number] = None
            elif not holds and since_ps is None:
                self.empty_since[core][number] = now_ps

    def fills(self, core: int, number: int, since_ps: int, now_ps: int) -> None:
        """A bank held nothing until now: count that, remember it if it is long enough, and wake the bank."""
        self.ends(core, number, since_ps, now_ps)
        if 0 <= self.told.after_ps < now_ps - since_ps:
            sram = self.blocks.of_core(core, SRAM)
            sram.awake_ps = max(sram.awake_ps, now_ps + max(0, self.told.wake_ps))

    def ends(self, core: int, number: int, since_ps: int, now_ps: int) -> None:
        """A time without data is over."""
        length = now_ps - since_ps
        self.empty_ps += max(0, length)
        if length > 0 and 0 <= self.told.from_ps <= length:
            self.blocks.rests.append([BANK, since_ps, now_ps, core * self.told.banks + number])

    def begin(self, instance: int, operator: int, now_ps: int) -> None:
        """An operator's first result comes, on any core: its tensors take their place on all of them."""
        if (instance, operator) not in self.begun:
            self.begun.add((instance, operator))
            self.keep(self.tensors[operator][0], now_ps)

    def end(self, operator: int, now_ps: int) -> None:
        """An operator is over: what nobody reads after it leaves."""
        self.keep(-self.tensors[operator][1], now_ps)

    def keep(self, size_bytes: int, now_ps: int) -> None:
        """Tensors take more or less of every core's SRAM."""
        self.kept_bytes += size_bytes
        for core, live_bytes in enumerate(self.live_bytes):
            self.hold(core, live_bytes, now_ps)

    def finish(self, end_ps: int) -> None:
        """The run is over, and all times without data with it."""
        for core, number, since_ps in self.empty():
            self.ends(core, number, since_ps, end_ps)
            self.empty_since[core][number] = end_ps

    def empty(self) -> list[tuple[int, int, int]]:
        """Core, number and since when of banks that hold nothing."""
        return [
            (core, number, since_ps)
            for core, banks in enumerate(self.empty_since)
            for number, since_ps in enumerate(banks)
            if since_ps is not None
        ]

    def empty_until(self, now_ps: int) -> int:
        """How long banks held nothing until now, over all of them."""
        return self.empty_ps + sum(now_ps - since_ps for _, _, since_ps in self.empty())

    def open_rests(self, now_ps: int) -> list[list[int]]:
        """Rows of those times without data that go on and are long enough to be remembered."""
        return [
            [BANK, since_ps, now_ps, core * self.told.banks + number]
            for core, number, since_ps in self.empty()
            if since_ps < now_ps and 0 <= self.told.from_ps <= now_ps - since_ps
        ]
