"""What a run is bound by on chips made for it, and the tensor core's cycles against the closed form of its array."""

import itertools

import pytest
from leptonsim.kernels.systolic import array_of, gemm_cycles

from leptonsim.api import execute, simulate
from leptonsim.chip import load_chip
from leptonsim.compiler.compile import compile_graph
from leptonsim.model import load_model
from leptonsim.model.weightless import GraphBuilder

FREE = {"power.states": [], "power.state": None, "software.launch": "0 us"}
ONE_CORE = FREE | {
    "cores": 1,
    "core.tensor_core.accumulator_size": "64 MiB",
    "core.sram.size": "256 MiB",
    "clocks.core": "1 GHz",
}


def run(model, overrides=FREE, chip="lepton-c1", **arguments):
    return simulate(load_chip(chip).with_(overrides), load_model(model), **arguments)


def largest_cause(result, engine):
    causes = {name: value for name, value in result.time_ps[engine].items() if name not in ("done", "arrival")}
    return max(causes, key=causes.__getitem__)


def test_few_rows_against_many_weights_are_bound_by_dram():
    result = run("gemm:4x8192x8192")
    assert [step.bound_by for step in result.steps] == ["dram"]
    assert largest_cause(result, "core0.tensor") == "dram"


def test_many_rows_are_bound_by_the_tensor_core():
    result = run("gemm:8192x2048x2048", FREE | {"dram.part": "HBM3-6400", "dram.channels": 64, "pcie.generation": 6})
    assert [step.bound_by for step in result.steps] == ["tensor core"]


def test_exponentials_on_few_lanes_are_bound_by_the_vector_unit():
    builder = GraphBuilder("softmax")
    output = builder.op("Softmax", [builder.input("x", ("batch", 512, 512))], axis=-1)
    result = run(builder.model([(output, ("batch", 512, 512))]), FREE | {"core.vector_unit.lanes": 4})
    assert [step.bound_by for step in result.steps] == ["vector unit"]


def test_a_narrow_network_binds_what_moves_between_cores():
    result = run("zoo:bert-base", FREE | {"noc.link": "1 B/cycle"})
    times = dict.fromkeys(("noc", "contention"), 0)
    for engine in ("core0.tensor", "core1.tensor"):
        for cause in times:
            times[cause] += result.time_ps[engine][cause]
    assert sum(times.values()) > result.makespan_ps


def test_tiny_work_is_bound_by_the_launch():
    result = run("gemm:8x8x8", {"software.launch": "1 ms"})
    assert result.time_ps["host"]["busy"] == 10**9
    assert largest_cause(result, "core0.tensor") == "launch"


def test_tiny_work_without_a_launch_is_bound_by_the_link():
    result = run("gemm:8x8x8", FREE | {"pcie.round_trip": "50 us"})
    causes = result.time_ps["core0.tensor"]
    assert causes["pcie"] + causes["latency"] > result.makespan_ps // 2 - causes["done"]
    assert largest_cause(result, "core0.tensor") in ("pcie", "latency")


def test_weights_beyond_the_dram_come_over_the_link_and_bind_there():
    result = run("gemm:4x8192x8192", FREE | {"dram.capacity": "16 MiB"})
    assert result.warnings
    assert [step.bound_by for step in result.steps] == ["pcie"]
    assert result.bytes["pcie"]["read"] >= 8192 * 8192 * 2 - 16 * 2**20


def test_narrow_reads_of_the_sram_are_told_apart():
    result = run("gemm:512x512x512", FREE | {"core.sram.read": "16 B/cycle"})
    cycles = result.tensor_cycles
    assert cycles["sram_stall"] > cycles["useful"]
    assert cycles["busy"] == sum(value for name, value in cycles.items() if name != "busy")
    assert run("gemm:512x512x512").tensor_cycles["sram_stall"] == 0


def test_short_products_wait_for_the_next_weights():
    cycles = run("gemm:1x4096x4096").tensor_cycles
    assert cycles["weight_load"] > cycles["busy"] // 2


DATAFLOWS = ("weight_stationary", "input_stationary", "output_stationary")
SCHEDULES = ("serial", "single", "double")
SIZES = ((40, 70, 90), (128, 64, 64), (300, 200, 33), (1, 500, 7))


@pytest.mark.parametrize(("dataflow", "schedule"), list(itertools.product(DATAFLOWS, SCHEDULES)))
@pytest.mark.parametrize("size", SIZES)
def test_busy_cycles_of_a_product_in_one_tile_are_the_closed_form(dataflow, schedule, size):
    m, k, n = size
    chip = load_chip("lepton-c1").with_(
        ONE_CORE
        | {"core.tensor_core.rows": 32, "core.tensor_core.cols": 16, "core.tensor_core.dataflow": dataflow}
        | {"core.tensor_core.schedule": schedule, "core.tensor_core.edge": "trimmed"}
        | {"core.tensor_core.issue_overhead": 9}
    )
    result = run_as(chip, whole_product(m, k, n), (1, 1, 1, 0, m, n, k))
    closed = gemm_cycles(array_of(chip.core.tensor_core, "bf16"), m, k, n)
    assert result.tensor_cycles["busy"] == closed.total
    assert result.time_ps["core0.tensor"]["busy"] == closed.total * 1000
    assert result.tensor_cycles["useful"] == closed.useful
    assert result.tensor_cycles["sram_stall"] == 0


def run_as(chip, model, mapping):
    """A run in which every product has this mapping."""
    return execute(compile_graph(chip, model, None, choose=lambda product: (0.0, mapping)))


def whole_product(m, k, n):
    """Two activations multiplied: both lie in SRAM when the product begins."""
    builder = GraphBuilder("product")
    a = builder.op("Exp", [builder.input("a", ("batch", m, k))])
    b = builder.op("Exp", [builder.input("b", ("batch", k, n))])
    product = builder.op("MatMul", [a, b])
    output = builder.op("Exp", [builder.op("Softmax", [product], axis=-1)])
    return load_model(builder.model([(output, ("batch", m, n))]), batch=1)


@pytest.mark.parametrize("rows", [128, 384, 1024])
def test_tiles_as_long_as_the_next_weights_take_to_load_add_up_to_the_closed_form(rows):
    chip = load_chip("lepton-c1").with_(ONE_CORE)
    result = run_as(chip, load_model(f"gemm:{rows}x512x512"), (1, 1, 1, 0, 128, 512, 512))
    closed = gemm_cycles(array_of(chip.core.tensor_core, "bf16"), rows, 512, 512)
    assert result.tensor_cycles["busy"] == closed.total
