"""Images at another size: Resize, Upsample, GridSample, and the points of a grid (AffineGrid).

For each output element: nearest is one selection. Linear is one interpolation a + t (b - a) (two adds, one multiply)
for each pair of corners: 2^d - 1 of them over d resampled axes. Cubic is a sum of 4^d products (as many multiplies, one
add less). Positions and weights along an axis are the same for all rows and constant, so they cost nothing at run time;
GridSample computes them for each point: per axis two multiplies, four adds (scale and shift, floor, fraction).
"""

from __future__ import annotations

from leptonsim.compiler.records import shape_of, vector_operator, view
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def interpolation_cost(mode: str, axes: int) -> dict[str, int]:
    """Vector operations for one output element."""
    if "linear" in mode:
        return {"add": 2 * (2**axes - 1), "mul": 2**axes - 1}
    if "cubic" in mode:
        return {"add": 4**axes - 1, "mul": 4**axes}
    return {"add": 1}


def _mode(node: Node, default: str) -> str:
    mode = node.attributes.get("mode", default)
    return mode.decode() if isinstance(mode, bytes) else str(mode)


def lower_resize(node: Node, graph: Graph) -> Operator:
    """Only axes whose size changes are resampled; if none does, a view."""
    before, after = shape_of(graph, node.inputs[0]), shape_of(graph, node.outputs[0])
    axes = sum(b != a for b, a in zip(before, after, strict=True))
    if axes == 0:
        return view(node, graph)
    outputs = graph.tensors[node.outputs[0]].elements
    cost = {function: count * outputs for function, count in interpolation_cost(_mode(node, "nearest"), axes).items()}
    return vector_operator(node, graph, cost, inputs=node.inputs[:1])


def lower_grid_sample(node: Node, graph: Graph) -> Operator:
    """The weights of a point serve all of its channels."""
    axes = shape_of(graph, node.inputs[1])[-1]
    outputs = graph.tensors[node.outputs[0]].elements
    points = graph.tensors[node.inputs[1]].elements // axes
    cost = {f: count * outputs for f, count in interpolation_cost(_mode(node, "linear"), axes).items()}
    cost["mul"] = cost.get("mul", 0) + 2 * axes * points
    cost["add"] += 4 * axes * points
    return vector_operator(node, graph, cost)


def lower_affine_grid(node: Node, graph: Graph) -> Operator:
    """Each coordinate of each point is a row of the matrix times the point: d multiplies and d adds over d axes."""
    points = graph.tensors[node.outputs[0]].elements
    axes = shape_of(graph, node.outputs[0])[-1]
    return vector_operator(node, graph, {"mul": axes * points, "add": axes * points}, inputs=node.inputs[:1])


LOWERINGS = {
    "AffineGrid": lower_affine_grid,
    "Resize": lower_resize,
    "Upsample": lower_resize,
    "GridSample": lower_grid_sample,
}
