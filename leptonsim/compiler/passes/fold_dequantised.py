"""Dequantise weights once and for all, or only the rows that are read.

What multiplies keeps its weights in integers (``multiply_quantised``). Any other weight behind a DequantizeLinear
(biases, scales of normalisations) is converted when the model is compiled: it is a constant of the data type of the
run. A table from which a Gather takes rows stays in integers; only what was taken is dequantised, by the one scale that
all of the table has.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

AFTER = ("multiply_quantised",)
BEFORE = ("hoist_scale",)


def rewrite(draft: Draft) -> None:
    """Every DequantizeLinear of a weight that is still there."""
    for node in draft.of_type("DequantizeLinear"):
        if not all(draft.is_weight(name) for name in node.inputs if name) or node.outputs[0] in draft.results:
            continue
        reader = draft.only_reader(node.outputs[0])
        if reader is not None and _takes_rows(reader, node) and draft.tensors[node.inputs[1]].elements == 1:
            _behind_gather(draft, node, reader)
        else:
            result = draft.tensors[node.outputs[0]]
            draft.tensors[result.name] = replace(result, kind="weight")
            draft.fold(node)


def _takes_rows(reader: Node, node: Node) -> bool:
    return (
        reader.op_type == "Gather"
        and reader.domain == ""
        and reader.inputs[0] == node.outputs[0] != reader.inputs[1]
        and not reader.attributes.get("axis", 0)
    )


def _behind_gather(draft: Draft, node: Node, gather: Node) -> None:
    result = gather.outputs[0]
    rows = f"{result}/quantised"
    draft.tensors[rows] = replace(draft.tensors[result], name=rows, dtype=draft.tensors[node.inputs[0]].dtype)
    taking = replace(gather, inputs=(node.inputs[0], gather.inputs[1]), outputs=(rows,))
    draft.rewrite([gather], taking)
    draft.move_behind(taking, node, replace(node, inputs=(rows, *node.inputs[1:]), outputs=(result,)))
