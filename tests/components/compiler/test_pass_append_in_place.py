"""A cache is appended to where it lies."""

TEXT = """g (float[1,2,31,64] past, float[1,2,1,64] x, float[1,2,4,64] q) => (float[1,2,4,32] y{out})
{{ k = Relu(x) now = Concat<axis=2>(past, k) t = Transpose<perm=[0,1,3,2]>(now) y = MatMul(q, t) }}"""


def test_only_what_is_new_is_moved_and_all_is_read(fused):
    _, append, product = fused(TEXT.format(out=", float[1,2,32,64] now")).operators
    assert append.kind == "ConcatInPlace"
    assert [(o.tensor, o.elements) for o in append.inputs] == [("k", 128)]
    assert (append.outputs[0].elements, append.outputs[0].run_elements) == (128, 64)
    assert product.inputs[1].elements == 2 * 32 * 64


def test_a_join_that_does_not_outlive_the_run_is_a_copy(fused):
    assert "Concat" in [operator.kind for operator in fused(TEXT.format(out="")).operators]


def test_a_scatter_into_a_cache_writes_its_updates(fused):
    _, scatter, _ = fused(
        """g (float[32,64] past, int64[1,1] i, float[1,64] x) => (float[32,64] now, float[32,64] y)
        { u = Exp(x) now = ScatterND(past, i, u) y = Relu(now) }"""
    ).operators
    assert scatter.kind == "ScatterNDInPlace"
    assert [o.elements for o in scatter.inputs] == [1, 64]
    assert (scatter.outputs[0].elements, scatter.outputs[0].access) == (64, "random")
