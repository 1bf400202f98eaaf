"""Search by a model of good and bad: tree-structured Parzen estimators, for several objectives (Ozaki et al., JAIR 73,
2022), by Optuna.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leptonsim.explore.samplers import Dimension, Sampler
from leptonsim.explore.samplers._optuna import Study

GENERATION = 8
"""Choices asked for before any of them is told: enough to keep a machine's cores busy, few enough to learn from."""

STARTUP_SHARE = 5


def make(dimensions: Sequence[Dimension], count: int, seed: int, objectives: int) -> Sampler:
    """A fifth of the evaluations at random, then the estimator, in generations of 8."""

    def sampler() -> Any:
        import optuna

        return optuna.samplers.TPESampler(
            n_startup_trials=max(GENERATION, count // STARTUP_SHARE),
            multivariate=True,
            group=False,
            constant_liar=False,
            seed=seed,
        )

    return Study(dimensions, objectives, seed, GENERATION, sampler)
