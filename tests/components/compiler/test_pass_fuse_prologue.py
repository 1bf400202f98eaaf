"""Element-wise work that no producer takes is done on the way into a reduction, but not into a window."""


def test_a_product_before_a_sum_is_never_written(fused):
    (operator,) = fused(
        "g (float[5,7] x, float[5,7] z) => (float[5,1] y) <int64[1] a = {1}> { p = Mul(x, z) y = ReduceSum(p, a) }"
    ).operators
    assert operator.kind == "ReduceSum"
    assert operator.vector == {"mul": 35, "reduce": 35}
    assert [o.tensor for o in operator.inputs] == ["x", "z"]


def test_a_window_would_do_the_work_several_times(fused):
    result = fused("g (float[1,1,8,8] x) => (float[1,1,7,7] y) { a = Exp(x) y = MaxPool<kernel_shape=[2,2]>(a) }")
    assert [operator.kind for operator in result.operators] == ["Exp", "MaxPool"]
