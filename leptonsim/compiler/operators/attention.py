"""Attention (ONNX opset 23): softmax(scale Q K' + mask) V for every head of every sample, as one operator of two
products.

For each score: one multiply (scale), one add (mask or causal mask, if any), the five steps of softmax, and one
transcendental, one multiply and one add if the scores are capped. All scores are computed: a causal mask saves nothing
here. Heads that share keys and values (grouped-query attention) are ``shared_b`` groups. The cache of past keys and
values is read at its own size and kept in place, so only what is new is written to it.

RotaryEmbedding: two multiplies and an add for each rotated element.
"""

from __future__ import annotations

import math

from leptonsim.compiler.records import counted, has_input, has_output, operands, shape_of, vector_operator, whole
from leptonsim.compiler.work import MatMul, Operand, Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node


def _heads(node: Node, shape: tuple[int, ...], attribute: str) -> tuple[int, int, int, int]:
    """Batch, heads, length and head size of [B, H, S, D], or of [B, S, H D] with the heads told by an attribute."""
    if len(shape) == 4:
        return shape[0], shape[1], shape[2], shape[3]
    if attribute not in node.attributes or len(shape) != 3:
        raise LeptonError(
            f"Attention over an input of shape {list(shape)} without {attribute}; give the attribute or four dimensions"
        )
    heads = int(node.attributes[attribute])
    return shape[0], heads, shape[1], shape[2] // heads


def _heads_of(graph: Graph, tensor: str, size: int) -> Operand:
    """A tensor as heads are cut out of it: with heads side by side in the last of three axes, in runs of one head."""
    shape = shape_of(graph, tensor)
    if len(shape) == 3 and shape[2] != size:
        return Operand(tensor, math.prod(shape), "strided", size)
    return whole(graph, tensor)


def lower_attention(node: Node, graph: Graph) -> Operator:
    """Two products for every head with a softmax between, in one operator; caches grow in place.

    Inputs Q, K, V, mask, past key, past value.
    """
    q, k, v = node.inputs[:3]
    batch, heads, queries, size = _heads(node, shape_of(graph, q), "q_num_heads")
    _, kv_heads, keys, _ = _heads(node, shape_of(graph, k), "kv_num_heads")
    value_size = _heads(node, shape_of(graph, v), "kv_num_heads")[3]
    past = node.inputs[4:6]
    read = (_heads_of(graph, q, size), _heads_of(graph, k, size), _heads_of(graph, v, value_size))
    if has_input(node, 4):
        keys += shape_of(graph, past[0])[2]
    groups, shared = batch * heads, heads // kv_heads
    scores = MatMul(groups=groups, m=queries, k=size, n=keys, shared_b=shared)
    context = MatMul(groups=groups, m=queries, k=keys, n=value_size, shared_b=shared)
    count = groups * queries * keys
    masks = int(has_input(node, 3)) + int(bool(node.attributes.get("is_causal", 0)))
    capped = node.attributes.get("softcap", 0.0) != 0.0
    vector = {
        "reduce": 2 * count,
        "add": (1 + masks) * count,
        "exp": (1 + capped) * count,
        "mul": (1 + 2 * capped) * count,
        "div": count,
    }
    new = {1: graph.tensors[k].elements, 2: graph.tensors[v].elements}
    outputs = [_heads_of(graph, node.outputs[0], value_size)]
    outputs += [Operand(node.outputs[i], new[i]) for i in (1, 2) if has_output(node, i)]
    outputs += [whole(graph, name) for name in node.outputs[3:] if name]
    return Operator(
        name=node.name,
        kind="Attention",
        engine="tensor",
        nodes=(node.name,),
        inputs=(*read, *operands(graph, (*node.inputs[3:4], *past))),
        outputs=tuple(outputs),
        matmuls=(scores, context),
        vector=counted(vector),
    )


def lower_rotary_embedding(node: Node, graph: Graph) -> Operator:
    """Two multiplies and an add for each rotated element.

    Only ``rotary_embedding_dim`` elements of each head are rotated, all of them if it is not given.
    """
    shape = shape_of(graph, node.inputs[0])
    heads = int(node.attributes.get("num_heads", 0))
    head_size = shape[-1] // heads if len(shape) == 3 and heads else shape[-1]
    rotated = int(node.attributes.get("rotary_embedding_dim", 0)) or head_size
    elements = math.prod(shape) // head_size * rotated
    return vector_operator(node, graph, {"mul": 2 * elements, "add": elements})


LOWERINGS = {"Attention": lower_attention, "RotaryEmbedding": lower_rotary_embedding}
