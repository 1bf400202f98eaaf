"""Fourier transforms, as fast transforms of radix 2.

A transform of n complex values takes (n / 2) ceil(log2 n) butterflies of four multiplies and six adds (Cooley and
Tukey, 1965); of real values half of that. Lengths that are no powers of two are counted by the same formula (estimate).
STFT multiplies each frame by its window first, where one is given.
"""

from __future__ import annotations

import math

import numpy as np

from leptonsim.compiler.records import has_input, shape_of, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def fast_transform(length: int, real: bool) -> dict[str, int]:
    """Vector operations of one transform."""
    butterflies = length // 2 * math.ceil(math.log2(max(2, length)))
    return {"mul": 4 * butterflies // (1 + real), "add": 6 * butterflies // (1 + real)}


def lower_dft(node: Node, graph: Graph) -> Operator:
    """Input [..., signal, ..., 1 or 2]: real or complex; the axis by input since opset 20, by attribute before."""
    shape = shape_of(graph, node.inputs[0])
    axis = int(node.attributes.get("axis", 1 if node.opset < 20 else -2))
    if has_input(node, 2):
        value = graph.tensors[node.inputs[2]].value
        axis = axis if value is None else int(np.asarray(value).reshape(-1)[0])
    length = shape[axis]
    transforms = math.prod(shape[:-1]) // length
    cost = {function: count * transforms for function, count in fast_transform(length, shape[-1] == 1).items()}
    return vector_operator(node, graph, cost, inputs=node.inputs[:1])


def lower_stft(node: Node, graph: Graph) -> Operator:
    """Output [batch, frames, bins, 2]; a onesided result of b bins comes from frames of 2 (b - 1) samples."""
    batch, frames, bins, _ = shape_of(graph, node.outputs[0])
    onesided = bool(node.attributes.get("onesided", 1))
    length = 2 * (bins - 1) if onesided else bins
    if has_input(node, 2):
        length = shape_of(graph, node.inputs[2])[0]
    signal = shape_of(graph, node.inputs[0])
    real = len(signal) == 2 or signal[-1] == 1
    cost = {function: count * batch * frames for function, count in fast_transform(length, real).items()}
    if has_input(node, 2):
        cost["mul"] += batch * frames * length * (1 if real else 2)
    return vector_operator(node, graph, cost, inputs=(node.inputs[0], *node.inputs[2:3]))


LOWERINGS = {"DFT": lower_dft, "STFT": lower_stft}
