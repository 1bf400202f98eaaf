"""What cannot be mapped runs on the host, in the simulated machine: out over PCIe, the host's work, and back."""

import math

import onnx.parser
import pytest

import leptonsim as ls
from leptonsim.compiler.compile import compile_graph
from leptonsim.compiler.workload import workload

SIDE = 512
MODEL = f"""
<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>
g (float[1,{SIDE},{SIDE}] x) => (float[1,{SIDE},{SIDE}] y)
{{ a = Relu(x) d = ai.onnx.ml.Binarizer(a) y = Exp(d) }}
"""


@pytest.fixture
def model():
    return ls.load_model(onnx.parser.parse_model(MODEL))


def test_by_default_it_is_an_error_that_tells_of_the_host(model):
    with pytest.raises(ls.LeptonError) as caught:
        ls.compile(ls.load_chip("lepton-c1"), model)
    assert "operator Binarizer of domain ai.onnx.ml" in str(caught.value)
    assert "--unsupported host" in str(caught.value)


def test_the_node_is_a_step_of_the_host_between_its_transfers(model):
    work = workload(model.graph, on_host=True)
    assert [operator.kind for operator in work.operators] == ["Relu", "CopyToHost", "Binarizer", "CopyFromHost", "Exp"]
    assert work.mapped["host"] == 1
    assert sum(work.mapped.values()) == 3
    there = {operand.tensor for o in work.operators if o.engine == "host" for operand in (*o.inputs, *o.outputs)}
    assert there == work.on_host


@pytest.mark.parametrize("rate", ["1 Gflop/s", "1 Tflop/s"])
def test_it_takes_the_latency_the_work_and_the_transfers(model, rate):
    chip = ls.load_chip("lepton-c1", [f"host.rate={rate}", "host.latency=50 us"])
    program = compile_graph(chip, model, "fp32", unsupported="host")
    result = ls.execute(program)
    steps = {step.name: step for step in result.steps}
    host = next(step for step in result.steps if step.engine == "host")
    elements = 2 * SIDE * SIDE
    busy_ps = max(elements / chip.host.rate_flop_per_s, 4 * elements / chip.host.memory_bytes_per_s) * 1e12
    least_ps = chip.host.latency_ps + math.floor(busy_ps)
    assert least_ps <= host.end_ps - host.start_ps <= least_ps + 5_000_000
    out = next(step for name, step in steps.items() if name.endswith("/to host 0"))
    back = next(step for name, step in steps.items() if name.endswith("/from host 0"))
    assert out.end_ps <= host.end_ps - least_ps
    assert back.end_ps >= host.end_ps
    assert result.bytes["pcie"]["written"] >= 2 * 4 * SIDE * SIDE / 2
    assert any("runs on the host" in warning for warning in result.warnings)


def test_the_host_costs_the_chip_no_arithmetic(model):
    program = compile_graph(ls.load_chip("lepton-c1"), model, "bf16", unsupported="host")
    assert all(not operator.vector for operator in program.operators if operator.engine == "host")


def test_a_program_with_work_of_the_host_is_saved_and_runs_again(model, tmp_path):
    program = ls.compile(ls.load_chip("lepton-c1"), model, unsupported="host")
    program.save(tmp_path / "p.json")
    again = ls.Program.load(tmp_path / "p.json")
    assert ls.execute(again).to_json() == ls.execute(program).to_json()
