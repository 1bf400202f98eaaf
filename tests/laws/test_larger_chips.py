"""A larger chip is never more than 2 % slower: shipped chips, one thing about them doubled.

Not a law of the machine (sharing has Graham's anomalies) but a bound against regressions of the compiler.
"""

import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.model import load_model

MODELS = ("zoo:resnet50", "zoo:bert-base", "zoo:vit-b16", "zoo:llama-3-8b?seq=1&past=512")
SLOWER = 1.02


def doubled(chip, what):
    core, document = chip.core, chip.document()
    if what == "clocks.core":
        return {"clocks.core": f"{2 * chip.clocks.core_hz} Hz", "power.states": [], "power.state": None}
    if what == "shared_sram.size":
        return {what: f"{2 * chip.shared_sram.size_bytes} B"} if chip.shared_sram else {}
    values = {
        "cores": 2 * chip.cores,
        "core.sram.size": f"{2 * core.sram.size_bytes} B",
        "dram.channels": 2 * chip.dram.channels,
        "core.dma.engines": 2 * core.dma.engines,
        "core.dma.outstanding": 2 * core.dma.outstanding,
        "core.tensor_core.accumulator_size": f"{2 * core.tensor_core.accumulator_size_bytes} B",
        "core.vector_unit.lanes": 2 * core.vector_unit.lanes,
        "noc.link": f"{2 * chip.noc.link_bytes_per_cycle} B/cycle",
        "pcie.lanes": min(16, 2 * document["pcie"]["lanes"]),
    }
    return {what: values[what]}


WHAT = (
    "cores", "core.sram.size", "dram.channels", "core.dma.engines", "core.dma.outstanding", "clocks.core", "noc.link",
    "core.tensor_core.accumulator_size", "core.vector_unit.lanes", "pcie.lanes", "shared_sram.size",
)  # fmt: skip


@pytest.fixture(scope="module")
def models():
    return {name: load_model(name) for name in MODELS}


@pytest.mark.parametrize("name", ["lepton-e1", "lepton-c1", "lepton-t1"])
def test_a_larger_chip_is_at_most_2_percent_slower(models, name):
    chip = load_chip(name)
    slower = {}
    for model_name, model in models.items():
        base = simulate(chip, model).makespan_ps
        for what in WHAT:
            change = doubled(chip, what)
            if change:
                ratio = simulate(chip.with_(change), model).makespan_ps / base
                if ratio > SLOWER:
                    slower[model_name, what] = ratio
    assert not slower
