"""Pooling over regions of an image that are given at run time.

RoiAlign interpolates ``sampling_ratio`` squared points for each output (2 x 2 where it adapts to the region: estimate),
four corners each: a multiply and an add for each corner, then a multiply for the average (a comparison for each point
in mode max). The corners are read at random places. MaxRoiPool compares what lies in each region: at most the whole
image, which is what is counted (estimate from above).
"""

from __future__ import annotations

from leptonsim.compiler.records import operands, results, shape_of
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node

ADAPTIVE_POINTS = 2
"""Points along an axis of one output where the ratio adapts to the region (estimate; regions about twice the output's
size).
"""


def _operator(node: Node, graph: Graph, read: Operand, vector: dict[str, int]) -> Operator:
    inputs = (read, *operands(graph, node.inputs[1:]))
    outputs = results(graph, node)
    return Operator(node.name, node.op_type, "vector", (node.name,), inputs, outputs, vector=vector)


def lower_roi_align(node: Node, graph: Graph) -> Operator:
    """Inputs image, regions, image of each region."""
    outputs = graph.tensors[node.outputs[0]].elements
    points = (int(node.attributes.get("sampling_ratio", 0)) or ADAPTIVE_POINTS) ** 2
    corners = 4 * points * outputs
    vector = {"mul": corners, "add": corners}
    if node.attributes.get("mode", "avg") in ("max", b"max"):
        vector["add"] += points * outputs
    else:
        vector["mul"] += outputs
    return _operator(node, graph, Operand(node.inputs[0], corners, "random", 2), vector)


def lower_max_roi_pool(node: Node, graph: Graph) -> Operator:
    """Inputs image [N, C, H, W], regions [R, 5]."""
    _, channels, height, width = shape_of(graph, node.inputs[0])
    regions = shape_of(graph, node.inputs[1])[0]
    compared = regions * channels * height * width
    return _operator(node, graph, Operand(node.inputs[0], compared, "strided", width), {"add": compared})


LOWERINGS = {"RoiAlign": lower_roi_align, "MaxRoiPool": lower_max_roi_pool}
