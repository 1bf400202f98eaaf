"""What is moved, in pieces of what length, and what is not moved at all."""

import pytest

from leptonsim.compiler.operators.movement import piece_run, transpose_run


@pytest.mark.parametrize(
    ("shape", "perm", "run"),
    [
        ((2, 16, 12, 64), (0, 2, 1, 3), 64),
        ((2, 3, 8, 8), (0, 2, 3, 1), 1),
        ((2, 3, 4, 5, 6), (1, 0, 2, 3, 4), 120),
        ((1, 16, 1, 64), (0, 2, 1, 3), None),
        ((4, 1, 6), (1, 0, 2), None),
    ],
)
def test_the_run_of_a_transposition_is_what_stays_in_place_at_the_end(shape, perm, run):
    assert transpose_run(shape, perm) == run


def test_a_transposition_moves_all_and_one_of_size_one_axes_nothing(work_of):
    (moved,) = work_of("g (float[2,3,4] x) => (float[4,3,2] y) { y = Transpose(x) }").operators
    assert (moved.engine, moved.inputs[0].elements, moved.inputs[0].access) == ("dma", 24, "strided")
    (kept,) = work_of("g (float[2,1,4] x) => (float[1,2,4] y) { y = Transpose<perm=[1,0,2]>(x) }").operators
    assert kept.engine == "view"


def test_concat_reads_and_writes_every_part_once(work_of):
    (operator,) = work_of("g (float[2,3] x, float[2,5] z) => (float[2,8] y) { y = Concat<axis=1>(x, z) }").operators
    assert operator.engine == "dma"
    assert [o.elements for o in operator.inputs] == [6, 10]
    assert operator.outputs[0].elements == 16


def test_a_join_with_nothing_is_a_view(work_of):
    (operator,) = work_of("g (float[2,0] z, float[2,5] x) => (float[2,5] y) { y = Concat<axis=1>(z, x) }").operators
    assert (operator.engine, operator.inputs[0].tensor) == ("view", "x")


@pytest.mark.parametrize(
    ("source", "piece", "steps", "run"),
    [
        ((4, 8, 16), (4, 8, 4), {}, 4),
        ((4, 8, 16), (4, 2, 16), {}, 32),
        ((4, 8, 16), (2, 8, 16), {}, None),
        ((1, 8, 16), (1, 3, 16), {}, None),
        ((4, 8, 16), (4, 8, 8), {2: 2}, 1),
        ((4, 8, 16), (4, 8, 16), {1: -1}, 16),
    ],
)
def test_the_run_of_a_piece_ends_where_the_piece_is_cut(source, piece, steps, run):
    assert piece_run(source, piece, steps) == run


def test_a_slice_reads_what_it_takes(work_of):
    text = """g (float[4,16] x) => (float[4,4] y)
    <int64[1] a = {8}, int64[1] e = {12}, int64[1] axis = {1}> { y = Slice(x, a, e, axis) }"""
    (operator,) = work_of(text).operators
    assert (operator.engine, operator.inputs[0].elements, operator.inputs[0].run_elements) == ("dma", 16, 4)


def test_a_flip_is_no_view(work_of):
    text = """g (float[4,16] x) => (float[4,16] y)
    <int64[1] a = {-1}, int64[1] e = {-100}, int64[1] axis = {1}, int64[1] s = {-1}> { y = Slice(x, a, e, axis, s) }"""
    (operator,) = work_of(text).operators
    assert (operator.engine, operator.inputs[0].run_elements) == ("dma", 1)


def test_a_split_moves_what_its_parts_take_and_a_single_part_nothing(work_of):
    (operator,) = work_of(
        "g (float[4,6] x) => (float[4,3] y, float[4,3] z) { y, z = Split<axis=1, num_outputs=2>(x) }"
    ).operators
    assert (operator.engine, operator.inputs[0].elements, [o.elements for o in operator.outputs]) == (
        "dma",
        24,
        [12, 12],
    )
    (single,) = work_of("g (float[4,6] x) => (float[4,6] y) { y = Split<num_outputs=1>(x) }").operators
    assert single.engine == "view"


def test_padding_repeating_and_rearranging_write_their_result(work_of):
    (pad,) = work_of("g (float[4,6] x) => (float[4,8] y) <int64[4] p = {0,1,0,1}> { y = Pad(x, p) }").operators
    assert (pad.engine, pad.inputs[0].elements, pad.outputs[0].elements) == ("dma", 24, 32)
    (tile,) = work_of("g (float[4,6] x) => (float[8,6] y) <int64[2] r = {2,1}> { y = Tile(x, r) }").operators
    assert (tile.inputs[0].elements, tile.outputs[0].elements) == (24, 48)
    (blocks,) = work_of("g (float[1,8,2,2] x) => (float[1,2,4,4] y) { y = DepthToSpace<blocksize=2>(x) }").operators
    assert (blocks.engine, blocks.inputs[0].run_elements) == ("dma", 1)


@pytest.mark.parametrize("expression", ["Flatten<axis=1>(x)", "Identity(x)", "Dropout(x)", "Reshape(x, s)"])
def test_a_change_of_shape_alone_is_a_view(work_of, expression):
    (operator,) = work_of(f"g (float[4,6] x) => (float[4,6] y) <int64[2] s = {{4,6}}> {{ y = {expression} }}").operators
    assert (operator.engine, operator.vector, operator.macs) == ("view", {}, 0)


def test_a_centre_is_cut_out_and_set_in_zeros(work_of):
    (operator,) = work_of(
        """g (float[3,10,20] x) => (float[3,12,8] y) <int64[2] s = {12,8}> { y = CenterCropPad<axes=[1,2]>(x, s) }"""
    ).operators
    assert (operator.inputs[0].elements, operator.inputs[0].run_elements, operator.outputs[0].elements) == (240, 8, 288)
