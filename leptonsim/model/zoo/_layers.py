"""Layers that built-in models share, spelt as exporters spell them.

Tensors are [batch, tokens, width] in transformers and [batch, channels, height, width] in image models. Every function
adds its nodes to the builder and returns the name of the result.
"""

from __future__ import annotations

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.weightless import GraphBuilder, Shape


def check(model: str, parameter: str, value: int, least: int, most: int | None = None) -> None:
    """Raise LeptonError for a parameter of a built-in model that is outside of what the model takes."""
    if value < least or (most is not None and value > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise LeptonError(f"{model}: {parameter}={value} must be {bounds}")


def linear(
    g: GraphBuilder, name: str, x: str, inputs: int, outputs: int, *, bias: bool = True, output: str = ""
) -> str:
    """x W + b, as MatMul and Add."""
    weight = g.weight(f"{name}.weight", (inputs, outputs))
    if not bias:
        return g.op("MatMul", [x, weight], name=f"{name}.matmul", output=output)
    product = g.op("MatMul", [x, weight], name=f"{name}.matmul")
    return g.op("Add", [product, g.weight(f"{name}.bias", (outputs,))], name=f"{name}.add", output=output)


def layer_norm(g: GraphBuilder, name: str, x: str, width: int, *, epsilon: float = 1e-5, output: str = "") -> str:
    """LayerNormalization over the last axis."""
    scale, bias = g.weight(f"{name}.weight", (width,)), g.weight(f"{name}.bias", (width,))
    return g.op("LayerNormalization", [x, scale, bias], name=name, output=output, axis=-1, epsilon=epsilon)


def rms_norm(g: GraphBuilder, name: str, x: str, width: int, *, epsilon: float = 1e-5) -> str:
    """RMSNorm, spelt with Pow, ReduceMean and Sqrt."""
    square = g.op("Pow", [x, g.constant(2.0)], name=f"{name}.pow")
    mean = g.op("ReduceMean", [square, g.shape(-1)], name=f"{name}.mean", keepdims=1)
    root = g.op("Sqrt", [g.op("Add", [mean, g.constant(epsilon)], name=f"{name}.epsilon")], name=f"{name}.sqrt")
    inverse = g.op("Reciprocal", [root], name=f"{name}.reciprocal")
    normalised = g.op("Mul", [x, inverse], name=f"{name}.normalise")
    return g.op("Mul", [g.weight(f"{name}.weight", (width,)), normalised], name=f"{name}.scale")


def heads(g: GraphBuilder, name: str, x: str, seq: int, count: int, size: int, output: str = "") -> str:
    """[batch, seq, count * size] as [batch, count, seq, size]."""
    x = g.op("Reshape", [x, g.shape(0, seq, count, size)], name=f"{name}.split")
    return g.op("Transpose", [x], name=f"{name}.heads", output=output, perm=[0, 2, 1, 3])


def attend(g: GraphBuilder, q: str, k: str, v: str, *, scale: float | None, mask: str = "") -> str:
    """softmax(scale Q K' + mask) V of [batch, heads, tokens, size]; no scaling where ``scale`` is None."""
    k = g.op("Transpose", [k], name="key.transpose", perm=[0, 1, 3, 2])
    scores = g.op("MatMul", [q, k], name="scores")
    if scale is not None:
        scores = g.op("Mul", [scores, g.constant(scale)], name="scale")
    if mask:
        scores = g.op("Add", [scores, mask], name="mask")
    return g.op("MatMul", [g.op("Softmax", [scores], name="softmax", axis=-1), v], name="context")


def joined(g: GraphBuilder, x: str, seq: int, width: int) -> str:
    """[batch, heads, seq, size] as [batch, seq, width]."""
    x = g.op("Transpose", [x], name="merge", perm=[0, 2, 1, 3])
    return g.op("Reshape", [x, g.shape(0, seq, width)], name="join")


def causal_mask(g: GraphBuilder, seq: int, past: int = 0) -> str:
    """Minus infinity where a token would see a later one, [seq x (past + seq)]; none ("") for a single token."""
    if seq == 1:
        return ""
    from onnx import numpy_helper

    lowest = numpy_helper.from_array(np.array([np.finfo(np.float32).min], np.float32))
    full = g.op("ConstantOfShape", [g.shape(seq, past + seq)], name="mask.full", value=lowest)
    return g.op("Trilu", [full, g.constant(past + 1, np.int64)], name="mask.causal", upper=1)


def last_token(g: GraphBuilder, x: str, seq: int) -> str:
    """The last of ``seq`` tokens, whose logits are all that a prompt needs."""
    if seq == 1:
        return x
    return g.op("Slice", [x, g.shape(-1), g.shape(2**63 - 1), g.shape(1)], name="last_token")


def gelu(g: GraphBuilder, name: str, x: str) -> str:
    """x / 2 (1 + erf(x / sqrt 2))."""
    erf = g.op("Erf", [g.op("Div", [x, g.constant(2**0.5)], name=f"{name}.div")], name=f"{name}.erf")
    gate = g.op("Add", [erf, g.constant(1.0)], name=f"{name}.add")
    return g.op("Mul", [g.op("Mul", [x, gate], name=f"{name}.mul"), g.constant(0.5)], name=f"{name}.half")


def gelu_tanh(g: GraphBuilder, name: str, x: str) -> str:
    """GPT-2's approximation: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    cube = g.op("Pow", [x, g.constant(3.0)], name=f"{name}.cube")
    inner = g.op("Mul", [cube, g.constant(0.044715)], name=f"{name}.factor")
    inner = g.op("Add", [x, inner], name=f"{name}.inner")
    tanh = g.op(
        "Tanh", [g.op("Mul", [inner, g.constant((2 / np.pi) ** 0.5)], name=f"{name}.scale")], name=f"{name}.tanh"
    )
    half = g.op("Mul", [x, g.constant(0.5)], name=f"{name}.half")
    return g.op("Mul", [half, g.op("Add", [tanh, g.constant(1.0)], name=f"{name}.add")], name=f"{name}.mul")


def silu(g: GraphBuilder, name: str, x: str) -> str:
    """x sigmoid(x)."""
    return g.op("Mul", [x, g.op("Sigmoid", [x], name=f"{name}.sigmoid")], name=f"{name}.mul")


def conv(
    g: GraphBuilder,
    name: str,
    x: str,
    channels: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    *,
    groups: int = 1,
    bias: bool = True,
    pad: int | None = None,
) -> str:
    """A square convolution, padded to keep the size at stride 1 unless ``pad`` is given."""
    inputs = [x, g.weight(f"{name}.weight", (outputs, channels // groups, kernel, kernel))]
    if bias:
        inputs.append(g.weight(f"{name}.bias", (outputs,)))
    return g.op(
        "Conv",
        inputs,
        name=name,
        kernel_shape=[kernel, kernel],
        strides=[stride, stride],
        pads=[kernel // 2 if pad is None else pad] * 4,
        group=groups,
    )


def conv_bn(
    g: GraphBuilder,
    name: str,
    x: str,
    channels: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    *,
    groups: int = 1,
) -> str:
    """A convolution without bias, then batch normalisation as a node of its own."""
    y = conv(g, name, x, channels, outputs, kernel, stride, groups=groups, bias=False)
    return batch_norm(g, f"{name}.bn", y, outputs)


def batch_norm(g: GraphBuilder, name: str, x: str, channels: int) -> str:
    """BatchNormalization at inference."""
    statistics = [g.weight(f"{name}.{part}", (channels,)) for part in ("weight", "bias", "mean", "var")]
    return g.op("BatchNormalization", [x, *statistics], name=name, epsilon=1e-5)


def grown(g: GraphBuilder, name: str, new: str, past: int, shape: Shape, names: tuple[str, str]) -> str:
    """A cache [batch, heads, past, size] with what is new behind it; ``names`` are those of the input and the output.

    Without a past, what is new has to carry the name of the output already.
    """
    if not past:
        return new
    return g.op("Concat", [g.input(names[0], shape), new], name=f"cache.{name}", output=names[1], axis=2)


def doubled(g: GraphBuilder, name: str, x: str) -> str:
    """Each pixel of an image as two by two."""
    return g.op("Resize", [x, "", g.constant([1.0, 1.0, 2.0, 2.0])], name=f"{name}.resize", mode="nearest")


def tokens_of(g: GraphBuilder, name: str, x: str, width: int, pixels: int) -> str:
    """An image [batch, width, height, width] as tokens [batch, pixels, width]."""
    x = g.op("Reshape", [x, g.shape(0, width, pixels)], name=f"{name}.flat")
    return g.op("Transpose", [x], name=f"{name}.tokens", perm=[0, 2, 1])


def image_of(g: GraphBuilder, name: str, x: str, width: int, side: int) -> str:
    """Tokens [batch, side * side, width] as a square image."""
    x = g.op("Transpose", [x], name=f"{name}.channels", perm=[0, 2, 1])
    return g.op("Reshape", [x, g.shape(0, width, side, side)], name=f"{name}.image")


def group_norm(g: GraphBuilder, name: str, x: str, channels: int, *, groups: int = 32, epsilon: float = 1e-5) -> str:
    """Group normalisation of an image of any rank, spelt with InstanceNormalization as PyTorch's exporter does."""
    shape = g.op("Shape", [x], name=f"{name}.shape")
    y = g.op("Reshape", [x, g.shape(0, groups, -1)], name=f"{name}.groups")
    ones, zeros = g.constant([1.0] * groups), g.constant([0.0] * groups)
    y = g.op("InstanceNormalization", [y, ones, zeros], name=name, epsilon=epsilon)
    y = g.op("Reshape", [y, shape], name=f"{name}.whole")
    y = g.op("Mul", [y, g.weight(f"{name}.weight", (channels, 1, 1))], name=f"{name}.scale")
    return g.op("Add", [y, g.weight(f"{name}.bias", (channels, 1, 1))], name=f"{name}.shift")
