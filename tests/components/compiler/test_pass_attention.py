"""Attention as exporters spell it becomes one operator that reads Q, K and V where they lie."""

import pytest

HEAD = """<float h = {0.125}, float low = {-10000.0},
    float zero = {0.0}, int64[1] two = {2}, int64[5] copies = {2,2,4,12,64},
int64[4] heads = {2,8,12,64}, int64[3] flat = {16,12,64}, int64[3] flat_t = {16,64,12}, int64[4] four = {2,8,10,12},
int64[3] three = {16,10,12}, bool[1,1,10,12] causal>"""
SCORES = 2 * 8 * 10 * 12
SOFTMAX = {"reduce": 2 * SCORES, "add": SCORES, "exp": SCORES, "div": SCORES}
Q, K, V = "float[2,10,8,64] q", "float[2,12,8,64] k", "float[2,12,8,64] v"
TURN = "qt = Transpose<perm=[0,2,1,3]>(q) vt = Transpose<perm=[0,2,1,3]>(v)"
OUT = "o = Transpose<perm=[0,2,1,3]>(c)"


def attention(result):
    (operator,) = [operator for operator in result.operators if operator.engine != "view"]
    assert operator.kind == "Attention"
    scores, context = operator.matmuls
    assert (scores.groups, scores.m, scores.k, scores.n) == (16, 10, 64, 12)
    assert (context.groups, context.m, context.k, context.n) == (16, 10, 12, 64)
    return operator


@pytest.mark.parametrize(
    "keys",
    [
        "kt = Transpose<perm=[0,2,3,1]>(k)",
        "k1 = Transpose<perm=[0,2,1,3]>(k) kt = Transpose<perm=[0,1,3,2]>(k1)",
    ],
)
@pytest.mark.parametrize(
    ("between", "more"),
    [
        ("p = Softmax(s)", {}),
        ("t = Mul(s, h) p = Softmax(t)", {"mul": 1}),
        ("t = Div(s, h) u = Add(t, m) p = Softmax(u)", {"mul": 1, "add": 1}),
        ("t = Where(causal, s, low) u = Add(t, m) p = Softmax(u)", {"add": 2}),
        ("t = Add(m, s) n = Softmax(t) i = IsNaN(n) p = Where(i, zero, n)", {"add": 3}),
    ],
)
def test_whatever_stands_before_and_behind_the_softmax(fused, keys, between, more):
    operator = attention(
        fused(
            f"""g ({Q}, {K}, {V}, float[2,1,10,12] m) => (float[2,10,8,64] o) {HEAD}
            {{ {TURN} {keys} s = MatMul(qt, kt) {between} c = MatMul(p, vt) {OUT} }}"""
        )
    )
    assert operator.vector == {f: SOFTMAX.get(f, 0) + more.get(f, 0) * SCORES for f in {*SOFTMAX, *more}}
    reads = {o.tensor: (o.elements, o.access, o.run_elements) for o in operator.inputs}
    assert [o.tensor for o in operator.inputs][:3] == ["q", "k", "v"]
    assert reads["q"] == (10240, "strided", 64)
    assert reads["k"] == reads["v"] == (12288, "strided", 64)
    assert (operator.outputs[0].tensor, operator.outputs[0].run_elements) == ("o", 64)


def test_scales_on_both_sides_become_one(fused):
    operator = attention(
        fused(
            f"""g ({Q}, {K}, {V}) => (float[2,10,8,64] o) {HEAD}
            {{ {TURN} kt = Transpose<perm=[0,2,3,1]>(k) qs = Mul(qt, h) ks = Mul(kt, h) s = MatMul(qs, ks)
            p = Softmax(s) c = MatMul(p, vt) {OUT} }}"""
        )
    )
    assert operator.vector == {**SOFTMAX, "mul": SCORES}


def test_copied_heads_are_shared_not_copied(fused):
    operator = attention(
        fused(
            f"""g ({Q}, float[2,12,2,64] k, float[2,12,2,64] v) => (float[2,10,8,64] o) {HEAD}
            {{ qt = Transpose<perm=[0,2,1,3]>(q)
            k1 = Transpose<perm=[0,2,1,3]>(k) k2 = Unsqueeze(k1, two) k3 = Expand(k2, copies) k4 = Reshape(k3, heads)
            v1 = Transpose<perm=[0,2,1,3]>(v) v2 = Unsqueeze(v1, two) v3 = Expand(v2, copies) v4 = Reshape(v3, heads)
            kt = Transpose<perm=[0,1,3,2]>(k4) s = MatMul(qt, kt) p = Softmax(s) c = MatMul(p, v4) {OUT} }}"""
        )
    )
    assert [product.shared_b for product in operator.matmuls] == [4, 4]
    assert [(o.tensor, o.elements) for o in operator.inputs[1:]] == [("k", 3072), ("v", 3072)]


def test_batch_and_heads_merged_into_one_dimension(fused):
    operator = attention(
        fused(
            f"""g (float[16,10,64] q, float[16,12,64] k, float[16,12,64] v, float[2,1,10,12] m)
                => (float[16,10,64] c) {HEAD}
            {{ kt = Transpose<perm=[0,2,1]>(k) s = MatMul(q, kt) s4 = Reshape(s, four) t = Add(s4, m)
            u = Reshape(t, three)
            p = Softmax(u) c = MatMul(p, v) }}"""
        )
    )
    assert operator.vector == {**SOFTMAX, "add": 2 * SCORES}
    assert operator.inputs[1].access == "sequential"


@pytest.mark.parametrize(
    "body",
    [
        "s = MatMul(q, kt) p = Softmax<axis=1>(s) c = MatMul(p, v)",
        "s = MatMul(q, kt) p = Softmax(s) z = Relu(p) c0 = MatMul(p, v) r = MatMul(z, v) c = Add(c0, r)",
    ],
)
def test_another_axis_or_another_reader_is_not_attention(fused, body):
    result = fused(
        f"g (float[16,10,64] q, float[16,64,12] kt, float[16,12,64] v) => (float[16,10,64] c) {HEAD} {{ {body} }}"
    )
    assert "Attention" not in [operator.kind for operator in result.operators]


def test_scores_that_are_put_out_are_written(fused):
    result = fused(
        f"""g (float[16,10,64] q, float[16,64,12] kt, float[16,12,64] v)
            => (float[16,10,64] c, float[16,10,12] p) {HEAD}
        {{ s = MatMul(q, kt) p = Softmax(s) c = MatMul(p, v) }}"""
    )
    assert [operator.kind for operator in result.operators] == ["MatMul", "Softmax", "MatMul"]
