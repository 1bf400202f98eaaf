"""Pooling over regions."""


def test_four_corners_for_each_point_of_each_output(work_of):
    (operator,) = work_of(
        """g (float[1,8,32,32] x, float[5,4] r, int64[5] i) => (float[5,8,7,7] y)
        { y = RoiAlign<output_height=7, output_width=7, sampling_ratio=3>(x, r, i) }"""
    ).operators
    outputs = 5 * 8 * 49
    assert operator.vector == {"mul": 36 * outputs + outputs, "add": 36 * outputs}
    assert (operator.inputs[0].elements, operator.inputs[0].access) == (36 * outputs, "random")


def test_a_region_is_at_most_the_image(work_of):
    (operator,) = work_of(
        "g (float[1,8,32,32] x, float[5,5] r) => (float[5,8,7,7] y) { y = MaxRoiPool<pooled_shape=[7,7]>(x, r) }"
    ).operators
    assert operator.vector == {"add": 5 * 8 * 1024}
