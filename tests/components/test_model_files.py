"""What can be wrong with a file, each with one clear message; and weights that are elsewhere, or nowhere."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper, parser

from leptonsim.errors import LeptonError
from leptonsim.model import load_model

EXPORT = Path(__file__).parent.parent / "data/exports/resnet.dynamo.open.onnx"
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light/light_squeezenet.onnx"


def refusal(source):
    with pytest.raises(LeptonError) as caught:
        load_model(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_file_names_the_nearest_beside_it(tmp_path):
    (tmp_path / "resnet50.onnx").write_bytes(EXPORT.read_bytes())
    assert "no such file; did you mean" in refusal(str(tmp_path / "resnet5.onnx"))
    assert refusal(tmp_path / "other" / "model.onnx").endswith("no such file")


def test_a_bare_name_of_a_built_in_model_says_how_it_is_called():
    assert "zoo:resnet50" in refusal("resnet50")
    assert "did you mean zoo:llama-3-8b?" in refusal("llama-3-8")


def test_a_directory_lists_what_it_holds(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"x")
    message = refusal(tmp_path)
    assert "is a directory" in message
    assert "a.onnx" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"a: 1\nb: two\n", "is a text file"),
        (b"PK\x03\x04" + bytes(100), "ZIP archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(100), "TensorFlow Lite"),
        (b"\x20\x00\x00\x00ORTM" + bytes(100), "ONNX Runtime's own format"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS pointer"),
        (bytes(range(256)) * 4, "truncated or no ONNX model"),
        (b"\x00" * 64, "truncated or no ONNX model"),
    ],
)
def test_a_file_that_is_no_model_says_what_it_is(tmp_path, content, told):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    message = refusal(path)
    assert told in message
    assert str(path) in message


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_refused(tmp_path, share):
    data = EXPORT.read_bytes()
    path = tmp_path / "model.onnx"
    path.write_bytes(data[: int(len(data) * share)])
    assert "truncated" in refusal(path)


def test_another_kind_of_object_is_refused():
    assert "not int" in refusal(3)


def external(path, values, location="model.weights", written=True, offset=0):
    """A Reshape whose target shape is external data, and whose weight is on no disk at all."""
    model = parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 18]>
        g (float[batch, 4, 6] x) => (float[batch, 70000] y) { h = Reshape(x, target)  y = MatMul(h, w) }""")
    target = model.graph.initializer.add()
    target.CopyFrom(numpy_helper.from_array(np.array(values, np.int64), "target"))
    target.ClearField("raw_data")
    weight = model.graph.initializer.add(name="w", data_type=onnx.TensorProto.FLOAT, dims=[24, 70000])
    for tensor, where in ((target, location), (weight, "nowhere.weights")):
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", where), ("offset", str(offset))):
            tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    if written:
        (path.parent / location).write_bytes(bytes(offset) + np.array(values, np.int64).tobytes())
    return path


def test_a_small_constant_is_read_from_its_weight_file_and_the_weights_are_not(tmp_path):
    graph = load_model(external(tmp_path / "m.onnx", [-1, 24], offset=4096)).graph
    assert graph.tensors["target"].value.tolist() == [-1, 24]
    assert graph.tensors["w"].shape == (24, 70000)
    assert graph.tensors["w"].value is None


def test_a_missing_weight_file_hinders_only_where_a_value_is_needed(tmp_path):
    message = refusal(external(tmp_path / "m.onnx", [-1, 24], written=False))
    assert "target" in message


def test_a_weight_file_outside_of_the_models_folder_is_not_read(tmp_path):
    (tmp_path / "inside").mkdir()
    message = refusal(external(tmp_path / "inside" / "m.onnx", [-1, 24], location="../m.weights"))
    assert "target" in message


def test_a_model_of_more_than_2_gb_is_read_by_its_shapes(tmp_path):
    model = parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 18]>
        g (float[batch, 65536] x) => (float[batch, 65536] y) { y = MatMul(x, w) }""")
    weight = model.graph.initializer.add(name="w", data_type=onnx.TensorProto.FLOAT, dims=[65536, 65536])
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="w.weights")
    path = tmp_path / "large.onnx"
    onnx.save(model, path)
    tensor = load_model(path).graph.tensors["w"]
    assert tensor.elements * 4 > 2**33


def test_initialisers_among_the_inputs_are_weights():
    model = parser.parse_model("""
        <ir_version: 3, opset_import: ["" : 9, "ai.onnx.ml" : 2]>
        g (float[1, 4] x, float[4, 6] w) => (float[1, 6] y) <float[4, 6] w> { y = MatMul(x, w) }""")
    del model.graph.initializer[:]
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((4, 6), np.float32), "w"))
    graph = load_model(model).graph
    assert graph.inputs == ("x",)
    assert graph.tensors["w"].kind == "weight"


def test_an_input_that_is_no_tensor_is_refused():
    model = parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[1, 4] x) => (float[1, 4] y) { y = Relu(x) }'
    )
    model.graph.input.append(helper.make_tensor_sequence_value_info("s", onnx.TensorProto.FLOAT, None))
    assert "input 's' is a sequence, not a tensor" in refusal(model)


def test_a_model_is_small_when_pickled_and_works_on_without_its_file(tmp_path):
    path = tmp_path / "copy.onnx"
    model = onnx.load(LIGHT)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((1000, 1000), np.float32), "large"))
    onnx.save(model, path)
    loaded = load_model(path)
    path.unlink()
    pickled = pickle.dumps(loaded)
    assert len(pickled) < 200_000
    again = pickle.loads(pickled)
    assert again.name == "copy"
    assert again.graph.digest == loaded.graph.digest
    assert again.with_batch(8).graph.digest == loaded.with_batch(8).graph.digest


def test_a_digest_is_the_same_in_every_process_and_different_for_every_difference():
    code = f"from leptonsim.model import load_model; print(load_model({str(EXPORT)!r}).graph.digest)"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    model = load_model(EXPORT)
    assert seen == {model.graph.digest}
    assert load_model(onnx.load(EXPORT, load_external_data=False)).graph.digest == model.graph.digest
    changed = onnx.load(EXPORT, load_external_data=False)
    pool = next(node for node in changed.graph.node if node.op_type == "MaxPool")
    next(attribute for attribute in pool.attribute if attribute.name == "strides").ints[0] += 1
    assert len({model.graph.digest, model.with_batch(2).graph.digest, load_model(changed).graph.digest}) == 3


def test_onnx_is_imported_only_when_a_model_is_read():
    code = "import sys, leptonsim.model; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
