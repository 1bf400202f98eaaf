"""Quantised operators: conversions between real and integer values, and products of integers.

QuantizeLinear: scale (mul; a division where the scale is computed), round, shift by the zero point if there is one,
clamp by two comparisons, convert: four adds, five with a zero point. DequantizeLinear: convert, shift,
scale. DynamicQuantizeLinear finds minimum and maximum first (two reduction steps). Integer products keep the types of
their tensors; QLinearConv and QLinearMatMul requantise each output as QuantizeLinear does. Zero points of A and B in
integer products are folded into the bias by compilers where they are constants, and cost one add for each output here.
"""

from __future__ import annotations

from leptonsim.compiler.operators.convolution import conv_matmul, on_either_unit
from leptonsim.compiler.operators.matmul import batched_product
from leptonsim.compiler.records import along, has_input, shape_of, tensor_operator, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def _requantise(elements: int, zero_point: bool) -> dict[str, int]:
    return {"mul": elements, "add": (4 + zero_point) * elements}


def lower_quantize(node: Node, graph: Graph) -> Operator:
    """round(x / scale) + zero point, clamped."""
    elements = graph.tensors[node.outputs[0]].elements
    vector = _requantise(elements, has_input(node, 2))
    if graph.tensors[node.inputs[1]].kind != "weight":
        vector["div"] = vector.pop("mul")
    return vector_operator(node, graph, vector, elementwise=True)


def lower_dequantize(node: Node, graph: Graph) -> Operator:
    """(x - zero point) scale."""
    elements = graph.tensors[node.outputs[0]].elements
    vector = {"add": (1 + has_input(node, 2)) * elements, "mul": elements}
    return vector_operator(node, graph, vector, elementwise=True)


def lower_dynamic_quantize(node: Node, graph: Graph) -> Operator:
    """The scale is one division; then as QuantizeLinear."""
    elements = graph.tensors[node.inputs[0]].elements
    vector = {"reduce": 2 * elements, "div": 1, **_requantise(elements, zero_point=True)}
    shape = shape_of(graph, node.inputs[0])
    return along(vector_operator(node, graph, vector), shape, range(len(shape)), numbers=2, returned=True)


def lower_integer_matmul(node: Node, graph: Graph) -> Operator:
    """MatMulInteger (A, B, zero points) and QLinearMatMul (A, its scale and zero point, B, its scale and zero point,
    those of the result).
    """
    linear = node.op_type == "QLinearMatMul"
    a, b = node.inputs[0], node.inputs[3 if linear else 1]
    product = batched_product(shape_of(graph, a), shape_of(graph, b))
    elements = graph.tensors[node.outputs[0]].elements
    if linear:
        vector = _requantise(elements, has_input(node, 7))
        others = (*node.inputs[1:3], *node.inputs[4:])
    else:
        others = node.inputs[2:]
        vector = {"add": elements * sum(bool(name) for name in others)}
    return tensor_operator(node, graph, product, a, b, others, vector)


def lower_integer_conv(node: Node, graph: Graph) -> Operator:
    """ConvInteger (X, W, zero points) and QLinearConv (X, scale, zero point, W, scale, zero point, those of the result,
    bias).
    """
    linear = node.op_type == "QLinearConv"
    x, w = node.inputs[0], node.inputs[3 if linear else 1]
    product = conv_matmul(node, shape_of(graph, x), shape_of(graph, w), shape_of(graph, node.outputs[0]))
    elements = graph.tensors[node.outputs[0]].elements
    if linear:
        vector = _requantise(elements, has_input(node, 7))
        vector["add"] += elements * has_input(node, 8)
        others = (*node.inputs[1:3], *node.inputs[4:])
    else:
        others = node.inputs[2:]
        vector = {"add": elements * sum(bool(name) for name in others)}
    return on_either_unit(tensor_operator(node, graph, product, x, w, others, vector), shape_of(graph, x)[1])


LOWERINGS = {
    "QuantizeLinear": lower_quantize,
    "DequantizeLinear": lower_dequantize,
    "DynamicQuantizeLinear": lower_dynamic_quantize,
    **dict.fromkeys(["MatMulInteger", "QLinearMatMul"], lower_integer_matmul),
    **dict.fromkeys(["ConvInteger", "QLinearConv"], lower_integer_conv),
}
