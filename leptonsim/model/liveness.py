"""Which nodes an output depends on: before a walk, so that dead ones hinder nothing, and after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leptonsim.model.graph import Node

if TYPE_CHECKING:
    import onnx


def needed_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Nodes on which an output of the graph depends, in their order; what a subgraph reads counts as read."""
    wanted = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if any(output in wanted for output in node.output):
            kept.append(node)
            wanted.update(node.input)
            wanted.update(_read_inside(node))
    kept.reverse()
    return kept


def _read_inside(node: onnx.NodeProto) -> Iterable[str]:
    for attribute in node.attribute:
        for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            for child in graph.node:
                yield from child.input
                yield from _read_inside(child)
            yield from (output.name for output in graph.output)


def prune(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """Nodes of a finished walk on which an output still depends after folding."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if any(output in wanted for output in node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    kept.reverse()
    return kept
