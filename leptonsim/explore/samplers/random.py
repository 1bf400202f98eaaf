"""Designs drawn at random, each at most once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from leptonsim.explore.samplers import Choice, Dimension, Sampler

MOST_REPEATS = 1000
"""Draws in a row that were there before, after which the space counts as exhausted."""


class Drawn:
    """Different choices from an endless source of shares (0 to 1 in each dimension)."""

    generation = None

    def __init__(self, dimensions: Sequence[Dimension], shares: Iterator[Sequence[float]]) -> None:
        self._dimensions = dimensions
        self._shares = shares
        self._seen: set[Choice] = set()

    def ask(self) -> Choice | None:
        """The next choice that was not drawn before; None when a thousand draws in a row were."""
        for _ in range(MOST_REPEATS):
            choice = tuple(
                share if dimension.size is None else min(math.floor(share * dimension.size), dimension.size - 1)
                for share, dimension in zip(next(self._shares), self._dimensions, strict=True)
            )
            if choice not in self._seen:
                self._seen.add(choice)
                return choice
        return None

    def tell(self, choice: Choice, values: Sequence[float] | None, violations: Sequence[float]) -> None:
        """Draws do not learn."""


def _uniform(dimensions: int, seed: int) -> Iterator[list[float]]:
    source = np.random.default_rng(seed)
    while True:
        yield source.random(dimensions).tolist()


def make(dimensions: Sequence[Dimension], count: int, seed: int, objectives: int) -> Sampler:
    """Independent and uniform in each dimension; who asks stops at ``count``."""
    return Drawn(dimensions, _uniform(len(dimensions), seed))
