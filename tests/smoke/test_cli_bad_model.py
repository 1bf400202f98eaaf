"""A model that cannot be used is refused with its name, the reason and what to do."""

from pathlib import Path

import onnx
import pytest

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light/light_squeezenet.onnx"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"only words\n", "is a text file"),
        (b"name: lepton-c1\ncores: 4\n", "is a text file"),
        (LIGHT.read_bytes()[:2000], "truncated"),
        (b"PK\x03\x04\x00\x00", "export it with torch.onnx.export"),
    ],
    ids=["empty", "words", "a chip", "truncated", "a checkpoint"],
)
def test_a_file_that_is_no_model_is_refused(content, expected, refused, tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(content)
    message = refused("run", "--config", "lepton-c1", model)
    assert message.startswith(f"{model}: ")
    assert expected in message


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("zoo:resnet5", "did you mean 'resnet50'?"),
        ("resnet50", "zoo:resnet50"),
        ("zoo:llama-3-8b?sequ=1", "did you mean 'seq'?"),
        ("zoo:llama-3-8b?seq=0", "seq=0 must be 1 or more"),
        ("gem:64x64x64", "did you mean gemm:64x64x64?"),
        ("gemm:64x64", "gemm:MxKxN"),
        ("gemm:0x64x64", "positive sizes"),
        ("none.onnx", "no such file"),
        ("none.json", "cannot be read"),
    ],
)
def test_an_unknown_model_suggests_what_there_is(model, expected, refused):
    arguments = () if model.endswith(".json") else ("--config", "lepton-c1")
    assert expected in refused("run", *arguments, model)


def test_an_unbound_dimension_names_input_and_axis_and_options(refused, flatten_model):
    message = refused("run", "--config", "lepton-c1", flatten_model("length", (4, -1)))
    assert "dimension 0 of input 'image', named 'length', is open" in message
    assert "--bind length=" in message


def test_a_bound_dimension_runs(cli, flatten_model):
    assert cli("run", "--config", "lepton-c1", "--bind", "length=4", flatten_model("length", (4, -1))).code == 0


def test_a_misspelt_dimension_suggests_the_nearest(refused, flatten_model):
    model = flatten_model("length", (4, -1))
    assert "did you mean 'length'?" in refused("run", "--config", "lepton-c1", "--bind", "lenght=4", model)


def test_a_batch_that_a_reshape_contradicts_names_the_node(refused, cli, flatten_model):
    model = flatten_model("n", (7, -1))
    assert cli("run", "--config", "lepton-c1", "--batch", 7, model).code == 0
    message = refused("run", "--config", "lepton-c1", "--batch", 3, model)
    assert "'flatten' (Reshape)" in message


def test_a_shape_that_the_model_contradicts_is_refused(refused, flatten_model):
    model = flatten_model(1, (1, -1))
    assert "image" in refused("run", "--config", "lepton-c1", "--shape", "image=1x4x2x3", model)
    assert "did you mean 'image'?" in refused("run", "--config", "lepton-c1", "--shape", "imag=1x4x2x2", model)


def test_a_data_type_without_a_rate_names_those_of_the_chip(refused):
    assert "bf16, fp32, int8" in refused("run", "--config", "lepton-c1", "--dtype", "int3", "gemm:64x64x64")


def test_a_saved_program_that_is_damaged_is_refused(refused, tmp_path):
    program = tmp_path / "program.json"
    for content, expected in (("{", "no JSON"), ("{}", "compile it again"), ("[]", "compile it again")):
        program.write_text(content)
        assert expected in refused("run", program)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "--batch", "0", "gemm:8x8x8"), "--batch"),
        (("run", "--requests", "none", "gemm:8x8x8"), "--requests"),
        (("run", "--bogus", "gemm:8x8x8"), "--bogus"),
        (("run",), "MODEL"),
        (("rnu",), "did you mean 'run'?"),
    ],
)
def test_a_wrong_option_is_one_line_that_names_it(arguments, expected, refused):
    message = refused(*arguments)
    assert expected in message
    assert "\n" not in message
