"""SegFormer-B0: a hierarchical transformer encoder and an all-MLP decoder for semantic segmentation.

Xie et al., SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers, 2021, tables 1 and 6:
four stages of overlapping patches; attention over keys and values from a map reduced by strided convolution; a
depthwise 3 x 3 convolution within each feed-forward part. 150 classes are those of ADE20K.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import (
    attend,
    batch_norm,
    check,
    conv,
    gelu,
    heads,
    image_of,
    joined,
    layer_norm,
    linear,
    tokens_of,
)

if TYPE_CHECKING:
    import onnx

STAGES = ((32, 1, 8, 7, 4), (64, 2, 4, 3, 2), (160, 5, 2, 3, 2), (256, 8, 1, 3, 2))
"""Width, heads, reduction of keys and values, kernel and stride of the patches, of each stage."""
BLOCKS, EXPANSION, DECODER = 2, 4, 256


def build(size: int = 512, classes: int = 150) -> onnx.ModelProto:
    """SegFormer-B0 segmentation, 3.75 M parameters, 8.4 GMAC at 512 x 512 pixels.

    ``size`` is the height and width of the image in pixels, a multiple of 32; the result has a quarter of that.
    ``classes`` is the number of classes.
    """
    check("segformer-b0", "size", size, 32)
    check("segformer-b0", "classes", classes, 1)
    if size % 32:
        raise LeptonError(f"segformer-b0: size={size} must be a multiple of 32")
    g = GraphBuilder("segformer-b0")
    x, channels, side = g.input("image", ("batch", 3, size, size)), 3, size
    maps = []
    for stage, (width, head_count, reduction, kernel, stride) in enumerate(STAGES):
        g.scope = f"stage.{stage}."
        side //= stride
        x = conv(g, "patches", x, channels, width, kernel, stride)
        tokens = layer_norm(g, "patches.norm", tokens_of(g, "patches", x, width, side * side), width)
        for block in range(BLOCKS):
            g.scope = f"stage.{stage}.block.{block}."
            tokens = _block(g, tokens, side, width, head_count, reduction)
        g.scope = f"stage.{stage}."
        tokens = layer_norm(g, "norm", tokens, width)
        x, channels = image_of(g, "map", tokens, width, side), width
        maps.append((tokens, width, side))
    return _decoder(g, maps, size // 4, classes)


def _block(g: GraphBuilder, x: str, side: int, width: int, head_count: int, reduction: int) -> str:
    y = _attention(g, layer_norm(g, "norm1", x, width), side, width, head_count, reduction)
    x = g.op("Add", [x, y], name="attention.residual")
    wide = EXPANSION * width
    y = linear(g, "mlp.in", layer_norm(g, "norm2", x, width), width, wide)
    y = conv(g, "mlp.depthwise", image_of(g, "mlp", y, wide, side), wide, wide, 3, groups=wide)
    y = gelu(g, "gelu", tokens_of(g, "mlp", y, wide, side * side))
    return g.op("Add", [x, linear(g, "mlp.out", y, wide, width)], name="mlp.residual")


def _attention(g: GraphBuilder, x: str, side: int, width: int, head_count: int, reduction: int) -> str:
    size, tokens, reduced = width // head_count, side * side, side // reduction
    source = x
    if reduction > 1:
        image = image_of(g, "reduce", x, width, side)
        image = conv(g, "reduce", image, width, width, reduction, reduction, pad=0)
        source = layer_norm(g, "reduce.norm", tokens_of(g, "reduced", image, width, reduced * reduced), width)
    q = heads(g, "q", linear(g, "q", x, width, width), tokens, head_count, size)
    k, v = (heads(g, p, linear(g, p, source, width, width), reduced * reduced, head_count, size) for p in "kv")
    return linear(g, "attention.out", joined(g, attend(g, q, k, v, scale=size**-0.5), tokens, width), width, width)


def _decoder(g: GraphBuilder, maps: list[tuple[str, int, int]], side: int, classes: int) -> onnx.ModelProto:
    """All stages at one width and the size of the first, joined and classified pixel by pixel."""
    scaled = []
    for stage, (tokens, width, own) in enumerate(maps):
        g.scope = f"decoder.{stage}."
        x = image_of(g, "map", linear(g, "linear", tokens, width, DECODER), DECODER, own)
        if own != side:
            scales = g.constant([1.0, 1.0, side / own, side / own])
            x = g.op("Resize", [x, "", scales], name="resize", mode="linear")
        scaled.append(x)
    g.scope = "decoder."
    x = g.op("Concat", scaled[::-1], name="concat", axis=1)
    x = batch_norm(g, "fuse.bn", conv(g, "fuse", x, len(maps) * DECODER, DECODER, bias=False), DECODER)
    x = conv(g, "classifier", g.op("Relu", [x], name="relu"), DECODER, classes)
    g.scope = ""
    logits = g.op("Identity", [x], name="logits", output="logits")
    return g.model([(logits, ("batch", classes, side, side))])
