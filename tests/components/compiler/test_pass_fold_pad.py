"""Zeros around an image are the convolution's own padding."""

import pytest

TEXT = """g (float[1,3,8,8] x) => (float[1,4,8,8] y{out})
<float[4,3,3,3] w, int64[8] p = {{{pads}}}, float v = {{{value}}}>
{{ a = Pad{mode}(x, p, v) y = Conv(a, w){more} }}"""
AROUND = "0,0,1,1,0,0,1,1"


def text(pads=AROUND, value="0.0", mode="", out="", more=""):
    return TEXT.format(pads=pads, value=value, mode=mode, out=out, more=more)


def test_a_pad_before_a_convolution_copies_nothing(fused):
    (conv,) = fused(text()).operators
    assert conv.nodes == ("n_a", "n_y")
    assert (conv.inputs[0].tensor, conv.matmuls[0].in_rows) == ("x", 8)


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "1.0"},
        {"mode": '<mode="reflect">'},
        {"out": ", float[1,3,10,10] z", "more": " z = Relu(a)"},
    ],
)
def test_any_other_pad_is_done(fused, changed):
    assert "Pad" in [operator.kind for operator in fused(text(**changed)).operators]
