"""Reading and writing transposed instead of moving."""

import pytest


def test_a_product_reads_a_transposed_matrix_as_it_lies(fused):
    (operator,) = fused(
        "g (float[5,7] x, float[11,7] z) => (float[5,11] y) { t = Transpose(z) y = MatMul(x, t) }"
    ).operators
    assert (operator.inputs[1].tensor, operator.inputs[1].access) == ("z", "sequential")


def test_a_matrix_torn_apart_is_moved(fused):
    result = fused(
        "g (float[5,4,6] x, float[6,11,5] z) => (float[5,4,11] y) { t = Transpose<perm=[2,0,1]>(z) y = MatMul(x, t) }"
    )
    assert [operator.kind for operator in result.operators] == ["Transpose", "MatMul"]


def test_heads_are_written_apart_as_they_are_made(fused):
    (operator, view) = fused(
        """g (float[2,10,32] x) => (float[2,8,10,64] y) <float[32,512] w, float[512] b, int64[4] s = {2,10,8,64}>
        { a = MatMul(x, w) c = Add(a, b) d = Reshape(c, s) e = Transpose<perm=[0,2,1,3]>(d) y = Identity(e) }"""
    ).operators
    assert operator.nodes == ("n_a", "n_c", "n_d", "n_e")
    assert (operator.outputs[0].access, operator.outputs[0].run_elements) == ("strided", 64)
    assert view.kind == "Identity"


def test_patches_leave_a_convolution_as_rows(fused):
    (conv, *_) = fused(
        """g (float[2,3,32,32] x) => (float[2,16,64] y) <float[64,3,8,8] w, int64[3] s = {2,64,16}>
        { a = Conv<strides=[8,8]>(x, w) b = Reshape(a, s) y = Transpose<perm=[0,2,1]>(b) }"""
    ).operators
    assert conv.nodes == ("n_a", "n_b", "n_y")
    assert conv.outputs[0].access == "sequential"


@pytest.mark.parametrize("perm", ["0,3,2,1", "0,2,1,3"])
def test_any_other_order_behind_a_convolution_is_written_in_runs_or_moved(fused, perm):
    shapes = {"0,3,2,1": "2,8,8,64", "0,2,1,3": "2,8,64,8"}
    result = fused(
        f"""g (float[2,3,8,8] x) => (float[{shapes[perm]}] y) <float[64,3,1,1] w>
        {{ a = Conv(x, w) y = Transpose<perm=[{perm}]>(a) }}"""
    )
    runs = [operator.outputs[0].run_elements for operator in result.operators]
    assert runs == ([None, None] if perm == "0,3,2,1" else [8])


def test_element_wise_work_behind_the_transposition_still_joins(fused):
    (operator,) = fused(
        """g (float[2,10,32] x, float[64] r) => (float[2,8,10,64] y) <float[32,512] w, int64[4] s = {2,10,8,64}>
        { a = MatMul(x, w) d = Reshape(a, s) e = Transpose<perm=[0,2,1,3]>(d) y = Mul(e, r) }"""
    ).operators
    assert operator.vector == {"mul": 2 * 8 * 10 * 64}
    assert operator.outputs[0].run_elements == 64


def test_a_product_writes_its_columns_before_its_rows(fused):
    text = """g (float[1,6,5,7] x) => (float[1,11,6,5] y) <float[7,11] w> {{ a = MatMul(x, w) y = {second} }}"""
    (operator,) = fused(text.format(second="Transpose<perm=[0,3,1,2]>(a)")).operators
    assert operator.nodes == ("n_a", "n_y")
    swapped = """g (float[3,6,5,7] x) => (float[3,11,5,6] y) <float[7,11] w>
    { a = MatMul(x, w) y = Transpose<perm=[0,3,2,1]>(a) }"""
    assert [operator.kind for operator in fused(swapped).operators] == ["MatMul", "Transpose"]


def test_a_convolution_reads_channels_last(fused):
    text = """g (float[2,8,9,3] x) => (float[2,4,6,7] y{out}) <float[4,3,3,3] w>
    {{ t = Transpose<perm=[0,3,1,2]>(x) y = Conv(t, w){more} }}"""
    (conv,) = fused(text.format(out="", more="")).operators
    assert (conv.inputs[0].tensor, conv.nodes) == ("x", ("n_t", "n_y"))
    kept = fused(text.format(out=", float[2,3,8,9] z", more=" z = Exp(t)")).operators
    assert [operator.kind for operator in kept] == ["Transpose", "Conv", "Exp"]
