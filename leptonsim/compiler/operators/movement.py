"""Operators that move elements and compute nothing: transposition, joining, cutting, padding, repeating.

The side whose pieces are short is marked "strided", with the length of one contiguous piece; the other side streams. No
buffer that transposes on the way is assumed: where the last axis moves, pieces are single elements. What moves nothing
is a view: a transposition that only moves axes of size 1, a piece that is contiguous in its source, a join of one part.
"""

from __future__ import annotations

import math

import numpy as np

from leptonsim.compiler.records import along, has_input, moved, operands, results, shape_of, view, whole
from leptonsim.compiler.work import Operand, Operator
from leptonsim.model.graph import Graph, Node


def transpose_run(shape: tuple[int, ...], perm: tuple[int, ...]) -> int | None:
    """Elements of one piece that is contiguous before and after; None where the whole is."""
    axes = [axis for axis in perm if shape[axis] != 1]
    in_place = sorted(axes)
    if axes == in_place:
        return None
    run = 1
    for axis, stays in zip(reversed(axes), reversed(in_place), strict=True):
        if axis != stays:
            break
        run *= shape[axis]
    return run


def lower_transpose(node: Node, graph: Graph) -> Operator:
    """Read in pieces, written in order."""
    shape = shape_of(graph, node.inputs[0])
    perm = tuple(node.attributes.get("perm") or reversed(range(len(shape))))
    run = transpose_run(shape, perm)
    if run is None:
        return view(node, graph)
    operator = moved(node, [Operand(node.inputs[0], math.prod(shape), "strided", run)], results(graph, node))
    return along(operator, shape, [axis for axis, source in enumerate(perm) if axis != source])


def lower_concat(node: Node, graph: Graph) -> Operator:
    """Every part is read and written once; parts without elements do not count."""
    parts = [name for name in node.inputs if name and graph.tensors[name].elements]
    if len(parts) == 1:
        return view(node, graph, parts[0])
    operator = moved(node, [whole(graph, name) for name in parts], results(graph, node))
    return along(operator, shape_of(graph, node.outputs[0]), (int(node.attributes["axis"]),))


def lower_split(node: Node, graph: Graph) -> Operator:
    """What the parts take is read and written once; a single part is a view."""
    outputs = results(graph, node)
    if len(outputs) == 1 and outputs[0].elements == graph.tensors[node.inputs[0]].elements:
        return view(node, graph)
    operator = moved(node, [Operand(node.inputs[0], sum(operand.elements for operand in outputs))], outputs)
    return along(operator, shape_of(graph, node.inputs[0]), (int(node.attributes.get("axis", 0)),))


def piece_run(source: tuple[int, ...], piece: tuple[int, ...], steps: dict[int, int]) -> int | None:
    """Length of one contiguous run of a rectangular piece of a tensor; None where the piece is one run."""
    run = 1
    for axis in reversed(range(len(source))):
        if steps.get(axis, 1) != 1 and source[axis] > 1:
            break
        run *= piece[axis]
        if piece[axis] != source[axis]:
            break
    return None if run == math.prod(piece) else run


def lower_slice(node: Node, graph: Graph) -> Operator:
    """Only what is taken is read. Steps are known (an attribute never, an input since opset 10) or taken as 1."""
    source, piece = shape_of(graph, node.inputs[0]), shape_of(graph, node.outputs[0])
    steps: dict[int, int] = {}
    if has_input(node, 4):
        values = graph.tensors[node.inputs[4]].value
        axes = graph.tensors[node.inputs[3]].value if has_input(node, 3) else None
        if values is not None:
            listed = np.asarray(values).reshape(-1)
            on_axes = range(len(listed)) if axes is None else np.asarray(axes).reshape(-1)
            steps = {int(axis) % len(source): int(step) for axis, step in zip(on_axes, listed, strict=True)}
    run = piece_run(source, piece, steps)
    if run is None:
        return view(node, graph)
    operator = moved(node, [Operand(node.inputs[0], math.prod(piece), "strided", run)], results(graph, node))
    return along(operator, source, _resized(source, piece))


def lower_repeated(node: Node, graph: Graph) -> Operator:
    """Pad, Expand, Tile: the source is read once, the result written once; a view where nothing is added."""
    if graph.tensors[node.inputs[0]].elements == graph.tensors[node.outputs[0]].elements:
        return view(node, graph)
    source, result = shape_of(graph, node.inputs[0]), shape_of(graph, node.outputs[0])
    operator = moved(node, operands(graph, node.inputs[:1]), results(graph, node))
    return along(operator, result, _resized((1,) * (len(result) - len(source)) + source, result))


def _resized(before: tuple[int, ...], after: tuple[int, ...]) -> list[int]:
    """The axes on which elements come to stand elsewhere."""
    return [axis for axis, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]


def lower_center_crop_pad(node: Node, graph: Graph) -> Operator:
    """What is kept is read in its runs; the result is written once, with zeros around it."""
    source, result = shape_of(graph, node.inputs[0]), shape_of(graph, node.outputs[0])
    kept = tuple(min(old, new) for old, new in zip(source, result, strict=True))
    run = piece_run(source, kept, {})
    read = Operand(node.inputs[0], math.prod(kept), "sequential" if run is None else "strided", run)
    return view(node, graph) if source == result else moved(node, [read], results(graph, node))


def lower_blocks(node: Node, graph: Graph) -> Operator:
    """DepthToSpace, SpaceToDepth: neighbours along a row go to different places, so pieces are single elements."""
    shape = shape_of(graph, node.inputs[0])
    operator = moved(node, [Operand(node.inputs[0], math.prod(shape), "strided", 1)], results(graph, node))
    return along(operator, shape, range(1, len(shape)))


def lower_reverse_sequence(node: Node, graph: Graph) -> Operator:
    """One piece is everything behind the batch and time axes, which are the first two."""
    shape = shape_of(graph, node.inputs[0])
    data = Operand(node.inputs[0], math.prod(shape), "strided", math.prod(shape[2:]))
    return moved(node, [data, *operands(graph, node.inputs[1:])], results(graph, node))


LOWERINGS = {
    "Transpose": lower_transpose,
    "Concat": lower_concat,
    "Split": lower_split,
    "Slice": lower_slice,
    **dict.fromkeys(["Pad", "Expand", "Tile"], lower_repeated),
    **dict.fromkeys(["DepthToSpace", "SpaceToDepth"], lower_blocks),
    "CenterCropPad": lower_center_crop_pad,
    "ReverseSequence": lower_reverse_sequence,
}
