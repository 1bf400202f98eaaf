"""Reading and writing by index: Gather and Scatter in their kinds, OneHot.

What is taken is counted, not the table that it is taken from: one piece for each index, everything behind the indexed
axes being contiguous. Pieces are at random places, the indices are read as well. A Gather by one constant index is a
slice.

Scatter writes into a copy: the data are read and written whole, the updates read, and written at random places over it.
A reduction costs one operation for each update.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.operators.movement import piece_run
from leptonsim.compiler.records import along, moved, operands, results, shape_of, vector_operator, view, whole
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node


def _taken(node: Node, graph: Graph, run: int) -> Operator:
    elements = graph.tensors[node.outputs[0]].elements
    return moved(
        node,
        [Operand(node.inputs[0], elements, "random", run), *operands(graph, node.inputs[1:2])],
        results(graph, node),
    )


def lower_gather(node: Node, graph: Graph) -> Operator:
    """Pieces are everything behind the axis."""
    shape = shape_of(graph, node.inputs[0])
    axis = int(node.attributes.get("axis", 0)) % len(shape)
    indices = graph.tensors[node.inputs[1]]
    if indices.kind != "weight" or indices.elements != 1:
        return along(_taken(node, graph, math.prod(shape[axis + 1 :])), shape, (axis,))
    piece = (*shape[:axis], 1, *shape[axis + 1 :])
    run = piece_run(shape, piece, {})
    if run is None:
        return view(node, graph)
    return moved(node, [Operand(node.inputs[0], math.prod(piece), "strided", run)], results(graph, node))


def lower_gather_nd(node: Node, graph: Graph) -> Operator:
    """Pieces are everything behind the axes that one index tuple tells."""
    shape = shape_of(graph, node.inputs[0])
    told = int(node.attributes.get("batch_dims", 0)) + shape_of(graph, node.inputs[1])[-1]
    return along(_taken(node, graph, math.prod(shape[told:])), shape, range(told))


def lower_gather_elements(node: Node, graph: Graph) -> Operator:
    """One index for each element. Along an axis that is not the last, elements are taken singly all the same."""
    axis = int(node.attributes.get("axis", 0))
    return along(_taken(node, graph, 1), shape_of(graph, node.inputs[0]), (axis,))


def lower_scatter(node: Node, graph: Graph) -> Operator:
    """ScatterND (pieces behind the axes that an index tuple tells), ScatterElements and Scatter (single elements)."""
    data, indices, updates = node.inputs[:3]
    run = 1
    if node.op_type == "ScatterND":
        run = math.prod(shape_of(graph, data)[shape_of(graph, indices)[-1] :])
    reduction = node.attributes.get("reduction", "none")
    update = replace(whole(graph, updates), access="random", run_elements=run)
    operator = moved(node, [whole(graph, data), *operands(graph, [indices]), update], results(graph, node))
    if reduction in ("none", b"none"):
        return operator
    function = "mul" if reduction in ("mul", b"mul") else "add"
    return replace(operator, engine="vector", vector={function: update.elements})


def lower_tensor_scatter(node: Node, graph: Graph) -> Operator:
    """TensorScatter: a cache is updated in place; only what is new is moved, in runs of everything behind the axis."""
    axis = int(node.attributes.get("axis", -2))
    update = whole(graph, node.inputs[1])
    run = math.prod(shape_of(graph, node.inputs[1])[axis:])
    written = Operand(node.outputs[0], update.elements, "strided", run)
    return moved(node, [update, *operands(graph, node.inputs[2:3])], [written])


def lower_one_hot(node: Node, graph: Graph) -> Operator:
    """One comparison that selects for each output element."""
    return vector_operator(node, graph, {"add": graph.tensors[node.outputs[0]].elements}, inputs=node.inputs[:1])


LOWERINGS = {
    "Gather": lower_gather,
    "GatherND": lower_gather_nd,
    "GatherElements": lower_gather_elements,
    **dict.fromkeys(["ScatterND", "ScatterElements", "Scatter"], lower_scatter),
    "TensorScatter": lower_tensor_scatter,
    "OneHot": lower_one_hot,
}
