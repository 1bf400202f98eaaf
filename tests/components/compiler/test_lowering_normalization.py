"""Normalisations, step by step over E elements in R rows."""

import pytest

E, R = 4 * 10 * 16, 40


def test_layer_normalization_has_two_sums_and_an_affine_step(work_of):
    (operator,) = work_of(
        "g (float[4,10,16] x) => (float[4,10,16] y) <float[16] s, float[16] b> { y = LayerNormalization(x, s, b) }"
    ).operators
    assert operator.vector == {"reduce": 2 * E, "add": 2 * E + R, "mul": 3 * E + 2 * R, "div": 2 * R}
    assert [o.elements for o in operator.inputs] == [E, 16, 16]


def test_rms_normalization_needs_one_sum(work_of):
    (operator,) = work_of(
        "g (float[4,10,16] x) => (float[4,10,16] y) <float[16] s> { y = RMSNormalization(x, s) }", opset=23
    ).operators
    assert operator.vector == {"reduce": E, "add": R, "mul": 3 * E + R, "div": 2 * R}


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("InstanceNormalization(x, s, b)", 2 * 8),
        ("GroupNormalization<num_groups=4>(x, s, b)", 2 * 4),
    ],
)
def test_rows_of_instance_and_group_normalization_are_channels_and_groups(work_of, expression, rows):
    (operator,) = work_of(
        f"g (float[2,8,6,6] x) => (float[2,8,6,6] y) <float[8] s, float[8] b> {{ y = {expression} }}", opset=21
    ).operators
    elements = 2 * 8 * 36
    assert operator.vector["div"] == 2 * rows
    assert operator.vector["reduce"] == 2 * elements


def test_batch_normalization_alone_is_one_multiply_and_one_add(work_of):
    (operator,) = work_of(
        """g (float[2,8,6,6] x) => (float[2,8,6,6] y) <float[8] s, float[8] b, float[8] m, float[8] v>
        { y = BatchNormalization(x, s, b, m, v) }"""
    ).operators
    assert operator.vector == {"mul": 576, "add": 576}
    assert [o.tensor for o in operator.inputs] == ["x", "s", "b"]


def test_softmax_is_five_steps_and_its_logarithm_divides_by_subtracting(work_of):
    (softmax,) = work_of("g (float[4,10,16] x) => (float[4,10,16] y) { y = Softmax(x) }").operators
    assert softmax.vector == {"reduce": 2 * E, "add": E, "exp": E, "div": E}
    (logarithm,) = work_of("g (float[4,10,16] x) => (float[4,10,16] y) { y = LogSoftmax(x) }").operators
    assert logarithm.vector == {"reduce": 2 * E, "add": 2 * E, "exp": E + R}


def test_before_opset_13_everything_behind_axis_1_is_one_row(work_of):
    (operator,) = work_of("g (float[4,10,16] x) => (float[4,10,16] y) { y = LogSoftmax(x) }", opset=11).operators
    assert operator.vector["exp"] == E + 4


def test_local_response_normalization_sums_its_channels(work_of):
    (operator,) = work_of("g (float[1,8,6,6] x) => (float[1,8,6,6] y) { y = LRN<size=5>(x) }").operators
    n = 8 * 36
    assert operator.vector == {"mul": 2 * n, "reduce": 5 * n, "add": n, "exp": n, "div": n}
