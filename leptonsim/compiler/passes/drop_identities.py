"""Take Identity, Dropout and a Cast to the type that is there already out of the way of the other passes.

At inference they hand on what they read. Whoever reads their result reads their input instead; the first reader stands
for them from then on. One whose result is a result of the graph stays, and is a view.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

AFTER = ()


def rewrite(draft: Draft) -> None:
    """Every one of them whose result is read inside the graph only."""
    for node in draft.of_type("Identity", "Dropout", "Cast", "CastLike"):
        result, *others = node.outputs
        if draft.tensors[result].dtype != draft.tensors[node.inputs[0]].dtype:
            continue
        readers = sorted(draft.readers(result), key=draft.place)
        if not readers or result in draft.results or any(draft.readers(name) for name in others if name):
            continue
        first, *later = readers
        for reader in later:
            draft.rewrite([reader], _reading(reader, result, node.inputs[0]))
        draft.rewrite([node, first], _reading(first, result, node.inputs[0]))


def _reading(reader: Node, old: str, new: str) -> Node:
    return replace(reader, inputs=tuple(new if name == old else name for name in reader.inputs))
