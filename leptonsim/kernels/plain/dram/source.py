"""Where accesses come from: one stream as it goes on, address by address."""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.chip.dram_setup import Stream

_MASK = (1 << 64) - 1


@dataclass(eq=False)
class Source:
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
