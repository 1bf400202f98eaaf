"""Short hands by which the lowerings build their records.

Two rules hold for all of them. A tensor that is read is counted once and at its own size, however it is broadcast. A
weight of one element costs nothing: it is an immediate of the instruction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from leptonsim.compiler.work import Along, Engine, MatMul, Operand, Operator
from leptonsim.model.graph import Graph, Node


def shape_of(graph: Graph, tensor: str) -> tuple[int, ...]:
    """The static shape of a tensor."""
    return graph.tensors[tensor].shape


def has_input(node: Node, index: int) -> bool:
    """Whether an optional input is given."""
    return index < len(node.inputs) and bool(node.inputs[index])


def has_output(node: Node, index: int) -> bool:
    """Whether an optional output is asked for."""
    return index < len(node.outputs) and bool(node.outputs[index])


def whole(graph: Graph, tensor: str) -> Operand:
    """A tensor moved once from end to end."""
    return Operand(tensor, graph.tensors[tensor].elements)


def is_immediate(graph: Graph, tensor: str) -> bool:
    """Whether a tensor is a weight of one element."""
    known = graph.tensors[tensor]
    return known.kind == "weight" and known.elements == 1


def operands(graph: Graph, tensors: Iterable[str]) -> tuple[Operand, ...]:
    """The tensors that are present and more than immediates, each read once."""
    return tuple(whole(graph, name) for name in dict.fromkeys(tensors) if name and not is_immediate(graph, name))


def results(graph: Graph, node: Node) -> tuple[Operand, ...]:
    """The outputs that are present."""
    return tuple(whole(graph, name) for name in node.outputs if name)


def counted(vector: Mapping[str, int]) -> dict[str, int]:
    """Without the functions that are not used."""
    return {function: count for function, count in vector.items() if count}


def vector_operator(
    node: Node, graph: Graph, vector: Mapping[str, int], inputs: Iterable[str] | None = None, elementwise: bool = False
) -> Operator:
    """Work for the vector unit; reads all inputs of the node, or those named."""
    return Operator(
        name=node.name,
        kind=node.op_type,
        engine="vector",
        nodes=(node.name,),
        inputs=operands(graph, node.inputs if inputs is None else inputs),
        outputs=results(graph, node),
        vector=counted(vector),
        elementwise=elementwise,
    )


def along(
    operator: Operator,
    shape: tuple[int, ...],
    axes: Iterable[int],
    numbers: int = 0,
    returned: bool = False,
    sets: int = 1,
) -> Operator:
    """The same operator, with the axes of its first input that it works along; the rest as in ``Along``."""
    named = tuple(sorted({axis % len(shape) for axis in axes})) if shape else ()
    if operator.engine == "view" or math.prod(shape[axis] for axis in named) <= 1:
        return operator
    return replace(operator, along=Along(shape, named, numbers, returned, sets))


def tensor_operator(
    node: Node,
    graph: Graph,
    matmul: MatMul,
    a: str,
    b: str,
    epilogue_inputs: Iterable[str] = (),
    vector: Mapping[str, int] | None = None,
    alternatives: tuple[Operator, ...] = (),
) -> Operator:
    """One matrix product A B with its epilogue.

    Integer weights that meet a real A are converted as they are loaded: one add (conversion and shift) and one multiply
    (scale) for each.
    """
    vector = dict(vector or {})
    if "float" in graph.tensors[a].dtype and "int" in graph.tensors[b].dtype:
        for function in ("add", "mul"):
            vector[function] = vector.get(function, 0) + graph.tensors[b].elements
    return Operator(
        name=node.name,
        kind=node.op_type,
        engine="tensor",
        nodes=(node.name,),
        inputs=(whole(graph, a), whole(graph, b), *operands(graph, epilogue_inputs)),
        outputs=results(graph, node),
        matmuls=(matmul,),
        vector=counted(vector),
        alternatives=alternatives,
    )


def moved(
    node: Node,
    inputs: Iterable[Operand],
    outputs: Iterable[Operand],
    engine: Engine = "dma",
    vector: Mapping[str, int] | None = None,
) -> Operator:
    """Elements moved from inputs to outputs."""
    return Operator(
        name=node.name,
        kind=node.op_type,
        engine=engine,
        nodes=(node.name,),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        vector=counted(vector or {}),
    )


def view(node: Node, graph: Graph, source: str | None = None) -> Operator:
    """No work: every output is (a contiguous part of) the source under another shape."""
    inputs = (whole(graph, source or node.inputs[0]),)
    return moved(node, inputs, results(graph, node), engine="view")
