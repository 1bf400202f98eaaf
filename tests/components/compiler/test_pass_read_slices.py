"""Pieces are read where they lie."""

QKV = """g (float[2,10,64] x) => (float[2,10,64] y{out})
<float[64,192] w, int64[4] heads = {{2,10,4,16}}, int64[3] flat = {{2,10,64}}>
{{ a = MatMul(x, w) q, k, v = Split<axis=2, num_outputs=3>(a)
q1 = Reshape(q, heads) k1 = Reshape(k, heads) v1 = Reshape(v, heads)
q2 = Transpose<perm=[0,2,1,3]>(q1) k2 = Transpose<perm=[0,2,3,1]>(k1) v2 = Transpose<perm=[0,2,1,3]>(v1)
s = MatMul(q2, k2) p = Softmax(s) c = MatMul(p, v2) c1 = Transpose<perm=[0,2,1,3]>(c) y = Reshape(c1, flat) {more} }}"""


def test_heads_are_read_out_of_one_projection(fused):
    projection, attention, view = fused(QKV.format(out="", more="")).operators
    assert (projection.kind, attention.kind, view.kind) == ("MatMul", "Attention", "Reshape")
    reads = [(o.tensor, o.elements, o.access, o.run_elements) for o in attention.inputs]
    assert reads == [("a", 1280, "strided", 16)] * 3


def test_a_piece_that_is_put_out_is_cut_out(fused):
    kinds = [operator.kind for operator in fused(QKV.format(out=", float[2,10,64] v", more="")).operators]
    assert "Split" in kinds


def test_halves_of_a_gated_unit_are_two_operands_of_one_operator(fused):
    (operator,) = fused(
        """g (float[5,64] x) => (float[5,32] y)
        { a, b = Split<axis=1, num_outputs=2>(x) s = Sigmoid(b) t = Mul(b, s) y = Mul(a, t) }"""
    ).operators
    assert [(o.tensor, o.elements, o.run_elements) for o in operator.inputs] == [("x", 160, 32), ("x", 160, 32)]
    assert operator.vector == {"exp": 160, "mul": 320}


def test_a_slice_and_one_index_are_read_in_their_runs(fused):
    (operator,) = fused(
        """g (float[4,16] x, float[4,6,5] z) => (float[4,5] y)
        <int64[1] b = {3}, int64[1] e = {8}, int64[1] ax = {1}, int64 i = {2}>
        { s = Slice(x, b, e, ax) t = Gather<axis=1>(z, i) y = Add(s, t) }"""
    ).operators
    assert [(o.tensor, o.elements, o.run_elements) for o in operator.inputs] == [("x", 20, 5), ("z", 20, 5)]


def test_parts_that_lie_one_after_the_other_are_read_in_one_run(fused):
    first, second = fused(
        """g (float[6,4] x) => (float[3,4] y, float[3,4] z)
        { a, b = Split<axis=0, num_outputs=2>(x) y = Relu(a) z = Exp(b) }"""
    ).operators
    for operator in (first, second):
        assert [(o.tensor, o.elements, o.access) for o in operator.inputs] == [("x", 12, "sequential")]


def test_a_roll_moves_every_element_once(fused):
    """torch.roll as both exporters spell it: the end before the beginning, along one axis and then the other."""
    result = fused(
        """g (float[1,8,8,16] x) => (float[1,8,8,16] y)
        <int64[1] zero = {0}, int64[1] three = {3}, int64[1] most = {9223372036854775807},
        int64[1] rows = {1}, int64[1] cols = {2}> {
            a = Slice(x, three, most, rows)  b = Slice(x, zero, three, rows)  h = Concat<axis = 1>(a, b)
            c = Slice(h, three, most, cols)  d = Slice(h, zero, three, cols)  y = Concat<axis = 2>(c, d)
        }"""
    )
    working = [operator for operator in result.operators if operator.engine != "view"]
    assert [operator.kind for operator in working] == ["Concat", "Concat"]
    for operator in working:
        assert sum(operand.elements for operand in operator.inputs) == 1024
        assert sum(operand.elements for operand in operator.outputs) == 1024
