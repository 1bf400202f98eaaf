"""LayerNorm spelt out becomes ``LayerNormalization``, or ``MeanVarianceNormalization`` where the axes are not the last
ones.

(x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon), with Div or with Reciprocal and Mul, the centred input made once
or twice, the square by Pow or Mul. A scale and a bias behind it are element-wise and are fused later at the same cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import Match, Pattern, either, number, op, var

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X = var("x")
CENTRED = op("Sub", X, op("ReduceMean", X))
SQUARED = either(op("Pow", CENTRED, number(2.0)), op("Mul", CENTRED, CENTRED))
DEVIATION = op("Sqrt", op("Add", op("ReduceMean", SQUARED), number()))


def divided(value: Pattern, by: Pattern) -> Pattern:
    """A quotient, or a product with the reciprocal, however spelt."""
    reciprocal = either(op("Reciprocal", by), op("Div", number(1.0), by))
    return either(op("Div", value, by), op("Mul", value, reciprocal))


def reduced_axes(draft: Draft, found: Match) -> tuple[list[int], int]:
    """The axes that the first mean of a match reduces, told from its shapes, and the rank."""
    mean = next(node for node in found.nodes if node.op_type == "ReduceMean")
    before, after = draft.tensors[mean.inputs[0]].shape, draft.tensors[mean.outputs[0]].shape
    if len(before) != len(after):
        return [], len(before)
    return [axis for axis in range(len(before)) if before[axis] != after[axis]], len(before)


def rewrite(draft: Draft) -> None:
    """Last axes first, then any axes."""
    roots, needs = ["Div", "Mul"], ["Sqrt"]
    pattern = divided(CENTRED, DEVIATION)
    recognise(draft, roots, pattern, "LayerNormalization", ["x"], needs, last_axes)
    recognise(draft, roots, pattern, "MeanVarianceNormalization", ["x"], needs, _any_axes)


def last_axes(draft: Draft, found: Match) -> Mapping[str, Any] | None:
    """The attribute of a normalisation over the last axes; None where it is over others."""
    axes, rank = reduced_axes(draft, found)
    return {"axis": axes[0]} if axes and axes == list(range(axes[0], rank)) else None


def _any_axes(draft: Draft, found: Match) -> Mapping[str, Any] | None:
    axes, _ = reduced_axes(draft, found)
    return {"axes": axes} if axes else None
