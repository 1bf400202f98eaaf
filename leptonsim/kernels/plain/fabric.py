"""Max-min fair sharing of links, in plain Python: the specification of ``leptonsim.kernels.fabric``.

Rates of all routes with jobs rise together. A route stops when it reaches its port's rate, or when a link that it uses
has no room left for its users to rise together; the others rise on. All in integers, rounded down, so that no link is
ever over its capacity.

Not modelled: weights or priorities among jobs; every job in progress counts the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHARE_ONE = 65536
MAX_ROUTES = MAX_LINKS = 64
MAX_ROUTE_LINKS = 4
ROUTE_COLUMNS = 13


@dataclass(frozen=True, slots=True)
class Route:
    """A way that bytes take: the rate of one DMA engine alone on it (2^-32 byte/ps), and its links.

    ``uses`` pairs a link with the bytes that pass it for each byte delivered, in 1/65536.
    """

    port_rate: int
    latency_ps: int
    pattern: int
    kind: int
    uses: tuple[tuple[int, int], ...]


def read_route(row: Sequence[int]) -> Route:
    """Route of one row of 13 columns: port_rate, latency_ps, pattern, kind, links, four link indices, four shares."""
    port_rate, latency_ps, pattern, kind, links = (int(value) for value in row[:5])
    uses = tuple((int(row[5 + i]), int(row[9 + i])) for i in range(links))
    return Route(port_rate, latency_ps, pattern, kind, uses)


def max_min(routes: Sequence[Route], flows: Sequence[int], capacity: Sequence[int]) -> list[int]:
    """Rate of each route in 2^-32 byte/ps, 0 where it has no job."""
    rate = [0] * len(routes)
    room = [limit * SHARE_ONE for limit in capacity]
    rising = [r for r in range(len(routes)) if flows[r] > 0]
    while rising:
        weight = [0] * len(capacity)
        for r in rising:
            for link, share in routes[r].uses:
                weight[link] += flows[r] * share
        fair = {link: room[link] // weight[link] for link in range(len(capacity)) if weight[link] > 0}
        level = min([routes[r].port_rate for r in rising] + list(fair.values()))

        def stops(r: int, level: int = level, fair: dict[int, int] = fair) -> bool:
            return routes[r].port_rate <= level or any(fair.get(link, level + 1) <= level for link, _ in routes[r].uses)

        for r in filter(stops, rising):
            rate[r] = level
            for link, share in routes[r].uses:
                room[link] -= flows[r] * share * level
        rising = [r for r in rising if not stops(r)]
    return rate


def rates(routes: Sequence[Sequence[int]], flows: Sequence[int], capacity: Sequence[int]) -> list[int]:
    """Rates of the routes under max-min sharing, in 2^-32 byte/ps; see ``leptonsim.kernels.fabric.rates``.

    Raises
    ------
    ValueError
        If shapes do not agree, a link index is out of range or a port rate or capacity is not positive.
    """
    sizes_fit = 1 <= len(routes) <= MAX_ROUTES and 1 <= len(capacity) <= MAX_LINKS and len(flows) == len(routes)
    if not sizes_fit or any(len(row) != ROUTE_COLUMNS for row in routes):
        raise ValueError("rates: 1 to 64 routes of 13 columns, as many flow counts, and 1 to 64 links")
    for r, row in enumerate(routes):
        if row[0] <= 0 or not 0 <= row[4] <= MAX_ROUTE_LINKS or flows[r] < 0:
            raise ValueError(f"rates: route {r} has no positive port rate, too many links or a negative count")
        for i in range(row[4]):
            if not 0 <= row[5 + i] < len(capacity) or row[9 + i] < 0:
                raise ValueError(
                    f"rates: route {r} names link {row[5 + i]} of {len(capacity)}, or a negative share of it"
                )
    for link, limit in enumerate(capacity):
        if limit <= 0:
            raise ValueError(f"rates: link {link} has no capacity")
    return max_min([read_route(row) for row in routes], [int(n) for n in flows], [int(limit) for limit in capacity])
