"""Traces of models and runs that are unlike most."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from leptonsim.kernels.tiles import ENGINE_NAMES
from onnx import TensorProto, helper

import leptonsim as ls
from leptonsim.errors import LeptonError
from leptonsim.machine.machine import Machine
from leptonsim.result.from_record import make_result
from leptonsim.result.trace import trace_formats, write_trace

SUFFIXES = pytest.mark.parametrize("suffix", trace_formats())
Read = Callable[[Path], Any]
HOSTILE = ["<script>alert(1)</script>", 'quote " backslash \\ newline \n', "n" * 300, "d\u00e9j\u00e0/vu"]


@pytest.fixture
def hostile_model(tmp_path: Path) -> Path:
    """A model whose operators have names that no format may trip over."""
    values = ["image", *(f"value{index}" for index in range(len(HOSTILE)))]
    # alternate operators, so that none is fused away with the one before
    nodes = [
        helper.make_node("Softmax", [values[index]], [values[index + 1]], name=name)
        for index, name in enumerate(HOSTILE)
    ]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [64, 64]) for name in (values[0], values[-1])]
    graph = helper.make_graph(nodes, "hostile", tensors[:1], tensors[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@SUFFIXES
def test_any_name_stays_what_it_is(suffix: str, hostile_model: Path, read_trace: Read, tmp_path: Path) -> None:
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model(str(hostile_model)))
    result = ls.execute(program, trace=tmp_path / f"out.{suffix}")
    shown = {each.name for slices in read_trace(tmp_path / f"out.{suffix}").slices.values() for each in slices}
    assert {step.name for step in result.steps} == set(HOSTILE)
    assert shown >= set(HOSTILE)


def test_the_runs_of_a_request_are_told_apart(read_trace: Read, tmp_path: Path) -> None:
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model("gemm:16x16x16"))
    twice = replace(program, runs_per_request=2)
    result = ls.execute(twice, requests=2, trace=tmp_path / "out.pftrace")
    trace = read_trace(tmp_path / "out.pftrace")
    tensor = [each for path, slices in trace.slices.items() if path.endswith("/tensor") for each in slices]
    assert {(each.notes["request"], each.notes["run"]) for each in tensor} == {(0, 0), (0, 1), (1, 2), (1, 3)}
    assert result.requests == 2


def test_a_run_whose_jobs_were_not_logged_cannot_be_traced(tmp_path: Path) -> None:
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model("gemm:16x16x16"))
    record = Machine(program).execute(1)
    with pytest.raises(LeptonError, match="no job of this run was logged"):
        write_trace(tmp_path / "out.json", program, record, make_result(program, record, 1))
    assert list(tmp_path.iterdir()) == []


@SUFFIXES
def test_logging_jobs_changes_no_result_and_the_same_run_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model("zoo:resnet50"))
    paths = [tmp_path / f"{name}.{suffix}" for name in ("one", "other")]
    results = [ls.execute(program, requests=2, trace=path).to_json() for path in paths]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert results == [ls.execute(program, requests=2).to_json()] * 2


def test_a_detailed_run_is_traced_as_any_other(read_trace: Read, tmp_path: Path) -> None:
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model("gemm:256x256x256"))
    result = ls.execute(program, fidelity="detailed", trace=tmp_path / "out.pftrace")
    trace = read_trace(tmp_path / "out.pftrace")
    for engine in ENGINE_NAMES:
        busy = sum(each.notes["time_ps"] for each in trace.slices[f"core 0/{engine}"])
        assert busy == result.time_ps[f"core0.{engine}"]["busy"]
    assert result.events["dram_bursts"] > 0
