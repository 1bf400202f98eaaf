"""Waits of an array for banks that the DMA writes; ``plain/sram_conflicts.py`` says what is modelled."""

from libc.stdint cimport int64_t

from leptonsim.kernels.plain.sram_conflicts import scratchpad_of

__all__ = ["scratchpad_of", "sram_stall_cycles"]


cdef inline int64_t ceil_div(int64_t a, int64_t b) noexcept nogil:
    # a >= 0, b >= 1
    return (a + b - 1) // b


cdef Scratchpad scratchpad_struct(object scratchpad) except *:
    cdef Scratchpad s
    s.banks = scratchpad.banks
    s.ports = scratchpad.ports
    s.bank_bytes = scratchpad.bank_bytes
    s.read_bytes_per_cycle = scratchpad.read_bytes_per_cycle
    s.write_bytes_per_cycle = scratchpad.write_bytes_per_cycle
    if min(s.banks, s.ports, s.bank_bytes, s.read_bytes_per_cycle, s.write_bytes_per_cycle) < 1:
        raise ValueError(f"every number of a scratchpad must be at least 1: {scratchpad}")
    return s


cdef int64_t stall_cycles(
    const Scratchpad* s, int64_t interval, int64_t read_bytes, int64_t write_bytes
) noexcept nogil:
    if interval == 0 or read_bytes == 0:
        return 0
    cdef int64_t reads = ceil_div(read_bytes, s.bank_bytes)
    cdef int64_t writes = ceil_div(write_bytes, s.bank_bytes)
    cdef int64_t needed = interval, bound
    if s.ports == 1:
        bound = ceil_div(write_bytes, s.write_bytes_per_cycle)
        needed += min(ceil_div(reads * writes, interval * s.banks), bound)
    bound = ceil_div(read_bytes, s.read_bytes_per_cycle)
    if bound > needed:
        needed = bound
    bound = ceil_div(reads + writes, s.banks * s.ports)
    if bound > needed:
        needed = bound
    return needed - interval


def sram_stall_cycles(scratchpad, int64_t interval, int64_t read_bytes, int64_t write_bytes):
    """Cycles by which an interval grows when the array reads and the DMA writes so many bytes in it (all at least 0).

    Raises ValueError for a negative number, or a scratchpad with a number below 1; OverflowError beyond 64 bits.
    """
    cdef Scratchpad s = scratchpad_struct(scratchpad)
    if interval < 0 or read_bytes < 0 or write_bytes < 0:
        raise ValueError(f"expects numbers of at least 0, got {interval}, {read_bytes}, {write_bytes}")
    if (<double>read_bytes / s.bank_bytes + 1) * (<double>write_bytes / s.bank_bytes + 1) > 9e18:
        raise OverflowError(f"beyond 64 bits: {read_bytes} bytes read, {write_bytes} written")
    return stall_cycles(&s, interval, read_bytes, write_bytes)
