"""The command line as a function, and as a process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import pytest
from onnx import TensorProto, helper

from leptonsim.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """cli("run", ...) -> exit code, standard output and standard error."""

    def call(*args: object) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def refused(cli: Callable[..., Outcome]) -> Callable[..., str]:
    """refused("run", ...) -> the message; code 2, nothing on standard output, one message of ours."""

    def call(*args: object) -> str:
        code, out, err = cli(*args)
        assert (code, out) == (2, "")
        assert err.startswith("leptonsim: ")
        assert "Traceback" not in err
        return err.removeprefix("leptonsim: ").rstrip("\n")

    return call


@pytest.fixture(scope="session")
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """process("run", ..., env=...) -> the completed process of its own."""

    def call(*args: object, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        options = {"capture_output": True, **options} if "stdout" not in options else options
        return subprocess.run(
            [sys.executable, "-m", "leptonsim", *map(str, args)],
            env={**os.environ, **(env or {})},
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    return call


@pytest.fixture
def flatten_model(tmp_path: Path) -> Callable[..., Path]:
    """flatten_model(dim, shape) -> an ONNX file: Relu of [dim, 4, 2, 2], then a Reshape to a constant shape."""

    def make(dim: int | str, shape: tuple[int, ...]) -> Path:
        source = helper.make_tensor_value_info("image", TensorProto.FLOAT, [dim, 4, 2, 2])
        result = helper.make_tensor_value_info("flat", TensorProto.FLOAT, None)
        to = helper.make_tensor("to", TensorProto.INT64, [len(shape)], shape)
        nodes = [
            helper.make_node("Relu", ["image"], ["positive"], name="relu"),
            helper.make_node("Reshape", ["positive", "to"], ["flat"], name="flatten"),
        ]
        graph = helper.make_graph(nodes, "flatten", [source], [result], [to])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, tmp_path / "flatten.onnx")
        return tmp_path / "flatten.onnx"

    return make
