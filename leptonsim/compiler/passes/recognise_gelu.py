"""GELU spelt out, with the error function or with the hyperbolic tangent, becomes ``Gelu``.

Half the input times one plus a function of it, in any association; the argument of tanh as c (x + a x^3) or as c x (1 +
a x x), c = sqrt(2 / pi), a = 0.044715 (Hendrycks and Gimpel, 2016). x sigmoid(1.702 x) is recognised with SiLU.
"""

from __future__ import annotations

import math

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import Pattern, either, number, op, var

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X = var("x")


def _half_x_times(factor: Pattern) -> Pattern:
    half = number(0.5)
    return either(
        op("Mul", op("Mul", X, factor), half),
        op("Mul", op("Mul", X, half), factor),
        op("Mul", X, op("Mul", factor, half)),
        op("Div", op("Mul", X, factor), number(2.0)),
    )


def _plus_one(pattern: Pattern) -> Pattern:
    return op("Add", pattern, number(1.0))


def _tanh_argument() -> Pattern:
    a, c = number(0.044715), number(math.sqrt(2 / math.pi))
    square = either(op("Mul", X, X), op("Pow", X, number(2.0)))
    cube = either(op("Pow", X, number(3.0)), op("Mul", X, square))
    a_cube = either(op("Mul", cube, a), op("Mul", op("Mul", X, a), square), op("Mul", X, op("Mul", a, square)))
    bracket = _plus_one(either(op("Mul", square, a), op("Mul", op("Mul", X, a), X)))
    return either(
        op("Mul", op("Add", X, a_cube), c), op("Mul", op("Mul", X, c), bracket), op("Mul", X, op("Mul", c, bracket))
    )


EXACT = _half_x_times(
    _plus_one(op("Erf", either(op("Div", X, number(math.sqrt(2))), op("Mul", X, number(math.sqrt(0.5))))))
)
BY_TANH = _half_x_times(_plus_one(op("Tanh", _tanh_argument())))


def rewrite(draft: Draft) -> None:
    """Both spellings."""
    recognise(draft, ["Mul", "Div"], EXACT, "Gelu", ["x"], needs=["Erf"])
    recognise(draft, ["Mul", "Div"], BY_TANH, "Gelu", ["x"], ["Tanh"], lambda draft, found: {"approximate": "tanh"})
