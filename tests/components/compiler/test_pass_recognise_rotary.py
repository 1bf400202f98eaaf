"""Rotary embedding by halves."""

import pytest

SLICES = """a = Slice(x, zero, half, last) b = Slice(x, half, end, last)"""
SPLIT = "a, b = Split<axis=-1, num_outputs=2>(x)"
TEXT = """g (float[2,8,10,64] x, float[2,1,10,64] c, float[2,1,10,64] s) => (float[2,8,10,64] y)
<int64[1] zero = {{0}}, int64[1] half = {{32}}, int64[1] end = {{64}}, int64[1] last = {{3}}>
{{ {halves} n = Neg(b) r = Concat<axis=-1>({joined}) p = Mul(x, c) q = Mul(r, s) y = Add(p, q) }}"""
N = 2 * 8 * 10 * 64


@pytest.mark.parametrize("halves", [SLICES, SPLIT])
def test_halves_are_swapped_in_registers_not_in_memory(fused, halves):
    (operator,) = fused(TEXT.format(halves=halves, joined="n, a")).operators
    assert operator.kind == "RotaryEmbedding"
    assert operator.vector == {"mul": 2 * N, "add": N}
    assert [o.elements for o in operator.inputs] == [N, 1280, 1280]


NEIGHBOURS = """g (float[2,8,10,64] x, float[2,1,10,64] c, float[2,1,10,64] s) => (float[2,8,10,64] y)
<int64[1] zero = {0}, int64[1] one = {1}, int64[1] end = {64}, int64[1] last = {3}, int64[1] two = {2},
int64[1] behind = {4}, int64[4] whole = {2,8,10,64}, int64[4] other = {2,8,20,32}>
{ a = Slice(x, zero, end, last, two) b = Slice(x, one, end, last, two) n = Neg(b)
u = Unsqueeze(n, behind) v = Unsqueeze(a, behind) j = Concat<axis=-1>(u, v) r = Reshape(j, whole)
p = Mul(x, c) q = Mul(r, s) y = Add(p, q) }"""


def test_neighbours_are_swapped_in_registers_too(fused):
    (operator,) = fused(NEIGHBOURS).operators
    assert operator.kind == "RotaryEmbedding"
    assert operator.vector == {"mul": 2 * N, "add": N}


def test_neighbours_stacked_the_other_way_are_not_a_rotation(fused):
    kinds = [operator.kind for operator in fused(NEIGHBOURS.replace("(u, v)", "(v, u)")).operators]
    assert "RotaryEmbedding" not in kinds


def test_halves_joined_the_other_way_are_not_a_rotation(fused):
    kinds = [operator.kind for operator in fused(TEXT.format(halves=SLICES, joined="a, n")).operators]
    assert "RotaryEmbedding" not in kinds
    assert "Concat" in kinds
