"""What a sweep file says: chips x overrides x models x batches and data types, which points to take, what is sought."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from leptonsim.chip.declare import Parameter
from leptonsim.explore.axes import Axis
from leptonsim.explore.expression import Expression

WORKLOAD_NAMES = ("batch", "dtype", "model", "requests")
"""What conditions may say of a workload."""

DESIGN_NAMES = ("chip", "area_mm2", "die_cost_usd")
"""What conditions may say of a design beside its parameters."""

DEFAULT_COUNT = 200
"""Designs that a sampler draws where the sweep does not say."""


@dataclass(frozen=True)
class ModelSource:
    """A model as the sweep names it: what rows show, where it is, and the sizes given to its open dimensions."""

    label: str
    source: str
    dims: tuple[tuple[str, int], ...] = ()
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Objective:
    """A result to make small, or large."""

    measure: str
    is_larger_better: bool

    def __str__(self) -> str:
        return f"{'max' if self.is_larger_better else 'min'} {self.measure}"


@dataclass(frozen=True)
class EqualArea:
    """Designs are brought to one die area by the largest ``adjust`` that fits; those further below than ``tolerance``
    are left out.
    """

    target_mm2: float | None
    target_chip: str | None
    adjust: str
    tolerance: float


@dataclass(frozen=True)
class Sweep:
    """What a sweep file says; chips by label, with the path or name to load."""

    name: str
    chips: tuple[tuple[str, str], ...]
    models: tuple[ModelSource, ...]
    axes: tuple[Axis, ...] = ()
    derived: tuple[tuple[str, Expression, Parameter], ...] = ()
    batches: tuple[int | None, ...] = (None,)
    dtypes: tuple[str | None, ...] = (None,)
    requests: int = 1
    cold: bool = False
    mapping: str = "own"
    where: tuple[Expression, ...] = ()
    equal_area: EqualArea | None = None
    sampler: str = "grid"
    count: int = DEFAULT_COUNT
    seed: int = 0
    objectives: tuple[Objective, ...] = ()
    constraints: tuple[Expression, ...] = ()
    folder: Path = field(default=Path(), compare=False)

    def about(self) -> dict[str, list[str]]:
        """What a store notes of the sweep."""
        adjusted = [self.equal_area.adjust] if self.equal_area else []
        return {
            "objectives": [str(objective) for objective in self.objectives],
            "constraints": [constraint.text for constraint in self.constraints],
            "derived": [path for path, _, _ in self.derived] + adjusted,
        }
