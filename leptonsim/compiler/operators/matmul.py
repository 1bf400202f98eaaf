"""Gemm and MatMul.

MatMul broadcasts over leading dimensions. Where B has none (or only ones), the leading dimensions of A are rows of one
product. Where B is shared by the innermost leading dimensions only, these are ``shared_b`` groups. A broadcast A is
read once but counted as one group for each B.

The stationary side of a product is B. Where A is a weight and B is computed, the product is taken transposed (B'A'), so
that weights are always B.
"""

from __future__ import annotations

import math

from leptonsim.compiler.records import has_input, shape_of, tensor_operator
from leptonsim.compiler.work import MatMul, Operator
from leptonsim.model.graph import Graph, Node


def batched_product(a: tuple[int, ...], b: tuple[int, ...]) -> MatMul:
    """The product of shapes as ONNX's MatMul (numpy's matmul) takes them; a vector is a matrix of one row or column."""
    a = (1, *a) if len(a) == 1 else a
    b = (*b, 1) if len(b) == 1 else b
    m, k, n = a[-2], a[-1], b[-1]
    rank = max(len(a), len(b)) - 2
    a_lead = (1,) * (rank + 2 - len(a)) + a[:-2]
    b_lead = (1,) * (rank + 2 - len(b)) + b[:-2]
    lead = [max(of_a, of_b) if of_a and of_b else 0 for of_a, of_b in zip(a_lead, b_lead, strict=True)]
    groups = math.prod(lead)
    if math.prod(b_lead) == 1:
        return MatMul(groups=1, m=groups * m, k=k, n=n)
    shared = 1
    for of_all, of_b in zip(reversed(lead), reversed(b_lead), strict=True):
        if of_b != 1:
            break
        shared *= of_all
    return MatMul(groups=groups, m=m, k=k, n=n, shared_b=shared)


def lower_matmul(node: Node, graph: Graph) -> Operator:
    """A [..., M, K] times B [..., K, N]; a third input is a bias that a pass has folded in, one add for each output."""
    a, b = node.inputs[:2]
    a_shape, b_shape = shape_of(graph, a), shape_of(graph, b)
    if (
        graph.tensors[a].kind == "weight"
        and graph.tensors[b].kind != "weight"
        and len(a_shape) > 1
        and len(b_shape) > 1
    ):
        a, b = b, a
        a_shape, b_shape = _swapped(b_shape), _swapped(a_shape)
    bias_adds = graph.tensors[node.outputs[0]].elements if has_input(node, 2) else 0
    return tensor_operator(node, graph, batched_product(a_shape, b_shape), a, b, node.inputs[2:3], {"add": bias_adds})


def lower_gemm(node: Node, graph: Graph) -> Operator:
    """alpha A B + beta C: one multiply for an alpha or beta other than 1 where it cannot be folded into a weight, one
    add for C.
    """
    attributes = node.attributes
    a, b = node.inputs[:2]
    a_shape, b_shape = shape_of(graph, a), shape_of(graph, b)
    a_shape = _swapped(a_shape) if attributes.get("transA", 0) else a_shape
    b_shape = _swapped(b_shape) if attributes.get("transB", 0) else b_shape
    elements = graph.tensors[node.outputs[0]].elements
    weights = [graph.tensors[name].kind == "weight" for name in node.inputs if name]
    vector = {"add": 0, "mul": 0}
    if attributes.get("alpha", 1.0) != 1.0 and not any(weights[:2]):
        vector["mul"] += elements
    if has_input(node, 2):
        vector["add"] += elements
        if attributes.get("beta", 1.0) != 1.0 and not weights[2]:
            vector["mul"] += elements
    if weights[0] and not weights[1]:
        a, b = b, a
        a_shape, b_shape = _swapped(b_shape), _swapped(a_shape)
    return tensor_operator(node, graph, batched_product(a_shape, b_shape), a, b, node.inputs[2:3], vector)


def _swapped(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2])


LOWERINGS = {"MatMul": lower_matmul, "Gemm": lower_gemm}
