"""Every number and word of a chip's YAML changes the answer, in the right direction, or the table says why it does not.

A parameter that is not in the table fails the test: whoever adds one says here what it does.
"""

import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.chip.declare import parameters
from leptonsim.chip.spec import Chip
from leptonsim.model import load_model

FREE_CLOCK = {"power.states": [], "power.state": None}
OUTPUT_STATIONARY = {"core.tensor_core.dataflow": "output_stationary"}
SHARED = {"core.sram.size": "160 KiB"}
ECO = {"clocks.core": "700 MHz", "power.state": "eco"}
BOOST = {"clocks.core": "1.2 GHz", "power.state": "boost"}
NARROW = {"core.sram.ports": 1, "core.sram.banks": 2, "core.tensor_core.schedule": "double"}
SMALL = {"cores": 1, "core.tensor_core.rows": 16, "core.tensor_core.cols": 16}
GEMM, SHORT, BIG = "gemm:256x512x256", "gemm:8x512x512", "gemm:64x8192x8192"
RESNET, BERT = "zoo:resnet50", "zoo:bert-base"
HOST = "read by operators that run on the host; every operator known today runs on the chip"
NAME = "a name for people"

TIME, ENERGY, PEAK = (
    lambda result: result.makespan_ps,
    lambda result: result.energy_j,
    lambda result: result.power_peak_w,
)
BLOCKS = ("tensor_core", "vector_unit", "sram", "noc", "dram", "pcie")
ASLEEP = {f"power.blocks.{block}.gating": "directed" for block in BLOCKS} | {"software.launch": "100 us"}
DETECTED = {f"power.blocks.{block}.gating": "idle_detection:100ns" for block in BLOCKS[:4]}
BANKS = {"power.blocks.sram_banks.gating": "directed", "software.launch": "100 us"}
BANKS_DETECTED = {"power.blocks.sram_banks.gating": "idle_detection:100ns"}

RISING = {"power.governor": "deadline:390us"}
WARM = {"power.heat": "true", "power.interval": "20 us"}
CURVED = {
    "power.states": [],
    "power.state": None,
    "power.governor": "powersave",
    "power.curve": {
        **{"voltage": "0.55 V", "threshold": "0.3 V", "alpha": 1.3, "lowest": "0.5 V", "highest": "0.6 V", "steps": 4}
    },
}
UNCORE = {"power.uncore.voltage": "0.55 V", "power.uncore.clock": "1 GHz"}
SLOW_NETWORK, FAST_NETWORK = (
    f"[{{name: low, voltage: 0.5 V, clock: 500 MHz}}, {{name: high, voltage: {volts} V, clock: {clock} GHz}}]"
    for volts, clock in ((0.6, 1), (0.7, 2))
)
NETWORK = {"power.uncore.states": SLOW_NETWORK, "power.uncore.state": "high", "noc.link": "2 B/cycle"}
RATES = "[{name: low, data_rate: 1600 MT/s, voltage: 0.3 V}, {name: high, data_rate: 6400 MT/s}]"
MEMORY = {"power.memory.states": RATES}
# with work they rise, and stand still on the way
RISING_NETWORK = NETWORK | {"power.uncore.governor": "on_demand", "power.uncore.state": "low"}
RISING_MEMORY = MEMORY | {"power.memory.governor": "race_to_idle", "software.launch": "200 us"}

MORE, LESS, OTHER = "more", "less", "other"

# path: (model, variant of lepton-c1, new value, what is looked at, what becomes of it)
EFFECTS = {
    "process_nm": (GEMM, {}, 14, ENERGY, MORE),
    "clocks.core": (GEMM, FREE_CLOCK, "500 MHz", TIME, MORE),
    "cores": (RESNET, {}, 1, TIME, MORE),
    "core.tensor_core.rows": (GEMM, SMALL, 32, TIME, LESS),
    "core.tensor_core.cols": (GEMM, SMALL, 32, TIME, LESS),
    "core.tensor_core.count": (GEMM, SMALL, 2, TIME, LESS),
    "core.tensor_core.dataflow": (SHORT, SMALL, "output_stationary", TIME, OTHER),
    "core.tensor_core.schedule": (GEMM, SMALL, "serial", TIME, MORE),
    "core.tensor_core.load": (SHORT, SMALL, "broadside", TIME, OTHER),
    "core.tensor_core.drain": ("gemm:64x8x512", SMALL | OUTPUT_STATIONARY, "broadside", TIME, OTHER),
    "core.tensor_core.edge": ("gemm:64x130x130", SMALL, "trimmed", TIME, LESS),
    "core.tensor_core.accumulator_size": (GEMM, SMALL, "1 KiB", TIME, MORE),
    "core.tensor_core.rates": (GEMM, SMALL, {"bf16": 0.5}, TIME, MORE),
    "core.tensor_core.pipeline_stages": (SHORT, SMALL | {"core.tensor_core.schedule": "serial"}, 64, TIME, MORE),
    "core.tensor_core.issue_overhead": (SHORT, SMALL, 4096, TIME, MORE),
    "core.tensor_core.min_rows": (SHORT, SMALL, 64, TIME, MORE),
    "core.tensor_core.round_rows": ("gemm:33x512x512", SMALL, 64, TIME, MORE),
    "core.tensor_core.scratchpad_ports": (SHORT, SMALL, 1, TIME, MORE),
    "core.tensor_core.switch": (SHORT, SMALL, "settled", TIME, MORE),
    "core.tensor_core.switch_overhead": (SHORT, SMALL, 64, TIME, MORE),
    "core.tensor_core.accumulator_preload": (SHORT, SMALL | OUTPUT_STATIONARY, True, TIME, MORE),
    "core.vector_unit.lanes": (BERT, {}, 32, TIME, MORE),
    "core.vector_unit.rates": (BERT, {}, {"exp": 0.001}, TIME, MORE),
    "core.sram.size": (RESNET, {"shared_sram": None}, "512 KiB", TIME, MORE),
    "core.sram.banks": (GEMM, SMALL | NARROW, 32, TIME, LESS),
    "core.sram.read": (GEMM, SMALL, "16 B/cycle", TIME, MORE),
    "core.sram.write": (BERT, {}, "1 B/cycle", TIME, MORE),
    "core.sram.ports": (GEMM, SMALL | NARROW, 2, TIME, LESS),
    "core.sram.cell": (GEMM, {}, "low_standby_power", ENERGY, OTHER),
    "core.sram.access": (GEMM, {}, "8 B", ENERGY, MORE),
    "core.dma.engines": (BIG, {"core.dma.outstanding": 4}, 8, TIME, LESS),
    "core.dma.outstanding": (BIG, {}, 2, TIME, MORE),
    "core.dma.setup": (GEMM, {}, "5 us", TIME, MORE),
    "core.dma.port": (BIG, {}, "4 B/cycle", TIME, MORE),
    "core.dma.access": (BIG, {"core.dma.outstanding": 4}, "64 B", TIME, MORE),
    "shared_sram.size": (RESNET, SHARED, "64 KiB", TIME, MORE),
    "shared_sram.bandwidth": (RESNET, SHARED, "10 GB/s", TIME, MORE),
    "shared_sram.latency": (RESNET, SHARED, "10 us", TIME, MORE),
    "noc.topology": (BERT, {"noc.link": "4 B/cycle"}, "crossbar", TIME, OTHER),
    "noc.link": (BERT, {}, "2 B/cycle", TIME, MORE),
    "noc.hop": (BERT, {}, "1000 cycles", TIME, MORE),
    "noc.hop_length": (BERT, {}, "20 mm", ENERGY, MORE),
    "dram.part": (BIG, {}, "HBM3-6400", TIME, LESS),
    "dram.channels": (BIG, {}, 4, TIME, MORE),
    "dram.capacity": (BIG, {}, "16 MiB", TIME, MORE),
    "dram.latency": (GEMM, {}, "1 us", TIME, MORE),
    "dram.mapping.interleave": (BIG, {}, "4 KiB", TIME, OTHER),
    "dram.mapping.bank_groups": (BIG, {}, "high", TIME, OTHER),
    "dram.mapping.xor": (BIG, {}, False, TIME, OTHER),
    "pcie.generation": (GEMM, {}, 1, TIME, MORE),
    "pcie.lanes": (GEMM, {}, 4, TIME, MORE),
    "pcie.mps": (GEMM, {}, "128 B", TIME, MORE),
    "pcie.mrrs": (GEMM, {}, "64 B", TIME, MORE),
    "pcie.rcb": (GEMM, {"pcie.completions": "rcb"}, "128 B", TIME, LESS),
    "pcie.completions": (GEMM, {}, "rcb", TIME, MORE),
    "pcie.address_bits": (GEMM, {}, 32, TIME, LESS),
    "pcie.link_layer_loss": (GEMM, {}, 0.3, TIME, MORE),
    "pcie.tags": (GEMM, {}, 4, TIME, MORE),
    "pcie.round_trip": (GEMM, {}, "20 us", TIME, MORE),
    "pcie.copies": (GEMM, {}, "host", TIME, OTHER),
    "pcie.idle_state": (GEMM, {}, "L1", TIME, MORE),
    "power.state": (GEMM, ECO, BOOST, TIME, LESS),
    "power.states": (GEMM, {}, FREE_CLOCK, ENERGY, OTHER),
    "power.static": (GEMM, {}, "40 W", ENERGY, MORE),
    "power.leakage_per_volt": (GEMM, {}, 2.5, ENERGY, LESS),  # the starting state is below nominal voltage
    "power.uncore.voltage": (BERT, UNCORE, "0.8 V", ENERGY, MORE),
    "power.uncore.clock": (BERT, UNCORE | {"noc.link": "2 B/cycle"}, "2 GHz", TIME, LESS),
    "power.uncore.state": (BERT, NETWORK, "low", TIME, MORE),
    "power.uncore.states": (BERT, NETWORK, FAST_NETWORK, TIME, LESS),
    "power.uncore.governor": (BERT, NETWORK, "powersave", TIME, MORE),
    "power.memory.state": (BIG, MEMORY, "low", TIME, MORE),
    "power.memory.states": (BIG, MEMORY | {"power.memory.state": "low"}, RATES.replace("1600", "3200"), TIME, LESS),
    "power.memory.governor": (BIG, MEMORY, "powersave", TIME, MORE),
    **{
        f"power.{domain}.transition.{name}": (BERT, variant | others, value, look, MORE if value != "true" else LESS)
        for domain, variant in (("uncore", RISING_NETWORK), ("memory", RISING_MEMORY))
        for name, others, value, look in (
            ("lock", {}, "50 us", TIME),
            ("ramp", {}, "300 us", TIME),
            ("energy", {}, "1 uJ", ENERGY),
            ("run_during_ramp", {f"power.{domain}.transition.ramp": "300 us"}, "true", TIME),
        )
    },
    "power.blocks.clock_gating": (GEMM, {}, False, ENERGY, MORE),
    "power.blocks.partial_arrays": ("gemm:256x64x64", {}, True, ENERGY, LESS),
    **{f"power.blocks.{block}.gating": (GEMM, {}, "directed", ENERGY, LESS) for block in BLOCKS},
    **{f"power.blocks.{block}.static_share": (GEMM, ASLEEP, 0.5, ENERGY, LESS) for block in BLOCKS[:4]},
    # the interfaces' supplies do not fall with the core's voltage
    **{f"power.blocks.{block}.static_share": (GEMM, {}, 0.5, ENERGY, MORE) for block in BLOCKS[4:]},
    **{f"power.blocks.{block}.wake": (GEMM, DETECTED, "20 us", TIME, MORE) for block in BLOCKS[:4]},
    **{f"power.blocks.{block}.break_even": (GEMM, ASLEEP, "100 us", ENERGY, MORE) for block in BLOCKS[:4]},
    **{f"power.blocks.{block}.residual": (GEMM, ASLEEP, 0.9, ENERGY, MORE) for block in BLOCKS[:4]},
    "power.blocks.sram_banks.gating": (GEMM, {}, "directed", ENERGY, LESS),
    "power.blocks.sram_banks.wake": (GEMM, BANKS_DETECTED, "20 us", TIME, MORE),
    "power.blocks.sram_banks.break_even": (GEMM, BANKS, "100 us", ENERGY, MORE),
    "power.blocks.sram_banks.residual": (GEMM, BANKS, 0.9, ENERGY, MORE),
    "power.governor": (RESNET, {}, "powersave", TIME, MORE),
    "power.heat": (RESNET, {}, "true", ENERGY, LESS),
    "power.interval": (RESNET, {"power.governor": "on_demand"}, "20 us", TIME, LESS),
    "power.transition.lock": (RESNET, RISING, "10 us", TIME, MORE),
    "power.transition.ramp": (RESNET, RISING, "200 us", TIME, MORE),
    "power.transition.energy": (RESNET, RISING, "1 uJ", ENERGY, MORE),
    "power.transition.run_during_ramp": (RESNET, RISING | {"power.transition.ramp": "200 us"}, "true", TIME, LESS),
    "power.curve.voltage": (RESNET, CURVED, "0.56 V", TIME, MORE),
    "power.curve.threshold": (RESNET, CURVED, "0.35 V", TIME, MORE),
    "power.curve.alpha": (RESNET, CURVED, 1.5, TIME, MORE),
    "power.curve.lowest": (RESNET, CURVED, "0.45 V", TIME, MORE),
    "power.curve.highest": (RESNET, CURVED | {"power.governor": "race_to_idle"}, "0.8 V", TIME, LESS),
    "power.thermal.r_die": (RESNET, WARM, "0.5 K/W", ENERGY, MORE),
    "power.thermal.c_die": (RESNET, WARM, "0.13 J/K", ENERGY, LESS),
    "power.thermal.r_sink": (RESNET, WARM | {"power.thermal.c_sink": "0.001 J/K"}, "1 K/W", ENERGY, MORE),
    "power.thermal.c_sink": (RESNET, WARM, "0.001 J/K", ENERGY, MORE),
    "power.thermal.ambient": (RESNET, WARM, "60 degC", ENERGY, MORE),
    "power.thermal.start": (RESNET, WARM, "80 degC", ENERGY, MORE),
    "power.thermal.throttle": (RESNET, WARM | {"power.thermal.start": "80 degC"}, "70 degC", TIME, MORE),
    "power.thermal.leakage_at": (RESNET, WARM, "90 degC", ENERGY, LESS),
    # below the temperature at which static power is stated
    "power.thermal.leakage_per_kelvin": (RESNET, WARM, "4 %/K", ENERGY, LESS),
    "energy.activity": (GEMM, {}, 0.5, ENERGY, LESS),
    "software.launch": (GEMM, {}, "1 ms", TIME, MORE),
    "software.buffer_share": (RESNET, {"shared_sram": None, "core.sram.size": "1 MiB"}, 0.3, TIME, MORE),
    "software.default_dtype": (BIG, {}, "int8", TIME, LESS),
    "energy.overrides.mac_bf16": (GEMM, {}, "100 pJ", ENERGY, MORE),
    **{
        f"energy.overrides.mac_{dtype}": (
            GEMM, {"core.tensor_core.rates": {dtype: 1}, "software.default_dtype": dtype}, "100 pJ", ENERGY, MORE,
        )
        for dtype in ("int4", "int8", "fp8", "fp16", "tf32", "fp32")
    },
    **{
        f"energy.overrides.vector_{name}": (BERT, {}, "100 pJ", ENERGY, MORE)
        for name in ("add", "mul", "exp", "div", "reduce")
    },
    **{
        f"energy.overrides.{name}": (BERT, {}, "100 pJ/B", ENERGY, MORE)
        for name in ("accumulator", "sram_read", "sram_write", "noc_hop", "dram_read", "dram_write", "dram_io", "pcie")
    },
    "energy.overrides.dram_activate": (BERT, {}, "100 nJ", ENERGY, MORE),
    "energy.overrides.dram_background": (BERT, {}, "100 W", ENERGY, MORE),
    "energy.overrides.dram_refresh": (BERT, {}, "100 W", ENERGY, MORE),
    "energy.overrides.shared_sram": (RESNET, SHARED, "100 pJ/B", ENERGY, MORE),
}  # fmt: skip

UNCHANGED = {
    "name": NAME,
    "description": NAME,
    "core.tensor_core.sparsity": "what the cells could exploit; models say nothing of sparse weights",
    "power.tdp": "what the chip is made for: results are shown beside it",
    "power.curve.steps": "how finely a governor may choose: tests/components/test_clocks.py",
    "power.thermal.hysteresis": "tests/components/test_governing.py: heat throttles and lets go with hysteresis",
    **{f"host.{name}": HOST for name in ("rate", "memory", "latency")},
}  # fmt: skip


def paths(part=Chip, prefix=""):
    for name, parameter in parameters(part).items():
        if parameter.shape == "section":
            yield from paths(parameter.type, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.fixture(scope="module")
def models():
    read = {}

    def of(name):
        if name not in read:
            read[name] = load_model("zoo:llama-3-8b?seq=64&past=0" if name == "gather" else name)
        return read[name]

    return of


def overrides(changes):
    """Tables spelt out key by key, as --set takes them."""
    result = {}
    for path, value in changes.items():
        if isinstance(value, dict):
            result |= {f"{path}.{key}": each for key, each in value.items()}
        else:
            result[path] = value
    return result


def test_every_parameter_is_in_the_table():
    assert sorted([*EFFECTS, *UNCHANGED]) == sorted(paths())
    assert all(UNCHANGED.values())


@pytest.mark.parametrize("path", EFFECTS)
def test_the_parameter_changes_the_answer_in_the_right_direction(models, path):
    model_name, variant, value, look, becomes = EFFECTS[path]
    base = load_chip("lepton-c1").with_(overrides(variant))
    change = value if path in ("power.state", "power.states") else {path: value}
    model = models(model_name)
    before, after = look(simulate(base, model)), look(simulate(base.with_(overrides(change)), model))
    if becomes == MORE:
        assert after > before
    elif becomes == LESS:
        assert after < before
    else:
        assert after != before
