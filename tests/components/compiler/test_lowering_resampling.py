"""Resampling by nearest, linear and cubic interpolation."""

import pytest


@pytest.mark.parametrize(
    ("mode", "cost"),
    [("nearest", {"add": 1}), ("linear", {"add": 6, "mul": 3}), ("cubic", {"add": 15, "mul": 16})],
)
def test_two_resampled_axes_cost_by_their_corners(work_of, mode, cost):
    text = f"""g (float[1,8,6,6] x) => (float[1,8,12,12] y) <float[4] s = {{1,1,2,2}}>
    {{ y = Resize<mode="{mode}">(x, , s) }}"""
    (operator,) = work_of(text).operators
    assert operator.vector == {function: count * 8 * 144 for function, count in cost.items()}
    assert [o.tensor for o in operator.inputs] == ["x"]


def test_an_axis_that_keeps_its_size_is_not_interpolated(work_of):
    text = (
        """g (float[1,8,6,6] x) => (float[1,8,6,12] y) <float[4] s = {1,1,1,2}> { y = Resize<mode="linear">(x, , s) }"""
    )
    assert work_of(text).operators[0].vector == {"add": 2 * 8 * 72, "mul": 8 * 72}


def test_points_of_a_grid_are_located_once_for_all_channels(work_of):
    (operator,) = work_of(
        "g (float[1,8,6,6] x, float[1,5,5,2] p) => (float[1,8,5,5] y) { y = GridSample(x, p) }"
    ).operators
    assert operator.vector == {"add": 6 * 200 + 8 * 25, "mul": 3 * 200 + 4 * 25}


def test_points_of_an_affine_grid(work_of):
    (operator,) = work_of(
        "g (float[2,2,3] t) => (float[2,5,5,2] y) <int64[4] s = {2,1,5,5}> { y = AffineGrid(t, s) }"
    ).operators
    assert operator.vector == {"mul": 2 * 100, "add": 2 * 100}
