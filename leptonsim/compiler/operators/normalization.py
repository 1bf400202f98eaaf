"""Normalisations and softmax, counted step by step.

With E elements in R rows (a row is what is normalised together):
- LayerNormalization, InstanceNormalization, GroupNormalization, MeanVarianceNormalization: sum (E reduce), centre (E
  add), square (E mul), sum (E reduce), for each row two means (mul), epsilon (add), root and reciprocal (2 div), then
  scale by it (E mul); E mul and E add more for scale and bias if given.
- RMSNormalization, SimplifiedLayerNormalization: square (E mul), sum (E reduce), for each row mean (mul), epsilon
  (add), root and reciprocal (2 div), scale (E mul), and E mul for the weight.
- BatchNormalization at inference is one multiply and one add for each element by constants of the channel.
- Softmax: maximum (E reduce), subtract (E add), exp (E exp), sum (E reduce), divide (E div). LogSoftmax: a logarithm
  for each row and a subtraction (E add) in place of the division. Hardmax: E reduce and E comparisons.
- LRN over s channels: square (E mul), a sum of s for each element (s E reduce), scale and bias (E mul, E add), power (E
  exp), divide (E div).
- LpNormalization: squares or magnitudes (E mul for p = 2, E add for p = 1), sum (E reduce), for each row a guard
  against zero if there is one (add), for p = 2 a root, and a reciprocal (div), scale by it (E mul).

Of a row that is divided between cores each makes partial results (``exchange``): one for each reduction above, sum and
sum of squares taken together where there is a mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from leptonsim.compiler.records import along, has_input, shape_of, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def _mean_variance(node: Node, graph: Graph, axes: Iterable[int], sets: int = 1) -> Operator:
    shape = shape_of(graph, node.inputs[0])
    named = {axis % len(shape) for axis in axes}
    elements, rows = math.prod(shape), sets * math.prod(size for axis, size in enumerate(shape) if axis not in named)
    scale, bias = has_input(node, 1), has_input(node, 2)
    vector = {
        "reduce": 2 * elements,
        "add": (1 + bias) * elements + rows,
        "mul": (2 + scale) * elements + 2 * rows,
        "div": 2 * rows,
    }
    return along(vector_operator(node, graph, vector), shape, named, numbers=2, returned=True, sets=sets)


def _from_axis(node: Node, graph: Graph) -> range:
    """All axes from the attribute's on."""
    rank = len(shape_of(graph, node.inputs[0]))
    return range(int(node.attributes.get("axis", -1)) % max(1, rank), rank)


def lower_layer_normalization(node: Node, graph: Graph) -> Operator:
    """Over all axes from ``axis`` on."""
    return _mean_variance(node, graph, _from_axis(node, graph))


def lower_instance_normalization(node: Node, graph: Graph) -> Operator:
    """Over the positions of each channel of each image."""
    return _mean_variance(node, graph, range(2, len(shape_of(graph, node.inputs[0]))))


def lower_group_normalization(node: Node, graph: Graph) -> Operator:
    """Over the positions of each group of channels of each image."""
    axes = range(1, len(shape_of(graph, node.inputs[0])))
    return _mean_variance(node, graph, axes, sets=int(node.attributes["num_groups"]))


def lower_mean_variance(node: Node, graph: Graph) -> Operator:
    """Over the given axes, [0, 2, 3] unless told."""
    return _mean_variance(node, graph, node.attributes.get("axes", [0, 2, 3]))


def lower_rms_normalization(node: Node, graph: Graph) -> Operator:
    """Over all axes from ``axis`` on."""
    shape, axes = shape_of(graph, node.inputs[0]), _from_axis(node, graph)
    elements, rows = math.prod(shape), math.prod(shape[: axes.start])
    vector = {
        "reduce": elements,
        "mul": (2 + has_input(node, 1)) * elements + rows,
        "add": rows,
        "div": 2 * rows,
    }
    return along(vector_operator(node, graph, vector), shape, axes, numbers=1, returned=True)


def lower_batch_normalization(node: Node, graph: Graph) -> Operator:
    """One multiply and one add; the four constants of a channel become two."""
    elements = graph.tensors[node.outputs[0]].elements
    inputs = (node.inputs[0], *node.inputs[1:3])
    return vector_operator(node, graph, {"mul": elements, "add": elements}, inputs=inputs, elementwise=True)


def lower_softmax(node: Node, graph: Graph) -> Operator:
    """The axis is the last since opset 13; before, everything from axis 1 on is one row."""
    shape = shape_of(graph, node.inputs[0])
    elements = math.prod(shape)
    vector = {"reduce": 2 * elements, "add": elements, "exp": elements}
    first = int(node.attributes.get("axis", -1 if node.opset >= 13 else 1)) % max(1, len(shape))
    axes = (first,) if node.opset >= 13 else range(first, len(shape))
    if node.op_type == "Hardmax":
        vector = {"reduce": elements, "add": elements}
    elif node.op_type == "LogSoftmax":
        vector["add"] += elements
        vector["exp"] += elements // max(1, math.prod(shape[axis] for axis in axes if shape))
    else:
        vector["div"] = elements
    return along(vector_operator(node, graph, vector), shape, axes, numbers=2, returned=True)


def lower_lrn(node: Node, graph: Graph) -> Operator:
    """Local response normalisation across channels."""
    elements = graph.tensors[node.inputs[0]].elements
    vector = {
        "mul": 2 * elements,
        "reduce": int(node.attributes["size"]) * elements,
        "add": elements,
        "exp": elements,
        "div": elements,
    }
    return vector_operator(node, graph, vector)


def lower_lp_normalization(node: Node, graph: Graph) -> Operator:
    """By the norm along one axis."""
    shape = shape_of(graph, node.inputs[0])
    elements = math.prod(shape)
    axis = int(node.attributes.get("axis", -1))
    rows = elements // shape[axis]
    p = int(node.attributes.get("p", 2))
    vector = {
        "reduce": elements,
        "mul": elements + (elements if p == 2 else 0),
        "add": (elements if p == 1 else 0) + (rows if "epsilon" in node.attributes else 0),
        "div": rows * p,
    }
    return along(vector_operator(node, graph, vector), shape, (axis,), numbers=1, returned=True)


LOWERINGS = {
    "LayerNormalization": lower_layer_normalization,
    "InstanceNormalization": lower_instance_normalization,
    "GroupNormalization": lower_group_normalization,
    "MeanVarianceNormalization": lower_mean_variance,
    **dict.fromkeys(["RMSNormalization", "SimplifiedLayerNormalization"], lower_rms_normalization),
    "BatchNormalization": lower_batch_normalization,
    **dict.fromkeys(["Softmax", "LogSoftmax", "Hardmax"], lower_softmax),
    "LRN": lower_lrn,
    "LpNormalization": lower_lp_normalization,
}
