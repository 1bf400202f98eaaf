"""Llama 3 8B: prefill of a prompt, or one decode step over a key-value cache.

The Llama 3 Herd of Models, 2024, table 3: 32 layers, width 4096, feed-forward 14,336, 32 heads on 8 key-value heads,
vocabulary 128,256 (128,000 and 256 special tokens); head of 128, 8192 positions, embeddings not tied. RMSNorm, rotary
embedding, SiLU and attention are spelt as PyTorch's exporter spells them; key and value heads are expanded to the
query heads by Expand and Reshape. The key-value cache comes in as ``past_key_values.*`` where there is a past, and
goes out as ``present.*``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder

if TYPE_CHECKING:
    import onnx

LAYERS, WIDTH, FEED_FORWARD, HEADS, KV_HEADS, HEAD, VOCABULARY, POSITIONS = 32, 4096, 14336, 32, 8, 128, 128256, 8192
ROPE_THETA = 500_000.0


def build(seq: int = 512, past: int = 0) -> onnx.ModelProto:
    """Llama 3 8B decoder, 8.03 B parameters, 7.50 GMAC a token besides attention; logits of the last token.

    ``seq`` is the number of tokens of a sample that one run processes, ``past`` the number already in the key-value
    cache: seq=2048 is the prefill of a prompt, seq=1&past=2048 a decode step after it. Together at most 8192.
    """
    if seq < 1 or seq + past > POSITIONS:
        raise LeptonError(f"llama-3-8b: seq={seq} must be 1 or more, and seq + past={seq + past} at most {POSITIONS}")
    g = GraphBuilder("llama-3-8b")
    ids = g.input("input_ids", ("batch", seq), "int64")
    x = g.op("Gather", [g.weight("embed_tokens.weight", (VOCABULARY, WIDTH)), ids], name="embed_tokens")
    rotation = _rotation(g, seq, past)
    mask = _causal_mask(g, seq, past)
    presents = []
    for layer in range(LAYERS):
        g.scope = f"layers.{layer}."
        attended, cache = _attention(g, _rms_norm(g, "input_norm", x), layer, seq, past, rotation, mask)
        presents += cache
        x = g.op("Add", [x, attended], name="attention.residual")
        x = g.op("Add", [x, _feed_forward(g, _rms_norm(g, "post_attention_norm", x))], name="mlp.residual")
    g.scope = ""
    x = _rms_norm(g, "norm", x)
    if seq > 1:
        x = g.op("Slice", [x, g.shape(-1), g.shape(2**63 - 1), g.shape(1)], name="last_token")
    logits = g.op("MatMul", [x, g.weight("lm_head.weight", (WIDTH, VOCABULARY))], name="lm_head", output="logits")
    cache_shape = ("batch", KV_HEADS, past + seq, HEAD)
    outputs = [(logits, ("batch", 1, VOCABULARY)), *((name, cache_shape) for name in presents)]
    return g.model(outputs, tokens_per_sample=seq)


def _rotation(g: GraphBuilder, seq: int, past: int) -> tuple[str, str]:
    """Cosine and sine of every position and channel, [seq x head]; constants, as the positions are."""
    frequencies = 1.0 / ROPE_THETA ** (np.arange(0, HEAD, 2) / HEAD)
    limits = [g.constant(value) for value in (past, past + seq, 1)]
    positions = g.op("Unsqueeze", [g.op("Range", limits, name="rotary.range"), g.shape(1)], name="rotary.positions")
    angles = g.op("Mul", [positions, g.constant(frequencies[np.newaxis])], name="rotary.angles")
    angles = g.op("Concat", [angles, angles], name="rotary.both_halves", axis=-1)
    return g.op("Cos", [angles], name="rotary.cos"), g.op("Sin", [angles], name="rotary.sin")


def _causal_mask(g: GraphBuilder, seq: int, past: int) -> str | None:
    """Minus infinity where a token would see a later one, [seq x (past + seq)]; a single token sees all."""
    if seq == 1:
        return None
    from onnx import numpy_helper

    lowest = numpy_helper.from_array(np.array([np.finfo(np.float32).min], np.float32))
    full = g.op("ConstantOfShape", [g.shape(seq, past + seq)], name="mask.full", value=lowest)
    return g.op("Trilu", [full, g.constant(past + 1, np.int64)], name="mask.causal", upper=1)


def _attention(
    g: GraphBuilder, x: str, layer: int, seq: int, past: int, rotation: tuple[str, str], mask: str | None
) -> tuple[str, list[str]]:
    cache = [f"present.{layer}.{part}" for part in ("key", "value")]
    # Without a past, the new keys and values are the cache.
    names = ["", ""] if past else cache
    q = _rotated(g, "q", _heads(g, x, "q", HEADS, seq), rotation)
    k = _rotated(g, "k", _heads(g, x, "k", KV_HEADS, seq), rotation, names[0])
    v = _heads(g, x, "v", KV_HEADS, seq, names[1])
    if past:
        for part, tensor, present in (("key", k, cache[0]), ("value", v, cache[1])):
            before = g.input(f"past_key_values.{layer}.{part}", ("batch", KV_HEADS, past, HEAD))
            g.op("Concat", [before, tensor], name=f"cache.{part}", output=present, axis=2)
    k, v = (_repeated(g, part, tensor, past + seq) for part, tensor in zip(("k", "v"), cache, strict=True))
    k = g.op("Transpose", [k], name="k.transpose", perm=[0, 1, 3, 2])
    scores = g.op("Mul", [g.op("MatMul", [q, k], name="scores"), g.constant(HEAD**-0.5)], name="scale")
    if mask is not None:
        scores = g.op("Add", [scores, mask], name="mask")
    context = g.op("MatMul", [g.op("Softmax", [scores], name="softmax", axis=-1), v], name="context")
    context = g.op("Transpose", [context], name="merge", perm=[0, 2, 1, 3])
    context = g.op("Reshape", [context, g.shape(0, seq, WIDTH)], name="join")
    return _linear(g, "o_proj", context, WIDTH, WIDTH), cache


def _heads(g: GraphBuilder, x: str, part: str, heads: int, seq: int, output: str = "") -> str:
    x = _linear(g, f"{part}_proj", x, WIDTH, heads * HEAD)
    x = g.op("Reshape", [x, g.shape(0, seq, heads, HEAD)], name=f"{part}.split")
    return g.op("Transpose", [x], name=f"{part}.heads", output=output, perm=[0, 2, 1, 3])


def _rotated(g: GraphBuilder, part: str, x: str, rotation: tuple[str, str], output: str = "") -> str:
    """Rotary position embedding: x * cos + (-second half, first half) * sin."""
    ends = g.shape(0), g.shape(HEAD // 2), g.shape(HEAD)
    last, step = g.shape(3), g.shape(1)
    first = g.op("Slice", [x, ends[0], ends[1], last, step], name=f"{part}.first_half")
    second = g.op("Slice", [x, ends[1], ends[2], last, step], name=f"{part}.second_half")
    turned = g.op("Concat", [g.op("Neg", [second], name=f"{part}.neg"), first], name=f"{part}.turned", axis=-1)
    straight = g.op("Mul", [x, rotation[0]], name=f"{part}.cos")
    crossed = g.op("Mul", [turned, rotation[1]], name=f"{part}.sin")
    return g.op("Add", [straight, crossed], name=f"{part}.rotated", output=output)


def _repeated(g: GraphBuilder, part: str, x: str, total: int) -> str:
    """Every key-value head once for each query head of its group."""
    x = g.op("Unsqueeze", [x, g.shape(2)], name=f"{part}.unsqueeze")
    x = g.op("Expand", [x, g.shape(1, 1, HEADS // KV_HEADS, 1, 1)], name=f"{part}.expand")
    return g.op("Reshape", [x, g.shape(0, HEADS, total, HEAD)], name=f"{part}.repeat")


def _feed_forward(g: GraphBuilder, x: str) -> str:
    gate = _linear(g, "gate_proj", x, WIDTH, FEED_FORWARD)
    silu = g.op("Mul", [gate, g.op("Sigmoid", [gate], name="silu.sigmoid")], name="silu.mul")
    gated = g.op("Mul", [silu, _linear(g, "up_proj", x, WIDTH, FEED_FORWARD)], name="gate.mul")
    return _linear(g, "down_proj", gated, FEED_FORWARD, WIDTH)


def _linear(g: GraphBuilder, name: str, x: str, inputs: int, outputs: int) -> str:
    return g.op("MatMul", [x, g.weight(f"{name}.weight", (inputs, outputs))], name=name)


def _rms_norm(g: GraphBuilder, name: str, x: str) -> str:
    square = g.op("Pow", [x, g.constant(2.0)], name=f"{name}.pow")
    mean = g.op("ReduceMean", [square, g.shape(-1)], name=f"{name}.mean", keepdims=1)
    root = g.op("Sqrt", [g.op("Add", [mean, g.constant(1e-5)], name=f"{name}.epsilon")], name=f"{name}.sqrt")
    inverse = g.op("Reciprocal", [root], name=f"{name}.reciprocal")
    normalised = g.op("Mul", [x, inverse], name=f"{name}.normalise")
    return g.op("Mul", [g.weight(f"{name}.weight", (WIDTH,)), normalised], name=f"{name}.scale")
