"""Operator records while they are being fused: what the passes that work on operators see and change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from leptonsim.compiler.dataflow import Dataflow
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node, Tensor


class Flow(Dataflow[Operator]):
    """Operators under fusion, with the graph that they were lowered from (``nodes`` by name, ``tensors``)."""

    def __init__(self, operators: Iterable[Operator], graph: Graph) -> None:
        self.tensors: Mapping[str, Tensor] = graph.tensors
        self.nodes: Mapping[str, Node] = {node.name: node for node in graph.nodes}
        super().__init__(operators, graph.outputs)

    def reads(self, item: Operator) -> Iterable[str]:
        """Tensors behind the input operands."""
        return (operand.tensor for operand in item.inputs)

    def writes(self, item: Operator) -> Iterable[str]:
        """Tensors behind the output operands."""
        return (operand.tensor for operand in item.outputs)

    def through_views(self, tensor: str) -> tuple[str, list[Operator]]:
        """Where a tensor comes from behind views that nobody else reads: the tensor there, and the views last first."""
        views: list[Operator] = []
        while True:
            maker = self.maker(tensor)
            if maker is None or maker.engine != "view" or self.only_reader(tensor) is None:
                return tensor, views
            views.append(maker)
            tensor = maker.inputs[0].tensor


def merged(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Two counts of vector operations, added."""
    total = dict(first)
    for function, count in second.items():
        total[function] = total.get(function, 0) + count
    return total


def absorb(
    operator: Operator,
    nodes: tuple[str, ...],
    extra: tuple[Operand, ...],
    vector: Mapping[str, int],
    outputs: tuple[Operand, ...],
) -> Operator:
    """An operator that also does what followed it, in all of its alternatives alike."""
    return replace(
        operator,
        nodes=operator.nodes + nodes,
        inputs=operator.inputs + extra,
        outputs=outputs,
        vector=merged(operator.vector, vector),
        alternatives=tuple(absorb(other, nodes, extra, vector, outputs) for other in operator.alternatives),
    )


def with_inputs(operator: Operator, inputs: tuple[Operand, ...], nodes: tuple[str, ...] = ()) -> Operator:
    """An operator that reads other operands, in all of its alternatives alike; ``nodes`` are those it takes over."""
    return replace(
        operator,
        inputs=inputs,
        nodes=nodes + operator.nodes,
        alternatives=tuple(with_inputs(other, inputs, nodes) for other in operator.alternatives),
    )
