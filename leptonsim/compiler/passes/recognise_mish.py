"""x tanh(softplus(x)) becomes ``Mish``."""

from __future__ import annotations

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import op, var

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X = var("x")
MISH = op("Mul", X, op("Tanh", op("Softplus", X)))


def rewrite(draft: Draft) -> None:
    """The one spelling that exporters write."""
    recognise(draft, ["Mul"], MISH, "Mish", ["x"], needs=["Softplus"])
