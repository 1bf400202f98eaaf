"""Einsum of two operands as a batched matrix product, of one as a reduction or a transposition.

Indices in both operands and the result are groups, in both operands but not in the result are reduced, in one operand
and the result are rows or columns. An index of one operand only that is not in the result would be summed first: one
reduction step for each element of that operand. Operands are read where they lie; no transposition is charged.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import merged
from leptonsim.compiler.operators.movement import transpose_run
from leptonsim.compiler.records import moved, results, shape_of, tensor_operator, vector_operator, view
from leptonsim.compiler.work import MatMul, Operand, Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node


def lower_einsum(node: Node, graph: Graph) -> Operator:
    """One or two operands, without ellipsis and without an index twice in a term.

    Raises:
        LeptonError: any other equation.
    """
    equation = node.attributes["equation"]
    equation = (equation.decode() if isinstance(equation, bytes) else str(equation)).replace(" ", "")
    left, arrow, result = equation.partition("->")
    terms = left.split(",")
    if not arrow:
        result = "".join(sorted(index for index in set(left) - {","} if left.count(index) == 1))
    if "." in equation or len(terms) > 2 or any(len(set(term)) != len(term) for term in [*terms, result]):
        raise LeptonError(
            f"Einsum {equation} is neither a product of two operands nor a reduction of one; split it into such"
        )
    sizes: dict[str, int] = {}
    for term, name in zip(terms, node.inputs, strict=True):
        for index, extent in zip(term, shape_of(graph, name), strict=True):
            sizes[index] = max(extent, sizes.get(index, 1))
    if len(terms) == 1:
        return _single(node, graph, terms[0], result)
    return _product(node, graph, terms[0], terms[1], result, sizes)


def _single(node: Node, graph: Graph, term: str, result: str) -> Operator:
    if len(result) < len(term):
        return vector_operator(node, graph, {"reduce": graph.tensors[node.inputs[0]].elements})
    shape = shape_of(graph, node.inputs[0])
    run = transpose_run(shape, tuple(term.index(index) for index in result))
    if run is None:
        return view(node, graph)
    return moved(node, [Operand(node.inputs[0], math.prod(shape), "strided", run)], results(graph, node))


def _product(node: Node, graph: Graph, a_term: str, b_term: str, result: str, sizes: dict[str, int]) -> Operator:
    a, b = node.inputs[:2]
    if graph.tensors[a].kind == "weight" and graph.tensors[b].kind != "weight":
        a, b, a_term, b_term = b, a, b_term, a_term

    def extent(indices: set[str]) -> int:
        return math.prod(sizes[index] for index in indices)

    in_a, in_b, kept = set(a_term), set(b_term), set(result)
    product = MatMul(
        groups=extent(in_a & in_b & kept),
        m=extent((in_a & kept) - in_b),
        k=extent((in_a & in_b) - kept),
        n=extent((in_b & kept) - in_a),
    )
    operator = tensor_operator(node, graph, product, a, b)
    summed_first = (graph.tensors[a].elements if in_a - in_b - kept else 0) + (
        graph.tensors[b].elements if in_b - in_a - kept else 0
    )
    if summed_first:
        operator = replace(operator, vector=merged(operator.vector, {"reduce": summed_first}))
    return operator


LOWERINGS = {"Einsum": lower_einsum}
