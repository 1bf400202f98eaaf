"""Quantised operators of ONNX Runtime's domain com.microsoft, as onnxruntime.quantization writes them.

Element-wise operators and poolings on quantised values (QLinearAdd and the like): each operand is dequantised (1 add, 1
mul), the operator computed, and the result requantised (1 mul, 5 adds), as in
``leptonsim.compiler.operators.quantization``. QGemm is a product of integers with an integer bias, requantised.
MatMulIntegerToFloat is one whose result is scaled to a real number (1 add for the conversion, 1 mul). A rewriting pass
spells DynamicQuantizeMatMul as a DynamicQuantizeLinear and a MatMulIntegerToFloat, so that the product is one of
integers. QuantizeLinear and DequantizeLinear are ONNX's own under another domain (for 4 and 16 bits before opset 21),
and are given ONNX's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.flow import merged
from leptonsim.compiler.operators.convolution import conv_matmul, on_either_unit
from leptonsim.compiler.operators.matmul import batched_product
from leptonsim.compiler.operators.quantization import lower_dequantize, lower_quantize
from leptonsim.compiler.records import along, has_input, shape_of, tensor_operator, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node, Tensor
from leptonsim.operators._shapes import Inputs, Outputs, broadcast, product, required, swapped

ELEMENTWISE: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "QLinearAdd": (2, {"add": 1}),
    "QLinearMul": (2, {"mul": 1}),
    "QLinearSigmoid": (1, {"exp": 1}),
    "QLinearLeakyRelu": (1, {"mul": 1, "add": 1}),
    "QLinearSoftmax": (1, {"reduce": 2, "add": 1, "exp": 1, "div": 1}),
}
"""Operands, and the operator's own cost for each output element."""
CONVERSIONS = ("QuantizeLinear", "DequantizeLinear")
POOLED = ("QLinearGlobalAveragePool", "QLinearAveragePool", "QLinearReduceMean")


BEFORE = ("multiply_quantised",)


def _requantised(elements: int) -> dict[str, int]:
    return {"mul": elements, "add": 5 * elements}


def _dequantised(elements: int) -> dict[str, int]:
    return {"mul": elements, "add": elements}


def lower_elementwise(node: Node, graph: Graph) -> Operator:
    """Each operand dequantised (1 mul, 1 add), the operator computed, the result requantised (1 mul, 5 add)."""
    count, cost = ELEMENTWISE[node.op_type]
    elements = graph.tensors[node.outputs[0]].elements
    vector = merged(_requantised(elements), {name: each * elements for name, each in cost.items()})
    for index in range(count):
        vector = merged(vector, _dequantised(graph.tensors[node.inputs[3 * index]].elements))
    operator = vector_operator(node, graph, vector, elementwise=node.op_type != "QLinearSoftmax")
    if operator.elementwise:
        return operator
    axis = int(node.attributes.get("axis", -1))
    return along(operator, shape_of(graph, node.inputs[0]), (axis,), numbers=2, returned=True)


def lower_pooled(node: Node, graph: Graph) -> Operator:
    """One reduction step for each element read (windows that overlap read an element several times)."""
    window = 1
    for size in node.attributes.get("kernel_shape", ()):
        window *= size
    read, made = (graph.tensors[name].elements for name in (node.inputs[0], node.outputs[0]))
    steps = made * window if window > 1 else read
    operator = vector_operator(node, graph, merged(_requantised(made), {"reduce": steps, "add": read}))
    if window > 1:
        return operator
    before, after = shape_of(graph, node.inputs[0]), shape_of(graph, node.outputs[0])
    if len(before) != len(after):
        return along(operator, before, range(len(before)), numbers=1)
    return along(operator, before, [axis for axis in range(len(before)) if before[axis] != after[axis]], numbers=1)


def lower_concat(node: Node, graph: Graph) -> Operator:
    """Every element is dequantised and requantised.

    Inputs: scale and zero point of the result, then each part with its own.
    """
    elements = graph.tensors[node.outputs[0]].elements
    return vector_operator(node, graph, merged(_dequantised(elements), _requantised(elements)))


def lower_qgemm(node: Node, graph: Graph) -> Operator:
    """A product of integers with a bias, requantised.

    Inputs: A, its scale and zero point, B, its scale and zero point, C, scale and zero point of the result.
    """
    a, b = node.inputs[0], node.inputs[3]
    shapes = _oriented(node.attributes, shape_of(graph, a), shape_of(graph, b))
    elements = graph.tensors[node.outputs[0]].elements
    vector = _requantised(elements) if has_input(node, 7) else _dequantised(elements)
    vector = merged(vector, {"add": has_input(node, 6) * elements})
    others = (*node.inputs[1:3], *node.inputs[4:])
    return tensor_operator(node, graph, batched_product(*shapes), a, b, others, vector)


def lower_integer_to_float(node: Node, graph: Graph) -> Operator:
    """A product of integers, scaled to real numbers (1 add, 1 mul for each output).

    Inputs: A, B, their scales, their zero points, bias.
    """
    a, b = node.inputs[:2]
    elements = graph.tensors[node.outputs[0]].elements
    vector = merged(_dequantised(elements), {"add": (has_input(node, 4) + has_input(node, 6)) * elements})
    matmul = batched_product(shape_of(graph, a), shape_of(graph, b))
    return tensor_operator(node, graph, matmul, a, b, node.inputs[2:], vector)


def lower_qlinear_conv(node: Node, graph: Graph) -> Operator:
    """As ONNX's QLinearConv; with ``channels_last`` 1 the input is [N, ..., C]."""
    if node.attributes.get("channels_last", 0):
        raise LeptonError("QLinearConv of com.microsoft with channels last is not covered")
    x, w = node.inputs[0], node.inputs[3]
    matmul = conv_matmul(node, shape_of(graph, x), shape_of(graph, w), shape_of(graph, node.outputs[0]))
    elements = graph.tensors[node.outputs[0]].elements
    vector = merged(_requantised(elements), {"add": has_input(node, 8) * elements})
    operator = tensor_operator(node, graph, matmul, x, w, (*node.inputs[1:3], *node.inputs[4:]), vector)
    return on_either_unit(operator, shape_of(graph, x)[1])


def rewrite(draft: Draft) -> None:
    """Spell DynamicQuantizeMatMul (A, B, scale of B, zero point of B, bias) in two; conversions are ONNX's own."""
    for node in [each for each in draft if each.op_type in CONVERSIONS and each.domain == "com.microsoft"]:
        draft.rewrite([node], replace(node, domain="", opset=21))
    for node in [each for each in draft if each.op_type == "DynamicQuantizeMatMul"]:
        a, b, *rest = node.inputs
        source = draft.tensors[a]
        names = [f"{node.outputs[0]}/{part}" for part in ("quantised", "scale", "zero_point")]
        for name, shape, dtype in zip(names, (source.shape, (), ()), ("uint8", "float", "uint8"), strict=True):
            draft.tensors[name] = Tensor(name, shape, dtype, "activation")
        scale, zero_point, bias = (*rest, "", "", "")[:3]
        first = Node(f"{node.name}/quantise", "DynamicQuantizeLinear", "", 11, (a,), tuple(names))
        inputs = (names[0], b, names[1], scale, names[2], zero_point, bias)
        draft.split(node, first, replace(node, op_type="MatMulIntegerToFloat", inputs=inputs, attributes={}))


def _oriented(attributes: Mapping[str, Any], a: tuple[int, ...], b: tuple[int, ...]) -> list[tuple[int, ...]]:
    flags = (attributes.get("transA", 0), attributes.get("transB", 0))
    return [swapped(shape) if flag else shape for shape, flag in zip((a, b), flags, strict=True)]


def _elementwise(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    first = required(inputs, 0)
    return [(first.dtype, first.shape)]


def _binary(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    a, b = required(inputs, 0), required(inputs, 3)
    return [(a.dtype, broadcast(a.shape, b.shape))]


def _global_pool(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x = required(inputs, 0)
    if attributes.get("channels_last", 0):
        return [(x.dtype, (x.shape[0], *(1 for _ in x.shape[1:-1]), x.shape[-1]))]
    return [(x.dtype, (*x.shape[:2], *(1 for _ in x.shape[2:])))]


def _pool(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x, kernel = required(inputs, 0), attributes["kernel_shape"]
    rank = len(kernel)
    if attributes.get("auto_pad", "NOTSET") != "NOTSET" or attributes.get("channels_last", 0):
        raise LeptonError("QLinearAveragePool with automatic padding or channels last is not covered")
    strides, pads = attributes.get("strides") or (1,) * rank, attributes.get("pads") or (0,) * (2 * rank)
    up = attributes.get("ceil_mode", 0)
    sizes = []
    for axis in range(rank):
        free = x.shape[2 + axis] + pads[axis] + pads[rank + axis] - kernel[axis]
        sizes.append((-(-free // strides[axis]) if up else free // strides[axis]) + 1)
    return [(x.dtype, (*x.shape[:2], *sizes))]


def _reduce(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x = required(inputs, 0)
    axes = {axis % len(x.shape) for axis in attributes.get("axes") or range(len(x.shape))}
    if attributes.get("keepdims", 1):
        return [(x.dtype, tuple(1 if axis in axes else size for axis, size in enumerate(x.shape)))]
    return [(x.dtype, tuple(size for axis, size in enumerate(x.shape) if axis not in axes))]


def _concat(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    parts = [required(inputs, index) for index in range(2, len(inputs), 3)]
    axis = int(attributes["axis"]) % len(parts[0].shape)
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return [(parts[0].dtype, tuple(shape))]


def _qgemm(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    a, b = required(inputs, 0), required(inputs, 3)
    quantised = len(inputs) > 8 and inputs[8] is not None
    dtype = required(inputs, 8).dtype if quantised else "float"
    return [(dtype, product(*_oriented(attributes, a.shape, b.shape)))]


def _to_float(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    return [("float", product(required(inputs, 0).shape, required(inputs, 1).shape))]


def _conv(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x, w = required(inputs, 0), required(inputs, 3)
    rank = len(w.shape) - 2
    if attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise LeptonError("QLinearConv of com.microsoft with automatic padding is not covered")
    strides, dilations = (attributes.get(name) or (1,) * rank for name in ("strides", "dilations"))
    pads = attributes.get("pads") or (0,) * (2 * rank)
    sizes = (
        (x.shape[2 + i] + pads[i] + pads[rank + i] - dilations[i] * (w.shape[2 + i] - 1) - 1) // strides[i] + 1
        for i in range(rank)
    )
    return [(x.dtype, (x.shape[0], w.shape[0], *sizes))]


def _quantise(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    zero_point = inputs[2] if len(inputs) > 2 else None
    return [(zero_point.dtype if zero_point else "uint8", required(inputs, 0).shape)]


def _dequantise(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    return [(required(inputs, 1).dtype, required(inputs, 0).shape)]


_RULES = {
    **{name: _binary if count == 2 else _elementwise for name, (count, _) in ELEMENTWISE.items()},
    "QLinearGlobalAveragePool": _global_pool,
    "QLinearAveragePool": _pool,
    "QLinearReduceMean": _reduce,
    "QLinearConcat": _concat,
    "QLinearConv": _conv,
    "QGemm": _qgemm,
    "MatMulIntegerToFloat": _to_float,
    "DynamicQuantizeMatMul": _to_float,
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _dequantise,
}
_LOWERINGS = {
    **dict.fromkeys(ELEMENTWISE, lower_elementwise),
    **dict.fromkeys(POOLED, lower_pooled),
    "QLinearConcat": lower_concat,
    "QLinearConv": lower_qlinear_conv,
    "QGemm": lower_qgemm,
    "MatMulIntegerToFloat": lower_integer_to_float,
    "QuantizeLinear": lower_quantize,
    "DequantizeLinear": lower_dequantize,
}
SHAPES = {f"com.microsoft::{name}": rule for name, rule in _RULES.items()}
LOWERINGS = {f"com.microsoft::{name}": lowering for name, lowering in _LOWERINGS.items()}
