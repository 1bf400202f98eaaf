"""Fourier transforms by butterflies."""

import math


def test_a_real_transform_is_half_a_complex_one(work_of):
    text = "g (float[4,256,{c}] x) => (float[4,256,2] y) <int64 a = {{1}}> {{ y = DFT(x, , a) }}"
    butterflies = 4 * 128 * 8
    assert work_of(text.format(c=2)).operators[0].vector == {"mul": 4 * butterflies, "add": 6 * butterflies}
    assert work_of(text.format(c=1)).operators[0].vector == {"mul": 2 * butterflies, "add": 3 * butterflies}


def test_frames_are_windowed_and_transformed(work_of):
    (operator,) = work_of(
        """g (float[2,1024,1] x) => (float[2,7,129,2] y) <int64 step = {128}, float[256] window>
        { y = STFT(x, step, window) }"""
    ).operators
    butterflies = 2 * 7 * 128 * int(math.log2(256))
    assert operator.vector == {"mul": 2 * butterflies + 2 * 7 * 256, "add": 3 * butterflies}
    assert [o.tensor for o in operator.inputs] == ["x", "window"]
