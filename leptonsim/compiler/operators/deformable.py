"""Deformable convolution: a convolution whose kernel elements are read at places that an input tells.

The product is that of the plain convolution. Before it, each kernel element of each output position is sampled between
four pixels. For each sample and channel: four multiplies and three adds; for each place (which all channels of an
offset group share): two adds for the coordinates, four for the distances to the pixels, four multiplies for their
weights; with a mask one multiply more for each sample. The image is taken to be in SRAM by then: it is read once, as
are the offsets and the mask, and the sampled matrix is never written out.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import merged
from leptonsim.compiler.operators.convolution import conv_matmul
from leptonsim.compiler.records import has_input, operands, shape_of, tensor_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node


def lower_deformable(node: Node, graph: Graph) -> Operator:
    """The product of a plain convolution, and on the vector unit the sampling of what it multiplies.

    Inputs: X, W, offsets, bias, mask.
    """
    x, w = node.inputs[:2]
    x_shape, w_shape, y_shape = shape_of(graph, x), shape_of(graph, w), shape_of(graph, node.outputs[0])
    places = y_shape[0] * math.prod(y_shape[2:]) * math.prod(w_shape[2:])
    samples = places * x_shape[1]
    places *= int(node.attributes.get("offset_group", 1))
    biased = has_input(node, 3) * graph.tensors[node.outputs[0]].elements
    operator = tensor_operator(node, graph, conv_matmul(node, x_shape, w_shape, y_shape), x, w, node.inputs[2:])
    vector = {
        "mul": (4 + has_input(node, 4)) * samples + 4 * places,
        "add": 3 * samples + 6 * places + biased,
    }
    return replace(
        operator,
        inputs=(*operator.inputs[:2], *operands(graph, node.inputs[2:])),
        vector=merged(operator.vector, vector),
    )


LOWERINGS = {"DeformConv": lower_deformable}
