"""Numbers move through a product: onto the scores, or into the weights."""

TEXT = """g (float[2,10,16] q, float[2,16,12] k) => (float[2,10,12] y) <float h = {0.5}, float[16] v>
{ a = Mul(q, h) b = Mul(h, k) y = MatMul(a, b) }"""


def test_two_scales_become_one_on_the_scores(fused):
    result = fused(TEXT)
    (operator,) = result.operators
    assert operator.vector == {"mul": 2 * 10 * 12}
    assert [o.tensor for o in operator.inputs] == ["q", "k"]
    assert operator.outputs[0].tensor == "y"
    assert result.mapped["folded"] == 1


def test_a_scale_that_is_not_a_number_stays(fused):
    kinds = [operator.kind for operator in fused(TEXT.replace("Mul(q, h)", "Mul(q, v)")).operators]
    assert kinds == ["Mul", "MatMul"]


def test_a_scale_before_weights_vanishes_in_them(fused):
    result = fused(
        "g (float[5,7] x) => (float[5,11] y) <float h = {0.5}, float[7,11] w> { a = Div(x, h) y = MatMul(a, w) }"
    )
    (operator,) = result.operators
    assert operator.vector == {}
    assert result.mapped["folded"] == 1
