"""ResNet-50 v1.5: bottleneck blocks with the stride in the 3x3 convolution, as torchvision has it.

He et al., Deep Residual Learning for Image Recognition, 2015. Batch normalisations are nodes of their own; folding
them into the convolutions is the compiler's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder

if TYPE_CHECKING:
    import onnx

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Bottleneck width, number of blocks and stride of each stage; a block puts out four times its width."""


def build(size: int = 224, classes: int = 1000) -> onnx.ModelProto:
    """ResNet-50 v1.5 image classifier, 25.56 M parameters, 4.09 GMAC at 224 x 224 pixels.

    ``size`` is the height and width of the image in pixels, at least 32; ``classes`` the number of outputs.
    """
    if size < 32 or classes < 1:
        raise LeptonError(f"resnet50: size={size} must be 32 or more and classes={classes} 1 or more")
    g = GraphBuilder("resnet50")
    x = g.input("image", ("batch", 3, size, size))
    x = g.op("Relu", [_conv_bn(g, "conv1", x, 3, 64, 7, 2)], name="relu")
    x = g.op("MaxPool", [x], name="maxpool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, (width, blocks, stride) in enumerate(STAGES, 1):
        for block in range(blocks):
            g.scope = f"layer{stage}.{block}."
            x = _bottleneck(g, x, channels, width, stride if block == 0 else 1)
            channels = 4 * width
    g.scope = ""
    x = g.op("GlobalAveragePool", [x], name="avgpool")
    x = g.op("Flatten", [x], name="flatten", axis=1)
    weight, bias = g.weight("fc.weight", (classes, channels)), g.weight("fc.bias", (classes,))
    logits = g.op("Gemm", [x, weight, bias], name="fc", output="logits", transB=1)
    return g.model([(logits, ("batch", classes))])


def _bottleneck(g: GraphBuilder, x: str, channels: int, width: int, stride: int) -> str:
    shortcut = x
    y = g.op("Relu", [_conv_bn(g, "conv1", x, channels, width, 1, 1)], name="relu1")
    y = g.op("Relu", [_conv_bn(g, "conv2", y, width, width, 3, stride)], name="relu2")
    y = _conv_bn(g, "conv3", y, width, 4 * width, 1, 1)
    if stride != 1 or channels != 4 * width:
        shortcut = _conv_bn(g, "downsample", x, channels, 4 * width, 1, stride)
    return g.op("Relu", [g.op("Add", [y, shortcut], name="add")], name="relu3")


def _conv_bn(g: GraphBuilder, name: str, x: str, channels: int, outputs: int, kernel: int, stride: int) -> str:
    weight = g.weight(f"{name}.weight", (outputs, channels, kernel, kernel))
    y = g.op(
        "Conv",
        [x, weight],
        name=name,
        kernel_shape=[kernel, kernel],
        strides=[stride, stride],
        pads=[kernel // 2] * 4,
    )
    statistics = [g.weight(f"{name}.bn.{part}", (outputs,)) for part in ("weight", "bias", "mean", "var")]
    return g.op("BatchNormalization", [y, *statistics], name=f"{name}.bn", epsilon=1e-5)
