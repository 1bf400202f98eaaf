"""C interface of the fabric kernel: routes over links, shared max-min."""

from libc.stdint cimport int64_t

cdef enum:
    MAX_ROUTE_LINKS = 4
    SHARE_ONE = 65536

cdef struct Route:
    int64_t port_rate               # what one DMA engine can move alone, in 2^-32 byte/ps
    int64_t latency_ps              # first request to first byte, when the engine was idle before
    int64_t pattern                 # bit of its access pattern in the DRAM mix, 0 when it does not touch DRAM
    int64_t kind                    # cause that a wait for its bytes has: DRAM, NOC or PCIE of the tile kernel
    int64_t links                   # links in use below
    int64_t link[MAX_ROUTE_LINKS]   # their indices
    int64_t share[MAX_ROUTE_LINKS]  # bytes on that link for each byte delivered, in 1/65536

cdef void fill_route(Route* route, const int64_t* row) noexcept nogil

cdef void max_min(
    const Route* routes, const int64_t* flows, int64_t n_routes,
    const int64_t* capacity, int64_t n_links, int64_t* rate, int64_t* room, int64_t* weight,
) noexcept nogil
