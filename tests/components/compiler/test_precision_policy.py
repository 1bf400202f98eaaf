"""Data types layer by layer: what a policy file may say, and what it changes in the work."""

import pytest

from leptonsim.chip import load_chip
from leptonsim.compiler.compile import compile_graph
from leptonsim.compiler.policy import load_policy, policy_of
from leptonsim.compiler.requantise import under
from leptonsim.compiler.workload import workload
from leptonsim.errors import LeptonError
from leptonsim.model import load_model

MLP = """
g (float[8,64] x) => (float[8,32] z)
{ h = MatMul(x, w1) r = Relu(h) s = MatMul(r, w2) z = Add(s, x2) }
"""
TEXT = MLP.replace("x)", "x, float[8,32] x2)").replace("{ h", "<float[64,128] w1, float[128,32] w2> { h")


def both(graph_of, text):
    graph = graph_of(TEXT)
    plain = workload(graph)
    return plain, under(policy_of(text, "policy.yaml"), plain, graph, "bf16")


def by_name(work):
    return {operator.name: operator for operator in work.operators}


def added(before, after, name):
    old, new = by_name(before)[name].vector, by_name(after)[name].vector
    return {key: new.get(key, 0) - old.get(key, 0) for key in {*old, *new} if new.get(key, 0) != old.get(key, 0)}


def test_weights_of_four_bits_are_read_with_their_scales_and_unpacked(graph_of):
    plain, changed = both(graph_of, "weights: int4\ngroup: 32")
    assert {changed.tensors[name].dtype for name in ("w1", "w2")} == {"int4"}
    assert changed.tensors["w1/scales"].elements == 64 * 128 // 32
    assert added(plain, changed, "n_h") == {"add": 64 * 128, "mul": 64 * 128}
    assert [operand.tensor for operand in by_name(changed)["n_h"].inputs][-1] == "w1/scales"
    assert changed.tensors["x"].dtype == "float"


def test_a_layer_in_integers_converts_its_input_and_scales_its_result_back(graph_of):
    plain, changed = both(graph_of, "layers: {n_h: {weights: int8, activations: int8}}")
    # x is an input of the graph: read as it is, converted by a multiply and four adds; results scaled back.
    assert added(plain, changed, "n_h") == {"mul": 8 * 64 + 8 * 128, "add": 4 * 8 * 64 + 8 * 128}
    assert by_name(changed)["n_h"].product == "int8"
    assert changed.tensors["w1"].dtype == "int8"
    assert by_name(changed)["n_s"] == by_name(plain)["n_s"]


def test_a_tensor_that_all_read_as_integers_is_held_in_integers_by_its_producer(graph_of):
    plain, changed = both(graph_of, "layers: {n_s: {weights: int8, activations: int8}}")
    name = by_name(plain)["n_s"].inputs[0].tensor
    assert changed.tensors[name].dtype == "int8"
    assert added(plain, changed, "n_h") == {"mul": 8 * 128, "add": 4 * 8 * 128}
    assert added(plain, changed, "n_s") == {"mul": 8 * 32, "add": 8 * 32}


def test_a_policy_that_says_nothing_changes_nothing(graph_of):
    plain, changed = both(graph_of, "{}")
    assert changed == plain
    plain, changed = both(graph_of, "weights: bf16\nactivations: bf16")
    assert changed.operators == plain.operators


def test_the_cache_takes_half_the_memory_and_is_converted_as_it_is_read():
    chip, model = load_chip("lepton-c1"), load_model("zoo:gpt2?seq=1&past=100")
    plain = compile_graph(chip, model, "bf16")
    halved = compile_graph(chip, model, "bf16", policy=policy_of("kv_cache: int8", "p"))
    assert halved.memory.state_bytes * 2 == plain.memory.state_bytes == 12 * 2 * 100 * 768 * 2
    more = sum(sum(o.vector.values()) for o in halved.operators) - sum(sum(o.vector.values()) for o in plain.operators)
    read, written = 12 * 2 * 101 * 768, 12 * 2 * 768
    assert more == 2 * read + 5 * written


def test_half_the_bytes_are_half_the_weights_and_the_rest_stays():
    chip, model = load_chip("lepton-c1"), load_model("zoo:gpt2?seq=1&past=100")
    plain = compile_graph(chip, model, "bf16").memory
    halved = compile_graph(chip, model, "bf16", policy=policy_of("weights: int8\nactivations: int8", "p")).memory
    # Not multiplied by, so not touched: the one position looked up, normalisations and biases.
    kept = 2 * (768 + 12 * 13 * 768 + 2 * 768)
    assert halved.weights_bytes == (plain.weights_bytes - kept) / 2 + kept
    assert halved.state_bytes == plain.state_bytes


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("accumulate: fp16", {"n_h": "fp16", "n_s": "fp16"}),
        ("layers: {n_h: {accumulate: bf16}}", {"n_h": "bf16", "n_s": ""}),
        # Integers are summed in integers: what is told for floating-point sums leaves them alone.
        ("accumulate: fp16\nlayers: {n_h: {weights: int8, activations: int8}}", {"n_h": "", "n_s": "fp16"}),
        ("accumulate: int16\nlayers: {n_h: {weights: int8, activations: int8}}", {"n_h": "int16", "n_s": ""}),
    ],
)
def test_partial_sums_have_the_type_told_for_products_of_their_kind(graph_of, text, sums):
    _, changed = both(graph_of, text)
    assert {name: by_name(changed)[name].sums for name in sums} == sums


def test_sums_of_half_the_bits_take_half_of_the_accumulators():
    chip = load_chip("lepton-c1")
    model = load_model("gemm:256x1024x512")
    wide, narrow = (
        compile_graph(chip, model, "bf16", policy=policy_of(f"accumulate: {told}", "p.yaml"))
        for told in ("fp32", "bf16")
    )
    folds = 1024 // chip.core.tensor_core.rows
    assert wide.operators[0].accumulator_bytes == 256 * 512 * 4 * 2 * folds
    assert narrow.operators[0].accumulator_bytes * 2 == wide.operators[0].accumulator_bytes
    assert wide.operators[0].macs == narrow.operators[0].macs


def test_a_pattern_that_fits_no_layer_is_told():
    program = compile_graph(
        load_chip("lepton-c1"),
        load_model("zoo:gpt2?seq=1&past=9"),
        None,
        policy=policy_of("layers: {no.*: {weights: int8}}", "p"),
    )
    assert "the precision policy has 'no.*', which fits no layer" in program.warnings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("weigths: int8", "p.yaml:1:1: weigths: no such key; did you mean weights?"),
        ("weights: int3", "p.yaml:1:1: weights: expects one of int4, int8"),
        ("layers:\n  a: {weight: int8}", "p.yaml:2:7: layers.a.weight: no such key; did you mean weights?"),
        ("layers:\n  a: int8", "p.yaml:2:3: layers.a: expects a mapping"),
        ("layers: [a]", "p.yaml:1:1: layers: expects a mapping"),
        ("accumulate: int8", "p.yaml:1:1: accumulate: expects one of int16, int32, fp16, bf16, fp32, not 'int8'"),
        ("group: 0", "expects a number of weights of at least 1"),
        ("weights: int8\nweights: int4", "p.yaml:2:1: weights: given twice"),
        ("- a", "a policy is a mapping such as `weights: int8`, not a list"),
        ("", "the file is empty; a policy is a mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, told):
    with pytest.raises(LeptonError) as caught:
        policy_of(text, "p.yaml")
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(LeptonError, match="cannot be read: No such file"):
        load_policy(tmp_path / "none.yaml")
