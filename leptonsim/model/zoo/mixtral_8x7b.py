"""Mixtral 8x7B: a decoder whose feed-forward parts are eight experts each, two of them for every token.

Jiang et al., Mixtral of Experts, 2024, table 1: 32 layers, width 4096, feed-forward 14,336, 32 heads on 8 key-value
heads, vocabulary 32,000, 8 experts, top 2.

Which experts a run reads depends on the data; a graph has one shape. Routing is taken as uniform: each token takes two
different experts, all pairs alike. Of E experts, T tokens of k choices each then meet E (1 - (1 - k / E)^T) different
ones on average; the graph has that many, to the nearest whole number, and they share the tokens equally. The routing
itself is in the graph: scores, the best two, tokens sorted by expert, and the results brought back in order. Experts
are looked up in tables of all eight by index, so that all count as weights of the model while a run reads only those
chosen. The graph therefore depends on the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import check, linear, silu
from leptonsim.model.zoo._llama import Sizes, build_llama

if TYPE_CHECKING:
    import onnx

SIZES = Sizes(
    layers=32,
    width=4096,
    feed_forward=14336,
    heads=32,
    kv_heads=8,
    vocabulary=32000,
    positions=32768,
    rope_theta=1_000_000.0,
)
EXPERTS, CHOSEN = 8, 2


def build(seq: int = 512, past: int = 0, batch: int = 1) -> onnx.ModelProto:
    """Mixtral 8x7B decoder, 46.7 B parameters, 12.9 B of them for a token; logits of the last token.

    ``seq`` is the number of tokens of a sample that one run processes, ``past`` the number already in the key-value
    cache, together at most 32,768; ``batch`` the samples, which decide how many experts a run meets.
    """
    check("mixtral-8x7b", "seq", seq, 1)
    check("mixtral-8x7b", "batch", batch, 1)
    tokens = batch * seq
    return build_llama(
        "mixtral-8x7b", SIZES, seq, past, batch=batch, feed_forward=lambda g, x: _experts(g, x, batch, seq, tokens)
    )


def expected_experts(tokens: int) -> int:
    """Different experts that so many tokens meet on average under uniform routing, to the nearest whole number."""
    return round(EXPERTS * (1 - (1 - CHOSEN / EXPERTS) ** tokens))


def _experts(g: GraphBuilder, x: str, batch: int, seq: int, tokens: int) -> str:
    width, wide = SIZES.width, SIZES.feed_forward
    active = expected_experts(tokens)
    choices = CHOSEN * tokens
    share = -(-choices // active)
    x = g.op("Reshape", [x, g.shape(tokens, width)], name="moe.tokens")
    scores = linear(g, "router", x, width, EXPERTS, bias=False)
    best, expert = g.op_parts("TopK", [scores, g.shape(CHOSEN)], ["score", "expert"], name="moe.choice", axis=-1)
    weight = g.op("Softmax", [best], name="moe.weight", axis=-1)
    flat = g.op("Reshape", [expert, g.shape(choices)], name="moe.choices")
    by_expert, order = g.op_parts(
        "TopK", [flat, g.shape(choices)], ["expert", "order"], name="moe.sort", axis=0, largest=0
    )
    first = np.arange(active) * choices // active
    places = np.minimum(first[:, np.newaxis] + np.arange(share), choices - 1)
    met = g.op("Gather", [by_expert, g.constant(first, np.int64)], name="moe.active", axis=0)
    taken = g.op("Gather", [order, g.constant(places, np.int64)], name="moe.taken", axis=0)
    rows = g.op("Div", [taken, g.constant(CHOSEN, np.int64)], name="moe.rows")
    sorted_x = g.op("Gather", [x, rows], name="moe.shares", axis=0)
    up, gate, down = (
        g.op("Gather", [g.weight(f"experts.{name}", (EXPERTS, *shape)), met], name=f"experts.{name}.chosen", axis=0)
        for name, shape in (("w3", (width, wide)), ("w1", (width, wide)), ("w2", (wide, width)))
    )
    gated = silu(g, "silu", g.op("MatMul", [sorted_x, gate], name="experts.w1.matmul"))
    gated = g.op("Mul", [gated, g.op("MatMul", [sorted_x, up], name="experts.w3.matmul")], name="gate.mul")
    y = g.op("MatMul", [gated, down], name="experts.w2.matmul")
    y = g.op("Reshape", [y, g.shape(active * share, width)], name="moe.results")
    _, rank = g.op_parts("TopK", [order, g.shape(choices)], ["place", "rank"], name="moe.unsort", axis=0, largest=0)
    owner = np.searchsorted(first, np.arange(choices), side="right") - 1
    place_of_rank = owner * share + np.arange(choices) - first[owner]
    back = g.op("Gather", [g.constant(place_of_rank, np.int64), rank], name="moe.back", axis=0)
    y = g.op("Gather", [y, back], name="moe.by_token", axis=0)
    y = g.op("Reshape", [y, g.shape(tokens, CHOSEN, width)], name="moe.pairs")
    weighted = g.op("Mul", [y, g.op("Unsqueeze", [weight, g.shape(2)], name="moe.factor")], name="moe.weighted")
    y = g.op("ReduceSum", [weighted, g.shape(1)], name="moe.sum", keepdims=0)
    return g.op("Reshape", [y, g.shape(batch, seq, width)], name="moe.samples")
