"""Einsum of two operands as a batched matrix product, of one as a reduction, a transposition or a diagonal.

Indices in both operands and the result are groups, in both operands but not in the result are reduced, in one operand
and the result are rows or columns. An index of one operand only that is not in the result would be summed first: one
reduction step for each element of that operand. Operands are read where they lie; no transposition is charged. An
ellipsis stands for the axes that are not named, from the last to the first; an index twice in one term for a diagonal,
which is read element by element.

Three operands and more are multiplied from the left to the right; what is made in between is kept (of no index that no
later operand or the result has).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from leptonsim.compiler.flow import merged
from leptonsim.compiler.operators.movement import transpose_run
from leptonsim.compiler.records import moved, results, shape_of, tensor_operator, vector_operator, view
from leptonsim.compiler.work import MatMul, Operand, Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node


def lower_einsum(node: Node, graph: Graph) -> Operator:
    """One or two operands; more are split before (``passes/split_einsum``).

    Raises:
        LeptonError: an index twice in one of two operands.
    """
    terms, result = terms_of(node, [shape_of(graph, name) for name in node.inputs])
    if len(terms) == 1:
        return _single(node, graph, terms[0], result)
    if len(terms) > 2 or any(len(set(term)) != len(term) for term in terms):
        raise LeptonError(
            f"Einsum {node.attributes['equation']} is neither a product of two operands nor a reduction of one; "
            "split it into such"
        )
    sizes: dict[str, int] = {}
    for term, name in zip(terms, node.inputs, strict=True):
        for index, extent in zip(term, shape_of(graph, name), strict=True):
            sizes[index] = max(extent, sizes.get(index, 1))
    return _product(node, graph, terms[0], terms[1], result, sizes)


def terms_of(node: Node, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """The indices of every operand and of the result, one letter for each axis; those of an ellipsis are digits."""
    equation = node.attributes["equation"]
    equation = (equation.decode() if isinstance(equation, bytes) else str(equation)).replace(" ", "")
    left, arrow, result = equation.partition("->")
    named = left.split(",")
    hidden = [len(shape) - len(term.replace("...", "")) for term, shape in zip(named, shapes, strict=True)]
    most = max((count for term, count in zip(named, hidden, strict=True) if "..." in term), default=0)
    # Characters outside of the alphabet, so that they are no index that is named.
    unnamed = "".join(chr(0x100 + axis) for axis in range(most))
    terms = [term.replace("...", unnamed[most - count :]) for term, count in zip(named, hidden, strict=True)]
    if arrow:
        return terms, result.replace("...", unnamed)
    once = sorted(index for index in set(left) - {",", "."} if left.count(index) == 1)
    return terms, unnamed + "".join(once)


def _single(node: Node, graph: Graph, term: str, result: str) -> Operator:
    shape = shape_of(graph, node.inputs[0])
    if len(set(term)) != len(term):
        return _diagonal(node, graph, term, result)
    if len(result) < len(term):
        return vector_operator(node, graph, {"reduce": math.prod(shape)})
    run = transpose_run(shape, tuple(term.index(index) for index in result))
    if run is None:
        return view(node, graph)
    return moved(node, [Operand(node.inputs[0], math.prod(shape), "strided", run)], results(graph, node))


def _diagonal(node: Node, graph: Graph, term: str, result: str) -> Operator:
    """Only what lies on the diagonal is read; what is not in the result is summed."""
    sizes = dict(zip(term, shape_of(graph, node.inputs[0]), strict=True))
    taken = Operand(node.inputs[0], math.prod(sizes.values()), "strided", 1)
    if len(result) == len(sizes):
        return moved(node, [taken], results(graph, node))
    return replace(vector_operator(node, graph, {"reduce": taken.elements}), inputs=(taken,))


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
