"""Element-wise work joins the operator before it, where nobody else waits for what that one makes."""


def names(result):
    return [operator.nodes for operator in result.operators]


def test_a_residual_addition_joins_the_later_of_its_producers(fused):
    result = fused(
        """g (float[1,4,6,6] x) => (float[1,4,6,6] y) <float[4,4,1,1] v, float[4,4,1,1] w>
        { a = Conv(x, v) b = Conv(x, w) c = Add(b, a) y = Relu(c) }"""
    )
    assert names(result) == [("n_a",), ("n_b", "n_c", "n_y")]
    assert [(o.tensor, o.elements) for o in result.operators[1].inputs] == [("x", 144), ("w", 16), ("a", 144)]
    assert result.operators[1].vector == {"add": 288}


def test_a_producer_with_another_reader_is_left_alone(fused):
    result = fused(
        """g (float[1,4,6,6] x) => (float[1,4,6,6] y) <float[4,4,1,1] v, float[4,4,1,1] w>
        { a = Conv(x, v) r = Relu(a) b = Conv(r, w) y = Add(b, r) }"""
    )
    assert names(result) == [("n_a", "n_r"), ("n_b", "n_y")]


def test_a_result_that_is_put_out_is_written(fused):
    result = fused("g (float[5,7] x) => (float[5,7] y, float[5,7] a) { a = Sigmoid(x) y = Relu(a) }")
    assert names(result) == [("n_a",), ("n_y",)]


def test_chains_and_branches_that_close_become_one_vector_operator(fused):
    result = fused(
        "g (float[5,7] x, float[7] z) => (float[5,7] y) { a = Exp(x) b = Tanh(a) c = Mul(a, b) y = Add(c, z) }"
    )
    (operator,) = result.operators
    assert operator.vector == {"exp": 70, "mul": 35, "add": 35}
    assert [(o.tensor, o.elements) for o in operator.inputs] == [("x", 35), ("z", 7)]


def test_a_broadcast_that_makes_more_elements_is_not_an_epilogue(fused):
    result = fused("g (float[5,1] x, float[5,7] z) => (float[5,7] y) { a = Exp(x) y = Add(a, z) }")
    assert len(result.operators) == 2


def test_views_in_between_go_along(fused):
    result = fused(
        """g (float[6,7] x) => (float[2,3,11] y) <float[7,11] w, int64[3] s = {2,3,11}>
            { a = MatMul(x, w) b = Reshape(a, s) y = Relu(b) }"""
    )
    assert names(result) == [("n_a", "n_b", "n_y")]
    assert result.mapped["fused"] == 2


def test_a_depthwise_convolution_takes_its_epilogue_along_on_either_unit(fused):
    (conv,) = fused(
        """g (float[1,4,6,6] x, float[1,4,6,6] r) => (float[1,4,6,6] y) <float[4,1,3,3] w, float zero = {0.0}>
        { a = Conv<group=4, pads=[1,1,1,1]>(x, w) b = Add(a, r) y = Clip(b, zero) }"""
    ).operators
    (other,) = conv.alternatives
    assert conv.vector == {"add": 288}
    assert other.vector == {"add": 288 + 144 * 9, "mul": 144 * 9}
    assert (other.inputs, other.outputs, other.nodes) == (conv.inputs, conv.outputs, conv.nodes)
