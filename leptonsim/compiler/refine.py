"""Small models are mapped by the machine itself.

The search estimates; the machine has the last word. Where a model has only a few different matrix products (a single
operator, a layer), the fastest candidates of each, by the estimate, are run in turn and the one that ends first is
kept. Larger models are left to the estimate: their operators overlap, and trying them would take longer than the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from leptonsim.compiler.products import MappingTuple, Product
from leptonsim.compiler.program import Program
from leptonsim.compiler.schedule import Choose, fastest_mapping

MOST_PRODUCTS = 2
"""Different products up to which mappings are tried."""

MOST_OPERATORS = 8
"""Operators up to which mappings are tried."""

CANDIDATES = 32
"""Mappings tried for each product."""

HOPELESS = 1.5
"""Estimated times beyond this multiple of the best are not tried."""

Mappings = dict[object, tuple[float, MappingTuple]]


def refined(compiled: Callable[[Choose], Program], device_time_ps: Callable[[Program], int]) -> Program:
    """The program that ends first; ``compiled`` makes one from a way to choose mappings."""
    products: dict[object, Product] = {}

    def fastest(product: Product) -> tuple[float, MappingTuple]:
        products[product.key] = product
        return fastest_mapping(product)

    best = compiled(fastest)
    if not 0 < len(products) <= MOST_PRODUCTS or len(best.operators) > MOST_OPERATORS:
        return best
    best_ps = device_time_ps(best)
    taken: Mappings = {}
    for key, product in list(products.items()):
        every = product.candidates(CANDIDATES)
        for candidate in every[1:]:
            if candidate[0] > HOPELESS * every[0][0]:
                break
            program = compiled(_with({**taken, key: candidate}))
            time_ps = device_time_ps(program)
            if time_ps < best_ps:
                best, best_ps, taken[key] = program, time_ps, candidate
    return best


def _with(taken: Mappings) -> Choose:
    """A way to choose that has made up its mind about some products."""
    return lambda product: taken.get(product.key) or fastest_mapping(product)
