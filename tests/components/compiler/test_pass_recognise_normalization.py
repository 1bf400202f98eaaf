"""Spelt-out normalisations cost what the operators cost, in every spelling."""

import pytest

HEAD = """<float[16] w, float[16] b, float two = {2.0}, float one = {1.0}, float eps = {0.00001},
    float mhalf = {-0.5}, int64[1] ax = {-1}, int64[1] ch = {1}>"""
E, R = 640, 40
LAYER = {"reduce": 2 * E, "add": E + R, "mul": 2 * E + 2 * R, "div": 2 * R}
RMS = {"reduce": E, "add": R, "mul": 2 * E + R, "div": 2 * R}

CENTRE = "m = ReduceMean(x, ax) d = Sub(x, m)"
VARIANCE = "p = Pow(d, two) v = ReduceMean(p, ax) a = Add(v, eps) s = Sqrt(a)"
BY_MUL = "p = Mul(d, d) v = ReduceMean(p, ax) a = Add(eps, v) s = Sqrt(a)"


@pytest.mark.parametrize(
    "body",
    [
        f"{CENTRE} {VARIANCE} y = Div(d, s)",
        f"{CENTRE} {BY_MUL} r = Reciprocal(s) y = Mul(d, r)",
        f"{CENTRE} {VARIANCE} r = Div(one, s) y = Mul(r, d)",
        f"m = ReduceMean(x, ax) d0 = Sub(x, m) d = Sub(x, m) {VARIANCE} y = Div(d0, s)",
    ],
)
def test_layer_normalization(fused, body):
    (operator,) = fused(f"g (float[4,10,16] x) => (float[4,10,16] y) {HEAD} {{ {body} }}").operators
    assert operator.kind == "LayerNormalization"
    assert operator.vector == LAYER


def test_its_scale_and_bias_are_done_on_the_way_out(fused):
    (operator,) = fused(
        f"""g (float[4,10,16] x) => (float[4,10,16] y) {HEAD}
        {{ {CENTRE} {VARIANCE} n = Div(d, s) k = Mul(n, w) y = Add(k, b) }}"""
    ).operators
    assert operator.vector == {**LAYER, "mul": LAYER["mul"] + E, "add": LAYER["add"] + E}
    assert [o.elements for o in operator.inputs] == [E, 16, 16]


def test_over_other_axes_than_the_last_the_rows_differ(fused):
    body = f"{CENTRE} {VARIANCE} y = Div(d, s)".replace("ax)", "ch)")
    (operator,) = fused(f"g (float[2,8,5,4] x) => (float[2,8,5,4] y) {HEAD} {{ {body} }}").operators
    assert operator.kind == "MeanVarianceNormalization"
    assert operator.vector["div"] == 2 * 40


SQUARES = "p = Pow(x, two) v = ReduceMean(p, ax) a = Add(v, eps)"


@pytest.mark.parametrize(
    "body",
    [
        f"{SQUARES} s = Sqrt(a) y = Div(x, s)",
        f"{SQUARES} s = Sqrt(a) r = Reciprocal(s) y = Mul(x, r)",
        f"{SQUARES} s = Sqrt(a) r = Div(one, s) y = Mul(x, r)",
        f"{SQUARES} s = Pow(a, mhalf) y = Mul(x, s)",
        "p = Mul(x, x) v = ReduceMean(p, ax) a = Add(v, eps) s = Sqrt(a) r = Reciprocal(s) y = Mul(x, r)",
    ],
)
def test_rms_normalization(fused, body):
    (operator,) = fused(f"g (float[4,10,16] x) => (float[4,10,16] y) {HEAD} {{ {body} }}").operators
    assert operator.kind == "RMSNormalization"
    assert operator.vector == RMS


def test_softmax(fused):
    body = "m = ReduceMax(x, ax) d = Sub(x, m) e = Exp(d) s = ReduceSum(e, ax) y = Div(e, s)"
    (operator,) = fused(f"g (float[4,10,16] x) => (float[4,10,16] y) {HEAD} {{ {body} }}").operators
    assert (operator.kind, operator.vector) == ("Softmax", {"reduce": 2 * E, "add": E, "exp": E, "div": E})


L2 = {"reduce": E, "mul": 2 * E, "div": 2 * R}


@pytest.mark.parametrize(
    ("body", "cost"),
    [
        ("n = ReduceL2(x, ax) y = Div(x, n)", L2),
        ("n = ReduceL2(x, ax) c = Clip(n, eps) e = Expand(c, all) y = Div(x, e)", {**L2, "add": R}),
        ("n = ReduceL2(x, ax) c = Max(n, eps) r = Reciprocal(c) y = Mul(x, r)", {**L2, "add": R}),
        ("p = Mul(x, x) v = ReduceSum(p, ax) n = Sqrt(v) y = Div(x, n)", L2),
        ("p = Pow(x, two) v = ReduceSum(p, ax) a = Add(v, eps) n = Sqrt(a) y = Div(x, n)", {**L2, "add": R}),
        ("n = ReduceL1(x, ax) y = Div(x, n)", {"reduce": E, "mul": E, "add": E, "div": R}),
    ],
)
def test_a_vector_divided_by_its_length(fused, body, cost):
    head = HEAD.replace(">", ", int64[3] all = {4, 10, 16}>")
    (operator,) = fused(f"g (float[4,10,16] x) => (float[4,10,16] y) {head} {{ {body} }}").operators
    assert operator.kind == "LpNormalization"
    assert operator.vector == cost
    assert [o.elements for o in operator.inputs] == [E]


def test_a_length_that_is_read_elsewhere_stays(fused):
    operators = fused(
        f"g (float[4,10,16] x) => (float[4,10,16] y, float[4,10,1] n) {HEAD} {{ n = ReduceL2(x, ax) y = Div(x, n) }}"
    ).operators
    assert [operator.kind for operator in operators] == ["ReduceL2", "Div"]
