"""T5 small: an encoder over the text given and a decoder over the text asked for.

Raffel et al., Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer, 2020, section 3.7: 6 +
6 layers, width 512, 8 heads of 64, feed-forward 2048; vocabulary 32,128. RMSNorm, no bias anywhere, no scaling of the
scores; a learned bias of the scores by relative position, in 32 buckets, shared by all layers. The first run computes
the encoder and the decoder over the first tokens; with a past, a run is a decode step over caches. Samples are as long
as the shapes say: there is no mask for padding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.model.weightless import GraphBuilder, Shape
from leptonsim.model.zoo._layers import (
    attend,
    causal_mask,
    check,
    grown,
    heads,
    joined,
    last_token,
    linear,
    rms_norm,
)

if TYPE_CHECKING:
    import onnx

LAYERS, WIDTH, HEADS, HEAD, FEED_FORWARD, VOCABULARY = 6, 512, 8, 64, 2048, 32128
BUCKETS, FAR = 32, 128
"""Buckets of relative positions, and the distance from which all share the last one."""


def build(text: int = 128, seq: int = 1, past: int = 0) -> onnx.ModelProto:
    """T5 small, 60.5 M parameters; encoder and decoder, or with a past one decode step.

    ``text`` is the number of tokens given, ``seq`` the number of tokens that the decoder processes in one run, ``past``
    the number of those before them.
    """
    check("t5-small", "text", text, 1)
    check("t5-small", "seq", seq, 1)
    g = GraphBuilder("t5-small")
    table = g.weight("shared", (VOCABULARY, WIDTH))
    source = "" if past else _encoder(g, table, text)
    ids = g.input("decoder_input_ids", ("batch", seq), "int64")
    x = g.op("Gather", [table, ids], name="decoder.embed_tokens")
    bias = _bias(g, "decoder", seq, past + seq, past, both_ways=False)
    mask = causal_mask(g, seq, past)
    if mask:
        bias = g.op("Add", [bias, mask], name="decoder.mask")
    outputs: list[tuple[str, Shape]] = []
    for layer in range(LAYERS):
        g.scope = f"decoder.{layer}."
        attended, caches = _self_attention(g, rms_norm(g, "norm1", x, WIDTH), layer, seq, past, bias)
        x = g.op("Add", [x, attended], name="attention.residual")
        attended, crossed = _cross_attention(g, rms_norm(g, "norm2", x, WIDTH), source, layer, seq, text)
        x = g.op("Add", [x, attended], name="cross.residual")
        x = _feed_forward(g, x, "norm3")
        outputs += [(name, ("batch", HEADS, past + seq, HEAD)) for name in caches]
        outputs += [(name, ("batch", HEADS, text, HEAD)) for name in crossed]
    g.scope = ""
    x = last_token(g, rms_norm(g, "decoder.norm", x, WIDTH), seq)
    x = g.op("Mul", [x, g.constant(WIDTH**-0.5)], name="lm_head.scale")
    tied = g.op("Transpose", [table], name="tied", perm=[1, 0])
    logits = g.op("MatMul", [x, tied], name="lm_head", output="logits")
    return g.model([(logits, ("batch", 1, VOCABULARY)), *outputs], tokens_per_sample=seq)


def _encoder(g: GraphBuilder, table: str, text: int) -> str:
    x = g.op("Gather", [table, g.input("input_ids", ("batch", text), "int64")], name="encoder.embed_tokens")
    bias = _bias(g, "encoder", text, text, 0, both_ways=True)
    for layer in range(LAYERS):
        g.scope = f"encoder.{layer}."
        y = rms_norm(g, "norm1", x, WIDTH)
        context = attend(g, *(_heads(g, part, y, text) for part in "qkv"), scale=None, mask=bias)
        x = g.op("Add", [x, _out(g, context, text)], name="attention.residual")
        x = _feed_forward(g, x, "norm2")
    g.scope = ""
    return rms_norm(g, "encoder.norm", x, WIDTH)


def _bias(g: GraphBuilder, name: str, queries: int, keys: int, past: int, *, both_ways: bool) -> str:
    """The bias of every pair of positions, [1, heads, queries, keys]; depends on no input, so it is a constant."""
    g.scope = f"{name}.bias."
    ranges = ((past, past + queries, 1, "queries"), (0, keys, 0, "keys"))
    of_query, of_key = (
        g.op("Unsqueeze", [_range(g, part, first, end), g.shape(axis)], name=part) for first, end, axis, part in ranges
    )
    distance = g.op("Sub", [of_key, of_query], name="distance")
    zero, buckets = g.constant(0, np.int64), BUCKETS // 2 if both_ways else BUCKETS
    offset = ""
    if both_ways:
        later = g.op("Cast", [g.op("Greater", [distance, zero], name="later")], name="later.int", to=7)
        offset = g.op("Mul", [later, g.constant(buckets, np.int64)], name="offset")
        distance = g.op("Abs", [distance], name="abs")
    else:
        distance = g.op("Neg", [g.op("Min", [distance, zero], name="before")], name="abs")
    exact = buckets // 2
    near = g.op("Less", [distance, g.constant(exact, np.int64)], name="near")
    scaled = g.op("Div", [g.op("Cast", [distance], name="distance.float", to=1), g.constant(exact)], name="scaled")
    growth = g.constant((buckets - exact) / math.log(FAR / exact))
    steps = g.op("Mul", [g.op("Log", [scaled], name="log"), growth], name="steps")
    far = g.op("Add", [g.op("Cast", [steps], name="steps.int", to=7), g.constant(exact, np.int64)], name="far")
    far = g.op("Min", [far, g.constant(buckets - 1, np.int64)], name="far.capped")
    bucket = g.op("Where", [near, distance, far], name="bucket")
    if offset:
        bucket = g.op("Add", [bucket, offset], name="bucket.offset")
    bias = g.op("Gather", [g.weight("weight", (BUCKETS, HEADS)), bucket], name="lookup")
    bias = g.op("Unsqueeze", [g.op("Transpose", [bias], name="heads", perm=[2, 0, 1]), g.shape(0)], name="all")
    g.scope = ""
    return bias


def _range(g: GraphBuilder, name: str, first: int, end: int) -> str:
    limits = [g.constant(value, np.int64) for value in (first, end, 1)]
    return g.op("Range", limits, name=f"{name}.range")


def _heads(g: GraphBuilder, part: str, x: str, length: int, output: str = "") -> str:
    return heads(g, part, linear(g, part, x, WIDTH, HEADS * HEAD, bias=False), length, HEADS, HEAD, output)


def _out(g: GraphBuilder, context: str, length: int) -> str:
    return linear(g, "o", joined(g, context, length, HEADS * HEAD), HEADS * HEAD, WIDTH, bias=False)


def _feed_forward(g: GraphBuilder, x: str, norm: str) -> str:
    y = linear(g, "wi", rms_norm(g, norm, x, WIDTH), WIDTH, FEED_FORWARD, bias=False)
    y = linear(g, "wo", g.op("Relu", [y], name="relu"), FEED_FORWARD, WIDTH, bias=False)
    return g.op("Add", [x, y], name="mlp.residual")


def _self_attention(g: GraphBuilder, x: str, layer: int, seq: int, past: int, bias: str) -> tuple[str, tuple[str, ...]]:
    caches = (f"present.{layer}.decoder.key", f"present.{layer}.decoder.value")
    names = ("", "") if past else caches
    shape = ("batch", HEADS, past, HEAD)
    k, v = (_heads(g, part, x, seq, name) for part, name in zip("kv", names, strict=True))
    k = grown(g, "key", k, past, shape, (f"past_key_values.{layer}.decoder.key", caches[0]))
    v = grown(g, "value", v, past, shape, (f"past_key_values.{layer}.decoder.value", caches[1]))
    return _out(g, attend(g, _heads(g, "q", x, seq), k, v, scale=None, mask=bias), seq), caches


def _cross_attention(
    g: GraphBuilder, x: str, source: str, layer: int, seq: int, text: int
) -> tuple[str, tuple[str, ...]]:
    """Attention to the text given, whose keys and values are computed in the first run and stay."""
    scope, g.scope = g.scope, f"{g.scope}cross."
    caches: tuple[str, ...] = ()
    if source:
        caches = (f"present.{layer}.encoder.key", f"present.{layer}.encoder.value")
        k, v = (_heads(g, part, source, text, name) for part, name in zip("kv", caches, strict=True))
    else:
        shape = ("batch", HEADS, text, HEAD)
        k, v = (g.input(f"past_key_values.{layer}.encoder.{part}", shape) for part in ("key", "value"))
    result = _out(g, attend(g, _heads(g, "q", x, seq), k, v, scale=None), seq)
    g.scope = scope
    return result, caches
