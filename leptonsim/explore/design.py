"""From a choice to a chip: the values of the axes, what is derived from them, and the area that is asked for.

A design whose chip cannot be built is kept with its error, so that it shows in the results; one that a condition
rejects is not a design.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leptonsim.chip.declare import Parameter, Part, parameters
from leptonsim.chip.load import load_chip
from leptonsim.chip.report import find
from leptonsim.chip.scalars import Integer, Measure
from leptonsim.chip.spec import Chip
from leptonsim.errors import LeptonError
from leptonsim.explore.area import area, die_cost
from leptonsim.explore.axes import exact_text
from leptonsim.explore.expression import Expression, ExpressionError
from leptonsim.explore.samplers import Choice, Dimension
from leptonsim.explore.spec import WORKLOAD_NAMES, Sweep

Overrides = Mapping[str, Any]

REMEMBERED = 4096
"""Values whose text, and texts whose value, are remembered: in a grid they come again and again."""


@dataclass(frozen=True)
class Design:
    """A chip of the sweep with its changes; ``chip`` is None where ``error`` says why it cannot be built."""

    base: str
    overrides: Overrides
    chip: Chip | None
    error: str | None = None


class Designer:
    """Makes the designs of a sweep. Raises LeptonError where a chip cannot be loaded."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.chips = {label: load_chip(source) for label, source in sweep.chips}
        self._labels = [label for label, _ in sweep.chips]
        self._where = [each for each in sweep.where if not _is_about_workloads(each)]
        self._about_workloads = [each for each in sweep.where if _is_about_workloads(each)]
        self._target_mm2 = self._target()

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What there is to choose: the chip, then each axis."""
        axes = (
            Dimension(
                axis.path, None if axis.span else len(axis.values), axis.span is not None or _is_ordered(axis.path)
            )
            for axis in self.sweep.axes
        )
        return (Dimension("chip", len(self._labels), is_ordered=False), *axes)

    def design(self, choice: Choice) -> Design | None:
        """The design of a choice; None where a condition rejects it."""
        label = self._labels[int(choice[0])]
        base = self.chips[label]
        overrides = {axis.path: axis.at(index) for axis, index in zip(self.sweep.axes, choice[1:], strict=True)}
        try:
            for path, expression, parameter in self.sweep.derived:
                value = expression.value(functools.partial(_before, base, overrides))
                overrides[path] = _text(value, parameter)
            if self._target_mm2 is not None and not self._adjust(base, overrides):
                return None
            chip = base.with_(overrides)
            for condition in self._where:
                if not condition.value(functools.partial(chip_value, chip, label)):
                    return None
        except LeptonError as error:
            return Design(label, overrides, None, one_line(error))
        return Design(label, overrides, chip)

    def is_wanted(self, design: Design, workload: Mapping[str, Any]) -> bool:
        """Whether the conditions that speak of the workload hold; a design that cannot be built is wanted, to be told
        of.
        """
        chip = design.chip
        if chip is None:
            return True

        def lookup(name: str) -> Any:
            return workload[name] if name in WORKLOAD_NAMES else chip_value(chip, design.base, name)

        try:
            return all(condition.value(lookup) for condition in self._about_workloads)
        except ExpressionError as error:
            raise LeptonError(f"where: {error}") from None

    # ---- equal area
    # ----------------------------------------------------------------------------------------------------

    def _target(self) -> float | None:
        wanted = self.sweep.equal_area
        if wanted is None:
            return None
        if wanted.target_chip is not None:
            return area(load_chip(wanted.target_chip)).total_mm2
        return wanted.target_mm2

    def _adjust(self, base: Chip, overrides: dict[str, Any]) -> bool:
        """Set the parameter to the largest value whose die is within the target; whether that comes near enough."""
        wanted = self.sweep.equal_area
        assert wanted is not None
        assert self._target_mm2 is not None
        parameter = find(Chip, tuple(wanted.adjust.split(".")))
        scalar = parameter.scalar if parameter else None
        if not isinstance(scalar, Integer | Measure):
            raise LeptonError(f"equal_area: {wanted.adjust} is not a whole number to adjust")
        grain, low, high = 1, *bounds(scalar)
        if isinstance(scalar, Measure):
            grain = max(1, int(low))
        fits = 0
        step = 1 << (int(high) // grain).bit_length()
        while step:
            # The largest multiple of the grain that fits, bit by bit.
            trial = (fits + step) * grain
            if low <= trial <= high:
                overrides[wanted.adjust] = scalar.format(trial)
                if area(base.with_(overrides)).total_mm2 <= self._target_mm2:
                    fits += step
            step //= 2
        if not fits:
            return False
        overrides[wanted.adjust] = scalar.format(fits * grain)
        return area(base.with_(overrides)).total_mm2 >= self._target_mm2 * (1 - wanted.tolerance)


def bounds(scalar: Integer | Measure) -> tuple[int | float, int | float]:
    """The least and the largest value of a whole parameter."""
    if isinstance(scalar, Integer):
        return scalar.least, scalar.most
    return scalar.quantity.parse(scalar.least), scalar.quantity.parse(scalar.most)


def value_at(chip: Chip, path: str) -> Any:
    """The value of a parameter in inner units; None where an optional part is absent. Raises LeptonError for an unknown
    path.
    """
    here: Any = chip
    for step in path.split("."):
        if here is None:
            return None
        if isinstance(here, tuple):
            if not step.isdecimal() or int(step) >= len(here):
                raise LeptonError(f"{path}: there are {len(here)} entries, counted from 0")
            here = here[int(step)]
        elif isinstance(here, dict):
            here = here.get(step)
        else:
            known = parameters(type(here)) if isinstance(here, Part) else {}
            if step not in known:
                raise LeptonError(f"{path}: there is no such parameter")
            here = getattr(here, known[step].attribute)
    return here


def chip_value(chip: Chip, label: str, name: str) -> Any:
    """What a condition may read of a design."""
    if name == "chip":
        return label
    if name == "area_mm2":
        return area(chip).total_mm2
    if name == "die_cost_usd":
        cost = die_cost(area(chip).total_mm2, chip.process_nm)
        return float("inf") if cost is None else cost.cost_usd
    return value_at(chip, name)


def one_line(error: Exception) -> str:
    """A message on one line."""
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def _before(base: Chip, overrides: Overrides, path: str) -> Any:
    """The value that a derived one may use: of the axes and what was derived before, else of the base chip."""
    if path not in overrides:
        return value_at(base, path)
    given = overrides[path]
    return _parsed(path, given) if isinstance(given, str) else given


@functools.lru_cache(REMEMBERED)
def _parsed(path: str, text: str) -> Any:
    """The value of a text in inner units; the text itself where its parameter is no scalar."""
    parameter = _parameter(path)
    return text if parameter is None or parameter.scalar is None else parameter.scalar.parse(text)


@functools.lru_cache(REMEMBERED, typed=True)
def _text(value: Any, parameter: Parameter) -> str:
    return exact_text(value, parameter)


def _parameter(path: str) -> Parameter | None:
    return find(Chip, tuple(int(step) if step.isdecimal() else step for step in path.split(".")))


def _is_about_workloads(condition: Expression) -> bool:
    return any(name in WORKLOAD_NAMES for name in condition.names)


def _is_ordered(path: str) -> bool:
    parameter = _parameter(path)
    return parameter is not None and parameter.scalar is not None and not parameter.literals


__all__ = ["Design", "Designer", "bounds", "chip_value", "one_line", "value_at"]
