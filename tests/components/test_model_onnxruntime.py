"""Files that ONNX Runtime wrote: optimised, quantised, with operators of its own; shapes as in an actual run."""

import json
from pathlib import Path

import onnx
import onnx.parser
import pytest

from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError
from leptonsim.model import load_model

FOLDER = Path(__file__).parents[1] / "data" / "onnxruntime"
RUNS = json.loads((FOLDER / "shapes.json").read_text())


def model_of(name, **options):
    return load_model(FOLDER / f"{name}.onnx", shapes=RUNS[name]["inputs"], **options)


@pytest.mark.parametrize("name", RUNS)
def test_every_shape_equals_that_of_a_run(name):
    tensors = model_of(name).graph.tensors
    compared = {tensor: shape for tensor, shape in RUNS[name]["tensors"].items() if tensor in tensors}
    assert len(compared) > 0.75 * len(RUNS[name]["tensors"])
    assert {tensor: list(tensors[tensor].shape) for tensor in compared} == compared


@pytest.mark.parametrize("name", RUNS)
def test_every_node_is_accounted_for_once(name):
    graph = model_of(name).graph
    work = workload(graph)
    assert sum(work.mapped.values()) == len(graph.nodes) + graph.folded
    made = {key for key, tensor in work.tensors.items() if tensor.kind != "activation"}
    for operator in work.operators:
        assert {operand.tensor for operand in operator.inputs} <= made, operator.name
        made |= {operand.tensor for operand in operator.outputs}


BERT_MACS = 2 * (12 * (4 * 64 * 64 + 2 * 64 * 128) + 2 * 12 * 12 * 64)
"""Two layers of width 64 and 128 over 12 tokens."""


@pytest.mark.parametrize("name", [name for name in RUNS if name.startswith("bert")])
def test_all_spellings_of_one_network_multiply_alike(name):
    assert sum(operator.macs for operator in workload(model_of(name).graph).operators) == BERT_MACS


@pytest.mark.parametrize("name", [name for name in RUNS if name.startswith("cnn")])
def test_all_quantised_forms_of_a_convolutional_network_multiply_alike(name):
    # Stem 16 x 16 x 16 of 3 x 3 x 3, depthwise 3 x 3 and pointwise 16, then 32 to 10.
    expected = 16 * 16 * 16 * (27 + 9 + 16) + 320
    assert sum(operator.macs for operator in workload(model_of(name).graph).operators) == expected


def product_types(name):
    work = workload(model_of(name).graph)
    return {
        operator.name: work.tensors[operator.inputs[0].tensor].dtype
        for operator in work.operators
        if operator.matmuls and operator.kind not in ("Attention", "FusedMatMul")
    }


@pytest.mark.parametrize(
    "name",
    [
        "cnn.qdq",
        "cnn.qoperator",
        "cnn.dynamic",
        "bert.qdq",
        "bert.qoperator",
        "bert.dynamic",
        "bert.transformers.dynamic",
    ],
)
def test_quantised_products_are_products_of_integers(name):
    found = product_types(name)
    assert len(found) >= 4 if name.startswith("cnn") else len(found) >= 8
    assert set(found.values()) <= {"int8", "uint8"}


@pytest.mark.parametrize("name", ["cnn.qdq", "cnn.qoperator", "bert.qdq", "bert.qoperator"])
def test_quantised_weights_stay_in_one_byte(name):
    work = workload(model_of(name).graph)
    for operator in work.operators:
        if operator.matmuls and work.tensors[operator.inputs[1].tensor].kind == "weight":
            assert work.tensors[operator.inputs[1].tensor].dtype in ("int8", "uint8")


def test_weights_of_four_bits_are_packed_in_memory_and_unpacked_as_they_are_loaded():
    work = workload(model_of("bert.int4").graph)
    packed = [operator for operator in work.operators if operator.kind == "MatMulNBits"]
    assert len(packed) == 12
    for operator in packed:
        weight = work.tensors[operator.inputs[1].tensor]
        assert (weight.dtype, weight.elements) == ("uint4", operator.matmuls[0].k * operator.matmuls[0].n)
        blocks = weight.elements // 32
        read = {operand.tensor: operand.elements for operand in operator.inputs[2:]}
        assert blocks in read.values(), "scales are read, one for each block"
        assert operator.vector["mul"] >= weight.elements
        assert operator.vector["add"] >= 3 * weight.elements, "shift, conversion, zero point"


def test_a_decoder_layer_reads_its_cache_and_writes_what_is_new():
    work = workload(model_of("decoder.genai").graph)
    (attention,) = [operator for operator in work.operators if operator.kind == "GroupQueryAttention"]
    scores, context = attention.matmuls
    assert (scores.groups, scores.m, scores.k, scores.n, scores.shared_b) == (4, 1, 16, 8, 2)
    assert (context.groups, context.m, context.k, context.n) == (4, 1, 8, 16)
    moved = {operand.tensor: operand.elements for operand in (*attention.inputs, *attention.outputs)}
    assert (moved["pk"], moved["pv"]) == (2 * 7 * 16, 2 * 7 * 16)
    assert (moved["k"], moved["v"]) == (2 * 16, 2 * 16)
    assert attention.vector["mul"] == 4 * 8 + 2 * (4 + 2) * 16


def test_operators_without_a_rule_are_named_all_at_once():
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1, "mine" : 2]> '
        "g (float[2] x) => (float[2] y) "
        "{ a = com.microsoft.NoSuchThing(x) b = Relu(a) c = mine.Other(b) y = mine.Other(c) }"
    )
    with pytest.raises(LeptonError) as caught:
        load_model(model)
    told = str(caught.value)
    assert "NoSuchThing of domain com.microsoft (version 1): node that makes 'a'" in told
    assert "Other of domain mine (version 2): 2 nodes, that makes 'c', that makes 'y'" in told
    assert "leptonsim.operators" in told


def test_a_node_that_contradicts_itself_is_named():
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> '
        "g (float[2,3] x, float[4,5] w) => (float[2,5] y) { y = com.microsoft.FusedMatMul(x, w) }"
    )
    with pytest.raises(LeptonError, match=r"FusedMatMul.*\[2, 3\] and \[4, 5\] do not fit"):
        load_model(model)
