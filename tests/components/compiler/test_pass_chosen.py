"""Experts that an index chooses are read from their table by the product itself."""

from leptonsim.chip import load_chip
from leptonsim.compiler.compile import compile_graph
from leptonsim.compiler.workload import workload
from leptonsim.model import load_model


def experts(batch):
    graph = load_model(f"zoo:mixtral-8x7b?seq=1&past=15&batch={batch}").graph
    return [o for o in workload(graph).operators if o.name.startswith("layers.0.experts.w")]


def test_a_product_reads_the_chosen_experts_and_their_indices():
    products = experts(4)
    assert [o.kind for o in products] == ["MatMul"] * 3
    for product in products:
        b = product.inputs[1]
        assert b.tensor == product.name.removesuffix(".matmul")
        assert (b.elements, b.access, b.run_elements) == (5 * 4096 * 14336, "random", 4096 * 14336)
        assert any(operand.tensor == "layers.0.moe.active_output" for operand in product.inputs[2:])
        assert f"{b.tensor}.chosen" in product.nodes


def test_all_experts_are_weights_of_the_model_and_a_run_reads_those_chosen():
    chip = load_chip("lepton-c1", ["dram.capacity=128 GiB"])
    program = compile_graph(chip, load_model("zoo:mixtral-8x7b?seq=1&past=15"), "int8")
    assert program.memory.weights_bytes > 46.7e9
    # The two experts of a token, attention, router and logits; of the table of tokens one row.
    active = 46_702_792_704 - 32 * 6 * 3 * 4096 * 14336 - 32000 * 4096
    assert 0 <= program.memory.weights_read_bytes - active < 1e6


def test_experts_are_not_fetched_before_they_are_chosen():
    chip = load_chip("lepton-c1", ["dram.capacity=128 GiB"])
    program = compile_graph(chip, load_model("zoo:mixtral-8x7b?seq=1&past=15"), "int8")
    waits = {program.operators[step[11] // 1].name for step in program.steps if step[8]}
    assert "layers.0.experts.w1.matmul" in waits
    assert "layers.0.q_proj.matmul" not in waits
