"""HardSwish spelt Add, Clip, Mul, Div (or with HardSigmoid), and HardSigmoid spelt Add, Clip, Div, become one operator
each.

HardSwish is x min(max(x + 3, 0), 6) / 6 (Howard et al., MobileNetV3, 2019).
"""

from __future__ import annotations

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import Pattern, either, number, op, var
from leptonsim.model.graph import Node

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X = var("x")


def _clips_at_six(draft: Draft, node: Node) -> bool:
    """Bounds 0 and 6, by attribute up to opset 6 and by input since 11."""
    if len(node.inputs) > 2:
        return draft.scalar(node.inputs[1]) == 0.0 and draft.scalar(node.inputs[2]) == 6.0
    return node.attributes.get("min") == 0.0 and node.attributes.get("max") == 6.0


def _sixth(pattern: Pattern) -> Pattern:
    return either(op("Div", pattern, number(6.0)), op("Mul", pattern, number(1 / 6)))


RELU6 = op("Clip", op("Add", X, number(3.0)), where=_clips_at_six)
HARD_SWISH = either(_sixth(op("Mul", X, RELU6)), op("Mul", X, either(_sixth(RELU6), op("HardSigmoid", X))))


def rewrite(draft: Draft) -> None:
    """HardSwish first, as it holds a HardSigmoid."""
    recognise(draft, ["Div", "Mul"], HARD_SWISH, "HardSwish", ["x"], needs=["Clip", "HardSigmoid"])
    recognise(draft, ["Div", "Mul"], _sixth(RELU6), "HardSigmoid", ["x"], needs=["Clip"])
