from libc.stdint cimport int64_t


cdef struct Scratchpad:
    int64_t banks                  # banks that can be accessed in the same cycle; at least 1
    int64_t ports                  # accesses of one bank in a cycle; at least 1
    int64_t bank_bytes             # bytes of one access; at least 1
    int64_t read_bytes_per_cycle   # bytes read in a cycle, all banks together; at least 1
    int64_t write_bytes_per_cycle  # bytes written in a cycle, all banks together; at least 1


# The C struct of a Python record; raises ValueError where a number is below 1.
cdef Scratchpad scratchpad_struct(object scratchpad) except *

# Cycles by which an interval of the array grows. Invariant for the caller: every number at least 0, and
# (read_bytes / bank_bytes) x (write_bytes / bank_bytes) below 2**63.
cdef int64_t stall_cycles(
    const Scratchpad* s, int64_t interval, int64_t read_bytes, int64_t write_bytes
) noexcept nogil
