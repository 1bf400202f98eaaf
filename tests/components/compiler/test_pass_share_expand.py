"""Copies that a reader can make for itself are not written."""


def test_an_element_wise_reader_broadcasts_by_itself(fused):
    (operator,) = fused(
        "g (float[5,1] x, float[5,7] z) => (float[5,7] y) <int64[2] s = {5,7}> { a = Expand(x, s) y = Add(a, z) }"
    ).operators
    assert [(o.tensor, o.elements) for o in operator.inputs] == [("x", 5), ("z", 35)]
    assert operator.nodes == ("n_a", "n_y")


def test_copies_that_somebody_else_needs_are_written(fused):
    result = fused(
        """g (float[5,1] x, float[5,7] z) => (float[5,7] y, float[5,7] a) <int64[2] s = {5,7}>
            { a = Expand(x, s) y = Add(a, z) }"""
    )
    assert [operator.kind for operator in result.operators] == ["Expand", "Add"]


def test_matrices_copied_for_outer_groups_are_written(fused):
    text = """g (float[{k},7,11] k, float[6,5,7] q) => (float[6,5,11] y)
    <int64[1] ax = {{{ax}}}, int64[4] s = {{2,3,7,11}}, int64[3] t = {{6,7,11}}>
    {{ a = Unsqueeze(k, ax) b = Expand(a, s) c = Reshape(b, t) y = MatMul(q, c) }}"""
    inner = fused(text.format(k=2, ax=1)).operators
    assert [operator.kind for operator in inner] == ["Unsqueeze", "MatMul"]
    assert inner[1].matmuls[0].shared_b == 3
    outer = fused(text.format(k=3, ax=0)).operators
    assert [operator.kind for operator in outer] == ["Unsqueeze", "Expand", "Reshape", "MatMul"]
    assert outer[3].matmuls[0].shared_b == 1
