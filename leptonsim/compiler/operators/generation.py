"""Tensors made from nothing but a few numbers: Range, ConstantOfShape, EyeLike.

A reader of graphs folds them where it can; what is left is written by the vector unit (Range: a multiply and an add for
each element; EyeLike: a comparison) or filled by DMA.
"""

from __future__ import annotations

from leptonsim.compiler.records import moved, results, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def lower_range(node: Node, graph: Graph) -> Operator:
    """start + i delta."""
    elements = graph.tensors[node.outputs[0]].elements
    return vector_operator(node, graph, {"mul": elements, "add": elements})


def lower_eye_like(node: Node, graph: Graph) -> Operator:
    """Only the shape of the input is read."""
    return vector_operator(node, graph, {"add": graph.tensors[node.outputs[0]].elements}, inputs=())


def lower_filled(node: Node, graph: Graph) -> Operator:
    """Written once."""
    return moved(node, (), results(graph, node))


LOWERINGS = {"Range": lower_range, "EyeLike": lower_eye_like, "ConstantOfShape": lower_filled}
