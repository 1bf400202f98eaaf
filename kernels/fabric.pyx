"""Max-min fair sharing of links by the DMA jobs in progress, in integers.

All jobs on one route have the same rate, so the unknowns are a handful of routes, however many cores there are. Rates rise together
until a route reaches its port limit or a link is full; those routes stop and the others rise on (progressive filling, Bertsekas and
Gallager, Data Networks, 2nd ed., section 6.5.2). Rates are rounded down, so no capacity is ever exceeded.
"""

from libc.stdint cimport int64_t


cdef void max_min(
    const Route* routes, const int64_t* flows, int64_t n_routes,
    const int64_t* capacity, int64_t n_links, int64_t* rate, int64_t* room, int64_t* weight,
) noexcept nogil:
    """Set rate[r] for every route with flows[r] > 0; room and weight are scratch of n_links."""
    cdef int64_t r, i, l, level, candidate, open_routes = 0
    # invariant: room[l] = capacity left after the settled routes, in 2^-48 byte/ps; weight[l] = shares of the rising ones.
    for l in range(n_links):
        room[l] = capacity[l] * SHARE_ONE
        weight[l] = 0
    for r in range(n_routes):
        rate[r] = 0
        if flows[r] > 0:
            rate[r] = -1
            open_routes += 1
            for i in range(routes[r].links):
                weight[routes[r].link[i]] += flows[r] * routes[r].share[i]
    while open_routes > 0:
        level = -1
        for r in range(n_routes):
            if rate[r] == -1 and (level < 0 or routes[r].port_rate < level):
                level = routes[r].port_rate
        for l in range(n_links):
            if weight[l] > 0:
                candidate = room[l] // weight[l]
                if candidate < level:
                    level = candidate
        # Settle the routes that stop at this level: at their port, or on a link that is full at it.
        for r in range(n_routes):
            if rate[r] != -1:
                continue
            candidate = routes[r].port_rate <= level
            for i in range(routes[r].links):
                l = routes[r].link[i]
                if weight[l] > 0 and room[l] // weight[l] <= level:
                    candidate = 1
            if candidate:
                rate[r] = -2  # to settle once the full links have been told from the others at one and the same state
        for r in range(n_routes):
            if rate[r] == -2:
                rate[r] = level
                open_routes -= 1
                for i in range(routes[r].links):
                    l = routes[r].link[i]
                    weight[l] -= flows[r] * routes[r].share[i]
                    room[l] -= flows[r] * routes[r].share[i] * level


def rates(int64_t[:, ::1] routes, int64_t[::1] flows, int64_t[::1] capacity):
    """Rates of the routes under max-min sharing, in 2^-32 byte/ps.

    Parameters
    ----------
    routes : int64 array of shape (routes, 5 + 2 * 4)
        Columns: port_rate, latency_ps, pattern, kind, links, then four link indices, then four shares in 1/65536.
    flows : int64 array of shape (routes,)
        Jobs in progress on each route.
    capacity : int64 array of shape (links,)
        Capacity of each link in 2^-32 byte/ps.

    Returns
    -------
    list of int
        One rate for each route; 0 where it has no job.

    Raises
    ------
    ValueError
        If shapes do not agree, a link index is out of range or a port rate or capacity is not positive.
    """
    cdef Route table[64]
    cdef int64_t rate[64]
    cdef int64_t room[64]
    cdef int64_t weight[64]
    cdef int64_t r, i, n = routes.shape[0], n_links = capacity.shape[0]
    if n > 64 or n_links > 64 or n < 1 or n_links < 1 or flows.shape[0] != n or routes.shape[1] != 13:
        raise ValueError("rates: 1 to 64 routes of 13 columns, as many flow counts, and 1 to 64 links")
    for r in range(n):
        fill_route(&table[r], &routes[r, 0])
        if table[r].port_rate <= 0 or not 0 <= table[r].links <= MAX_ROUTE_LINKS or flows[r] < 0:
            raise ValueError(f"rates: route {r} has no positive port rate, too many links or a negative count")
        for i in range(table[r].links):
            if not 0 <= table[r].link[i] < n_links or table[r].share[i] < 0:
                raise ValueError(f"rates: route {r} names link {table[r].link[i]} of {n_links}, or a negative share of it")
    for i in range(n_links):
        if capacity[i] <= 0:
            raise ValueError(f"rates: link {i} has no capacity")
    max_min(table, &flows[0], n, &capacity[0], n_links, rate, room, weight)
    return [rate[r] for r in range(n)]


cdef void fill_route(Route* route, const int64_t* row) noexcept nogil:
    cdef int64_t i
    route.port_rate = row[0]
    route.latency_ps = row[1]
    route.pattern = row[2]
    route.kind = row[3]
    route.links = row[4]
    for i in range(MAX_ROUTE_LINKS):
        route.link[i] = row[5 + i]
        route.share[i] = row[9 + i]
