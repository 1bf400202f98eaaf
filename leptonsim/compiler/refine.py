"""Small models are mapped by the machine itself.

The search estimates; the machine has the last word. Where a model has only a few different matrix products (a single
operator, a layer), the fastest candidates of each, by the estimate, are run and the one that ends first is kept, or one
that ends hardly later and keeps the arrays busy for fewer cycles: tiles cut finer than the array's side let loads and
computing overlap a little more, and every fold is loaded and drained once more for it. Larger models are left to the
estimate: their operators overlap, and trying them would take longer than the rest.

Where the model is a single product, a candidate that by a lower bound of its time can be neither is not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from leptonsim.compiler.compilation import Compilation
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

SAFE = 1 - 1e-9
"""What rounding may add to a bound computed in floating point."""

Candidate = tuple[float, MappingTuple]
Mappings = dict[object, Candidate]


class Clock(Protocol):
    """Who says how long programs of a chip take."""

    def time_ps(self, program: Program) -> int:
        """Picoseconds of one request."""

    def around(self, program: Program) -> tuple[int, int, int]:
        """Picoseconds, at least: until the launch, until the inputs are there, from the last result to the end."""


@dataclass(slots=True)
class _Trial:
    """A candidate to be run: its number by the estimate, what it takes at least, and the cycles of the arrays."""

    number: int
    candidate: Candidate
    least_ps: float = 0.0
    cycles: int = 0

    @property
    def rank(self) -> tuple[int, float, int]:
        """It comes no earlier among those of hardly different times."""
        return self.cycles, self.least_ps, self.number


@dataclass(frozen=True, slots=True)
class _Run:
    """A trial that was run."""

    trial: _Trial
    time_ps: int
    program: Program

    @property
    def rank(self) -> tuple[int, float, int]:
        """The least is taken of those of hardly different times."""
        return sum(operator.tensor_cycles for operator in self.program.operators), self.time_ps, self.trial.number


def refined(compilation: Compilation, clock: Clock) -> Program:
    """The program that ends first, or hardly later and keeps the arrays less busy."""
    products: dict[object, Product] = {}

    def fastest(product: Product) -> Candidate:
        products[product.key] = product
        return fastest_mapping(product)

    best = compilation.program(fastest)
    if not 0 < len(products) <= MOST_PRODUCTS or len(best.operators) > MOST_OPERATORS:
        return best
    is_alone = len(products) == 1 and sum(operator.engine == "tensor" for operator in best.operators) == 1
    taken: Mappings = {}
    for key, product in products.items():
        trials = [_Trial(number, each) for number, each in enumerate(product.candidates(CANDIDATES, HOPELESS))]
        if is_alone:
            _bound(trials, product, clock.around(best), compilation.waits_for_inputs)
        others = dict(taken)

        def run(trial: _Trial, key: object = key, others: Mappings = others) -> _Run:
            program = compilation.program(_with({**others, key: trial.candidate}))
            return _Run(trial, clock.time_ps(program), program)

        chosen = _fastest(trials, run)
        taken[key], best = chosen.trial.candidate, chosen.program
    return best


def _bound(trials: Iterable[_Trial], product: Product, around_ps: tuple[int, int, int], waits: bool) -> None:
    """Tell trials what they take at least; ``waits``: nothing of the model can be done before the inputs are there."""
    launch_ps, inputs_ps, after_ps = around_ps
    begin_ps = max(launch_ps, inputs_ps) if waits else launch_ps
    for trial in trials:
        least_ps, trial.cycles = product.least(trial.candidate[1], begin_ps - launch_ps)
        trial.least_ps = (begin_ps + least_ps + after_ps) * SAFE


def _fastest(trials: Sequence[_Trial], run: Callable[[_Trial], _Run]) -> _Run:
    """The run to take of all trials; those that cannot be it are left out."""
    runs = [run(trials[0])]
    left = list(trials[1:])
    while True:
        shortest_ps = min(each.time_ps for each in runs)
        best = min((each for each in runs if each.time_ps <= HARDLY_LATER * shortest_ps), key=lambda each: each.rank)
        left = [each for each in left if each.least_ps <= HARDLY_LATER * shortest_ps]
        candidate = next((each for each in left if each.least_ps < shortest_ps or each.rank < best.rank), None)
        if candidate is None:
            return best
        left.remove(candidate)
        runs.append(run(candidate))


def _with(taken: Mappings) -> Choose:
    """A way to choose that has made up its mind about some products."""
    return lambda product: taken.get(product.key) or fastest_mapping(product)
