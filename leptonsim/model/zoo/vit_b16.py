"""Vision transformer ViT-B/16: patches of 16 x 16 pixels as tokens, twelve encoder layers.

Dosovitskiy et al., An Image is Worth 16x16 Words, 2021, table 1. Layer normalisation before each part, GELU with Erf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import attend, check, conv, gelu, heads, joined, layer_norm, linear, tokens_of

if TYPE_CHECKING:
    import onnx

LAYERS, WIDTH, HEADS, FEED_FORWARD, PATCH = 12, 768, 12, 3072, 16


def build(size: int = 224, classes: int = 1000) -> onnx.ModelProto:
    """ViT-B/16 image classifier, 86.6 M parameters, 17.6 GMAC at 224 x 224 pixels.

    ``size`` is the height and width of the image in pixels, a multiple of 16; ``classes`` the number of outputs.
    """
    check("vit-b16", "size", size, PATCH)
    check("vit-b16", "classes", classes, 1)
    if size % PATCH:
        raise LeptonError(f"vit-b16: size={size} must be a multiple of {PATCH}")
    patches = (size // PATCH) ** 2
    tokens = patches + 1
    g = GraphBuilder("vit-b16")
    x = conv(g, "patches", g.input("image", ("batch", 3, size, size)), 3, WIDTH, PATCH, PATCH, pad=0)
    x = tokens_of(g, "patches", x, WIDTH, patches)
    x = g.op("Concat", [_class_token(g, x), x], name="with_class_token", axis=1)
    x = g.op("Add", [x, g.weight("positions", (1, tokens, WIDTH))], name="add_position")
    for layer in range(LAYERS):
        g.scope = f"layer.{layer}."
        y = layer_norm(g, "norm1", x, WIDTH, epsilon=1e-6)
        x = g.op("Add", [x, _attention(g, y, tokens)], name="attention.residual")
        y = linear(g, "mlp.in", layer_norm(g, "norm2", x, WIDTH, epsilon=1e-6), WIDTH, FEED_FORWARD)
        x = g.op("Add", [x, linear(g, "mlp.out", gelu(g, "gelu", y), FEED_FORWARD, WIDTH)], name="mlp.residual")
    g.scope = ""
    x = layer_norm(g, "norm", x, WIDTH, epsilon=1e-6)
    first = g.op("Gather", [x, g.constant(0, "int64")], name="class_token", axis=1)
    weight, bias = g.weight("head.weight", (classes, WIDTH)), g.weight("head.bias", (classes,))
    logits = g.op("Gemm", [first, weight, bias], name="head", output="logits", transB=1)
    return g.model([(logits, ("batch", classes))])


def _class_token(g: GraphBuilder, patches: str) -> str:
    """The class token, once for each sample."""
    batch = g.op("Shape", [patches], name="class_token.batch", start=0, end=1)
    shape = g.op("Concat", [batch, g.shape(1, WIDTH)], name="class_token.shape", axis=0)
    return g.op("Expand", [g.weight("class_token", (1, 1, WIDTH)), shape], name="class_token.expand")


def _attention(g: GraphBuilder, x: str, tokens: int) -> str:
    size = WIDTH // HEADS
    q, k, v = (heads(g, part, linear(g, part, x, WIDTH, WIDTH), tokens, HEADS, size) for part in ("q", "k", "v"))
    return linear(g, "attention.out", joined(g, attend(g, q, k, v, scale=size**-0.5), tokens, WIDTH), WIDTH, WIDTH)
