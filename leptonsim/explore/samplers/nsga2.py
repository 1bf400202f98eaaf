"""Search by evolution: NSGA-II (Deb et al., IEEE Trans. Evolutionary Computation 6(2), 2002), by Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leptonsim.explore.samplers import Dimension, Sampler
from leptonsim.explore.samplers._optuna import Study

LEAST_POPULATION, MOST_POPULATION = 10, 50
MUTATION = 0.1
"""Chance of each parameter to be drawn anew. On the space of benchmarks/search_quality.py the worst of 24 seeds found
96 % of the front's hypervolume with it, and 95 % with Optuna's own choice of one parameter in each design.
"""

GENERATIONS = 10
"""Generations to spread the evaluations over, within the bounds of the population."""


def make(dimensions: Sequence[Dimension], count: int, seed: int, objectives: int) -> Sampler:
    """A population of a tenth of the evaluations, 10 to 50."""
    population = max(LEAST_POPULATION, min(MOST_POPULATION, count // GENERATIONS))

    def sampler() -> Any:
        import optuna

        return optuna.samplers.NSGAIISampler(population_size=population, mutation_prob=MUTATION, seed=seed)

    return Study(dimensions, objectives, seed, population, sampler)
