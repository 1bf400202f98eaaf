"""MobileNetV2: inverted residuals with linear bottlenecks.

Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, table 2. ReLU6 is a Clip, as exporters
write it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import check, conv_bn

if TYPE_CHECKING:
    import onnx

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, output channels, blocks and stride of the first block, of each stage."""
HEAD = 1280


def build(size: int = 224, classes: int = 1000) -> onnx.ModelProto:
    """MobileNetV2 image classifier, 3.50 M parameters, 0.30 GMAC at 224 x 224 pixels.

    ``size`` is the height and width of the image in pixels, at least 32; ``classes`` the number of outputs.
    """
    check("mobilenet-v2", "size", size, 32)
    check("mobilenet-v2", "classes", classes, 1)
    g = GraphBuilder("mobilenet-v2")
    x = _relu6(g, "stem.relu6", conv_bn(g, "stem", g.input("image", ("batch", 3, size, size)), 3, 32, 3, 2))
    channels, number = 32, 0
    for expansion, outputs, blocks, stride in STAGES:
        for block in range(blocks):
            g.scope = f"block.{number}."
            x = _inverted_residual(g, x, channels, outputs, expansion, stride if block == 0 else 1)
            channels, number = outputs, number + 1
    g.scope = ""
    x = _relu6(g, "head.relu6", conv_bn(g, "head", x, channels, HEAD))
    x = g.op("Flatten", [g.op("GlobalAveragePool", [x], name="avgpool")], name="flatten", axis=1)
    weight, bias = g.weight("classifier.weight", (classes, HEAD)), g.weight("classifier.bias", (classes,))
    logits = g.op("Gemm", [x, weight, bias], name="classifier", output="logits", transB=1)
    return g.model([(logits, ("batch", classes))])


def _inverted_residual(g: GraphBuilder, x: str, channels: int, outputs: int, expansion: int, stride: int) -> str:
    y, wide = x, channels * expansion
    if expansion != 1:
        y = _relu6(g, "expand.relu6", conv_bn(g, "expand", y, channels, wide))
    y = _relu6(g, "depthwise.relu6", conv_bn(g, "depthwise", y, wide, wide, 3, stride, groups=wide))
    y = conv_bn(g, "project", y, wide, outputs)
    return g.op("Add", [x, y], name="add") if stride == 1 and channels == outputs else y


def _relu6(g: GraphBuilder, name: str, x: str) -> str:
    return g.op("Clip", [x, g.constant(0.0), g.constant(6.0)], name=name)
