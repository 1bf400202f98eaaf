"""Operators that keep some of what they read: NonZero, Compress, Unique, NonMaxSuppression.

How many they keep depends on the data; the reader gives their results the largest size, or what the user says (see
``leptonsim.model.counting``), and all of it is written here.

Where the kept ones go is a running sum over the conditions, scanned by all lanes in ceil(log2 n) steps of one addition
each. NonZero compares each element first; Compress takes what is kept from where it lies. Unique sorts: ceil(log2 n)
(ceil(log2 n) + 1) / 2 steps of a bitonic network (Batcher, 1968), half a comparison and exchange for each element (one
comparison, two selections), then compares neighbours.

NonMaxSuppression is the greedy one. For every class, as often as a box is selected, the best of the boxes left is found
(one reduction step and one selection for each) and the others' overlap with it computed: 4 comparisons, 2 differences,
2 clamps, a multiply, 2 additions of areas, a division, a comparison and a selection. Areas (a multiply and two
differences for each box) are computed once.
"""

from __future__ import annotations

import math

from leptonsim.compiler.records import has_input, operands, results, shape_of, vector_operator
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node


def _scan(elements: int) -> int:
    """Additions of a running sum."""
    return elements * math.ceil(math.log2(max(2, elements)))


def lower_non_zero(node: Node, graph: Graph) -> Operator:
    """A comparison for each element and a running sum; at most all places are written, at as many coordinates."""
    elements = graph.tensors[node.inputs[0]].elements
    return vector_operator(node, graph, {"add": elements + _scan(elements)})


def lower_compress(node: Node, graph: Graph) -> Operator:
    """A running sum over the conditions, then what is kept is taken in pieces of everything behind the axis."""
    shape, axis = shape_of(graph, node.inputs[0]), node.attributes.get("axis")
    run = 1 if axis is None else math.prod(shape[int(axis) % len(shape) + 1 :])
    kept = Operand(node.inputs[0], graph.tensors[node.outputs[0]].elements, "random", run)
    vector = {"add": _scan(graph.tensors[node.inputs[1]].elements)}
    inputs = (kept, *operands(graph, node.inputs[1:2]))
    return Operator(node.name, node.op_type, "vector", (node.name,), inputs, results(graph, node), vector=vector)


def lower_unique(node: Node, graph: Graph) -> Operator:
    """A bitonic sort, a comparison of neighbours and a running sum."""
    elements = graph.tensors[node.inputs[0]].elements
    depth = math.ceil(math.log2(max(2, elements)))
    compared = elements * depth * (depth + 1) // 4
    return vector_operator(node, graph, {"add": 3 * compared + elements + _scan(elements)})


def lower_non_max_suppression(node: Node, graph: Graph) -> Operator:
    """Greedy, each class by itself; see the module for what a selected box costs."""
    batch, classes, boxes = shape_of(graph, node.inputs[1])
    pairs = graph.tensors[node.outputs[0]].elements // 3 * boxes
    areas = batch * boxes
    vector = {
        "reduce": pairs,
        "add": 13 * pairs + 2 * areas + batch * classes * boxes * has_input(node, 4),
        "mul": pairs + areas,
        "div": pairs,
    }
    return vector_operator(node, graph, vector)


LOWERINGS = {
    "NonZero": lower_non_zero,
    "Compress": lower_compress,
    "Unique": lower_unique,
    "NonMaxSuppression": lower_non_max_suppression,
}
