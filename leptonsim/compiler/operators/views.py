"""Operators that only change metadata: the output is the input under another shape.

Dropout at inference is the identity; its mask, if anything reads it, is a constant.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.records import view, whole
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def lower_view(node: Node, graph: Graph) -> Operator:
    """No work."""
    return replace(view(node, graph), outputs=(whole(graph, node.outputs[0]),))


LOWERINGS = dict.fromkeys(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "BitCast"], lower_view)
