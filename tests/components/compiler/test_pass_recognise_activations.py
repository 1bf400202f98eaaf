"""Spelt-out activations, in the spellings that exporters and people use, become one operator at its true cost."""

import pytest

CONSTANTS = """<float root2 = {1.41421356}, float half_root = {0.70710678}, float one = {1.0}, float two = {2.0},
    float half = {0.5},
float a = {0.044715}, float c = {0.7978846}, float three = {3.0}, float zero = {0.0}, float six = {6.0},
    float sixth = {0.16666667},
float fast = {1.702}>"""

ERF = "d = Div(x, root2) e = Erf(d) f = Add(e, one)"
ERF_BY_MUL = "d = Mul(x, half_root) e = Erf(d) f = Add(one, e)"
TANH = "p = Pow(x, three) q = Mul(a, p) r = Add(x, q) t = Mul(c, r) e = Tanh(t) f = Add(e, one)"
TANH_BY_MUL = "s = Mul(x, x) p = Mul(s, x) q = Mul(p, a) r = Add(x, q) t = Mul(r, c) e = Tanh(t) f = Add(one, e)"
TANH_FAST = "w = Mul(x, c) s = Mul(x, a) v = Mul(s, x) u = Add(v, one) t = Mul(w, u) e = Tanh(t) f = Add(e, one)"
OUTSIDE = ["g = Mul(x, f) y = Mul(g, half)", "h = Mul(x, half) y = Mul(h, f)", "h = Mul(f, half) y = Mul(x, h)"]

GELU = {"mul": 3, "add": 1, "exp": 1}
GELU_TANH = {"mul": 6, "add": 2, "exp": 1}


def check(result, kind, cost, elements=24):
    (operator,) = result.operators
    assert operator.kind == kind
    assert operator.vector == {function: count * elements for function, count in cost.items()}
    assert [o.tensor for o in operator.inputs] == ["x"]


@pytest.mark.parametrize("outside", OUTSIDE)
@pytest.mark.parametrize(
    ("inside", "cost"),
    [(ERF, GELU), (ERF_BY_MUL, GELU), (TANH, GELU_TANH), (TANH_BY_MUL, GELU_TANH), (TANH_FAST, GELU_TANH)],
)
def test_gelu(fused, inside, outside, cost):
    check(fused(f"g (float[4,6] x) => (float[4,6] y) {CONSTANTS} {{ {inside} {outside} }}"), "Gelu", cost)


@pytest.mark.parametrize(
    ("body", "kind", "cost"),
    [
        ("s = Sigmoid(x) y = Mul(x, s)", "Swish", {"exp": 1, "mul": 1}),
        ("s = Sigmoid(x) y = Mul(s, x)", "Swish", {"exp": 1, "mul": 1}),
        ("t = Mul(x, fast) s = Sigmoid(t) y = Mul(x, s)", "Swish", {"exp": 1, "mul": 2}),
        ("t = Softplus(x) s = Tanh(t) y = Mul(x, s)", "Mish", {"exp": 3, "add": 1, "mul": 1}),
        ("a1 = Add(x, three) b = Clip(a1, zero, six) m = Mul(x, b) y = Div(m, six)", "HardSwish", {"mul": 2, "add": 3}),
        (
            "a1 = Add(three, x) b = Clip(a1, zero, six) m = Mul(b, sixth) y = Mul(m, x)",
            "HardSwish",
            {"mul": 2, "add": 3},
        ),
        ("b = HardSigmoid<alpha=0.16666667>(x) y = Mul(x, b)", "HardSwish", {"mul": 2, "add": 3}),
        ("a1 = Add(x, three) b = Clip(a1, zero, six) y = Div(b, six)", "HardSigmoid", {"mul": 1, "add": 3}),
    ],
)
def test_other_activations(fused, body, kind, cost):
    check(fused(f"g (float[4,6] x) => (float[4,6] y) {CONSTANTS} {{ {body} }}"), kind, cost)


def test_another_number_is_another_function(fused):
    body = f"{ERF.replace('root2', 'two')} {OUTSIDE[0]}"
    (operator,) = fused(f"g (float[4,6] x) => (float[4,6] y) {CONSTANTS} {{ {body} }}").operators
    assert operator.kind != "Gelu"
    assert operator.vector == {"mul": 3 * 24, "exp": 24, "add": 24}


def test_an_inside_that_somebody_reads_stays(fused):
    result = fused(
        "g (float[4,6] x) => (float[4,6] y, float[4,6] s) { s = Sigmoid(x) y = Mul(x, s) }",
    )
    assert [operator.kind for operator in result.operators] == ["Sigmoid", "Mul"]


def test_an_activation_behind_a_product_is_done_in_its_epilogue(fused):
    (operator,) = fused(
        "g (float[4,6] a0) => (float[4,5] y) <float[6,5] w, float[5] b> "
        "{ m = MatMul(a0, w) x = Add(m, b) s = Sigmoid(x) y = Mul(x, s) }"
    ).operators
    assert operator.kind == "MatMul"
    assert operator.vector == {"add": 20, "exp": 20, "mul": 20}
