"""Generating a text: the prompt, then steps over a growing cache, summed without simulating each."""

import json
import math

import onnx
import pytest
from onnx import TensorProto, helper

import leptonsim as ls
from leptonsim.generate import generate, summed


def record(function):
    asked = []

    def step(past):
        asked.append(past)
        return function(past), 2 * function(past)

    return step, asked


def test_steps_on_a_line_are_summed_from_three_of_them():
    step, asked = record(lambda past: 5.0 + 0.25 * past)
    seconds, joules = summed(step, 100, 227, 0.002)
    assert seconds == pytest.approx(math.fsum(5.0 + 0.25 * past for past in range(100, 228)), rel=1e-12)
    assert joules == pytest.approx(2 * seconds, rel=1e-12)
    assert len(set(asked)) == 3


def test_a_jump_is_looked_at_until_it_is_found():
    step, asked = record(lambda past: 5.0 + 0.01 * past + (3.0 if past >= 150 else 0.0))
    seconds, _ = summed(step, 100, 227, 0.002)
    exact = math.fsum(5.0 + 0.01 * past + (3.0 if past >= 150 else 0.0) for past in range(100, 228))
    assert seconds == pytest.approx(exact, rel=0.002)
    assert 3 < len(set(asked)) < 40


@pytest.mark.parametrize(("first", "last"), [(7, 7), (7, 8), (7, 9), (7, 20)])
def test_without_tolerance_every_step_is_simulated(first, last):
    step, asked = record(lambda past: float(past % 5))
    assert summed(step, first, last, 0)[0] == sum(past % 5 for past in range(first, last + 1))
    assert set(asked) == set(range(first, last + 1))


def test_a_text_is_the_prompt_and_one_step_for_every_further_token():
    chip = ls.load_chip("lepton-c1")
    made = generate(chip, "zoo:gpt2?seq=64", tokens=17)
    every = [ls.simulate(chip, ls.load_model(f"zoo:gpt2?seq=1&past={past}")) for past in range(64, 80)]
    prompt = ls.simulate(chip, ls.load_model("zoo:gpt2?seq=64"))
    assert made.time_to_first_token_s == prompt.latency_s
    assert made.decode_s == pytest.approx(math.fsum(each.latency_s for each in every), rel=1e-4)
    assert made.energy_j == pytest.approx(prompt.energy_j + math.fsum(each.energy_j for each in every), rel=1e-3)
    assert made.tokens_per_s == pytest.approx(17 / (prompt.latency_s + made.decode_s))
    assert made.cache_bytes == 12 * 2 * 79 * 768 * 2
    assert len(made.simulated_steps) == 3


def test_one_token_is_the_prompt_alone():
    made = generate(ls.load_chip("lepton-c1"), "zoo:gpt2", tokens=1, prompt=16, batch=2)
    assert (made.prompt_tokens, made.batch, made.decode_s, made.decode_tokens_per_s) == (16, 2, 0.0, None)
    assert json.loads(made.to_json())["generated_tokens"] == 1


def decoder_file(path, width=32):
    """Attention to a cache of open length."""
    f = TensorProto.FLOAT
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["x"]),
        helper.make_node("Unsqueeze", ["x", "one"], ["k"]),
        helper.make_node("Concat", ["past_key", "k"], ["present_key"], axis=2),
        helper.make_node("Transpose", ["present_key"], ["kt"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["k", "kt"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["p"]),
        helper.make_node("MatMul", ["p", "present_key"], ["y"]),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])
    past = helper.make_tensor_value_info("past_key", f, ["batch", 1, "past_sequence", width])
    weights = [
        helper.make_tensor("table", f, [10, width], [0.0] * (10 * width)),
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
    ]
    outputs = [onnx.ValueInfoProto(name="y"), onnx.ValueInfoProto(name="present_key")]
    graph = helper.make_graph(nodes, "decoder", [ids, past], outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)


def test_a_file_with_open_lengths_generates(tmp_path):
    path = tmp_path / "decoder.onnx"
    decoder_file(path)
    chip = ls.load_chip("lepton-c1")
    made = generate(chip, path, tokens=9, dims={"sequence": 8})
    assert (made.prompt_tokens, made.simulated_steps[0].past, made.simulated_steps[-1].past) == (8, 8, 15)
    with pytest.raises(ls.LeptonError, match="how long is the prompt"):
        generate(chip, path, tokens=9)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("zoo:resnet50", "no cache that grows"),
        ("zoo:gpt2?past=3", "leave out past"),
        ("zoo:gpt2?seq=1020", "at most 1024"),
        ("zoo:gpt3", "no such built-in model"),
    ],
)
def test_what_cannot_generate_is_refused(source, told):
    with pytest.raises(ls.LeptonError, match=told):
        generate(ls.load_chip("lepton-c1"), source, tokens=9)
