"""A single-stage detector of the YOLO kind, of the size of YOLOv8n.

The architecture as Ultralytics publishes it for YOLOv8n (depth 0.33, width 0.25): a backbone of convolutions and
cross-stage blocks, a feature pyramid up and down again, and at each of three scales a head for the edges of the boxes
(a distribution over 16 distances each) and one for the classes. What follows in practice, the choice of boxes
(NonMaxSuppression), depends on the data and is not in the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import check, conv, conv_bn, doubled, silu

if TYPE_CHECKING:
    import onnx

STRIDES = (8, 16, 32)
BINS = 16
"""Distances over which the place of an edge is distributed."""


def build(size: int = 640, classes: int = 80) -> onnx.ModelProto:
    """Detector of the size of YOLOv8n, 3.16 M parameters, 4.4 GMAC at 640 x 640 pixels.

    ``size`` is the height and width of the image in pixels, a multiple of 32; ``classes`` the number of classes.
    """
    check("yolo-v8n", "size", size, 32)
    check("yolo-v8n", "classes", classes, 1)
    if size % 32:
        raise LeptonError(f"yolo-v8n: size={size} must be a multiple of 32")
    g = GraphBuilder("yolo-v8n")
    x = _conv(g, "0", g.input("image", ("batch", 3, size, size)), 3, 16, 3, 2)
    x = _cross_stage(g, "2", _conv(g, "1", x, 16, 32, 3, 2), 32, 32, 1, residual=True)
    p3 = _cross_stage(g, "4", _conv(g, "3", x, 32, 64, 3, 2), 64, 64, 2, residual=True)
    p4 = _cross_stage(g, "6", _conv(g, "5", p3, 64, 128, 3, 2), 128, 128, 2, residual=True)
    x = _cross_stage(g, "8", _conv(g, "7", p4, 128, 256, 3, 2), 256, 256, 1, residual=True)
    p5 = _pyramid_pooling(g, "9", x, 256)
    n4 = _cross_stage(g, "12", _concat(g, "11", [doubled(g, "10", p5), p4]), 384, 128, 1, residual=False)
    n3 = _cross_stage(g, "15", _concat(g, "14", [doubled(g, "13", n4), p3]), 192, 64, 1, residual=False)
    m4 = _concat(g, "17", [_conv(g, "16", n3, 64, 64, 3, 2), n4])
    m4 = _cross_stage(g, "18", m4, 192, 128, 1, residual=False)
    m5 = _concat(g, "20", [_conv(g, "19", m4, 128, 128, 3, 2), p5])
    m5 = _cross_stage(g, "21", m5, 384, 256, 1, residual=False)
    return _detect(g, [(n3, 64), (m4, 128), (m5, 256)], size, classes)


def _conv(g: GraphBuilder, name: str, x: str, channels: int, outputs: int, kernel: int = 1, stride: int = 1) -> str:
    return silu(g, f"{name}.silu", conv_bn(g, f"{name}.conv", x, channels, outputs, kernel, stride))


def _concat(g: GraphBuilder, name: str, parts: list[str]) -> str:
    return g.op("Concat", parts, name=f"{name}.concat", axis=1)


def _cross_stage(
    g: GraphBuilder, name: str, x: str, channels: int, outputs: int, blocks: int, *, residual: bool
) -> str:
    """Half of the channels goes through bottlenecks in a row; all that comes out on the way is joined."""
    half = outputs // 2
    x = _conv(g, f"{name}.in", x, channels, outputs)
    parts = g.op_parts("Split", [x], ["first", "second"], name=f"{name}.split", axis=1, num_outputs=2)
    for block in range(blocks):
        y = _conv(g, f"{name}.{block}.a", parts[-1], half, half, 3)
        y = _conv(g, f"{name}.{block}.b", y, half, half, 3)
        parts.append(g.op("Add", [parts[-1], y], name=f"{name}.{block}.add") if residual else y)
    return _conv(g, f"{name}.out", _concat(g, name, parts), (2 + blocks) * half, outputs)


def _pyramid_pooling(g: GraphBuilder, name: str, x: str, channels: int) -> str:
    """Maxima over windows of 5, 9 and 13 pixels, as three poolings in a row."""
    parts = [_conv(g, f"{name}.in", x, channels, channels // 2)]
    for number in range(3):
        pooled = g.op(
            "MaxPool", [parts[-1]], name=f"{name}.pool{number}", kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4
        )
        parts.append(pooled)
    return _conv(g, f"{name}.out", _concat(g, name, parts), 2 * channels, channels)


def _detect(g: GraphBuilder, scales: list[tuple[str, int]], size: int, classes: int) -> onnx.ModelProto:
    """Boxes as corners in pixels and a score for each class, of every cell of every scale."""
    box_width = max(16, scales[0][1] // 4, 4 * BINS)
    class_width = max(scales[0][1], min(classes, 100))
    cells = [(size // stride) ** 2 for stride in STRIDES]
    boxes, scores = [], []
    for number, ((x, channels), count) in enumerate(zip(scales, cells, strict=True)):
        g.scope = f"detect.{number}."
        y = _conv(g, "box.b", _conv(g, "box.a", x, channels, box_width, 3), box_width, box_width, 3)
        y = conv(g, "box.out", y, box_width, 4 * BINS)
        boxes.append(g.op("Reshape", [y, g.shape(0, 4 * BINS, count)], name="box.flat"))
        y = _conv(g, "class.b", _conv(g, "class.a", x, channels, class_width, 3), class_width, class_width, 3)
        y = conv(g, "class.out", y, class_width, classes)
        scores.append(g.op("Reshape", [y, g.shape(0, classes, count)], name="class.flat"))
    g.scope = "detect."
    total = sum(cells)
    box = g.op("Concat", boxes, name="boxes", axis=2)
    box = g.op("Reshape", [box, g.shape(0, 4, BINS, total)], name="edges")
    box = g.op("Softmax", [g.op("Transpose", [box], name="bins.first", perm=[0, 2, 1, 3])], name="bins", axis=1)
    box = g.op("Reshape", [conv(g, "expected", box, BINS, 1, bias=False), g.shape(0, 4, total)], name="distances")
    left_top, right_bottom = g.op_parts("Split", [box], ["near", "far"], name="sides", axis=1, num_outputs=2)
    anchors = g.weight("anchors", (1, 2, total))
    low = g.op("Sub", [anchors, left_top], name="low")
    high = g.op("Add", [anchors, right_bottom], name="high")
    corners = g.op("Mul", [g.op("Concat", [low, high], name="corners", axis=1), g.weight("strides", (1, total))])
    score = g.op("Sigmoid", [g.op("Concat", scores, name="classes", axis=2)], name="scores")
    g.scope = ""
    found = g.op("Concat", [corners, score], name="detections", output="detections", axis=1)
    return g.model([(found, ("batch", 4 + classes, total))])
