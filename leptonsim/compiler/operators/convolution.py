"""Convolutions as implicit matrix products.

Conv of any rank, grouped, dilated, strided: for each of the ``group`` groups a product of m = images x output
positions, k = channels of the group x kernel elements, n = output channels of the group. Padding does not show in the
work: positions outside the image are multiplied as zeros, as an array does that streams an im2col matrix.

Rows of an image, as ``MatMul`` means them:
- 2-D: the rows of the image.
- 1-D: the single positions, so that out_cols = 1 and a row holds the channels of one position.
- 3-D: the planes along the depth; a plane holds height x width positions. That keeps the input of a block of output
  planes exact.

A depthwise convolution (one channel to a group) is many products of a few columns each, which fill little of an array,
so it carries the same work on the vector unit as an alternative: one multiply and one add for each MAC.

ConvTranspose is the product of every input position with the whole kernel (m = images x input positions, n = output
channels x kernel elements), followed by adding each product to its place in the output, one add for each.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import merged
from leptonsim.compiler.records import has_input, shape_of, tensor_operator
from leptonsim.compiler.work import MatMul, Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node


def conv_matmul(node: Node, x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...]) -> MatMul:
    """The implicit product of a convolution from the shapes of input [N, C, ...], weights [M, C/group, ...] and output
    [N, M, ...]. Raises LeptonError for channels that the groups do not divide, which ONNX's inference lets pass.
    """
    groups = int(node.attributes.get("group", 1))
    rank = len(w) - 2
    strides = node.attributes.get("strides") or [1] * rank
    dilations = node.attributes.get("dilations") or [1] * rank
    group_channels = w[1]
    if groups < 1 or w[0] % groups or x[1] != group_channels * groups:
        raise LeptonError(f"input channels {x[1]}, weights {list(w)} and group {groups} do not fit together")
    return MatMul(
        groups=groups,
        m=y[0] * math.prod(y[2:]),
        k=group_channels * math.prod(w[2:]),
        n=w[0] // groups,
        images=y[0],
        out_rows=y[2],
        out_cols=math.prod(y[3:]),
        in_rows=x[2],
        row_elements=math.prod(x[3:]) * group_channels,
        stride_rows=int(strides[0]),
        extent_rows=(w[2] - 1) * int(dilations[0]) + 1,
    )


def lower_conv(node: Node, graph: Graph) -> Operator:
    """Bias costs one add for each output element."""
    x, w = node.inputs[0], node.inputs[1]
    product = conv_matmul(node, shape_of(graph, x), shape_of(graph, w), shape_of(graph, node.outputs[0]))
    biases = [name for name in node.inputs[2:] if name]
    vector = {"add": len(biases) * graph.tensors[node.outputs[0]].elements}
    return on_either_unit(tensor_operator(node, graph, product, x, w, biases, vector), shape_of(graph, x)[1])


def on_either_unit(operator: Operator, channels: int) -> Operator:
    """A convolution of so many input channels, with the vector unit as an alternative if it is depthwise."""
    (product,) = operator.matmuls
    if not product.groups == channels > 1:
        return operator
    on_vector_unit = replace(
        operator,
        engine="vector",
        matmuls=(),
        vector=merged(operator.vector, {"mul": product.macs, "add": product.macs}),
    )
    return replace(operator, alternatives=(on_vector_unit,))


def lower_conv_transpose(node: Node, graph: Graph) -> Operator:
    """Weights are [C, M/group, ...]; see the module for the cost."""
    x, w = node.inputs[0], node.inputs[1]
    x_shape, w_shape = shape_of(graph, x), shape_of(graph, w)
    groups = int(node.attributes.get("group", 1))
    if groups < 1 or x_shape[1] % groups or x_shape[1] != w_shape[0]:
        raise LeptonError(
            f"input channels {x_shape[1]}, weights {list(w_shape)} and group {groups} do not fit together"
        )
    group_channels = x_shape[1] // groups
    product = MatMul(
        groups=groups,
        m=x_shape[0] * math.prod(x_shape[2:]),
        k=group_channels,
        n=math.prod(w_shape[1:]),
        images=x_shape[0],
        out_rows=x_shape[2],
        out_cols=math.prod(x_shape[3:]),
        in_rows=x_shape[2],
        row_elements=math.prod(x_shape[3:]) * group_channels,
    )
    bias_adds = graph.tensors[node.outputs[0]].elements if has_input(node, 2) else 0
    vector = {"add": groups * product.m * product.n + bias_adds}
    return tensor_operator(node, graph, product, x, w, node.inputs[2:3], vector)


LOWERINGS = {"Conv": lower_conv, "ConvTranspose": lower_conv_transpose}
