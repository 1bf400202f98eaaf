"""BERT-base, the encoder with its pooler, spelt as exporters spell it at opset 18.

Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, 2018: 12 layers, width 768, 12 heads,
feed-forward 3072; vocabulary of bert-base-uncased, 30,522. GELU is spelt with Erf, attention as MatMul, Softmax,
MatMul.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder

if TYPE_CHECKING:
    import onnx

LAYERS, WIDTH, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS = 12, 768, 12, 3072, 30522, 512


def build(seq: int = 128) -> onnx.ModelProto:
    """BERT-base encoder, 109.5 M parameters with embeddings and pooler, 11.2 GMAC at 128 tokens.

    ``seq`` is the number of tokens of a sample, 1 to 512.
    """
    if not 1 <= seq <= POSITIONS:
        raise LeptonError(f"bert-base: seq={seq} must be 1 to {POSITIONS}, the positions it was trained with")
    g = GraphBuilder("bert-base")
    ids, mask, types = (
        g.input(name, ("batch", seq), "int64") for name in ("input_ids", "attention_mask", "token_type_ids")
    )
    g.scope = "embeddings."
    x = g.op("Gather", [g.weight("word", (VOCABULARY, WIDTH)), ids], name="word_lookup")
    x = g.op("Add", [x, g.op("Gather", [g.weight("type", (2, WIDTH)), types], name="type_lookup")], name="add_type")
    positions = g.op("Gather", [g.weight("position", (POSITIONS, WIDTH)), g.shape(*range(seq))], name="position_lookup")
    x = _layer_norm(g, "norm", g.op("Add", [x, positions], name="add_position"))
    g.scope = ""
    bias = _attention_bias(g, mask)
    for layer in range(LAYERS):
        g.scope = f"layer.{layer}."
        x = _layer_norm(g, "attention.norm", g.op("Add", [_attention(g, x, bias, seq), x], name="attention.residual"))
        output = "last_hidden_state" if layer == LAYERS - 1 else ""
        x = _layer_norm(g, "output.norm", g.op("Add", [_feed_forward(g, x), x], name="output.residual"), output)
    g.scope = ""
    first = g.op("Gather", [x, g.constant(0, np.int64)], name="pooler.first_token", axis=1)
    weight, pooler_bias = g.weight("pooler.weight", (WIDTH, WIDTH)), g.weight("pooler.bias", (WIDTH,))
    dense = g.op("Gemm", [first, weight, pooler_bias], name="pooler.dense", transB=1)
    pooled = g.op("Tanh", [dense], name="pooler.tanh", output="pooler_output")
    outputs = [(x, ("batch", seq, WIDTH)), (pooled, ("batch", WIDTH))]
    return g.model(outputs, tokens_per_sample=seq)


def _attention_bias(g: GraphBuilder, mask: str) -> str:
    """0 where a token is attended to, the lowest number where it is padding, for all heads and queries."""
    wide = g.op("Cast", [g.op("Unsqueeze", [mask, g.shape(1, 2)], name="mask.unsqueeze")], name="mask.cast", to=1)
    inverted = g.op("Sub", [g.constant(1.0), wide], name="mask.invert")
    return g.op("Mul", [inverted, g.constant(np.finfo(np.float32).min)], name="mask.scale")


def _attention(g: GraphBuilder, x: str, bias: str, seq: int) -> str:
    head = WIDTH // HEADS
    q, k, v = (
        g.op(
            "Reshape",
            [_linear(g, f"attention.{part}", x, WIDTH, WIDTH), g.shape(0, seq, HEADS, head)],
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
    context = g.op("Reshape", [context, g.shape(0, seq, WIDTH)], name="attention.join")
    return _linear(g, "attention.output", context, WIDTH, WIDTH)


def _feed_forward(g: GraphBuilder, x: str) -> str:
    x = _linear(g, "intermediate", x, WIDTH, FEED_FORWARD)
    erf = g.op("Erf", [g.op("Div", [x, g.constant(2**0.5)], name="gelu.div")], name="gelu.erf")
    gate = g.op("Add", [erf, g.constant(1.0)], name="gelu.add")
    x = g.op("Mul", [g.op("Mul", [x, gate], name="gelu.mul"), g.constant(0.5)], name="gelu.half")
    return _linear(g, "output", x, FEED_FORWARD, WIDTH)


def _linear(g: GraphBuilder, name: str, x: str, inputs: int, outputs: int) -> str:
    product = g.op("MatMul", [x, g.weight(f"{name}.weight", (inputs, outputs))], name=f"{name}.matmul")
    return g.op("Add", [product, g.weight(f"{name}.bias", (outputs,))], name=f"{name}.add")


def _layer_norm(g: GraphBuilder, name: str, x: str, output: str = "") -> str:
    scale, bias = g.weight(f"{name}.weight", (WIDTH,)), g.weight(f"{name}.bias", (WIDTH,))
    return g.op("LayerNormalization", [x, scale, bias], name=name, output=output, axis=-1, epsilon=1e-12)
