"""x sigmoid(x) (SiLU) and x sigmoid(a x) (a = 1.702: the fast GELU of CLIP) become ``Swish``."""

from __future__ import annotations

from collections.abc import Mapping

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import Match, number, op, var

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X = var("x")
PLAIN = op("Mul", X, op("Sigmoid", X))
SCALED = op("Mul", X, op("Sigmoid", op("Mul", X, number())))


def rewrite(draft: Draft) -> None:
    """Both spellings."""
    recognise(draft, ["Mul"], PLAIN, "Swish", ["x"], needs=["Sigmoid"])
    recognise(draft, ["Mul"], SCALED, "Swish", ["x"], ["Sigmoid"], _alpha)


def _alpha(draft: Draft, found: Match) -> Mapping[str, float]:
    inner = next(node for node in found.nodes[1:] if node.op_type == "Mul")
    factors = (draft.scalar(name) for name in inner.inputs)
    return {"alpha": next(factor for factor in factors if factor is not None)}
