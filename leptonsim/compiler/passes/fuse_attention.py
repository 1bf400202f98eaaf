"""Product, softmax, product: scaled-dot-product attention becomes one operator, whose scores never leave the chip's
SRAM.

What stands between the products (scale, masks, softmax, guards against rows without a score) has been fused into the
epilogue of the first product and into the softmax by then, whatever its spelling; here the three become one if the
softmax is over the keys, is the only reader of the scores, and is read only as the A of the second product with the
same groups.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.flow import Flow, merged
from leptonsim.compiler.work import Operator

AFTER = ("fuse_epilogue", "share_expand")


def fuse(flow: Flow) -> None:
    """Start at every softmax."""
    for operator in flow:
        if operator.kind == "Softmax" and operator.engine == "vector":
            _fuse_around(flow, operator)


def _fuse_around(flow: Flow, softmax: Operator) -> None:
    source, views_before = flow.through_views(softmax.inputs[0].tensor)
    scores = flow.maker(source)
    if scores is None or flow.only_reader(source) is None or not _is_product_of_activations(flow, scores):
        return
    tensor, views_behind = softmax.outputs[0].tensor, []
    context = flow.only_reader(tensor)
    while context is not None and context.engine == "view":
        views_behind.append(context)
        tensor = context.outputs[0].tensor
        context = flow.only_reader(tensor)
    if context is None or not _is_product_of_activations(flow, context) or context.inputs[0].tensor != tensor:
        return
    if any(operand.tensor == tensor for operand in context.inputs[1:]):
        return
    first, second = scores.matmuls[0], context.matmuls[0]
    if (first.groups, first.m, first.n) != (second.groups, second.m, second.k) or not _over_keys(
        flow, softmax, first.n
    ):
        return
    parts = [scores, *views_before, softmax, *views_behind, context]
    extra = (*scores.inputs[2:], *softmax.inputs[1:], *context.inputs[2:])
    attention = replace(
        scores,
        kind="Attention",
        nodes=tuple(name for part in parts for name in part.nodes),
        inputs=(*scores.inputs[:2], context.inputs[1], *dict.fromkeys(extra)),
        outputs=context.outputs,
        matmuls=(first, second),
        vector=merged(merged(scores.vector, softmax.vector), context.vector),
    )
    flow.replace(parts, attention)


def _is_product_of_activations(flow: Flow, operator: Operator) -> bool:
    return (
        operator.kind in ("MatMul", "FusedMatMul")
        and operator.engine == "tensor"
        and flow.tensors[operator.inputs[1].tensor].kind != "weight"
    )


def _over_keys(flow: Flow, softmax: Operator, keys: int) -> bool:
    node = flow.nodes[softmax.name]
    shape = flow.tensors[node.inputs[0]].shape
    axis = int(node.attributes.get("axis", -1 if node.opset >= 13 else 1)) % len(shape)
    return axis == len(shape) - 1 and shape[-1] == keys
