"""Convolutions against counts made by hand from the shapes."""

import pytest

from leptonsim.errors import LeptonError


def only(result):
    (operator,) = result.operators
    return operator


def test_a_convolution_is_an_implicit_product_with_the_geometry_of_its_image(work_of):
    conv = only(
        work_of(
            """g (float[2,3,224,224] x) => (float[2,64,112,112] y) <float[64,3,7,7] w>
            { y = Conv<strides=[2,2], pads=[3,3,3,3]>(x, w) }"""
        )
    )
    product = conv.matmuls[0]
    assert conv.macs == 2 * 112 * 112 * 64 * 3 * 7 * 7
    assert (product.groups, product.m, product.k, product.n) == (1, 2 * 112 * 112, 3 * 7 * 7, 64)
    assert (product.images, product.out_rows, product.out_cols, product.in_rows) == (2, 112, 112, 224)
    assert (product.row_elements, product.stride_rows, product.extent_rows) == (224 * 3, 2, 7)
    assert [(o.tensor, o.elements) for o in conv.inputs] == [("x", 2 * 3 * 224 * 224), ("w", 64 * 3 * 49)]
    assert conv.vector == {}


def test_groups_and_dilation_show_in_the_product_and_bias_costs_an_add(work_of):
    conv = only(
        work_of(
            """g (float[1,8,20,20] x) => (float[1,16,16,16] y) <float[16,2,3,3] w, float[16] b>
            { y = Conv<group=4, dilations=[2,2]>(x, w, b) }"""
        )
    )
    product = conv.matmuls[0]
    assert (product.groups, product.m, product.k, product.n) == (4, 256, 2 * 9, 4)
    assert (product.extent_rows, product.row_elements) == (5, 20 * 2)
    assert conv.vector == {"add": 16 * 256}
    assert conv.alternatives == ()


def test_one_and_three_dimensions_take_positions_and_planes_as_rows(work_of):
    line = only(
        work_of(
            "g (float[1,4,100] x) => (float[1,6,50] y) <float[6,4,4] w> { y = Conv<strides=[2], pads=[1,1]>(x, w) }"
        )
    ).matmuls[0]
    assert (line.out_rows, line.out_cols, line.in_rows, line.row_elements) == (50, 1, 100, 4)
    assert (line.stride_rows, line.extent_rows) == (2, 4)
    volume = only(
        work_of("g (float[1,2,8,10,12] x) => (float[1,5,6,8,10] y) <float[5,2,3,3,3] w> { y = Conv(x, w) }")
    ).matmuls[0]
    assert (volume.m, volume.k) == (6 * 8 * 10, 2 * 27)
    assert (volume.out_rows, volume.out_cols, volume.in_rows, volume.row_elements) == (6, 80, 8, 10 * 12 * 2)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_depthwise_convolution_may_run_on_the_vector_unit(work_of, multiplier):
    conv = only(
        work_of(
            f"""g (float[1,32,14,14] x) => (float[1,{32 * multiplier},14,14] y)
            <float[{32 * multiplier},1,3,3] w> {{ y = Conv<group=32, pads=[1,1,1,1]>(x, w) }}"""
        )
    )
    macs = 32 * multiplier * 14 * 14 * 9
    (other,) = conv.alternatives
    assert conv.macs == macs
    assert other.engine == "vector"
    assert other.macs == 0
    assert other.vector == {"mul": macs, "add": macs}
    assert (other.inputs, other.outputs, other.nodes) == (conv.inputs, conv.outputs, conv.nodes)


def test_a_transposed_convolution_multiplies_every_input_by_the_whole_kernel_and_adds_up(work_of):
    conv = only(
        work_of(
            """g (float[1,8,5,5] x) => (float[1,4,10,10] y) <float[8,4,2,2] w, float[4] b>
            { y = ConvTranspose<strides=[2,2]>(x, w, b) }"""
        )
    )
    assert conv.macs == 25 * 8 * 4 * 4
    assert conv.vector == {"add": 25 * 4 * 4 + 400}


@pytest.mark.parametrize(
    ("node", "weights"),
    [
        ("Conv<group=3>(x, w)", "6,2,1,1"),
        ("Conv<group=2>(x, w)", "5,4,1,1"),
        ("ConvTranspose<group=3>(x, w)", "8,2,1,1"),
    ],
)
def test_channels_that_the_groups_do_not_divide_are_refused(work_of, node, weights):
    with pytest.raises(LeptonError, match=r"group [23] do not fit together"):
        work_of(f"g (float[1,8,4,4] x) => (float[] y) <float[{weights}] w> {{ y = {node} }}")
