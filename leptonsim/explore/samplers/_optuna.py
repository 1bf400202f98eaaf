"""What the samplers that learn share: an Optuna study asked and told, so that workers stay ours.

The study lives in memory and is built anew when a sweep is resumed: told the same results in the same order, it asks
the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.explore.samplers import Choice, Dimension

if TYPE_CHECKING:
    import optuna

REPEATS = 30
"""Proposals in a row that were tried before, after which a new choice is drawn at random instead."""

MOST_DRAWS = 1000
"""Random draws in a row that were tried before, after which the space counts as exhausted."""


class Study:
    """Choices from an Optuna sampler, each at most once."""

    def __init__(
        self, dimensions: Sequence[Dimension], objectives: int, seed: int, generation: int, make: Callable[[], Any]
    ) -> None:
        try:
            import optuna
        except ImportError:
            raise LeptonError(
                "a search needs Optuna: pip install 'leptonsim[search]', or take sample: random or sobol"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.generation = generation
        self._optuna = optuna
        self._dimensions = dimensions
        self._random = np.random.default_rng(seed)
        self._trials: dict[Choice, optuna.Trial] = {}
        self._seen: set[Choice] = set()
        with warnings.catch_warnings():
            # Some options of Optuna's samplers are experimental features, of which it warns.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = make()
        self._study = optuna.create_study(directions=["minimize"] * max(1, objectives), sampler=sampler)

    def ask(self) -> Choice | None:
        """The study's next choice that is new; a random one where it repeats itself; None where there is none left."""
        for _ in range(REPEATS):
            trial = self._study.ask()
            choice = tuple(self._suggested(trial, number, each) for number, each in enumerate(self._dimensions))
            if choice not in self._seen:
                return self._new(choice, trial)
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        for _ in range(MOST_DRAWS):
            choice = tuple(
                self._random.random() if each.size is None else int(self._random.integers(each.size))
                for each in self._dimensions
            )
            if choice not in self._seen:
                named = {str(number): value for number, value in enumerate(choice)}
                self._study.enqueue_trial(
                    {name: value for name, value in named.items() if self._dimensions[int(name)].size != 1}
                )
                trial = self._study.ask()
                return self._new(
                    tuple(self._suggested(trial, n, each) for n, each in enumerate(self._dimensions)), trial
                )
        return None

    def tell(self, choice: Choice, values: Sequence[float] | None, violations: Sequence[float]) -> None:
        """What became of a choice."""
        trial = self._trials.pop(choice)
        if values is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
            return
        for number, violation in enumerate(violations):
            trial.set_constraint(str(number), violation)
        self._study.tell(trial, list(values))

    def _new(self, choice: Choice, trial: optuna.Trial) -> Choice:
        self._seen.add(choice)
        self._trials[choice] = trial
        return choice

    def _suggested(self, trial: optuna.Trial, number: int, dimension: Dimension) -> int | float:
        name = str(number)
        if dimension.size is None:
            return float(trial.suggest_float(name, 0.0, 1.0))
        if dimension.size == 1:
            return 0
        if dimension.is_ordered:
            return int(trial.suggest_int(name, 0, dimension.size - 1))
        return int(trial.suggest_categorical(name, list(range(dimension.size))))
