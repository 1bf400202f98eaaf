"""Rotary position embedding spelt out becomes ``RotaryEmbedding``.

x cos + rotate(x) sin, where rotate swaps the halves of the last axis and negates the one that comes first:
Concat(Neg(second half), first half), halves taken by Slice or by Split (Su et al., RoFormer, 2021, in the arrangement
of GPT-NeoX and Llama). In the arrangement of RoFormer itself and GPT-J, neighbours are swapped instead: every other
element is taken by a Slice of step 2, and both are stacked on an axis that is then merged with the last. Without it
each half would be moved four times.
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


def _stacks_neighbours(draft: Draft, node: Node) -> bool:
    """Two equal parts, stacked behind the last axis."""
    first, *others = (draft.tensors[name].shape for name in node.inputs)
    return others == [first] and first[-1] == 1 and draft.tensors[node.outputs[0]].shape == (*first[:-1], 2)


def _merges_last_axes(draft: Draft, node: Node) -> bool:
    before, after = draft.tensors[node.inputs[0]].shape, draft.tensors[node.outputs[0]].shape
    return after == (*before[:-2], before[-2] * before[-1])


STACKED = op(
    "Concat",
    op("Unsqueeze", op("Neg", op("Slice", X))),
    op("Unsqueeze", op("Slice", X)),
    where=_stacks_neighbours,
)
ROTATED = either(
    op("Reshape", STACKED, where=_merges_last_axes),
    op("Flatten", STACKED, where=_merges_last_axes),
    op("Concat", op("Neg", op("Slice", X)), op("Slice", X), where=_joins_halves),
    op("Concat", op("Neg", op("Split", X)), op("Split", X), where=_joins_halves),
)
ROTARY = op("Add", op("Mul", X, COS), op("Mul", ROTATED, SIN))


def rewrite(draft: Draft) -> None:
    """All spellings."""
    recognise(draft, ["Add"], ROTARY, "RotaryEmbedding", ["x", "cos", "sin"], needs=["Neg"])
