"""How long an array waits because its reads and the DMA's writes want the same bank of the scratchpad.

A scratchpad of ``banks`` banks, each ``bank_bytes`` wide with ``ports`` accesses in a cycle. In one interval of the
array (from one fold to the next) it reads some bytes, many banks side by side, while the DMA writes others. The DMA has
priority: its data arrive whether or not anyone waits. With single-ported banks a write that hits a bank being read
holds the whole array for a cycle, since its rows move together. Buffers are interleaved over all banks and the two
sides walk theirs independently, so that a write meets a read with the probability that its bank is being read: reads /
(interval x banks). The expected number of such writes is charged, rounded up; writes of one cycle share a wait. With
two ports a read and a write pass side by side.

No interval is shorter than the reads take at the scratchpad's full width, nor than the accesses of both sides take when
spread evenly over all ports. Not modelled: strides that camp on few banks, and the DMA's own waits.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Scratchpad(NamedTuple):
    """A scratchpad; every number at least 1."""

    banks: int
    """Banks that can be accessed in the same cycle."""
    ports: int
    """Accesses of one bank in a cycle."""
    bank_bytes: int
    """Bytes of one access."""
    read_bytes_per_cycle: int
    """Bytes read in a cycle, all banks together."""
    write_bytes_per_cycle: int
    """Bytes written in a cycle, all banks together."""


def scratchpad_of(sram: Any) -> Scratchpad:
    """The scratchpad of a chip's ``core.sram``; a bank is as wide as its share of what all banks read in a cycle."""
    return Scratchpad(
        banks=sram.banks,
        ports=sram.ports,
        bank_bytes=ceil_div(sram.read_bytes_per_cycle, sram.banks),
        read_bytes_per_cycle=sram.read_bytes_per_cycle,
        write_bytes_per_cycle=sram.write_bytes_per_cycle,
    )


def sram_stall_cycles(scratchpad: Scratchpad, interval: int, read_bytes: int, write_bytes: int) -> int:
    """Cycles by which an interval grows when the array reads and the DMA writes so many bytes in it (all at least 0).

    Raises ValueError for a negative number, or a scratchpad with a number below 1.
    """
    if min(scratchpad) < 1:
        raise ValueError(f"every number of a scratchpad must be at least 1: {scratchpad}")
    if min(interval, read_bytes, write_bytes) < 0:
        raise ValueError(f"expects numbers of at least 0, got {interval}, {read_bytes}, {write_bytes}")
    if interval == 0 or read_bytes == 0:
        return 0
    s = scratchpad
    reads, writes = ceil_div(read_bytes, s.bank_bytes), ceil_div(write_bytes, s.bank_bytes)
    waits = 0
    if s.ports == 1:
        writing_cycles = ceil_div(write_bytes, s.write_bytes_per_cycle)
        waits = min(ceil_div(reads * writes, interval * s.banks), writing_cycles)
    reading = ceil_div(read_bytes, s.read_bytes_per_cycle)
    both = ceil_div(reads + writes, s.banks * s.ports)
    return max(interval + waits, reading, both) - interval


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up; b > 0."""
    return -(-a // b)
