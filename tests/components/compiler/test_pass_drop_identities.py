"""Identities do not stand between operators that belong together."""


def test_a_convolution_sees_its_normalisation_through_a_dropout(fused):
    result = fused(
        """g (float[1,3,8,8] x) => (float[1,8,6,6] y)
        <float[8,3,3,3] w, float[8] s, float[8] b, float[8] m, float[8] v>
        { c = Conv(x, w) i = Dropout(c) d = BatchNormalization(i, s, b, m, v) j = Identity(d) y = Relu(j) }"""
    )
    (conv,) = result.operators
    assert conv.vector == {"add": 2 * 8 * 36}
    assert sorted(conv.nodes) == ["n_c", "n_d", "n_i", "n_j", "n_y"]
    assert (result.mapped["folded"], result.mapped["fused"]) == (2, 2)


def test_several_readers_all_read_the_source_and_one_stands_for_it(fused):
    result = fused("g (float[4,6] x) => (float[4,6] y, float[4,6] z) { i = Identity(x) y = Relu(i) z = Exp(i) }")
    assert [operator.nodes for operator in result.operators] == [("n_i", "n_y"), ("n_z",)]
    assert [operator.inputs[0].tensor for operator in result.operators] == ["x", "x"]


def test_an_identity_that_is_put_out_stays_a_view(fused):
    result = fused("g (float[4,6] x) => (float[4,6] y, float[4,6] z) { y = Identity(x) z = Relu(y) }")
    assert [operator.engine for operator in result.operators] == ["view", "vector"]


def test_chains_and_forks_of_identities_all_lead_to_the_source(fused):
    result = fused(
        """g (float[4,6] x) => (float[4,6] y, float[4,6] z)
        { i = Identity(x) j = Identity(i) y = Relu(i) z = Exp(j) }"""
    )
    assert {operator.inputs[0].tensor for operator in result.operators} == {"x"}


def test_a_cast_to_the_type_that_is_there_is_none(fused):
    work = fused(
        "g (float[4,8] x) => (float[4,8] y) { a = Cast<to = 1>(x) r = Reciprocal(a) b = Cast<to = 1>(a) y = Mul(r, b) }"
    )
    (operator,) = work.operators
    assert operator.vector == {"div": 32, "mul": 32}
    assert [operand.tensor for operand in operator.inputs] == ["x"]
