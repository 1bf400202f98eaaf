"""Softmax spelt out, exp(x - max(x)) / sum(exp(x - max(x))), becomes ``Softmax``."""

from __future__ import annotations

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import either, op, var

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X = var("x")
POWERS = op("Exp", either(op("Sub", X, op("ReduceMax", X)), X))
SOFTMAX = op("Div", POWERS, op("ReduceSum", POWERS))


def rewrite(draft: Draft) -> None:
    """With or without the maximum; without it, the safe form is still what a chip would run."""
    recognise(draft, ["Div"], SOFTMAX, "Softmax", ["x"], needs=["ReduceSum"])
