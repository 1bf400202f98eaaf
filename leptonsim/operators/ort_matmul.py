"""Matrix products of ONNX Runtime's domain com.microsoft, in real numbers or with weights in few bits.

FusedMatMul (and TransposeMatMul) may transpose its operands and scale the result (one multiply for each output).
FusedGemm is Gemm with an activation. MatMulNBits has a weight of N x K in blocks of 2, 4 or 8 bits with a scale for
each block and perhaps a zero point: the weight stays packed in memory and is unpacked as it is loaded, on the vector
unit: shift and mask (one add), conversion (one add), one more add for a zero point, one multiply by the scale, for each
element; scales and zero points are read as well. A rewriting pass replaces the packed bytes by a tensor of the true
shape and type, which is what memory and products are counted by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.flow import merged
from leptonsim.compiler.operators.elementwise import COST
from leptonsim.compiler.operators.matmul import batched_product, lower_gemm
from leptonsim.compiler.records import counted, has_input, operands, shape_of, tensor_operator
from leptonsim.compiler.work import Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node, Tensor
from leptonsim.operators._shapes import Inputs, Outputs, product, required, swapped

PACKED = {2: "uint2", 4: "uint4", 8: "uint8"}


def _oriented(attributes: Mapping[str, Any], a: tuple[int, ...], b: tuple[int, ...]) -> list[tuple[int, ...]]:
    if attributes.get("transBatchA", 0) or attributes.get("transBatchB", 0):
        raise LeptonError("transposed batch axes are not covered; transpose before the product")
    flags = (attributes.get("transA", 0), attributes.get("transB", 0))
    return [swapped(shape) if flag else shape for shape, flag in zip((a, b), flags, strict=True)]


def lower_fused_matmul(node: Node, graph: Graph) -> Operator:
    """A product of A and B, each transposed or not; one multiply for each output if it is scaled."""
    a, b = node.inputs[:2]
    shapes = _oriented(node.attributes, shape_of(graph, a), shape_of(graph, b))
    scaled = node.attributes.get("alpha", 1.0) != 1.0 and graph.tensors[b].kind != "weight"
    vector = {"mul": scaled * graph.tensors[node.outputs[0]].elements}
    return tensor_operator(node, graph, batched_product(*shapes), a, b, (), vector)


def lower_fused_gemm(node: Node, graph: Graph) -> Operator:
    """Gemm, then the activation by its name."""
    operator = lower_gemm(node, graph)
    elements = graph.tensors[node.outputs[0]].elements
    cost = COST.get(str(node.attributes.get("activation", "")), {})
    return replace(operator, vector=merged(operator.vector, {name: count * elements for name, count in cost.items()}))


def lower_packed(node: Node, graph: Graph) -> Operator:
    """A product with weights that stay packed in memory and are unpacked on the vector unit as they are loaded.

    Inputs: A, weight as ``rewrite`` left it, scales, zero points, indices of groups, bias.
    """
    a, b = node.inputs[:2]
    weight = graph.tensors[b]
    elements = graph.tensors[node.outputs[0]].elements
    unpacked = {"add": (2 + has_input(node, 3)) * weight.elements, "mul": weight.elements}
    vector = merged(unpacked, {"add": has_input(node, 5) * elements})
    matmul = batched_product(shape_of(graph, a), weight.shape)
    operator = tensor_operator(node, graph, matmul, a, b, node.inputs[2:])
    return replace(operator, vector=counted(vector), inputs=(*operator.inputs[:2], *operands(graph, node.inputs[2:])))


def rewrite(draft: Draft) -> None:
    """Give every packed weight its true shape and type."""
    for node in [each for each in draft if each.op_type == "MatMulNBits" and each.domain == "com.microsoft"]:
        name, bits = node.inputs[1], int(node.attributes.get("bits", 4))
        if bits not in PACKED:
            raise LeptonError(f"node {node.name}: MatMulNBits of {bits} bits; there are {', '.join(map(str, PACKED))}")
        true = f"{name}/unpacked"
        shape = (int(node.attributes["K"]), int(node.attributes["N"]))
        draft.tensors[true] = Tensor(true, shape, PACKED[bits], draft.tensors[name].kind)
        draft.rewrite([node], replace(node, inputs=(node.inputs[0], true, *node.inputs[2:])))


def _fused_matmul(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    a, b = required(inputs, 0), required(inputs, 1)
    return [(a.dtype, product(*_oriented(attributes, a.shape, b.shape)))]


def _packed(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    a = required(inputs, 0)
    if a.shape[-1] != int(attributes["K"]):
        raise LeptonError(f"input {a.name} of shape {list(a.shape)} does not fit K = {attributes['K']}")
    return [(a.dtype, (*a.shape[:-1], int(attributes["N"])))]


def _fused_gemm(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    a, b = required(inputs, 0), required(inputs, 1)
    return [(a.dtype, product(*_oriented(attributes, a.shape, b.shape)))]


SHAPES = {
    "com.microsoft::FusedMatMul": _fused_matmul,
    "com.microsoft::TransposeMatMul": _fused_matmul,
    "com.microsoft::FusedGemm": _fused_gemm,
    "com.microsoft::MatMulNBits": _packed,
}
LOWERINGS = {
    "com.microsoft::FusedMatMul": lower_fused_matmul,
    "com.microsoft::TransposeMatMul": lower_fused_matmul,
    "com.microsoft::FusedGemm": lower_fused_gemm,
    "com.microsoft::MatMulNBits": lower_packed,
}
