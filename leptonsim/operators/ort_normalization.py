"""Normalisations of ONNX Runtime: with the residual added in, and without the mean.

SimplifiedLayerNormalization (which ONNX Runtime writes into ONNX's own domain) is RMSNormalization. The forms that
begin with Skip add a skip and a bias first, one add for each element and each of the two, and may put out the sum as
well. EmbedLayerNormalization looks up words, positions and segments, adds them, and normalises. Counts as in
``leptonsim.compiler.operators.normalization``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from leptonsim.compiler.flow import merged
from leptonsim.compiler.operators.normalization import lower_layer_normalization, lower_rms_normalization
from leptonsim.compiler.records import along, has_input, operands, results, shape_of, vector_operator
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node
from leptonsim.operators._shapes import Inputs, Outputs, required


def lower_skip(node: Node, graph: Graph) -> Operator:
    """The skip and a bias are added, then the sum is normalised.

    Inputs: x, skip, gamma, and beta but for the simplified form, bias.
    """
    simplified = "Simplified" in node.op_type
    elements = graph.tensors[node.inputs[0]].elements
    biased = has_input(node, 3 if simplified else 4)
    scales = [name for name in node.inputs[2 : 3 if simplified else 4] if name]
    inner = replace(node, inputs=(node.inputs[0], *scales), outputs=node.outputs[:1])
    operator = (lower_rms_normalization if simplified else lower_layer_normalization)(inner, graph)
    return replace(
        operator,
        inputs=operands(graph, node.inputs),
        outputs=results(graph, node),
        vector=merged(operator.vector, {"add": (1 + biased) * elements}),
    )


def lower_embed(node: Node, graph: Graph) -> Operator:
    """Rows of the tables of words, positions and segments are gathered, added and normalised.

    Inputs: word and segment numbers, tables of words, positions and segments, gamma, beta, mask.
    """
    batch, length, width = shape_of(graph, node.outputs[0])
    elements, rows = batch * length * width, batch * length
    tables = [name for name in node.inputs[2:5] if name]
    taken = tuple(Operand(name, elements, "random", width) for name in tables)
    vector = {
        "reduce": 2 * elements,
        "add": (len(tables) + 1) * elements + rows,
        "mul": 3 * elements + 2 * rows,
        "div": 2 * rows,
    }
    operator = vector_operator(node, graph, vector, inputs=[*node.inputs[:2], *node.inputs[5:]])
    whole_rows = along(operator, shape_of(graph, node.outputs[0]), (2,), numbers=2, returned=True)
    return replace(whole_rows, inputs=(*operator.inputs, *taken))


def _normalised(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x = required(inputs, 0)
    rows = x.shape[: int(attributes.get("axis", -1)) % len(x.shape)]
    return [(x.dtype, x.shape), ("float", (*rows, 1))]


def _skipped(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x = required(inputs, 0)
    rows = (*x.shape[:-1], 1)
    return [(x.dtype, x.shape), ("float", rows), ("float", rows), (x.dtype, x.shape)]


def _embedded(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    ids, words = required(inputs, 0), required(inputs, 2)
    shape = (*ids.shape, words.shape[-1])
    return [(words.dtype, shape), ("int32", ids.shape[:1]), (words.dtype, shape)]


SHAPES = {
    "SimplifiedLayerNormalization": _normalised,
    "com.microsoft::SkipLayerNormalization": _skipped,
    "com.microsoft::SkipSimplifiedLayerNormalization": _skipped,
    "com.microsoft::EmbedLayerNormalization": _embedded,
}
LOWERINGS = {
    "com.microsoft::SkipLayerNormalization": lower_skip,
    "com.microsoft::SkipSimplifiedLayerNormalization": lower_skip,
    "com.microsoft::EmbedLayerNormalization": lower_embed,
}
