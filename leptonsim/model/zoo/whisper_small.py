"""Whisper small: speech to text, an encoder over 30 s of audio and a decoder over text tokens.

Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2022, table 1: 12 + 12 layers, width 768, 12
heads; 80 mel channels of 3000 frames, 1500 audio positions, 448 text positions, vocabulary 51,865. The first run
computes the encoder and the decoder over the first tokens; with a past, a run is a decode step: the encoder is not in
it, and the keys and values of the audio come in as a cache, like those of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder, Shape
from leptonsim.model.zoo._layers import (
    attend,
    causal_mask,
    check,
    gelu,
    grown,
    heads,
    joined,
    last_token,
    layer_norm,
    linear,
)

if TYPE_CHECKING:
    import onnx

LAYERS, WIDTH, HEADS, FEED_FORWARD = 12, 768, 12, 3072
MELS, FRAMES, AUDIO, POSITIONS, VOCABULARY = 80, 3000, 1500, 448, 51865
HEAD = WIDTH // HEADS


def build(seq: int = 4, past: int = 0) -> onnx.ModelProto:
    """Whisper small, 241.7 M parameters; encoder and decoder, or with a past one decode step.

    ``seq`` is the number of text tokens that one run processes (4 begin a transcript), ``past`` the number of those
    before them; together at most 448.
    """
    check("whisper-small", "seq", seq, 1)
    if seq + past > POSITIONS:
        raise LeptonError(f"whisper-small: seq={seq} and past={past} are together {seq + past}, at most {POSITIONS}")
    g = GraphBuilder("whisper-small")
    ids = g.input("input_ids", ("batch", seq), "int64")
    audio = "" if past else _encoder(g)
    g.scope = "decoder."
    table = g.weight("tokens", (VOCABULARY, WIDTH))
    x = g.op("Gather", [table, ids], name="embed_tokens")
    positions = g.op("Gather", [g.weight("positions", (POSITIONS, WIDTH)), g.shape(*range(past, past + seq))])
    x = g.op("Add", [x, positions], name="add_position")
    mask = causal_mask(g, seq, past)
    outputs: list[tuple[str, Shape]] = []
    for layer in range(LAYERS):
        g.scope = f"decoder.{layer}."
        attended, caches = _self_attention(g, layer_norm(g, "norm1", x, WIDTH), layer, seq, past, mask)
        x = g.op("Add", [x, attended], name="attention.residual")
        attended, crossed = _cross_attention(g, layer_norm(g, "norm2", x, WIDTH), audio, layer, seq)
        x = g.op("Add", [x, attended], name="cross.residual")
        x = _feed_forward(g, x, "norm3")
        outputs += [(name, ("batch", HEADS, past + seq, HEAD)) for name in caches]
        outputs += [(name, ("batch", HEADS, AUDIO, HEAD)) for name in crossed]
    g.scope = ""
    x = last_token(g, layer_norm(g, "norm", x, WIDTH), seq)
    tied = g.op("Transpose", [table], name="tied", perm=[1, 0])
    logits = g.op("MatMul", [x, tied], name="lm_head", output="logits")
    return g.model([(logits, ("batch", 1, VOCABULARY)), *outputs], tokens_per_sample=seq)


def _encoder(g: GraphBuilder) -> str:
    """Two convolutions over time, then the layers; [batch, audio positions, width]."""
    x = g.input("input_features", ("batch", MELS, FRAMES))
    g.scope = "encoder."
    for name, channels, stride in (("conv1", MELS, 1), ("conv2", WIDTH, 2)):
        inputs = [x, g.weight(f"{name}.weight", (WIDTH, channels, 3)), g.weight(f"{name}.bias", (WIDTH,))]
        x = g.op("Conv", inputs, name=name, kernel_shape=[3], strides=[stride], pads=[1, 1])
        x = gelu(g, f"{name}.gelu", x)
    x = g.op("Transpose", [x], name="frames", perm=[0, 2, 1])
    x = g.op("Add", [x, g.weight("positions", (AUDIO, WIDTH))], name="add_position")
    for layer in range(LAYERS):
        g.scope = f"encoder.{layer}."
        y = layer_norm(g, "norm1", x, WIDTH)
        context = attend(g, _heads(g, "q", y, AUDIO), *_keys_and_values(g, y, AUDIO, ("", "")), scale=HEAD**-0.5)
        x = g.op(
            "Add", [x, linear(g, "out", joined(g, context, AUDIO, WIDTH), WIDTH, WIDTH)], name="attention.residual"
        )
        x = _feed_forward(g, x, "norm2")
    g.scope = "encoder."
    return layer_norm(g, "norm", x, WIDTH)


def _feed_forward(g: GraphBuilder, x: str, norm: str) -> str:
    y = gelu(g, "gelu", linear(g, "mlp.in", layer_norm(g, norm, x, WIDTH), WIDTH, FEED_FORWARD))
    return g.op("Add", [x, linear(g, "mlp.out", y, FEED_FORWARD, WIDTH)], name="mlp.residual")


def _heads(g: GraphBuilder, part: str, x: str, length: int, output: str = "") -> str:
    """One projection as heads; keys have no bias."""
    x = linear(g, part, x, WIDTH, WIDTH, bias=not part.endswith("k"))
    return heads(g, part, x, length, HEADS, HEAD, output)


def _keys_and_values(g: GraphBuilder, x: str, length: int, names: tuple[str, str]) -> tuple[str, str]:
    return _heads(g, "k", x, length, names[0]), _heads(g, "v", x, length, names[1])


def _self_attention(g: GraphBuilder, x: str, layer: int, seq: int, past: int, mask: str) -> tuple[str, tuple[str, ...]]:
    caches = (f"present.{layer}.decoder.key", f"present.{layer}.decoder.value")
    k, v = _keys_and_values(g, x, seq, ("", "") if past else caches)
    shape = ("batch", HEADS, past, HEAD)
    k = grown(g, "key", k, past, shape, (f"past_key_values.{layer}.decoder.key", caches[0]))
    v = grown(g, "value", v, past, shape, (f"past_key_values.{layer}.decoder.value", caches[1]))
    context = attend(g, _heads(g, "q", x, seq), k, v, scale=HEAD**-0.5, mask=mask)
    return linear(g, "out", joined(g, context, seq, WIDTH), WIDTH, WIDTH), caches


def _cross_attention(g: GraphBuilder, x: str, audio: str, layer: int, seq: int) -> tuple[str, tuple[str, ...]]:
    """Attention to the audio, whose keys and values are computed in the first run and stay."""
    scope, g.scope = g.scope, f"{g.scope}cross."
    caches: tuple[str, ...] = ()
    if audio:
        caches = (f"present.{layer}.encoder.key", f"present.{layer}.encoder.value")
        k, v = _keys_and_values(g, audio, AUDIO, (caches[0], caches[1]))
    else:
        shape = ("batch", HEADS, AUDIO, HEAD)
        k, v = (g.input(f"past_key_values.{layer}.encoder.{part}", shape) for part in ("key", "value"))
    context = attend(g, _heads(g, "q", x, seq), k, v, scale=HEAD**-0.5)
    result = linear(g, "out", joined(g, context, seq, WIDTH), WIDTH, WIDTH)
    g.scope = scope
    return result, caches
