"""Scales and shifts by channel become part of the weights before them."""

import pytest

BN = """<float[8,3,3,3] w, float[8] s, float[8] b, float[8] m, float[8] v, float[1,8,1,1] k, float[8,1,1] r,
    float h = {0.5}>"""


def test_batch_normalization_becomes_the_bias_of_the_convolution(fused):
    result = fused(
        f"""g (float[1,3,8,8] x) => (float[1,8,6,6] y) {BN}
            {{ c = Conv(x, w) d = BatchNormalization(c, s, b, m, v) y = Relu(d) }}"""
    )
    (conv,) = result.operators
    assert conv.nodes == ("n_c", "n_d", "n_y")
    assert [o.tensor for o in conv.inputs] == ["x", "w", "b"]
    assert conv.vector == {"add": 2 * 8 * 36}
    assert result.mapped == {"tensor": 1, "vector": 0, "dma": 0, "view": 0, "fused": 1, "folded": 1}


def test_scales_vanish_and_a_second_shift_costs_nothing(fused):
    (conv,) = fused(
        f"""g (float[1,3,8,8] x) => (float[1,8,6,6] y) {BN}
            {{ c = Conv(x, w, s) d = Mul(k, c) e = Add(d, r) f = Div(e, h)
        y = Sub(f, h) }}"""
    ).operators
    assert conv.vector == {"add": 8 * 36}
    assert [o.tensor for o in conv.inputs] == ["x", "w", "s"]


def test_a_product_with_weights_takes_a_bias_by_its_last_axis(fused):
    text = """g (float[2,5,7] x) => (float[2,5,11] y) <float[7,11] w, float[11] b, float[5,1] r>
        {{ c = MatMul(x, w) y = {op} }}"""
    result = fused(text.format(op="Add(b, c)"))
    assert result.mapped["folded"] == 1
    assert result.operators[0].vector == {"add": 110}
    by_row = fused(text.format(op="Mul(c, r)"))
    assert by_row.mapped["folded"] == 0
    assert by_row.operators[0].vector == {"mul": 110}


def test_batch_normalization_alone_takes_the_scale_and_shift_behind_it(fused):
    result = fused(
        """g (float[1,8,6,6] x) => (float[1,8,6,6] y)
        <float[8] s, float[8] b, float[8] m, float[8] v, float[8,1,1] k, float[8,1,1] r>
        { d = BatchNormalization(x, s, b, m, v) e = Mul(d, k) f = Add(e, r) y = Relu(f) }"""
    )
    (operator,) = result.operators
    assert operator.vector == {"mul": 288, "add": 576}
    assert result.mapped["folded"] == 2


@pytest.mark.parametrize("second", ["Relu(c)", "BatchNormalization(c, s, b, m, v)"])
def test_what_somebody_else_reads_is_not_folded_away(fused, second):
    result = fused(
        f"""g (float[1,3,8,8] x) => (float[1,8,6,6] y, float[1,8,6,6] z) {BN}
        {{ c = Conv(x, w) y = BatchNormalization(c, s, b, m, v) z = {second} }}"""
    )
    assert result.mapped["folded"] == 0
    assert len(result.operators) == 3


def test_a_product_of_activations_has_no_weights_to_fold_into(fused):
    result = fused(
        "g (float[5,7] x, float[7,11] z) => (float[5,11] y) <float[11] b> { c = MatMul(x, z) y = Mul(c, b) }"
    )
    assert result.mapped["folded"] == 0
    assert result.operators[0].vector == {"mul": 55}


def test_a_constant_that_widens_the_result_is_not_folded(fused):
    result = fused(
        "g (float[1,7] x) => (float[5,11] y) <float[7,11] w, float[5,11] b> { c = MatMul(x, w) y = Add(c, b) }"
    )
    assert len(result.operators) == 2
