"""Quantised products keep their integer tensors and pay for requantisation."""


def test_conversions_cost_by_their_steps(work_of):
    quantise = work_of(
        "g (float[4,6] x) => (uint8[4,6] y) <float s = {0.1}, uint8 z = {3}> { y = QuantizeLinear(x, s, z) }"
    ).operators[0]
    assert quantise.vector == {"mul": 24, "add": 5 * 24}
    dequantise = work_of(
        "g (uint8[4,6] x) => (float[4,6] y) <float s = {0.1}, uint8 z = {3}> { y = DequantizeLinear(x, s, z) }"
    ).operators[0]
    assert dequantise.vector == {"mul": 24, "add": 2 * 24}


def test_a_quantised_convolution_is_a_convolution_that_requantises(work_of):
    (conv,) = work_of(
        """g (uint8[1,3,8,8] x) => (uint8[1,4,6,6] y)
        <float s = {0.1}, uint8 z = {3}, int8[4,3,3,3] w, int8 wz = {0}, int32[4] b>
        { y = QLinearConv(x, s, z, w, s, wz, s, z, b) }"""
    ).operators
    outputs = 4 * 36
    assert conv.macs == outputs * 27
    assert conv.vector == {"mul": outputs, "add": 6 * outputs}
    assert [o.tensor for o in conv.inputs] == ["x", "w", "b"]


def test_integer_products(work_of):
    (product,) = work_of("g (uint8[5,7] x) => (int32[5,11] y) <int8[7,11] w> { y = MatMulInteger(x, w) }").operators
    assert (product.macs, product.vector) == (385, {})
    (linear,) = work_of(
        """g (uint8[5,7] x) => (uint8[5,11] y) <float s = {0.1}, uint8 z = {3}, uint8[7,11] w>
        { y = QLinearMatMul(x, s, z, w, s, z, s, z) }"""
    ).operators
    assert (linear.macs, linear.vector) == (385, {"mul": 55, "add": 275})


def test_a_quantised_depthwise_convolution_may_run_on_the_vector_unit(work_of):
    (linear,) = work_of(
        """g (uint8[1,8,6,6] x) => (uint8[1,8,6,6] y) <uint8[8,1,3,3] w, float s, uint8 z>
            { y = QLinearConv<group = 8, pads = [1,1,1,1]>(x, s, z, w, s, z, s, z) }"""
    ).operators
    macs = 8 * 36 * 9
    (other,) = linear.alternatives
    assert (linear.macs, other.engine, other.matmuls) == (macs, "vector", ())
    assert other.vector == {"mul": linear.vector["mul"] + macs, "add": linear.vector["add"] + macs}
    (plain,) = work_of(
        """g (uint8[1,8,6,6] x) => (int32[1,8,6,6] y) <uint8[8,1,3,3] w>
            { y = ConvInteger<group = 8, pads = [1,1,1,1]>(x, w) }"""
    ).operators
    assert plain.alternatives[0].vector == {"mul": macs, "add": macs}
