"""Reductions over axes, searches for the largest, and running sums."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from leptonsim.compiler.records import along, has_input, shape_of, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node

BEFORE = {"ReduceSumSquare": "mul", "ReduceL2": "mul", "ReduceL1": "add", "ReduceLogSumExp": "exp"}
"""What is done to each input element before the sum: squares, magnitudes, exponentials."""
AFTER = {"ReduceMean": "mul", "ReduceL2": "div", "ReduceLogSum": "exp", "ReduceLogSumExp": "exp"}
"""What is done to each sum: the reciprocal count, a root, a logarithm."""


def lower_reduce(node: Node, graph: Graph) -> Operator:
    """One reduction step for each input element; ReduceLogSumExp first takes the maximum and subtracts it."""
    inputs, outputs = graph.tensors[node.inputs[0]].elements, graph.tensors[node.outputs[0]].elements
    vector = {"reduce": inputs}
    if node.op_type in BEFORE:
        vector[BEFORE[node.op_type]] = inputs
    if node.op_type == "ReduceLogSumExp":
        vector["reduce"] += inputs
        vector["add"] = inputs + outputs
    if node.op_type in AFTER:
        function = AFTER[node.op_type]
        vector[function] = vector.get(function, 0) + outputs
    operator = vector_operator(node, graph, vector, inputs=node.inputs[:1])
    numbers = 2 if node.op_type == "ReduceLogSumExp" else 1
    return along(operator, shape_of(graph, node.inputs[0]), _reduced_axes(node, graph), numbers=numbers)


def _reduced_axes(node: Node, graph: Graph) -> Iterable[int]:
    """The axes by attribute, or by input (since opset 13 of ReduceSum, 18 of the others); all where none are given."""
    rank = len(shape_of(graph, node.inputs[0]))
    told = node.attributes.get("axes")
    if has_input(node, 1):
        told = graph.tensors[node.inputs[1]].value
    if told is None or not len(told):
        return range(rank)
    return [int(axis) for axis in told]


def lower_arg(node: Node, graph: Graph) -> Operator:
    """ArgMax, ArgMin: one reduction step for the value and one selection for its index, for each input element."""
    shape = shape_of(graph, node.inputs[0])
    inputs = math.prod(shape)
    operator = vector_operator(node, graph, {"reduce": inputs, "add": inputs})
    return along(operator, shape, (int(node.attributes.get("axis", 0)),), numbers=2)


def lower_cumulative(node: Node, graph: Graph) -> Operator:
    """CumSum, CumProd: one operation for each element, lanes working on separate rows.

    A single row of n is scanned by all lanes in ceil(log2 n) steps instead, one operation for each element and step.
    """
    shape = shape_of(graph, node.inputs[0])
    elements = math.prod(shape)
    function = "mul" if node.op_type == "CumProd" else "add"
    steps = 1 if max(shape, default=1) < elements else max(1, math.ceil(math.log2(max(2, elements))))
    operator = vector_operator(node, graph, {function: elements * steps}, inputs=node.inputs[:1])
    axis = graph.tensors[node.inputs[1]].value
    axes = range(len(shape)) if axis is None else [int(np.asarray(axis).reshape(-1)[0])]
    return along(operator, shape, axes, numbers=1)


def lower_top_k(node: Node, graph: Graph) -> Operator:
    """TopK: a partial bitonic sort, ceil(log2 k) + 1 compare-and-select pairs (value and index) for each element
    (estimate).

    For k = 1 that is what ArgMax does.
    """
    elements = graph.tensors[node.inputs[0]].elements
    axis = int(node.attributes.get("axis", -1))
    k = shape_of(graph, node.outputs[0])[axis]
    steps = math.ceil(math.log2(max(1, k))) + 1
    vector = {"reduce": elements * steps, "add": elements * steps}
    operator = vector_operator(node, graph, vector, inputs=node.inputs[:1])
    return along(operator, shape_of(graph, node.inputs[0]), (axis,), numbers=2 * k)


REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "SumSquare", "L1", "L2", "LogSum", "LogSumExp"]

LOWERINGS = {
    **{f"Reduce{name}": lower_reduce for name in REDUCTIONS},
    **dict.fromkeys(["ArgMax", "ArgMin"], lower_arg),
    **dict.fromkeys(["CumSum", "CumProd"], lower_cumulative),
    "TopK": lower_top_k,
}
