"""Which designs of a space are tried, and in which order; each file is one method, its name the value of ``sample:
method``.

A module defines ``make(dimensions, count, seed, objectives) -> Sampler``. A *choice* has a number for each dimension:
of a value, or for a span without a list of values a share from 0 to 1. A sampler that learns is told what became of its
choices, generation by generation, so that it proposes the same again when a sweep is resumed, whoever computed the
points and in whichever order.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Choice = tuple[int | float, ...]


@dataclass(frozen=True)
class Dimension:
    """A thing to choose: its name and number of values, None for a span. ``is_ordered``: neighbours are alike."""

    name: str
    size: int | None
    is_ordered: bool = True


class Sampler(Protocol):
    """Proposes choices, and is told what became of them."""

    @property
    def generation(self) -> int | None:
        """Choices to ask for before telling; None where telling changes nothing."""

    def ask(self) -> Choice | None:
        """The next choice, or None when there is none."""

    def tell(self, choice: Choice, values: Sequence[float] | None, violations: Sequence[float]) -> None:
        """What became of a choice: objectives to minimise (None: it failed), how far each constraint is broken."""


def sampler_names() -> tuple[str, ...]:
    """The methods there are, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def make_sampler(method: str, dimensions: Sequence[Dimension], count: int, seed: int, objectives: int) -> Sampler:
    """The sampler of a method for so many objectives. Raises LeptonError where an extra is missing."""
    module = importlib.import_module(f"{__name__}.{method}")
    sampler: Sampler = module.make(dimensions, count, seed, objectives)
    return sampler
