"""Rotary position embedding spelt out becomes ``RotaryEmbedding``.

x cos + rotate(x) sin, where rotate swaps the halves of the last axis and negates the one that comes first:
Concat(Neg(second half), first half), halves taken by Slice or by Split (Su et al., RoFormer, 2021, in the arrangement
of GPT-NeoX and Llama). Without it each half would be moved four times.
"""

from __future__ import annotations

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.passes._recognise import recognise
from leptonsim.compiler.patterns import either, op, var
from leptonsim.model.graph import Node

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

X, COS, SIN = var("x"), var("cos"), var("sin")


def _joins_halves(draft: Draft, node: Node) -> bool:
    """Two equal parts along the last axis."""
    first, *others = (draft.tensors[name].shape for name in node.inputs)
    return others == [first] and draft.tensors[node.outputs[0]].shape[:-1] == first[:-1]


ROTATED = either(
    op("Concat", op("Neg", op("Slice", X)), op("Slice", X), where=_joins_halves),
    op("Concat", op("Neg", op("Split", X)), op("Split", X), where=_joins_halves),
)
ROTARY = op("Add", op("Mul", X, COS), op("Mul", ROTATED, SIN))


def rewrite(draft: Draft) -> None:
    """The two spellings."""
    recognise(draft, ["Add"], ROTARY, "RotaryEmbedding", ["x", "cos", "sin"], needs=["Neg"])
