"""Fold what scales and shifts channels by constants into the weights before it.

Conv, ConvTranspose, Gemm and MatMul by weights take a following BatchNormalization, and following Mul, Div, Add and Sub
by a constant for each output channel (or one for all): the scale becomes part of the weights, the shift the bias. A
BatchNormalization that stands alone takes the Mul and Add behind it (Caffe2 exports write its own scale and shift so).
The work that remains is the product with a bias: shapes stay as they are, and MACs too.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

AFTER = ("hoist_scale",)

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
AFFINE = ("BatchNormalization", "Mul", "Add", "Div", "Sub")


def rewrite(draft: Draft) -> None:
    """Let every product, and then every BatchNormalization that is left, take all that it can."""
    for op_type in (*PRODUCTS, "BatchNormalization"):
        for node in draft.of_type(op_type):
            if op_type == "BatchNormalization" or _has_weights(draft, node):
                _take_following(draft, node)


def _has_weights(draft: Draft, node: Node) -> bool:
    return draft.is_weight(node.inputs[1]) and all(draft.is_weight(name) for name in node.inputs[2:] if name)


def _take_following(draft: Draft, node: Node) -> None:
    while len([name for name in node.outputs if name]) == 1:
        reader = draft.only_reader(node.outputs[0])
        if (
            reader is None
            or reader.op_type not in AFFINE
            or reader.domain != ""
            or len([o for o in reader.outputs if o]) > 1
        ):
            return
        bias = _shift(draft, node, reader)
        if bias is None:
            return
        merged = replace(node, outputs=reader.outputs[:1], inputs=_with_bias(node, bias))
        draft.rewrite([node, reader], merged, folded=[reader])
        node = merged


def _shift(draft: Draft, node: Node, reader: Node) -> str | None:
    """The tensor that holds the shift of an affine reader ("" where it only scales); None where it is not affine by
    channel.
    """
    if reader.op_type == "BatchNormalization":
        if reader.inputs[0] != node.outputs[0] or not all(draft.is_weight(name) for name in reader.inputs[1:]):
            return None
        return reader.inputs[2] if _channels_behind_batch(node) else None
    if reader.op_type in ("Div", "Sub") and reader.inputs[0] != node.outputs[0]:
        return None
    others = [name for name in reader.inputs if name != node.outputs[0]]
    if len(others) != 1 or not draft.is_weight(others[0]) or not _is_by_channel(draft, node, others[0]):
        return None
    return others[0] if reader.op_type in ("Add", "Sub") else ""


def _channels_behind_batch(node: Node) -> bool:
    return node.op_type != "MatMul"


def _is_by_channel(draft: Draft, node: Node, constant: str) -> bool:
    """Whether a constant broadcasts along the output's channels only, or is one number, and leaves the output's shape
    alone.
    """
    output = draft.tensors[node.outputs[0]].shape
    shape = draft.tensors[constant].shape
    if len(shape) > len(output):
        return False
    if draft.tensors[constant].elements == 1:
        return True
    channel = len(output) - 1 if node.op_type in ("Gemm", "MatMul") else 1
    aligned = (1,) * (len(output) - len(shape)) + shape
    return all(extent == (output[axis] if axis == channel else 1) for axis, extent in enumerate(aligned))


def _with_bias(node: Node, shift: str) -> tuple[str, ...]:
    """The inputs with a bias in its place; a shift after a bias is added to it, so the first one's name and size stand
    for both.
    """
    inputs = tuple(node.inputs)
    if node.op_type == "BatchNormalization" or not shift or (len(inputs) > 2 and inputs[2]):
        return inputs
    return (*inputs[:2], shift)
