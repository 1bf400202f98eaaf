"""Operators without a body: counts as those of the formula in ONNX's documentation, written in ONNX's text form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import parser

FORMULAS = {
    "InstanceNormalization": """(x, s, b) => (y) {
        a = Constant<value_ints = [2, 3]>()  m = ReduceMean(x, a)  d = Sub(x, m)  q = Mul(d, d)  v = ReduceMean(q, a)
        e = Constant<value_float = 0.00001>()  w = Add(v, e)  r = Sqrt(w)  n = Div(d, r)
        i = Constant<value_ints = [1, 2]>()  t = Unsqueeze(s, i)  u = Unsqueeze(b, i)
        o = Mul(n, t)  y = Add(o, u) }""",
    "GlobalAveragePool": "(x) => (y) { a = Constant<value_ints = [2, 3]>()  y = ReduceMean(x, a) }",
    "GlobalMaxPool": "(x) => (y) { a = Constant<value_ints = [2, 3]>()  y = ReduceMax(x, a) }",
    "Hardmax": """(x) => (y) {
        a = Constant<value_ints = [-1]>()  m = ReduceMax(x, a)  e = Equal(x, m)  y = Cast<to = 1>(e) }""",
    "LpNormalization": """(x) => (y) {
        a = Constant<value_ints = [-1]>()  q = Mul(x, x)  s = ReduceSum(q, a)  r = Sqrt(s)  y = Div(x, r) }""",
    "ArgMax": "(x) => (y) { y = ArgMax(x) }",
    "Mean": """(x, z) => (y) { s = Add(x, z)  h = Constant<value_float = 0.5>()  y = Mul(s, h) }""",
    "Mod": """(x, z) => (y) { q = Div(x, z)  f = Floor(q)  p = Mul(f, z)  y = Sub(x, p) }""",
}


def array(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


@settings(max_examples=8, deadline=None)
@given(images=st.integers(1, 3), channels=st.integers(1, 5), height=st.integers(2, 9), width=st.integers(2, 9))
@pytest.mark.parametrize("op_type", sorted(FORMULAS))
def test_counts_of_operators_without_a_body_are_those_of_their_formula(
    counts, op_type, images, channels, height, width
):
    text = FORMULAS[op_type]
    image = array(images, channels, height, width)
    arrays = [image, *([array(channels)] * 2 if op_type == "InstanceNormalization" else [])]
    arrays += [array(images, channels, height, width)] if op_type in ("Mean", "Mod") else []
    attributes = {"fmod": 1} if op_type == "Mod" else {}
    model = counts.model_with(op_type, attributes, arrays, opset=18)
    inputs, outputs, lines = text.partition("=>")[0], "(float[] y)", text.partition("=> (y)")[2]
    declared = ", ".join(
        f"float[{','.join(map(str, each.shape))}] {name}"
        for name, each in zip(inputs.strip("() ").split(", "), arrays, strict=True)
    )
    body = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g ({declared}) => {outputs} {lines}')
    feeds = {value.name: each for value, each in zip(body.graph.input, arrays, strict=True)}
    wanted = counts.second(body, op_type, feeds)
    if op_type == "Hardmax":
        # the largest is marked by one selection, not by a comparison and a conversion
        wanted["add"] -= image.size
    assert counts.first(model, arrays) == +wanted
