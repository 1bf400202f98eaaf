"""A single operator by its sizes: gemm:MxKxN and conv:..."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leptonsim.errors import LeptonError
from leptonsim.model import load_model


def test_a_gemm_multiplies_an_input_by_a_weight():
    graph = load_model("gemm:128x64x32").graph
    assert [node.op_type for node in graph.nodes] == ["MatMul"]
    assert {name: (tensor.shape, tensor.kind) for name, tensor in graph.tensors.items()} == {
        "A": ((1, 128, 64), "input"),
        "B": ((64, 32), "weight"),
        graph.outputs[0]: ((1, 128, 32), "activation"),
    }
    assert load_model("gemm:128x64x32", batch=8).graph.tensors[graph.outputs[0]].shape == (8, 128, 32)
    assert load_model("gemm:128x64x32").name == "gemm:128x64x32"


def test_a_convolution_has_its_sizes_and_options():
    model = load_model("conv:2x64x56x48,128x32x3x5,stride=2x1,pad=1x2,dilation=1,groups=2")
    node = model.graph.nodes[0]
    assert node.attributes == {
        "strides": (2, 1), "pads": (1, 2, 1, 2), "dilations": (1, 1), "group": 2, "kernel_shape": (3, 5),
    }  # fmt: skip
    assert model.graph.batch == 2
    assert model.graph.tensors[model.graph.outputs[0]].shape == (2, 128, 28, 48)
    assert model.with_batch(5).graph.tensors[model.graph.outputs[0]].shape == (5, 128, 28, 48)


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 20),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    pad=st.integers(0, 3),
    dilation=st.integers(1, 3),
)
def test_the_declared_output_of_a_convolution_is_the_one_onnx_infers(size, kernel, stride, pad, dilation):
    text = f"conv:1x4x{size}x{size},8x4x{kernel}x{kernel},stride={stride},pad={pad},dilation={dilation}"
    fits = size + 2 * pad >= dilation * (kernel - 1) + 1
    if not fits:
        with pytest.raises(LeptonError, match="does not fit into the padded input"):
            load_model(text)
        return
    out = (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
    graph = load_model(text).graph
    assert graph.tensors[graph.outputs[0]].shape == (1, 8, out, out)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("gemm:", "gemm:MxKxN"),
        ("gemm:12x34", "not 3 positive sizes"),
        ("gemm:0x3x4", "not 3 positive sizes"),
        ("gemm:axbxc", "gemm:MxKxN"),
        ("gemm:1x2x3x4", "not 3 positive sizes"),
        ("conv:1x3x8x8", "conv:NxCxHxW,OUTxINxKHxKW"),
        ("conv:1x3x8x8,4x3x3x3,strid=2", "did you mean 'stride'?"),
        ("conv:1x3x8x8,4x3x3x3,stride", "conv:NxCxHxW"),
        ("conv:1x3x8x8,4x3x3x3,stride=0", "must be at least 1"),
        ("conv:1x3x8x8,4x3x3x3,stride=a", "neither a number nor HxW"),
        ("conv:1x3x8x8,4x3x3x3,pad=1,pad=1", "given twice"),
        ("conv:1x6x8x8,4x6x3x3,groups=2", "6 channels in 2 groups need a kernel of 4x3x"),
        ("conv:1x3x2x2,4x3x5x5", "does not fit"),
    ],
)
def test_what_is_written_otherwise_is_refused_with_the_rule(source, told):
    with pytest.raises(LeptonError) as caught:
        load_model(source)
    assert told in str(caught.value)
    assert source in str(caught.value)
