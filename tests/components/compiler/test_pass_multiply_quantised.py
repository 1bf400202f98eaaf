"""QDQ networks multiply integers, and weight-only quantisation keeps integers in memory."""

import pytest

HEAD = """<float s = {0.1}, uint8 z = {3}, float[32] ws, int8[32,16,3,3] wq,
float bs = {0.002}, int32[32] bq, float[32] b>"""
DEQUANTISED = "xd = DequantizeLinear(xq, s, z) wd = DequantizeLinear<axis=0>(wq, ws)"
OUTPUTS = 32 * 36


def test_a_convolution_between_conversions_is_one_of_integers(fused):
    result = fused(
        f"""g (uint8[1,16,8,8] xq) => (uint8[1,32,6,6] y) {HEAD}
        {{ {DEQUANTISED} bd = DequantizeLinear(bq, bs) c = Conv(xd, wd, bd)
        r = Relu(c) y = QuantizeLinear(r, s, z) }}"""
    )
    (conv,) = result.operators
    assert [o.tensor for o in conv.inputs] == ["xq", "wq", "ws", "bq"]
    assert conv.outputs[0].tensor == "y"
    # Convert, add the bias, scale; the larger of it and 0; scale, round, shift, clamp twice, convert.
    assert conv.vector == {"add": (2 + 1 + 5) * OUTPUTS, "mul": 2 * OUTPUTS}
    assert result.mapped["folded"] == 2


def test_a_value_that_others_read_is_dequantised_for_them(fused):
    result = fused(
        f"""g (uint8[1,16,8,8] xq) => (float[1,32,6,6] y, float[1,16,8,8] z2) {HEAD}
        {{ {DEQUANTISED} y = Conv(xd, wd, b) z2 = Relu(xd) }}"""
    )
    by_kind = {operator.kind: operator for operator in result.operators}
    assert by_kind.keys() == {"DequantizeLinear", "Conv"}
    assert by_kind["Conv"].inputs[0].tensor == "xq"
    assert by_kind["Conv"].vector == {"add": 2 * OUTPUTS, "mul": OUTPUTS}


@pytest.mark.parametrize("dtype", ["int8", "uint4"])
def test_weights_alone_are_converted_as_they_are_loaded(fused, dtype):
    result = fused(
        f"""g (float[5,64] x) => (float[5,32] y) <{dtype}[64,32] wq, float[32] ws>
        {{ wd = DequantizeLinear<axis=1>(wq, ws) y = MatMul(x, wd) }}""",
        opset=21,
    )
    (product,) = result.operators
    assert [o.tensor for o in product.inputs] == ["x", "wq"]
    assert product.vector == {"add": 64 * 32, "mul": 64 * 32}
    assert result.mapped["folded"] == 1


def test_wide_integers_are_converted_when_the_model_is_compiled(fused):
    result = fused(
        """g (float[5,64] x) => (float[5,32] y) <int32[64,32] wq, float ws = {0.1}>
        { wd = DequantizeLinear(wq, ws) y = MatMul(x, wd) }"""
    )
    (product,) = result.operators
    assert result.tensors[product.inputs[1].tensor].dtype == "float"
    assert result.mapped["folded"] == 1


def test_a_value_multiplied_by_itself_is_dequantised(fused):
    result = fused(
        """g (uint8[4,6,6] q) => (float[4,6,6] y) <float s = {0.1}, uint8 z = {3}>
        { x = DequantizeLinear(q, s, z) y = MatMul(x, x) }"""
    )
    assert [operator.kind for operator in result.operators] == ["DequantizeLinear", "MatMul"]
