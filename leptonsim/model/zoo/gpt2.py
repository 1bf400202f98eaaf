"""GPT-2, the smallest of its four sizes.

Radford et al., Language Models are Unsupervised Multitask Learners, 2019: 12 layers, width 768, 1024 positions,
vocabulary 50,257; 12 heads. Queries, keys and values are one projection, embeddings are tied: the logits are taken
with the transposed table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder, Shape
from leptonsim.model.zoo._layers import (
    attend,
    causal_mask,
    check,
    gelu_tanh,
    grown,
    heads,
    joined,
    last_token,
    layer_norm,
    linear,
)

if TYPE_CHECKING:
    import onnx

LAYERS, WIDTH, HEADS, VOCABULARY, POSITIONS = 12, 768, 12, 50257, 1024


def build(seq: int = 512, past: int = 0) -> onnx.ModelProto:
    """GPT-2 small decoder, 124.4 M parameters, 0.12 GMAC a token besides attention; logits of the last token.

    ``seq`` is the number of tokens of a sample that one run processes, ``past`` the number already in the key-value
    cache; together at most 1024.
    """
    check("gpt2", "seq", seq, 1)
    if seq + past > POSITIONS:
        raise LeptonError(f"gpt2: seq={seq} and past={past} are together {seq + past}, at most {POSITIONS}")
    g = GraphBuilder("gpt2")
    table = g.weight("wte", (VOCABULARY, WIDTH))
    x = g.op("Gather", [table, g.input("input_ids", ("batch", seq), "int64")], name="embed_tokens")
    positions = g.op(
        "Gather", [g.weight("wpe", (POSITIONS, WIDTH)), g.shape(*range(past, past + seq))], name="embed_positions"
    )
    x = g.op("Add", [x, positions], name="add_position")
    mask = causal_mask(g, seq, past)
    presents: list[str] = []
    for layer in range(LAYERS):
        g.scope = f"h.{layer}."
        attended = _attention(g, layer_norm(g, "ln_1", x, WIDTH), layer, seq, past, mask)
        presents += [f"present.{layer}.{part}" for part in ("key", "value")]
        x = g.op("Add", [x, attended], name="attention.residual")
        y = gelu_tanh(g, "gelu", linear(g, "mlp.c_fc", layer_norm(g, "ln_2", x, WIDTH), WIDTH, 4 * WIDTH))
        x = g.op("Add", [x, linear(g, "mlp.c_proj", y, 4 * WIDTH, WIDTH)], name="mlp.residual")
    g.scope = ""
    x = last_token(g, layer_norm(g, "ln_f", x, WIDTH), seq)
    tied = g.op("Transpose", [table], name="tied", perm=[1, 0])
    logits = g.op("MatMul", [x, tied], name="lm_head", output="logits")
    cache: Shape = ("batch", HEADS, past + seq, WIDTH // HEADS)
    outputs: list[tuple[str, Shape]] = [(logits, ("batch", 1, VOCABULARY)), *((name, cache) for name in presents)]
    return g.model(outputs, tokens_per_sample=seq)


def _attention(g: GraphBuilder, x: str, layer: int, seq: int, past: int, mask: str) -> str:
    size = WIDTH // HEADS
    x = linear(g, "c_attn", x, WIDTH, 3 * WIDTH)
    parts = g.op_parts("Split", [x], ["q", "k", "v"], name="c_attn.split", axis=2, num_outputs=3)
    cache = [f"present.{layer}.{part}" for part in ("key", "value")]
    names = ["", "", ""] if past else ["", *cache]
    q, k, v = (heads(g, p, x, seq, HEADS, size, name) for p, x, name in zip("qkv", parts, names, strict=True))
    shape = ("batch", HEADS, past, size)
    k = grown(g, "key", k, past, shape, (f"past_key_values.{layer}.key", cache[0]))
    v = grown(g, "value", v, past, shape, (f"past_key_values.{layer}.value", cache[1]))
    context = attend(g, q, k, v, scale=size**-0.5, mask=mask)
    return linear(g, "c_proj", joined(g, context, seq, WIDTH), WIDTH, WIDTH)
