"""Determinants of square matrices, by elimination.

Of a matrix of n rows, for k = n - 1 down to 1: the pivot is sought (k + 1 reduction steps), k quotients, and k^2
multiplies and subtractions below and right of it; then the n elements of the diagonal are multiplied. Matrices are
worked on side by side, one after the other within each (how far the lanes wait for each other is not modelled).
"""

from __future__ import annotations

from leptonsim.compiler.records import shape_of, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def lower_determinant(node: Node, graph: Graph) -> Operator:
    """Elimination with a pivot for each column: about n^3 / 3 multiplies and subtractions."""
    size = shape_of(graph, node.inputs[0])[-1]
    matrices = graph.tensors[node.outputs[0]].elements
    squares = sum(k * k for k in range(1, size))
    steps = size * (size - 1) // 2
    vector = {
        "reduce": matrices * (steps + size - 1),
        "div": matrices * steps,
        "mul": matrices * (squares + size - 1),
        "add": matrices * squares,
    }
    return vector_operator(node, graph, vector if size > 1 else {"add": matrices})


LOWERINGS = {"Det": lower_determinant}
