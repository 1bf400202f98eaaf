"""Gemm and MatMul: broadcasting, sharing and transposition."""

from leptonsim.compiler.operators.matmul import batched_product


def test_leading_dimensions_are_rows_where_b_is_one_matrix():
    product = batched_product((2, 3, 5, 7), (7, 11))
    assert (product.groups, product.m, product.k, product.n, product.shared_b) == (1, 30, 7, 11, 1)
    assert product.macs == 2 * 3 * 5 * 7 * 11


def test_batches_are_groups_and_a_b_broadcast_on_the_inside_is_shared():
    assert batched_product((4, 6, 5, 7), (4, 6, 7, 11)).shared_b == 1
    shared = batched_product((4, 6, 5, 7), (4, 1, 7, 11))
    assert (shared.groups, shared.shared_b) == (24, 6)
    outside = batched_product((4, 6, 5, 7), (1, 6, 7, 11))
    assert (outside.groups, outside.shared_b) == (24, 1)


def test_vectors_are_matrices_of_one_row_or_column():
    assert batched_product((7,), (7, 11)).macs == 77
    assert (batched_product((3, 5, 7), (7,)).m, batched_product((3, 5, 7), (7,)).n) == (15, 1)


def test_a_plain_product_has_rows_that_stand_alone():
    product = batched_product((5, 7), (7, 11))
    assert (product.out_rows, product.out_cols, product.in_rows, product.row_elements) == (5, 1, 5, 7)


def test_gemm_reads_its_transposed_operands_as_they_are(work_of):
    (gemm,) = work_of(
        """g (float[7,5] x) => (float[5,11] y) <float[11,7] w, float[11] b>
        { y = Gemm<transA=1, transB=1>(x, w, b) }"""
    ).operators
    assert (gemm.matmuls[0].m, gemm.matmuls[0].k, gemm.matmuls[0].n) == (5, 7, 11)
    assert gemm.vector == {"add": 55}
    assert [o.elements for o in gemm.inputs] == [35, 77, 11]


def test_an_alpha_is_free_in_a_weight_and_a_multiply_between_activations(work_of):
    (folded,) = work_of("g (float[5,7] x) => (float[5,11] y) <float[7,11] w> { y = Gemm<alpha=0.5>(x, w) }").operators
    assert folded.vector == {}
    (computed,) = work_of("g (float[5,7] x, float[7,11] z) => (float[5,11] y) { y = Gemm<alpha=0.5>(x, z) }").operators
    assert computed.vector == {"mul": 55}


def test_weights_are_always_the_stationary_side(work_of):
    (product,) = work_of("g (float[7,5] x) => (float[11,5] y) <float[11,7] w> { y = MatMul(w, x) }").operators
    assert [operand.tensor for operand in product.inputs] == ["x", "w"]
    assert (product.matmuls[0].m, product.matmuls[0].k, product.matmuls[0].n) == (5, 7, 11)
