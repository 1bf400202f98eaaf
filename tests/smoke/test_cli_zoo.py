"""``leptonsim zoo``: what it lists and what it writes."""

import json

import onnx
from click.testing import CliRunner

from leptonsim.cli.run import command as run
from leptonsim.cli.zoo import command
from leptonsim.model import load_model, zoo_names


def invoke(*arguments):
    return CliRunner().invoke(command, arguments)


def test_every_model_is_listed_with_its_parameters():
    lines = invoke().output
    for name in zoo_names():
        assert f"zoo:{name}?" in lines
    assert "?seq=512&past=0" in lines


def test_one_model_is_listed_by_its_name_and_a_misspelt_one_names_the_nearest():
    assert invoke("gpt2").output.startswith("zoo:gpt2?")
    assert "did you mean 'gpt2'?" in str(invoke("gtp2").exception)


def test_an_export_without_a_name_asks_for_one():
    assert "which model?" in str(invoke("--export", "model.onnx").exception)


def test_an_exported_model_is_the_built_in_one(tmp_path):
    path = tmp_path / "gpt2.onnx"
    done = invoke("gpt2?seq=1&past=10", "--export", str(path))
    assert done.exit_code == 0, done.output
    assert onnx.load(path, load_external_data=False).opset_import[0].version >= 18
    assert load_model(path).graph.digest == load_model("zoo:gpt2?seq=1&past=10").graph.digest


def test_a_text_is_generated_and_written(tmp_path):
    path = tmp_path / "text.json"
    arguments = ["--config", "lepton-c1", "--generate", "5", "--json", str(path), "zoo:gpt2?seq=16"]
    done = CliRunner().invoke(run, arguments)
    assert done.exit_code == 0, done.output
    assert "time to first token" in done.output
    assert json.loads(path.read_text())["generated_tokens"] == 5


def test_a_text_has_no_requests():
    done = CliRunner().invoke(run, ["--config", "lepton-c1", "--generate", "5", "--requests", "2", "zoo:gpt2?seq=16"])
    assert "--generate does not go together with --requests" in str(done.exception)
