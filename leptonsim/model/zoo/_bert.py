"""BERT encoders with their pooler, spelt as exporters spell them at opset 18.

Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, 2018; vocabulary of the uncased models, 30,522.
GELU is spelt with Erf, attention as MatMul, Softmax, MatMul, layer normalisation after each part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import check, gelu, layer_norm, linear

if TYPE_CHECKING:
    import onnx

VOCABULARY, POSITIONS = 30522, 512


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one encoder of the family."""

    layers: int
    width: int
    heads: int
    feed_forward: int


def build_bert(name: str, sizes: Sizes, seq: int) -> onnx.ModelProto:
    """The encoder with its pooler over ``seq`` tokens. Raises LeptonError outside of 1 to 512 tokens."""
    check(name, "seq", seq, 1, POSITIONS)
    width = sizes.width
    g = GraphBuilder(name)
    ids, mask, types = (
        g.input(name, ("batch", seq), "int64") for name in ("input_ids", "attention_mask", "token_type_ids")
    )
    g.scope = "embeddings."
    x = g.op("Gather", [g.weight("word", (VOCABULARY, width)), ids], name="word_lookup")
    x = g.op("Add", [x, g.op("Gather", [g.weight("type", (2, width)), types], name="type_lookup")], name="add_type")
    positions = g.op("Gather", [g.weight("position", (POSITIONS, width)), g.shape(*range(seq))], name="position_lookup")
    x = _norm(g, "norm", g.op("Add", [x, positions], name="add_position"), width)
    g.scope = ""
    bias = _attention_bias(g, mask)
    for layer in range(sizes.layers):
        g.scope = f"layer.{layer}."
        attended = g.op("Add", [_attention(g, x, bias, seq, sizes), x], name="attention.residual")
        x = _norm(g, "attention.norm", attended, width)
        output = "last_hidden_state" if layer == sizes.layers - 1 else ""
        fed = g.op("Add", [_feed_forward(g, x, sizes), x], name="output.residual")
        x = _norm(g, "output.norm", fed, width, output)
    g.scope = ""
    first = g.op("Gather", [x, g.constant(0, np.int64)], name="pooler.first_token", axis=1)
    weight, pooler_bias = g.weight("pooler.weight", (width, width)), g.weight("pooler.bias", (width,))
    dense = g.op("Gemm", [first, weight, pooler_bias], name="pooler.dense", transB=1)
    pooled = g.op("Tanh", [dense], name="pooler.tanh", output="pooler_output")
    outputs = [(x, ("batch", seq, width)), (pooled, ("batch", width))]
    return g.model(outputs, tokens_per_sample=seq)


def _attention_bias(g: GraphBuilder, mask: str) -> str:
    """0 where a token is attended to, the lowest number where it is padding, for all heads and queries."""
    wide = g.op("Cast", [g.op("Unsqueeze", [mask, g.shape(1, 2)], name="mask.unsqueeze")], name="mask.cast", to=1)
    inverted = g.op("Sub", [g.constant(1.0), wide], name="mask.invert")
    return g.op("Mul", [inverted, g.constant(np.finfo(np.float32).min)], name="mask.scale")


def _attention(g: GraphBuilder, x: str, bias: str, seq: int, sizes: Sizes) -> str:
    width, head = sizes.width, sizes.width // sizes.heads
    q, k, v = (
        g.op(
            "Reshape",
            [linear(g, f"attention.{part}", x, width, width), g.shape(0, seq, sizes.heads, head)],
            name=f"{part}.split",
        )
        for part in ("query", "key", "value")
    )
    q = g.op("Transpose", [q], name="query.heads", perm=[0, 2, 1, 3])
    k = g.op("Transpose", [k], name="key.heads", perm=[0, 2, 3, 1])
    v = g.op("Transpose", [v], name="value.heads", perm=[0, 2, 1, 3])
    scores = g.op(
        "Div", [g.op("MatMul", [q, k], name="attention.scores"), g.constant(head**0.5)], name="attention.scale"
    )
    weights = g.op("Softmax", [g.op("Add", [scores, bias], name="attention.mask")], name="attention.softmax", axis=-1)
    context = g.op("MatMul", [weights, v], name="attention.context")
    context = g.op("Transpose", [context], name="attention.merge", perm=[0, 2, 1, 3])
    context = g.op("Reshape", [context, g.shape(0, seq, width)], name="attention.join")
    return linear(g, "attention.output", context, width, width)


def _feed_forward(g: GraphBuilder, x: str, sizes: Sizes) -> str:
    x = gelu(g, "gelu", linear(g, "intermediate", x, sizes.width, sizes.feed_forward))
    return linear(g, "output", x, sizes.feed_forward, sizes.width)


def _norm(g: GraphBuilder, name: str, x: str, width: int, output: str = "") -> str:
    return layer_norm(g, name, x, width, epsilon=1e-12, output=output)
