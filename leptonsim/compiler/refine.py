"""Small models are mapped by the machine itself.

The search estimates; the machine has the last word. Where a model has only a few different matrix products (a single
operator, a layer), the fastest candidates of each, by the estimate, are run in turn and the one that ends first is
kept, or one that ends hardly later and keeps the arrays busy for fewer cycles: tiles cut finer than the array's side
let loads and computing overlap a little more, and every fold is loaded and drained once more for it. Larger models are
left to the estimate: their operators overlap, and trying them would take longer than the rest.
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

HARDLY_LATER = 1.02
"""Times up to this multiple of the shortest are not worth busier arrays."""

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
    taken: Mappings = {}
    for key, product in products.items():
        tried = [
            (candidate, compiled(_with({**taken, key: candidate})))
            for candidate in product.candidates(CANDIDATES, HOPELESS)
        ]
        timed = [(device_time_ps(program), candidate, program) for candidate, program in tried]
        shortest_ps = min(time_ps for time_ps, _, _ in timed)
        near = [each for each in timed if each[0] <= HARDLY_LATER * shortest_ps]
        _, taken[key], best = min(near, key=lambda each: (_tensor_cycles(each[2]), each[0]))
    return best


def _tensor_cycles(program: Program) -> int:
    """Cycles in which the busiest core's arrays are at work."""
    return sum(operator.tensor_cycles for operator in program.operators)


def _with(taken: Mappings) -> Choose:
    """A way to choose that has made up its mind about some products."""
    return lambda product: taken.get(product.key) or fastest_mapping(product)
