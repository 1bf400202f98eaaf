"""RMSNorm spelt out becomes ``RMSNormalization``.

x / sqrt(mean(x^2) + epsilon), with Div, with Reciprocal and Mul, or with a power of -0.5; the square by Pow or Mul. The
weight behind it, and casts around it, are element-wise and are fused later at the same cost.
"""

from __future__ import annotations

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.passes.recognise_layer_normalization import divided, last_axes
from leptonsim.compiler.patterns import either, number, op, var

AFTER = ("recognise_layer_normalization",)
BEFORE = ("hoist_scale",)

X = var("x")
SQUARED = either(op("Pow", X, number(2.0)), op("Mul", X, X))
MEAN_SQUARE = op("Add", op("ReduceMean", SQUARED), number())
RMS_NORMALIZATION = either(divided(X, op("Sqrt", MEAN_SQUARE)), op("Mul", X, op("Pow", MEAN_SQUARE, number(-0.5))))


def rewrite(draft: Draft) -> None:
    """Over the last axes; any other spelling is counted as it stands."""
    recognise(draft, ["Div", "Mul"], RMS_NORMALIZATION, "RMSNormalization", ["x"], ["ReduceMean"], last_axes)
