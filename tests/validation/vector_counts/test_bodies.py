"""Operators that ONNX defines by others: counts as those of their bodies; what is counted otherwise is said exactly."""

import collections
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from leptonsim.errors import LeptonError


def rows_of(node, shapes):
    """How many rows a normalisation has: what is normalised together is one."""
    shape = shapes[0]
    told = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if node.op_type == "MeanVarianceNormalization":
        return math.prod(size for axis, size in enumerate(shape) if axis not in told.get("axes", [0, 2, 3]))
    if node.op_type == "GroupNormalization":
        return shape[0] * told["num_groups"]
    return math.prod(shape[: told.get("axis", -1) % len(shape)])


def of_deviation(node, shapes, result):
    """The body takes the mean of squares less the squared mean, ours the mean of squared differences."""
    rows = rows_of(node, shapes)
    return {"add": -rows, "mul": -rows, "div": -rows if node.op_type == "LayerNormalization" else 0}


def of_stable_sum(node, shapes, result):
    """The largest is subtracted before the exponentials, which the body leaves out."""
    elements = math.prod(shapes[0])
    return {"reduce": elements, "add": elements + result}


def of_vector_convolution(node, shapes, result):
    """The depthwise convolution is done by the vector unit: a multiply and an add for each MAC."""
    macs = math.prod(shapes[0]) * shapes[1][-1]
    return {"macs": -macs, "mul": macs, "add": macs}


OTHERWISE = {
    **dict.fromkeys(["LayerNormalization", "MeanVarianceNormalization", "GroupNormalization"], of_deviation),
    "ReduceLogSumExp": of_stable_sum,
    "CausalConvWithState": of_vector_convolution,
    # of the scalars that lead to scale and zero point only the division is counted
    "DynamicQuantizeLinear": lambda node, shapes, result: {"add": -8, "mul": -1, "div": -1},
    # one comparison, where the body has two and an Or
    **dict.fromkeys(["GreaterOrEqual", "LessOrEqual"], lambda node, shapes, result: {"add": -2 * result}),
    # gamma and alpha are one constant where the exponential is taken
    "Selu": lambda node, shapes, result: {"mul": -result},
}
NOT_COMPARED = {
    "Attention": "compared below within bounds: the body adds a mask of zeros and guards rows without any key",
    "AffineGrid": "the body lifts two axes into three",
    "Bernoulli": "drawing a random number is no primitive of ONNX",
    "LinearAttention": "its body is a Scan; tests/components/compiler/test_lowering_state_space.py counts it",
    "BlackmanWindow": "constants: no input is data", "HammingWindow": "as above", "HannWindow": "as above",
    "Range": "as above", "SequenceMap": "control flow",
    "NegativeLogLikelihoodLoss": "read as its body, so there is nothing to compare",
    "SoftmaxCrossEntropyLoss": "as above", "FlexAttention": "as above",
    "Shrink": "its body is of opset 9 and no longer expands; the formula is two selections and a shift",
    "CastLike": "a conversion", "DepthToSpace": "a move", "SpaceToDepth": "a move", "CenterCropPad": "a move",
    "SwiGLU": "needs a newer opset than the reference runs",
}  # fmt: skip


def expected(counts, model, body, arrays):
    """The second count of a node, with what is counted otherwise on purpose."""
    (node,) = model.graph.node
    feeds = {value.name: array for value, array in zip(model.graph.input, arrays, strict=True)}
    count = counts.second(body, node.op_type, feeds)
    adjust = OTHERWISE.get(node.op_type)
    if adjust is not None:
        result = np.size(ReferenceEvaluator(model).run(None, feeds)[0])
        count.update(adjust(node, [array.shape for array in arrays], result))
    return +count


def known_constants(body, model, arrays):
    """Integers beside the first input become constants, as axes and shapes are in real models."""
    for index, (value, array) in enumerate(zip(model.graph.input, arrays, strict=True)):
        if index and array.dtype.kind in "iub":
            body.graph.initializer.append(numpy_helper.from_array(array, value.name))
    return body


def test_counts_are_those_of_the_bodies_by_which_onnx_defines_operators(counts, cases):
    compared, different, seen = collections.Counter(), [], set()
    for name, model, arrays in cases:
        (node,) = model.graph.node
        seen.add(node.op_type)
        if node.op_type in NOT_COMPARED:
            continue
        body = counts.expanded(model)
        if body is None:
            continue
        try:
            counted = counts.first(model, arrays)
        except LeptonError:
            # Refused for what the case is about: a shape that the data decide.
            continue
        wanted = expected(counts, model, known_constants(body, model, arrays), arrays)
        compared[node.op_type] += 1
        if counted != wanted:
            different.append((name, dict(counted), dict(wanted)))
    assert different == []
    assert seen == compared.keys() | NOT_COMPARED.keys() & seen
    assert len(compared) >= 28
    assert compared.total() > 150


def test_attention_counts_the_two_products_and_the_softmax_of_its_body(counts, cases):
    compared = 0
    for name, model, arrays in cases:
        if model.graph.node[0].op_type != "Attention" or (body := counts.expanded(model)) is None:
            continue
        wanted = expected(counts, model, known_constants(body, model, arrays), arrays)
        counted = counts.first(model, arrays)
        scores = counted["div"]
        for function in ("macs", "exp", "div"):
            assert counted[function] == wanted[function], (name, function)
        # The body takes the maximum of every row of a mask too, to find rows that are masked whole, and zeroes these.
        mask = max((array.size for array in arrays[3:4]), default=0)
        assert 0 <= wanted["reduce"] - counted["reduce"] <= max(mask, scores), name
        assert abs(wanted["add"] - counted["add"]) <= 3 * scores, name
        # It scales queries and keys, where one multiplication for every score does.
        capped = any(a.name == "softcap" and a.f for a in model.graph.node[0].attribute)
        assert counted["mul"] == scores * (3 if capped else 1), name
        compared += 1
    assert compared > 40


def array(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


ELEMENTWISE = [
    "Celu", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Relu", "Selu", "Softplus",
    "Softsign", "Swish", "ThresholdedRelu",
]  # fmt: skip


@st.composite
def nodes(draw):
    """A node with a body, of a random shape: its operator, attributes and inputs."""
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=2, max_size=4)))
    axis = draw(st.integers(0, len(shape) - 1))
    axes = np.array(sorted(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))), np.int64)
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.integers(1, 4))
    heads, kept = draw(st.integers(1, 4)), 2 * draw(st.integers(1, 4))
    choices = [
        *((name, {}, [array(*shape)]) for name in ELEMENTWISE),
        ("Gelu", {"approximate": "tanh"}, [array(*shape)]),
        *((name, {"alpha": 0.5}, [array(*shape)]) for name in ("Celu", "Elu", "Swish")),
        ("Clip", {}, [array(*shape), array(), array()]),
        *((name, {}, [array(*shape), array(*shape)]) for name in ("PRelu", "GreaterOrEqual", "LessOrEqual")),
        *((name, {"axis": axis}, [array(*shape)]) for name in ("Softmax", "LogSoftmax")),
        ("LayerNormalization", {"axis": axis}, [array(*shape), array(*shape[axis:]), array(*shape[axis:])]),
        ("RMSNormalization", {"axis": axis}, [array(*shape), array(*shape[axis:])]),
        ("GroupNormalization", {"num_groups": groups}, [array(2, channels, *shape), array(channels), array(channels)]),
        ("MeanVarianceNormalization", {"axes": axes.tolist()}, [array(*shape)]),
        *(
            (f"Reduce{name}", {"keepdims": draw(st.integers(0, 1))}, [array(*shape), axes])
            for name in ("L1", "L2", "LogSum", "LogSumExp", "SumSquare")
        ),
        ("RotaryEmbedding", {}, [array(2, heads, 5, kept), array(2, 5, kept // 2), array(2, 5, kept // 2)]),
    ]
    return draw(st.sampled_from(choices))


@settings(max_examples=150, deadline=None)
@given(drawn=nodes())
def test_counts_are_those_of_the_bodies_at_any_shape(counts, drawn):
    op_type, attributes, arrays = drawn
    model = counts.model_with(op_type, attributes, arrays, opset=24)
    body = counts.expanded(model)
    assert body is not None
    assert counts.first(model, arrays) == expected(counts, model, known_constants(body, model, arrays), arrays)
