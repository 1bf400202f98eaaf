"""A graph while it is being rewritten: what the passes that work on nodes see and change.

A pass replaces several nodes by one that says the same in fewer words (a spelt-out GELU by ONNX's own ``Gelu``), or
folds a node into the weights of another. The draft remembers which nodes of the original graph each remaining node
stands for, so that every one of them is accounted for in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from leptonsim.compiler.dataflow import Dataflow
from leptonsim.model.graph import Graph, Node, Tensor


class Draft(Dataflow[Node]):
    """Nodes under rewriting, their tensors, and where each original node went.

    ``origins`` maps the name of a remaining node to the original nodes that it stands for, ``folded`` holds the names
    of those that became part of a weight or a constant.
    """

    def __init__(self, graph: Graph) -> None:
        nodes = _uniquely_named(graph.nodes)
        self.graph = graph
        self.tensors: dict[str, Tensor] = dict(graph.tensors)
        self.origins: dict[str, tuple[str, ...]] = {node.name: (node.name,) for node in nodes}
        self.folded: set[str] = set()
        self._of_type: dict[str, list[str]] = defaultdict(list)
        super().__init__(nodes, graph.outputs)

    def reads(self, item: Node) -> Iterable[str]:
        """Inputs that are present."""
        return filter(None, item.inputs)

    def writes(self, item: Node) -> Iterable[str]:
        """Outputs that are present."""
        return filter(None, item.outputs)

    def holds(self, *op_types: str) -> bool:
        """Whether there is a node of one of these types of the default domain."""
        return next(self.of_type(*op_types), None) is not None

    def of_type(self, *op_types: str) -> Iterator[Node]:
        """The nodes of these types of the default domain, each type in topological order.

        Nodes are given as they are when their turn comes: replacing while iterating is safe, and what was replaced is
        skipped.
        """
        for op_type in op_types:
            names = {name for name in self._of_type.get(op_type, ()) if name in self}
            for name in sorted(names, key=self._place.__getitem__):
                if name in self and self[name].op_type == op_type and self[name].domain == "":
                    yield self[name]

    def is_weight(self, tensor: str) -> bool:
        """Whether a tensor depends on no input of the graph."""
        return bool(tensor) and self.tensors[tensor].kind == "weight"

    def scalar(self, tensor: str) -> float | None:
        """The value of a constant of one element; None for anything else or where the value was not kept."""
        known = self.tensors[tensor] if tensor else None
        if known is None or known.kind != "weight" or known.value is None or known.elements != 1:
            return None
        return float(np.asarray(known.value).reshape(-1)[0])

    def rewrite(self, old: Sequence[Node], new: Node, folded: Iterable[Node] = ()) -> None:
        """Replace nodes by one; those in ``folded`` count as part of its weights, the others as fused into it."""
        for node in folded:
            self.folded.update(self.origins[node.name])
        in_order = sorted(old, key=self.place)
        origins = tuple(name for node in in_order for name in self.origins.pop(node.name))
        self.replace(old, new)
        self.origins[new.name] = origins

    def split(self, old: Node, first: Node, second: Node) -> None:
        """Replace a node by two in a row, each of which stands for it; ``second`` carries on its name."""
        origins = self.origins[old.name]
        self.replace([old], second)
        self._enter(first, self._place[second.name] - 0.5)
        self.origins[first.name] = origins

    def add_behind(self, anchor: Node, new: Node) -> None:
        """Put in a node that stands for no node of the original graph; it is expected to be fused."""
        self._enter(new, self._place[anchor.name] + 0.5)
        self.origins[new.name] = ()

    def fold(self, node: Node) -> None:
        """Take out a node whose results are constants."""
        self.folded.update(self.origins.pop(node.name))
        self.remove(node)

    def finish(self) -> Graph:
        """The rewritten graph."""
        return replace(self.graph, nodes=tuple(self), tensors=self.tensors)

    def _enter(self, item: Node, place: float) -> None:
        super()._enter(item, place)
        self._of_type[item.op_type].append(item.name)


def _uniquely_named(nodes: Sequence[Node]) -> list[Node]:
    """ONNX allows nodes without a name and with the same name; here the name is the identity.

    The default domain, which has two names in ONNX, has one here.
    """
    taken: set[str] = set()
    result = []
    for node in nodes:
        name = base = node.name or f"{node.op_type}:{next(filter(None, node.outputs), '')}"
        suffix = 1
        while name in taken:
            suffix += 1
            name = f"{base}#{suffix}"
        taken.add(name)
        domain = "" if node.domain == "ai.onnx" else node.domain
        result.append(node if (name, domain) == (node.name, node.domain) else replace(node, name=name, domain=domain))
    return result
