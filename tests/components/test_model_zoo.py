"""The built-in models against the figures that are published for them."""

import math

import onnx
import pytest

from leptonsim.errors import LeptonError
from leptonsim.model import load_model, zoo_descriptions, zoo_names
from leptonsim.model.zoo import build_from_url


def parameters(url):
    """Elements of all declared weights; small constants (shapes, scales) carry values and are not weights."""
    weights = build_from_url(url).graph.initializer
    return {
        tensor.name: math.prod(tensor.dims) for tensor in weights if tensor.data_location == onnx.TensorProto.EXTERNAL
    }


def macs(graph):
    """Multiply-accumulates of convolutions and matrix products, from the shapes alone."""
    total = 0
    for node in graph.nodes:
        shapes = [graph.tensors[name].shape for name in node.inputs if name]
        out = graph.tensors[node.outputs[0]].elements
        if node.op_type == "Conv":
            total += out * math.prod(shapes[1][1:])
        elif node.op_type == "MatMul":
            total += out * shapes[0][-1]
        elif node.op_type == "Gemm":
            total += out * shapes[0][0 if node.attributes.get("transA") else 1]
    return total


@pytest.mark.parametrize("past", [0, 128, 2048])
def test_a_decode_step_of_llama_multiplies_by_every_weight_but_the_embedding_once(past):
    graph = load_model(f"zoo:llama-3-8b?seq=1&past={past}").graph
    linear = 8_030_261_248 - 128_256 * 4096 - 65 * 4096
    attention = 2 * 32 * 32 * 128 * (past + 1)
    assert macs(graph) == linear + attention


def test_a_prefill_of_llama_takes_the_logits_of_the_last_token_only():
    graph = load_model("zoo:llama-3-8b?seq=512", batch=2).graph
    assert graph.tensors["logits"].shape == (2, 1, 128_256)
    layers = 8_030_261_248 - 2 * 128_256 * 4096 - 65 * 4096
    assert macs(graph) == 2 * (512 * layers + 2 * 32 * 32 * 128 * 512 * 512 + 128_256 * 4096)


def test_the_cache_of_llama_grows_by_the_tokens_processed_and_stays_on_the_device():
    graph = load_model("zoo:llama-3-8b?seq=4&past=100", batch=3).graph
    caches = [name for name in graph.inputs if name != "input_ids"]
    assert len(caches) == 64
    assert {graph.tensors[name].shape for name in caches} == {(3, 8, 100, 128)}
    assert {graph.tensors[name].shape for name in graph.outputs[1:]} == {(3, 8, 104, 128)}
    assert set(graph.resident) == {*caches, *graph.outputs[1:]}
    assert load_model("zoo:llama-3-8b?seq=4").graph.inputs == ("input_ids",)


def test_key_value_heads_are_expanded_to_the_query_heads():
    graph = load_model("zoo:llama-3-8b?seq=1&past=2048").graph
    expands = [node for node in graph.nodes if node.op_type == "Expand"]
    assert len(expands) == 64
    assert {graph.tensors[node.outputs[0]].shape for node in expands} == {(1, 8, 4, 2049, 128)}


@pytest.mark.parametrize(
    ("source", "batch", "tokens"),
    [
        ("zoo:resnet50", 4, None),
        ("zoo:bert-base?seq=64", 4, 256),
        ("zoo:llama-3-8b?seq=16", 2, 32),
        ("zoo:llama-3-8b?seq=1&past=50", 2, 2),
    ],
)
def test_tokens_are_the_positions_that_one_run_processes(source, batch, tokens):
    assert load_model(source, batch=batch).graph.tokens == tokens


@pytest.mark.parametrize("name", zoo_names())
def test_a_built_in_model_is_valid_onnx_and_small(name):
    model = build_from_url(name)
    assert model.ByteSize() < 1_000_000
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, check_type=True, data_prop=True)
    graph = load_model(f"zoo:{name}").graph
    declared = {value.name: value.type.tensor_type.shape.dim for value in model.graph.output}
    compared = 0
    for value in inferred.graph.value_info:
        for size, dim in (
            zip(graph.tensors[value.name].shape, value.type.tensor_type.shape.dim, strict=True)
            if value.name in graph.tensors
            else ()
        ):
            if dim.HasField("dim_value"):
                assert size == dim.dim_value, value.name
                compared += 1
    assert compared > len(graph.nodes)
    for output in graph.outputs:
        sizes = [dim.dim_value or 1 for dim in declared[output]]
        assert list(graph.tensors[output].shape) == sizes


def test_every_built_in_model_has_a_description_and_whole_number_or_text_parameters():
    descriptions = zoo_descriptions()
    assert {"resnet50", "bert-base", "llama-3-8b"} <= set(descriptions)
    for line, defaults in descriptions.values():
        assert line.endswith(".")
        assert all(isinstance(default, int | str) for default in defaults.values())


def test_a_built_in_model_is_named_as_it_was_asked_for():
    assert load_model("zoo:llama-3-8b?seq=1&past=64").name == "llama-3-8b?seq=1&past=64"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("zoo:resnet5", "did you mean 'resnet50'? there are bert-base, "),
        ("zoo:zzz", "there are bert-base, bert-large, dlrm, "),
        ("zoo:", "there are bert-base"),
        ("zoo:bert-base?sec=3", "did you mean 'seq'?"),
        ("zoo:bert-base?seq", "zoo:bert-base?key=value"),
        ("zoo:bert-base?seq=abc", "must be a whole number"),
        ("zoo:bert-base?seq=-3", "must be a whole number"),
        ("zoo:bert-base?seq=3&seq=4", "given twice"),
        ("zoo:bert-base?seq=0", "must be 1 to 512"),
        ("zoo:bert-base?seq=513", "must be 1 to 512"),
        ("zoo:llama-3-8b?seq=8000&past=193", "at most 8192"),
        ("zoo:resnet50?size=16", "must be 32 or more"),
        ("zoo:resnet50?batch=0", "must be 1 or more"),
        ("zoo:resnet50?batch=2&batch=3", "given twice"),
        ("zoo:segformer-b0?size=100", "multiple of 32"),
        ("zoo:unet?size=96", "multiple of 64"),
        ("zoo:gpt2?seq=1000&past=100", "at most 1024"),
    ],
)
def test_an_unknown_name_key_or_value_is_refused(source, told):
    with pytest.raises(LeptonError) as caught:
        load_model(source)
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["resnet50", "llama-3-8b?seq=1&past=16", "mixtral-8x7b?seq=1&past=16"])
def test_a_batch_in_the_name_is_the_batch_asked_for_beside_it(name):
    sign = "&" if "?" in name else "?"
    named = load_model(f"zoo:{name}{sign}batch=3").graph
    asked = load_model(f"zoo:{name}", batch=3).graph
    assert named.batch == 3
    assert named.digest == asked.digest
    with pytest.raises(LeptonError, match="batch=3 in its name, and 4 asked for"):
        load_model(f"zoo:{name}{sign}batch=3", batch=4)


def test_a_model_that_depends_on_its_batch_is_built_anew_for_another():
    model = load_model("zoo:mixtral-8x7b?seq=1&past=16")
    other = model.with_batch(4)
    assert other.graph.digest == load_model("zoo:mixtral-8x7b?seq=1&past=16", batch=4).graph.digest
    assert other.with_batch(1).graph.digest == model.graph.digest
