"""Pooling and its inverses: a window moves over the image, or covers it all.

A window of k elements costs k comparisons (max) or k adds and one multiply by its reciprocal size (average) for each
output, those on padding included: that is what lanes do that each hold one output. Global pooling reduces each channel:
one reduction step for each input element.
"""

from __future__ import annotations

import math

from leptonsim.compiler.records import along, has_output, moved, operands, shape_of, vector_operator
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node


def lower_window(node: Node, graph: Graph) -> Operator:
    """MaxPool, AveragePool, LpPool. Indices of the maximum cost a second selection each; LpPool two powers more."""
    window = math.prod(node.attributes["kernel_shape"])
    outputs = graph.tensors[node.outputs[0]].elements
    vector = {"add": window * outputs}
    if node.op_type == "MaxPool" and has_output(node, 1):
        vector["add"] *= 2
    elif node.op_type == "AveragePool":
        vector["mul"] = outputs
    elif node.op_type == "LpPool":
        vector["exp"] = (window + 1) * outputs
    return vector_operator(node, graph, vector)


def lower_global(node: Node, graph: Graph) -> Operator:
    """GlobalMaxPool, GlobalAveragePool (a multiply for each output), GlobalLpPool (powers before and after)."""
    inputs, outputs = graph.tensors[node.inputs[0]].elements, graph.tensors[node.outputs[0]].elements
    vector = {"reduce": inputs}
    if node.op_type == "GlobalAveragePool":
        vector["mul"] = outputs
    elif node.op_type == "GlobalLpPool":
        vector["exp"] = inputs + outputs
    shape = shape_of(graph, node.inputs[0])
    return along(vector_operator(node, graph, vector), shape, range(2, len(shape)), numbers=1)


def lower_col2im(node: Node, graph: Graph) -> Operator:
    """Each element of each block is added to its place."""
    return vector_operator(node, graph, {"add": graph.tensors[node.inputs[0]].elements}, inputs=node.inputs[:1])


def lower_max_unpool(node: Node, graph: Graph) -> Operator:
    """Zeros, and each value written to the place that its index tells."""
    values = graph.tensors[node.inputs[0]].elements
    scattered = Operand(node.outputs[0], graph.tensors[node.outputs[0]].elements + values, "random", 1)
    return moved(node, operands(graph, node.inputs[:2]), [scattered])


LOWERINGS = {
    "Col2Im": lower_col2im,
    "MaxUnpool": lower_max_unpool,
    **dict.fromkeys(["MaxPool", "AveragePool", "LpPool"], lower_window),
    **dict.fromkeys(["GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"], lower_global),
}
