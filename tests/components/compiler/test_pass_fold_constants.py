"""Shapes are constants when they are static."""


def test_shape_and_size_cost_nothing_and_are_counted(work_of):
    result = work_of("g (float[2,5] x) => (float[2,5] y) { s = Shape(x) n = Size(x) y = Relu(x) }")
    assert [operator.kind for operator in result.operators] == ["Relu"]
    assert result.mapped["folded"] == 2
