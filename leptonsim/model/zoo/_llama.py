"""Decoders of the Llama family: prefill of a prompt, or a decode step over a key-value cache.

RMSNorm, rotary embedding, SiLU and attention are spelt as PyTorch's exporter spells them; key and value heads are
expanded to the query heads by Expand and Reshape. The key-value cache comes in as ``past_key_values.*`` where there is
a past, and goes out as ``present.*``. The feed-forward part is a gated MLP; a model with experts brings its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.errors import LeptonError
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
    silu,
)

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one decoder of the family; embeddings are not tied."""

    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    positions: int
    rope_theta: float
    head: int = 128


FeedForward = Callable[[GraphBuilder, str], str]


def build_llama(
    name: str, sizes: Sizes, seq: int, past: int, *, batch: int | str = "batch", feed_forward: FeedForward | None = None
) -> onnx.ModelProto:
    """The decoder over ``seq`` tokens after ``past`` ones; logits of the last token.

    ``batch`` is left open unless the graph depends on it. Raises LeptonError where the tokens are more than the model
    has positions for.
    """
    check(name, "seq", seq, 1)
    if seq + past > sizes.positions:
        raise LeptonError(f"{name}: seq={seq} and past={past} are together {seq + past}, at most {sizes.positions}")
    g = GraphBuilder(name)
    decoder = _Decoder(g, sizes, seq, past, batch)
    ids = g.input("input_ids", (batch, seq), "int64")
    x = g.op("Gather", [g.weight("embed_tokens.weight", (sizes.vocabulary, sizes.width)), ids], name="embed_tokens")
    for layer in range(sizes.layers):
        g.scope = f"layers.{layer}."
        attended = decoder.attention(rms_norm(g, "input_norm", x, sizes.width), layer)
        x = g.op("Add", [x, attended], name="attention.residual")
        normalised = rms_norm(g, "post_attention_norm", x, sizes.width)
        fed = feed_forward(g, normalised) if feed_forward else _gated_mlp(g, normalised, sizes)
        x = g.op("Add", [x, fed], name="mlp.residual")
    g.scope = ""
    x = last_token(g, rms_norm(g, "norm", x, sizes.width), seq)
    logits = g.op(
        "MatMul", [x, g.weight("lm_head.weight", (sizes.width, sizes.vocabulary))], name="lm_head", output="logits"
    )
    cache: Shape = (batch, sizes.kv_heads, past + seq, sizes.head)
    outputs: list[tuple[str, Shape]] = [(logits, (batch, 1, sizes.vocabulary))]
    outputs += [(present, cache) for present in decoder.presents]
    return g.model(outputs, tokens_per_sample=seq)


def _gated_mlp(g: GraphBuilder, x: str, sizes: Sizes) -> str:
    gate = silu(g, "silu", linear(g, "gate_proj", x, sizes.width, sizes.feed_forward, bias=False))
    up = linear(g, "up_proj", x, sizes.width, sizes.feed_forward, bias=False)
    gated = g.op("Mul", [gate, up], name="gate.mul")
    return linear(g, "down_proj", gated, sizes.feed_forward, sizes.width, bias=False)


class _Decoder:
    """What the attention of all layers shares: rotation, mask, and the names of the caches put out."""

    def __init__(self, g: GraphBuilder, sizes: Sizes, seq: int, past: int, batch: int | str) -> None:
        self._g, self._sizes, self._seq, self._past, self._batch = g, sizes, seq, past, batch
        self._cos, self._sin = self._rotation()
        self._mask = causal_mask(g, seq, past)
        self.presents: list[str] = []

    def _rotation(self) -> tuple[str, str]:
        """Cosine and sine of every position and channel, [seq x head]; constants, as the positions are."""
        g, sizes = self._g, self._sizes
        frequencies = 1.0 / sizes.rope_theta ** (np.arange(0, sizes.head, 2) / sizes.head)
        limits = [g.constant(value) for value in (self._past, self._past + self._seq, 1)]
        positions = g.op("Unsqueeze", [g.op("Range", limits, name="rotary.range"), g.shape(1)], name="rotary.positions")
        angles = g.op("Mul", [positions, g.constant(frequencies[np.newaxis])], name="rotary.angles")
        angles = g.op("Concat", [angles, angles], name="rotary.both_halves", axis=-1)
        return g.op("Cos", [angles], name="rotary.cos"), g.op("Sin", [angles], name="rotary.sin")

    def attention(self, x: str, layer: int) -> str:
        """Grouped-query attention over the cache and the new tokens."""
        g, sizes, seq, past = self._g, self._sizes, self._seq, self._past
        width = sizes.heads * sizes.head
        cache = [f"present.{layer}.{part}" for part in ("key", "value")]
        # Without a past, the new keys and values are the cache.
        names = ["", ""] if past else cache
        q = self._rotated("q", self._heads(x, "q", sizes.heads))
        k = self._rotated("k", self._heads(x, "k", sizes.kv_heads), names[0])
        v = self._heads(x, "v", sizes.kv_heads, names[1])
        shape = (self._batch, sizes.kv_heads, past, sizes.head)
        k = grown(g, "key", k, past, shape, (f"past_key_values.{layer}.key", cache[0]))
        v = grown(g, "value", v, past, shape, (f"past_key_values.{layer}.value", cache[1]))
        self.presents += cache
        k, v = self._repeated("k", k), self._repeated("v", v)
        context = joined(g, attend(g, q, k, v, scale=sizes.head**-0.5, mask=self._mask), seq, width)
        return linear(g, "o_proj", context, width, sizes.width, bias=False)

    def _heads(self, x: str, part: str, count: int, output: str = "") -> str:
        sizes = self._sizes
        x = linear(self._g, f"{part}_proj", x, sizes.width, count * sizes.head, bias=False)
        return heads(self._g, part, x, self._seq, count, sizes.head, output)

    def _rotated(self, part: str, x: str, output: str = "") -> str:
        """Rotary position embedding: x * cos + (-second half, first half) * sin."""
        g, head = self._g, self._sizes.head
        ends = g.shape(0), g.shape(head // 2), g.shape(head)
        last, step = g.shape(3), g.shape(1)
        first = g.op("Slice", [x, ends[0], ends[1], last, step], name=f"{part}.first_half")
        second = g.op("Slice", [x, ends[1], ends[2], last, step], name=f"{part}.second_half")
        turned = g.op("Concat", [g.op("Neg", [second], name=f"{part}.neg"), first], name=f"{part}.turned", axis=-1)
        straight = g.op("Mul", [x, self._cos], name=f"{part}.cos")
        crossed = g.op("Mul", [turned, self._sin], name=f"{part}.sin")
        return g.op("Add", [straight, crossed], name=f"{part}.rotated", output=output)

    def _repeated(self, part: str, x: str) -> str:
        """Every key-value head once for each query head of its group."""
        g, sizes, total = self._g, self._sizes, self._past + self._seq
        x = g.op("Unsqueeze", [x, g.shape(2)], name=f"{part}.unsqueeze")
        x = g.op("Expand", [x, g.shape(1, 1, sizes.heads // sizes.kv_heads, 1, 1)], name=f"{part}.expand")
        return g.op("Reshape", [x, g.shape(0, sizes.heads, total, sizes.head)], name=f"{part}.repeat")
