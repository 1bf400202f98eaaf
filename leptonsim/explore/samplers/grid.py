"""Every combination, the last parameter fastest."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from leptonsim.errors import LeptonError
from leptonsim.explore.samplers import Choice, Dimension, Sampler


class Grid:
    """All choices of a space in which every dimension has a list of values."""

    generation = None

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        for dimension in dimensions:
            if dimension.size is None:
                raise LeptonError(
                    f"{dimension.name} is a range without step or count, which a grid cannot list; "
                    "add one, or draw: sample: sobol"
                )
        self._choices = itertools.product(*(range(dimension.size or 0) for dimension in dimensions))

    def ask(self) -> Choice | None:
        """The next combination."""
        return next(self._choices, None)

    def tell(self, choice: Choice, values: Sequence[float] | None, violations: Sequence[float]) -> None:
        """A grid does not learn."""


def make(dimensions: Sequence[Dimension], count: int, seed: int, objectives: int) -> Sampler:
    """A grid; ``count`` and ``seed`` do not matter."""
    return Grid(dimensions)
