"""EfficientNet-B0: inverted residuals with squeeze-and-excitation and SiLU.

Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019, table 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import check, conv, conv_bn, silu

if TYPE_CHECKING:
    import onnx

STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""Expansion, kernel, stride of the first block, output channels and blocks, of each stage."""
HEAD = 1280


def build(size: int = 224, classes: int = 1000) -> onnx.ModelProto:
    """EfficientNet-B0 image classifier, 5.29 M parameters, 0.39 GMAC at 224 x 224 pixels.

    ``size`` is the height and width of the image in pixels, at least 32; ``classes`` the number of outputs.
    """
    check("efficientnet-b0", "size", size, 32)
    check("efficientnet-b0", "classes", classes, 1)
    g = GraphBuilder("efficientnet-b0")
    x = silu(g, "stem.silu", conv_bn(g, "stem", g.input("image", ("batch", 3, size, size)), 3, 32, 3, 2))
    channels, number = 32, 0
    for expansion, kernel, stride, outputs, blocks in STAGES:
        for block in range(blocks):
            g.scope = f"block.{number}."
            x = _block(g, x, channels, outputs, expansion, kernel, stride if block == 0 else 1)
            channels, number = outputs, number + 1
    g.scope = ""
    x = silu(g, "head.silu", conv_bn(g, "head", x, channels, HEAD))
    x = g.op("Flatten", [g.op("GlobalAveragePool", [x], name="avgpool")], name="flatten", axis=1)
    weight, bias = g.weight("classifier.weight", (classes, HEAD)), g.weight("classifier.bias", (classes,))
    logits = g.op("Gemm", [x, weight, bias], name="classifier", output="logits", transB=1)
    return g.model([(logits, ("batch", classes))])


def _block(g: GraphBuilder, x: str, channels: int, outputs: int, expansion: int, kernel: int, stride: int) -> str:
    y, wide = x, channels * expansion
    if expansion != 1:
        y = silu(g, "expand.silu", conv_bn(g, "expand", y, channels, wide))
    y = silu(g, "depthwise.silu", conv_bn(g, "depthwise", y, wide, wide, kernel, stride, groups=wide))
    y = _squeeze_and_excite(g, y, wide, channels // 4)
    y = conv_bn(g, "project", y, wide, outputs)
    return g.op("Add", [y, x], name="add") if stride == 1 and channels == outputs else y


def _squeeze_and_excite(g: GraphBuilder, x: str, channels: int, squeezed: int) -> str:
    """Each channel times a gate that is computed from the means of all channels."""
    y = g.op("GlobalAveragePool", [x], name="se.avgpool")
    y = silu(g, "se.silu", conv(g, "se.reduce", y, channels, squeezed))
    gate = g.op("Sigmoid", [conv(g, "se.expand", y, squeezed, channels)], name="se.gate")
    return g.op("Mul", [gate, x], name="se.mul")
