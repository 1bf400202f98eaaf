import itertools
import json

import pytest

import leptonsim as ls
from leptonsim.cli import group
from leptonsim.explore.advise import Adviser
from leptonsim.explore.resources import RESOURCES

CASES = [
    ("lepton-e1", "gemm:64x2048x2048", {}),  # memory
    ("lepton-e1", "gemm:1024x1024x1024", {"dram.channels": 64, "pcie.lanes": 16, "pcie.generation": 5}),  # arrays
    ("lepton-e1", "gemm:16x16x16", {}),  # launch
]


def run(capsys, *arguments):
    group.main(list(arguments), standalone_mode=False)
    return capsys.readouterr().out


@pytest.mark.parametrize(("chip", "model", "change"), CASES)
def test_the_first_advice_is_the_doubling_that_gains_most_in_a_plain_run(chip, model, change, capsys):
    base = [f"--set={path}={value}" for path, value in change.items()]
    report = json.loads(run(capsys, "advise", "-c", chip, model, *base, "--json", "-"))

    def makespan_ps(changes):
        sets = [f"--set={path}={value}" for path, value in changes.items()]
        return json.loads(run(capsys, "run", "-c", chip, model, *base, *sets, "--json", "-"))["makespan_ps"]

    before = makespan_ps({})
    assert before == report["makespan_ps"]
    gains = {}
    for advice in report["advice"]:
        if advice["twice"] is not None:
            gains[advice["resource"]] = before / makespan_ps(advice["twice"]["set"])
            assert advice["twice"]["speedup"] == gains[advice["resource"]]
    assert report["advice"][0]["resource"] == max(gains, key=gains.get)


def test_different_chips_get_different_advice():
    first = []
    for chip, model, change in CASES:
        first.append(Adviser(ls.load_chip(chip, change), ls.load_model(model)).report().advice[0].resource)
    assert first[0] in ("PCIe", "DRAM bandwidth")
    assert first[1] in ("clock", "arrays in a core", "cell rate", "cores", "array rows", "array columns")
    assert first[2] == "launch"


@pytest.mark.parametrize("name", ["lepton-c1", "lepton-e1", "lepton-t1"])
def test_every_resource_can_be_made_better_on_shipped_chips_or_is_absent(name):
    chip = ls.load_chip(name)
    for resource, factor in itertools.product(RESOURCES, (1.1, 2.0)):
        changes = resource.better(chip, factor)
        if changes is None:
            assert resource.name == "shared SRAM"
            assert chip.shared_sram is None
            continue
        assert chip.with_(changes).digest != chip.digest


def test_twice_is_twice():
    chip = ls.load_chip("lepton-c1")
    twice = {resource.name: resource.better(chip, 2.0) for resource in RESOURCES}
    assert twice["DRAM bandwidth"] == {"dram.channels": "32"}
    assert twice["launch"] == {"software.launch": "2.5 us"}
    assert twice["clock"] == {"clocks.core": "2 GHz", "power.states.1.core": "2 GHz"}
    assert twice["PCIe"] == {"pcie.generation": "5", "pcie.round_trip": "350 ns", "pcie.tags": "512"}
    assert twice["cell rate"]["core.tensor_core.rates.bf16"] == "2"


def test_the_ladder_only_rises():
    report = Adviser(ls.load_chip("lepton-e1"), ls.load_model("gemm:64x1024x1024")).report()
    speedups = [step.speedup for step in report.ladder]
    assert speedups == sorted(speedups)
    assert speedups[0] > 1
    assert len({step.resource for step in report.ladder}) == len(report.ladder)


def test_the_table_shows_reasons_and_the_run_that_it_stands_for(capsys):
    text = run(capsys, "advise", "-c", "lepton-e1", "gemm:64x1024x1024")
    assert "of the time goes to" in text
    assert "Ideal one after the other" in text
    assert "The first row as a run: --set " in text
