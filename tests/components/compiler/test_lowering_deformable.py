"""Deformable convolution: the product of a convolution and the sampling before it."""

import pytest

TEXT = """
g (float[2,6,10,10] x, float[2,36,8,8] offset{mask_input}) => (float[2,4,8,8] y)
<float[4,6,3,3] w, float[4] b>
{{ y = DeformConv <kernel_shape = [3,3], offset_group = 2> (x, w, offset, b{mask}) }}
"""


@pytest.mark.parametrize("masked", [False, True])
def test_it_multiplies_as_a_convolution_and_samples_before(work_of, masked):
    mask = {"mask_input": ", float[2,18,8,8] m", "mask": ", m"} if masked else {"mask_input": "", "mask": ""}
    (operator,) = work_of(TEXT.format(**mask), 22).operators
    assert operator.macs == 2 * 4 * 8 * 8 * 6 * 9
    places, samples = 2 * 64 * 9 * 2, 2 * 64 * 9 * 6
    assert operator.vector["mul"] == (5 if masked else 4) * samples + 4 * places
    assert operator.vector["add"] == 3 * samples + 6 * places + 2 * 4 * 64
    read = {operand.tensor: operand.elements for operand in operator.inputs}
    assert read["x"] == 2 * 6 * 100
    assert read["offset"] == 2 * 36 * 64
    assert ("m" in read) == masked
