"""Designs spread evenly: a scrambled Sobol sequence (Joe and Kuo's direction numbers, Owen's scrambling, by SciPy)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leptonsim.errors import LeptonError
from leptonsim.explore.samplers import Dimension, Sampler
from leptonsim.explore.samplers.random import Drawn

BLOCK = 1 << 10


def _sequence(dimensions: int, seed: int) -> Iterator[list[float]]:
    try:
        from scipy.stats import qmc
    except ImportError:
        raise LeptonError(
            "sample: sobol needs SciPy: pip install 'leptonsim[search]', or take sample: random"
        ) from None
    engine = qmc.Sobol(max(1, dimensions), scramble=True, rng=seed)
    while True:
        for row in engine.random(BLOCK).tolist():
            yield row[:dimensions]


def make(dimensions: Sequence[Dimension], count: int, seed: int, objectives: int) -> Sampler:
    """A Sobol sequence; who asks stops at ``count``."""
    return Drawn(dimensions, _sequence(len(dimensions), seed))
