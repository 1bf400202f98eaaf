"""A single operator as a model: ``gemm:MxKxN`` or ``conv:INPUT,KERNEL[,stride=..][,pad=..][,dilation=..][,groups=..]``.

- ``gemm:4096x1024x512``: C[M x N] = A[M x K] B[K x N]. A is the input, B a weight. A batch of n is n such A with the
  same B.
- ``conv:1x64x56x56,128x64x3x3,stride=2,pad=1``: input N x C x H x W, kernel OUT x IN x KH x KW with IN = C / groups.
  ``stride``, ``pad`` and ``dilation`` are one number, or HxW for two; the padding is the same on both sides.
  Defaults: stride 1, pad 0, dilation 1, groups 1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo import unknown_key

if TYPE_CHECKING:
    import onnx

GEMM_RULE = "a matrix product is written gemm:MxKxN, such as gemm:4096x1024x512"
CONV_RULE = (
    "a convolution is written conv:NxCxHxW,OUTxINxKHxKW[,stride=S][,pad=P][,dilation=D][,groups=G], "
    "such as conv:1x64x56x56,128x64x3x3,stride=2,pad=1"
)
_CONV_KEYS = ("stride", "pad", "dilation", "groups")


def build_single(scheme: str, text: str) -> onnx.ModelProto:
    """The model of one operator; LeptonError with the rule where it is written otherwise."""
    return _gemm(text) if scheme == "gemm" else _conv(text)


def _gemm(text: str) -> onnx.ModelProto:
    sizes = _sizes(text, 3, f"gemm:{text}", GEMM_RULE)
    m, k, n = sizes
    builder = GraphBuilder("gemm")
    a = builder.input("A", ("batch", m, k))
    product = builder.op("MatMul", [a, builder.weight("B", (k, n))], name="gemm")
    return builder.model([(product, ("batch", m, n))])


def _conv(text: str) -> onnx.ModelProto:
    told = f"conv:{text}"
    parts = text.split(",")
    if len(parts) < 2:
        raise LeptonError(f"{told}: {CONV_RULE}")
    batch, channels, height, width = _sizes(parts[0], 4, told, CONV_RULE)
    out_channels, in_channels, kernel_height, kernel_width = _sizes(parts[1], 4, told, CONV_RULE)
    options: dict[str, str] = {}
    for part in parts[2:]:
        key, equals, value = part.partition("=")
        if key not in _CONV_KEYS or not equals:
            raise LeptonError(f"{told}: {unknown_key(key, _CONV_KEYS)}; {CONV_RULE}")
        if key in options:
            raise LeptonError(f"{told}: {key} is given twice")
        options[key] = value
    stride, dilation = (_pair(options.get(key, "1"), told, key, 1) for key in ("stride", "dilation"))
    pad = _pair(options.get("pad", "0"), told, "pad", 0)
    groups = _sizes(options.get("groups", "1"), 1, told, CONV_RULE)[0]
    if in_channels * groups != channels or out_channels % groups:
        raise LeptonError(
            f"{told}: {channels} channels in {groups} groups need a kernel of "
            f"{out_channels}x{channels // groups or 1}x..., "
            f"with the {out_channels} outputs divisible by the groups, not {parts[1]}; {CONV_RULE}"
        )
    out = []
    for size, kernel, s, p, d in zip(
        (height, width), (kernel_height, kernel_width), stride, pad, dilation, strict=True
    ):
        if size + 2 * p < d * (kernel - 1) + 1:
            raise LeptonError(f"{told}: the kernel does not fit into the padded input")
        out.append((size + 2 * p - d * (kernel - 1) - 1) // s + 1)
    builder = GraphBuilder("conv")
    x = builder.input("X", (batch, channels, height, width))
    y = builder.op(
        "Conv",
        [x, builder.weight("W", (out_channels, in_channels, kernel_height, kernel_width))],
        name="conv",
        strides=list(stride),
        pads=[*pad, *pad],
        dilations=list(dilation),
        group=groups,
        kernel_shape=[kernel_height, kernel_width],
    )
    return builder.model([(y, (batch, out_channels, *out))])


def _sizes(text: str, count: int, told: str, rule: str) -> list[int]:
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", text) or text.count("x") != count - 1:
        raise LeptonError(
            f"{told}: {text!r} is not {count} positive size{'s' if count > 1 else ''} joined by 'x'; {rule}"
        )
    return [int(size) for size in text.split("x")]


def _pair(text: str, told: str, key: str, least: int) -> tuple[int, int]:
    if not re.fullmatch(r"\d+(x\d+)?", text):
        raise LeptonError(f"{told}: {key}={text} is neither a number nor HxW; {CONV_RULE}")
    sizes = [int(size) for size in text.split("x")]
    if min(sizes) < least:
        raise LeptonError(f"{told}: {key}={text} must be at least {least}; {CONV_RULE}")
    return sizes[0], sizes[-1]
