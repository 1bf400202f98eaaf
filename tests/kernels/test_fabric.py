"""Max-min sharing: the kernel and its twin agree, and hand-calculated cases."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leptonsim.kernels import fabric as kernel
from leptonsim.kernels.plain import fabric as plain

ONE = 65536


def kernel_rates(routes: Any, flows: Any, capacity: Any) -> list[int]:
    return kernel.rates(*(np.array(values, dtype=np.int64) for values in (routes, flows, capacity)))


@st.composite
def sharings(draw: Any) -> tuple[list[list[int]], list[int], list[int]]:
    links = draw(st.integers(1, 5))
    rate = st.sampled_from([1 << 24, 1 << 25, 3 << 24]) | st.integers(1, 1 << 34)
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        uses = draw(st.lists(st.integers(0, links - 1), max_size=4))
        shares = [draw(st.sampled_from([ONE, ONE // 2, 2 * ONE]) | st.integers(0, 1 << 20)) for _ in uses]
        pad = [0] * (4 - len(uses))
        rows.append([draw(rate), 0, 0, 4, len(uses), *uses, *pad, *shares, *pad])
    flows = draw(st.lists(st.integers(0, 9), min_size=len(rows), max_size=len(rows)))
    return rows, flows, draw(st.lists(rate, min_size=links, max_size=links))


@settings(max_examples=300, deadline=None)
@given(sharing=sharings())
def test_the_kernel_and_its_twin_agree_on_rates(sharing: Any) -> None:
    assert kernel_rates(*sharing) == plain.rates(*sharing)


@settings(max_examples=200, deadline=None)
@given(sharing=sharings())
def test_no_link_is_over_its_capacity_and_every_route_is_held_by_its_port_or_a_full_link(sharing: Any) -> None:
    rows, flows, capacity = sharing
    rates = kernel_rates(*sharing)
    load = [0] * len(capacity)
    for row, jobs, rate in zip(rows, flows, rates, strict=True):
        assert 0 <= rate <= row[0]
        for link, share in zip(row[5 : 5 + row[4]], row[9:13], strict=False):
            load[link] += jobs * rate * share
    assert all(used <= limit * ONE for used, limit in zip(load, capacity, strict=True))
    for row, jobs, rate in zip(rows, flows, rates, strict=True):
        if jobs and rate < row[0]:
            links = row[5 : 5 + row[4]]
            # Full to the last unit of rate: one more unit for everybody who was stopped there would not fit.
            weights = [sum(n * s for r, n in zip(rows, flows, strict=True) for s in uses(r, link)) for link in links]
            assert any(load[link] + weight > capacity[link] * ONE for link, weight in zip(links, weights, strict=True))


def uses(row: list[int], link: int) -> list[int]:
    return [row[9 + i] for i in range(row[4]) if row[5 + i] == link]


@pytest.mark.parametrize("rates", [kernel_rates, plain.rates])
def test_what_one_route_cannot_take_goes_to_the_others(rates: Any) -> None:
    # One link of 90; one job held to 10 by its port, two others share the 80 that are left.
    slow = [10, 0, 0, 4, 1, 0, 0, 0, 0, ONE, 0, 0, 0]
    fast = [1000, *slow[1:]]
    assert rates([slow, fast], [1, 2], [90]) == [10, 40]
    # A second link of 25 stops one of the fast jobs; the other takes what is left on the first link: 90 - 10 - 25.
    two_links = [1000, 0, 0, 4, 2, 0, 1, 0, 0, ONE, ONE, 0, 0]
    assert rates([slow, fast, two_links], [1, 1, 1], [90, 25]) == [10, 55, 25]
    # Two bytes on the link for each byte delivered: 90 = 30 + 2 x 30.
    double = [1000, 0, 0, 4, 1, 0, 0, 0, 0, 2 * ONE, 0, 0, 0]
    assert rates([fast, double], [1, 1], [90]) == [30, 30]
    assert rates([fast, double], [0, 0], [90]) == [0, 0]


GOOD = [10, 0, 0, 4, 1, 0, 0, 0, 0, ONE, 0, 0, 0]
REFUSED = {
    "no route": ([], [], [90]),
    "no link": ([GOOD], [1], []),
    "more than 64 routes": ([GOOD] * 65, [1] * 65, [90]),
    "a flow count too many": ([GOOD], [1, 1], [90]),
    "a short row": ([GOOD[:12]], [1], [90]),
    "no port rate": ([[0, *GOOD[1:]]], [1], [90]),
    "five links": ([[*GOOD[:4], 5, *GOOD[5:]]], [1], [90]),
    "a negative count": ([GOOD], [-1], [90]),
    "a link that is not there": ([[*GOOD[:5], 1, *GOOD[6:]]], [1], [90]),
    "a negative share": ([[*GOOD[:9], -1, *GOOD[10:]]], [1], [90]),
    "a link without capacity": ([GOOD], [1], [0]),
}


@pytest.mark.parametrize("rates", [kernel_rates, plain.rates])
@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED.keys())
def test_rates_refuses(rates: Any, arguments: Any) -> None:
    with pytest.raises(ValueError, match=r"rates:|dimensions"):
        rates(*arguments)
