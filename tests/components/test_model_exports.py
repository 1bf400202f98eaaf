"""Small networks as PyTorch's exporters write them (tests/data/exports/make.py)."""

from collections import Counter
from pathlib import Path

import onnx
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.compiler.draft import Draft
from leptonsim.compiler.workload import ordered_passes, workload
from leptonsim.model import load_model

EXPORTS = sorted((Path(__file__).parent.parent / "data/exports").glob("*.onnx"))
PAIRS = [path for path in EXPORTS if path.name.endswith(".fixed.onnx")]
SIZES = {"sequence": 32, "past": 32, "total": 33}
"""What the files with a fixed batch were traced with."""


def dims_of(path):
    declared = onnx.load(path, load_external_data=False).graph.input
    names = {dim.dim_param for value in declared for dim in value.type.tensor_type.shape.dim}
    return {name: size for name, size in SIZES.items() if name in names}


def identity(path):
    return path.name.removesuffix(".onnx")


def test_both_exporters_and_both_kinds_of_batch_are_there():
    kinds = {tuple(path.name.split(".")[1:3]) for path in EXPORTS}
    assert kinds == {(exporter, batch) for exporter in ("dynamo", "torchscript") for batch in ("open", "fixed")}
    assert len({path.name.split(".")[0] for path in EXPORTS}) == 11


@pytest.mark.parametrize("path", EXPORTS, ids=identity)
def test_every_used_tensor_is_static_and_nothing_else_is_kept(path):
    graph = load_model(path, dims=dims_of(path)).graph
    used = {name for node in graph.nodes for name in (*node.inputs, *node.outputs) if name}
    assert set(graph.tensors) == used | set(graph.inputs) | set(graph.outputs)
    produced = {name for node in graph.nodes for name in node.outputs if name}
    for name, tensor in graph.tensors.items():
        assert (tensor.kind == "activation") == (name in produced), name
        assert all(isinstance(size, int) and size > 0 for size in tensor.shape), name


@pytest.mark.parametrize("path", EXPORTS, ids=identity)
def test_the_outputs_are_those_that_onnx_infers_where_it_can(path):
    model = onnx.load(path, load_external_data=False)
    dims = dims_of(path)
    graph = load_model(model, dims=dims, batch=1).graph
    del model.graph.value_info[:]
    for value in model.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, graph.tensors[value.name].shape, strict=True):
            dim.dim_value = size
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    compared = 0
    for value in [*inferred.graph.value_info, *inferred.graph.output]:
        shape = value.type.tensor_type.shape.dim
        if value.name in graph.tensors and value.type.tensor_type.HasField("shape"):
            for size, dim in zip(graph.tensors[value.name].shape, shape, strict=True):
                if dim.HasField("dim_value"):
                    assert size == dim.dim_value, value.name
                    compared += 1
    assert compared > len(graph.nodes)


@pytest.mark.parametrize("path", PAIRS, ids=identity)
def test_an_export_of_one_sample_at_batch_8_does_the_work_of_an_open_export_at_batch_8(path):
    other = path.with_name(path.name.replace(".fixed.", ".open."))
    fixed = load_model(path, batch=8).graph
    opened = load_model(other, batch=8, dims=dims_of(other)).graph
    for operator in ("Conv", "MatMul", "Gemm", "LSTM", "Softmax", "LayerNormalization"):
        assert work(fixed, operator) == work(opened, operator), operator
    assert [fixed.tensors[name].shape for name in fixed.outputs] == [
        opened.tensors[name].shape for name in opened.outputs
    ]


def work(graph, operator):
    """Elements that each node of a kind reads and writes, whatever their arrangement."""
    return [
        [graph.tensors[name].elements for name in (*node.inputs[:2], node.outputs[0]) if name]
        for node in graph.nodes
        if node.op_type == operator
    ]


@pytest.mark.parametrize("path", PAIRS, ids=identity)
def test_a_fixed_export_keeps_its_own_batch_unless_told(path):
    graph = load_model(path).graph
    assert graph.batch == 1
    assert not any("@batch" in name for name in graph.tensors)


def test_a_sequence_length_left_open_is_bound_everywhere():
    path = next(path for path in EXPORTS if path.name == "bert.dynamo.open.onnx")
    graph = load_model(path, batch=2, dims={"sequence": 77}).graph
    assert graph.tensors[graph.outputs[0]].shape == (2, 77, 768)
    assert graph.tokens == 2 * 77


def test_a_decode_step_has_one_token_a_sample_and_a_cache_that_grows_by_it():
    path = next(path for path in EXPORTS if path.name == "llama_decode.dynamo.open.onnx")
    graph = load_model(path, batch=4, dims={"past": 100}).graph
    assert graph.tensors["attention_mask"].shape == (4, 101)
    assert graph.tensors[graph.outputs[1]].shape == (4, 4, 101, 64)
    assert graph.tokens == 4
    assert graph.resident == tuple(name for name in graph.inputs if name.startswith("past_"))


MOBILENETS = [path for path in EXPORTS if path.name.startswith("mobilenetv3.")]


@pytest.mark.parametrize("path", MOBILENETS, ids=identity)
def test_mobilenetv3_has_the_work_of_its_paper_and_one_hard_swish_for_each_spelling(path):
    """Howard et al. 2019, "Searching for MobileNetV3", table 3: V3-Small 1.0 has 56 M MAdds and 2.5 M parameters."""
    graph = load_model(path, batch=1).graph
    assert "Clip" in {node.op_type for node in graph.nodes}
    draft = Draft(graph)
    for rewrite in ordered_passes()[0]:
        rewrite(draft)
    left = [node.op_type for node in draft.finish().nodes]
    # The stem's, two for each of eight blocks, and the two of the head.
    assert left.count("HardSwish") == 1 + 2 * 8 + 2
    assert "Clip" not in left
    operators = workload(graph).operators
    assert sum(operator.macs for operator in operators) == pytest.approx(56e6, rel=0.02)
    parameters = sum(tensor.elements for tensor in graph.tensors.values() if tensor.kind == "weight")
    assert parameters == pytest.approx(2.5e6, rel=0.03)
    # Every one of them is done on the way out of the product before it.
    assert {operator.kind for operator in operators if operator.engine == "vector"} <= {
        "GlobalAveragePool",
        "ReduceMean",
        "Mul",
    }


def test_mobilenetv3_runs_alike_from_both_exporters_and_at_a_batch():
    chip = load_chip("lepton-e1")
    latencies = {path.name: simulate(chip, load_model(path, batch=2)).latency_s for path in MOBILENETS}
    assert max(latencies.values()) < 1.05 * min(latencies.values())


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_shifted_windows_with_cosine_attention_are_recognised(exporter):
    path = next(path for path in EXPORTS if path.name == f"swinv2.{exporter}.fixed.onnx")
    kinds = Counter(operator.kind for operator in workload(load_model(path).graph).operators)
    assert kinds["Attention"] == 2
    assert kinds["LpNormalization"] == 4
    assert not {"ReduceL2", "Div", "Softmax", "Exp"} & kinds.keys()
