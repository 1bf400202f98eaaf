"""Whole networks: every node accounted for, nothing but views free, MACs as published or as counted from the shapes."""

import math
import os
from collections import Counter
from pathlib import Path

import onnx
import pytest

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.lowering import lower
from leptonsim.compiler.passes import fold_constants, split_recurrent
from leptonsim.compiler.work import VECTOR_FUNCTIONS
from leptonsim.compiler.workload import workload
from leptonsim.model import load_model

LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))
EXPORTS = sorted((Path(__file__).parents[2] / "data/exports").glob("*.onnx"))
ZOO = ["zoo:resnet50", "zoo:bert-base", "zoo:llama-3-8b?seq=16", "zoo:llama-3-8b?seq=1&past=64"]

MACS = {
    # torchvision's tables of operations, which count multiply-accumulates of convolutions and linear layers: resnet50
    # 4.089 G, vgg19 19.632 G, densenet121 2.834 G (the light models are the same networks in their Caffe2 form).
    "light_resnet50": 4_089_184_256,
    "light_vgg19": 19_632_062_464,
    "light_densenet121": 2_834_161_664,
}


def graph_of_model(source):
    dims = {}
    if ".open." in str(source) and "decode" in str(source):
        dims = {"past": 31} if "dynamo" in str(source) else {"past": 31, "total": 32}
    elif ".open." in str(source) and any(name in str(source) for name in ("bert", "gpt2", "llama", "lstm")):
        dims = {"sequence": 24}
    return load_model(source, batch=2 if ".open." in str(source) else None, dims=dims).graph


def name_of(source):
    return source.stem if isinstance(source, os.PathLike) else source


@pytest.fixture(scope="module", params=[*LIGHT, *EXPORTS, *ZOO], ids=name_of)
def model(request):
    graph = graph_of_model(request.param)
    return graph, workload(graph)


def test_every_node_is_accounted_for_once(model):
    graph, work = model
    assert sum(work.mapped.values()) == len(graph.nodes) + graph.folded
    named = Counter(
        name for operator in work.operators if operator.kind != "RecurrentProjection" for name in operator.nodes
    )
    assert set(named.values()) == {1}
    assert len(graph.nodes) - len(named) <= work.mapped["folded"]


def test_nothing_but_views_is_free(model):
    _, work = model
    for operator in work.operators:
        assert set(operator.vector) <= set(VECTOR_FUNCTIONS)
        assert all(count > 0 for count in operator.vector.values())
        if operator.engine == "view":
            assert not operator.vector
            assert not operator.macs
            assert sum(o.elements for o in operator.inputs) >= sum(o.elements for o in operator.outputs)
        elif operator.engine == "tensor":
            assert operator.macs > 0
        elif operator.engine == "vector":
            assert sum(operator.vector.values()) > 0
        else:
            assert operator.outputs[0].elements > 0


def test_operators_read_only_what_was_made_before(model):
    graph, work = model
    made = {name for name, tensor in graph.tensors.items() if tensor.kind != "activation"}
    for operator in work.operators:
        assert {operand.tensor for operand in operator.inputs} <= made, operator.name
        assert {operand.tensor for operand in operator.outputs} <= set(work.tensors)
        made |= {operand.tensor for operand in operator.outputs}
    assert set(graph.outputs) <= made


def test_names_are_unique_and_are_those_of_main_nodes(model):
    _, work = model
    names = [operator.name for operator in work.operators]
    assert len(names) == len(set(names))
    for operator in work.operators:
        assert operator.name in operator.nodes or operator.kind == "RecurrentProjection"


def test_passes_change_no_multiply_accumulate(model):
    graph, work = model
    draft = Draft(graph)
    fold_constants.rewrite(draft)
    split_recurrent.rewrite(draft)
    plain = lower(draft.finish(), draft.origins)
    assert sum(o.macs for o in work.operators) == sum(o.macs for o in plain)


def test_products_read_and_write_the_elements_that_their_shapes_say(model):
    """Distinct elements of the operands as counted from the products alone."""
    _, work = model
    for operator in work.operators:
        if operator.kind in ("MatMul", "Gemm", "Attention"):
            first, last = operator.matmuls[0], operator.matmuls[-1]
            assert operator.inputs[0].elements == first.groups * first.m * first.k
            assert operator.inputs[1].elements == first.groups // first.shared_b * first.k * first.n
            assert operator.outputs[0].elements == last.groups * last.m * last.n
            if operator.kind == "Attention":
                assert operator.inputs[2].elements == last.groups // last.shared_b * last.k * last.n
        elif operator.kind == "Conv":
            (product,) = operator.matmuls
            assert (
                operator.inputs[0].elements == product.images * product.in_rows * product.row_elements * product.groups
            )
            assert operator.inputs[1].elements == product.groups * product.k * product.n
            assert operator.outputs[0].elements == product.groups * product.m * product.n


@pytest.mark.parametrize("source", LIGHT, ids=name_of)
def test_a_convolutional_network_costs_what_its_shapes_say(source):
    """Counted from the graph's tensors alone: outputs x weights of one output."""
    graph = load_model(source).graph
    expected = 0
    for node in graph.nodes:
        if node.op_type == "Conv":
            expected += graph.tensors[node.outputs[0]].elements * math.prod(graph.tensors[node.inputs[1]].shape[1:])
        elif node.op_type == "Gemm":
            out = graph.tensors[node.outputs[0]]
            expected += out.elements * graph.tensors[node.inputs[1]].elements // out.shape[1]
    macs = sum(operator.macs for operator in workload(graph).operators)
    assert macs == expected
    assert macs == MACS.get(source.stem, macs)


def test_resnet50_is_54_products_with_25_6_million_weights():
    graph = load_model(next(path for path in LIGHT if path.stem == "light_resnet50")).graph
    work = workload(graph)
    assert work.mapped == {"tensor": 54, "vector": 3, "dma": 0, "view": 1, "fused": 65, "folded": 53 + graph.folded}
    weights = {
        o.tensor: o.elements for operator in work.operators for o in operator.inputs if operator.engine == "tensor"
    }
    total = sum(elements for name, elements in weights.items() if graph.tensors[name].kind == "weight")
    # torchvision: 25,557,032 parameters, of which 2 x 26,560 scale and shift normalisations; scales are folded.
    assert total == 25_557_032 - 26_560


@pytest.mark.parametrize("network", ["bert", "llama_decode", "lstm", "mobilenetv2", "resnet", "vit"])
def test_both_exporters_of_a_network_give_the_same_products(network):
    def products(exporter):
        """Heads that share keys may be groups that share a B or rows of one product: the same rows meet the same B."""
        path = next(path for path in EXPORTS if path.name == f"{network}.{exporter}.fixed.onnx")
        matmuls = [p for operator in workload(load_model(path).graph).operators for p in operator.matmuls]
        return Counter((p.groups // p.shared_b, p.m * p.shared_b, p.k, p.n) for p in matmuls)

    assert products("dynamo") == products("torchscript")


@pytest.mark.parametrize("network", ["bert", "gpt2", "llama", "llama_decode", "vit"])
def test_a_transformer_is_attention_products_and_normalisations(network):
    """The exports have two layers; no exporter's spelling leaves a softmax, a transposition or a copy of heads."""
    norm = "RMSNormalization" if network.startswith("llama") else "LayerNormalization"
    for path in EXPORTS:
        if path.name.startswith(f"{network}."):
            operators = workload(graph_of_model(path)).operators
            kinds = Counter(operator.kind for operator in operators if operator.engine != "view")
            assert kinds["Attention"] == 2, path.name
            assert kinds[norm] == 5, path.name
            assert not kinds.keys() & {"Softmax", "Transpose", "Expand", "Erf", "Tanh", "Sigmoid", "Neg"}, path.name


def test_workloads_are_the_same_every_time():
    graph = load_model("zoo:bert-base").graph
    assert workload(graph) == workload(graph)


PATTERNS = {
    "bert": {"Attention": 2, "LayerNormalization": 5},
    "vit": {"Attention": 2, "LayerNormalization": 5},
    "llama_decode": {"Attention": 2, "RMSNormalization": 5, "RotaryEmbedding": 4},
}
SPELLINGS = {"Erf", "Sigmoid", "Pow", "Sqrt", "ReduceMean", "Softmax", "Neg", "IsNaN"}


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
@pytest.mark.parametrize("name", PATTERNS)
def test_both_exporters_spellings_are_recognised(name, exporter):
    (path,) = [path for path in EXPORTS if path.stem == f"{name}.{exporter}.fixed"]
    kinds = Counter(operator.kind for operator in workload(graph_of_model(path)).operators)
    assert {kind: kinds[kind] for kind in PATTERNS[name]} == PATTERNS[name]
    # Activations are done in the epilogue of the product before them.
    assert not SPELLINGS & kinds.keys()


@pytest.mark.parametrize("name", PATTERNS)
def test_both_exporters_ask_for_the_same_arithmetic(name):
    macs, outputs = set(), set()
    for path in EXPORTS:
        if path.stem in (f"{name}.dynamo.fixed", f"{name}.torchscript.fixed"):
            graph = graph_of_model(path)
            macs.add(sum(operator.macs for operator in workload(graph).operators))
            outputs.add(tuple(graph.tensors[output].shape for output in graph.outputs))
    assert len(macs) == len(outputs) == 1
