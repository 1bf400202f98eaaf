"""A vector divided by its length (cosine attention of Swin v2, embeddings to compare) becomes ``LpNormalization``.

The length by ReduceL2, ReduceL1, or the root of a sum of squares; guarded against zero by Clip, Max or an Add, or not;
expanded to the shape of the vectors, or broadcast by the division.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.passes.recognise_layer_normalization import divided
from leptonsim.compiler.patterns import Match, Pattern, either, number, op, var

AFTER = ("recognise_rms_normalization",)
BEFORE = ("hoist_scale",)

X = var("x")
SUM = op("ReduceSum", either(op("Pow", X, number(2.0)), op("Mul", X, X)))
LENGTH = either(
    op("ReduceL2", X), op("ReduceL1", X), op("Sqrt", either(SUM, op("ReduceSumSquare", X), op("Add", SUM, number())))
)
NORMS = ("ReduceL2", "ReduceL1", "ReduceSum", "ReduceSumSquare")
GUARDS = ("Clip", "Max", "Add")


def _guarded(length: Pattern) -> Pattern:
    kept = either(length, op("Clip", length, number()), op("Max", length, number()), op("Add", length, number()))
    return either(kept, op("Expand", kept))


def rewrite(draft: Draft) -> None:
    """Along one axis; of several, it is counted as it stands."""
    recognise(draft, ["Div", "Mul"], divided(X, _guarded(LENGTH)), "LpNormalization", ["x"], NORMS, _said)


def _said(draft: Draft, found: Match) -> Mapping[str, Any] | None:
    norm = next(node for node in found.nodes if node.op_type in NORMS)
    before, after = draft.tensors[found.tensors["x"]].shape, draft.tensors[norm.outputs[0]].shape
    axes = [axis for axis, size in enumerate(before) if len(before) == len(after) and size != after[axis]]
    if len(axes) != 1:
        return None
    is_guarded = any(node.op_type in GUARDS for node in found.nodes)
    return {"axis": axes[0], "p": 1 if norm.op_type == "ReduceL1" else 2, **({"epsilon": 0.0} if is_guarded else {})}
