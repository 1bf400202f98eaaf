"""Hold what `leptonsim advise` ranks first against brute force: every resource doubled by hand in a plain
`leptonsim run --set`.

    python benchmarks/advise_brute_force.py                  # ResNet-50, BERT and Llama decode on the shipped chips

The doublings are written out here, apart from those of `advise`, one or two parameters each. Exits with 1 where one of
them gains more than what `advise` ranks first, or where the first row's own changes do not give in a run what it says.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from leptonsim.chip import load_chip
from leptonsim.chip.spec import Chip

MODELS = ("zoo:resnet50", "zoo:bert-base", "zoo:llama-3-8b?seq=1&past=2048")
CHIPS = ("lepton-c1", "lepton-e1", "lepton-t1")
AGREEMENT = 1e-9


def doublings(chip: Chip) -> dict[str, dict[str, object]]:
    """Twice as much of everything, as somebody would write it after --set."""
    array, core = chip.core.tensor_core, chip.core
    state = [each.name for each in chip.power.states].index(chip.power.state or "")
    clock = f"{2 * chip.clocks.core_hz} Hz"
    found: dict[str, dict[str, object]] = {
        "array rows": {"core.tensor_core.rows": 2 * array.rows},
        "array columns": {
            "core.tensor_core.cols": 2 * array.cols,
            "core.tensor_core.accumulator_size": f"{2 * array.accumulator_size_bytes} B",
        },
        "arrays in a core": {"core.tensor_core.count": 2 * array.count},
        "cores": {"cores": 2 * chip.cores},
        "clock": {"clocks.core": clock, f"power.states.{state}.core": clock},
        "vector unit": {"core.vector_unit.lanes": 2 * core.vector_unit.lanes},
        "SRAM capacity": {"core.sram.size": f"{2 * core.sram.size_bytes} B"},
        "DRAM bandwidth": {"dram.channels": 2 * chip.dram.channels},
        "PCIe": {"pcie.generation": chip.pcie.generation + 1},
        "launch": {"software.launch": f"{chip.software.launch_ps // 2} ps"},
    }
    if chip.shared_sram is not None:
        found["shared SRAM"] = {"shared_sram.size": f"{2 * chip.shared_sram.size_bytes} B"}
    return found


def leptonsim(*arguments: str) -> dict[str, Any] | None:
    """The JSON of a command; None where it refuses, such as a clock beyond its range."""
    done = subprocess.run([sys.executable, "-m", "leptonsim", *arguments, "--json", "-"], capture_output=True)
    if done.returncode == 2:
        return None
    done.check_returncode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def makespan_ps(chip: str, model: str, changes: dict[str, object]) -> int | None:
    sets = [f"--set={path}={value}" for path, value in changes.items()]
    result = leptonsim("run", "-c", chip, model, *sets)
    return None if result is None else result["makespan_ps"]


def agrees(chip: str, model: str) -> bool:
    report = leptonsim("advise", "-c", chip, model)
    before = makespan_ps(chip, model, {})
    assert report is not None
    assert before is not None
    first = report["advice"][0]
    twice = first["twice"] or first["better_by_10_percent"]
    said = twice["speedup"]
    own_ps = makespan_ps(chip, model, twice["set"])
    assert own_ps is not None
    gains = {
        name: before / after
        for name, changes in doublings(load_chip(chip)).items()
        if (after := makespan_ps(chip, model, changes)) is not None
    }
    best = max(gains, key=lambda name: gains[name])
    agreed = abs(before / own_ps - said) < AGREEMENT and gains[best] <= said + AGREEMENT
    print(
        f"{chip:10} {model:32} advise: {first['resource']} {said:.3f} x; by hand: {best} {gains[best]:.3f} x"
        f"{'' if agreed else '   DISAGREE'}"
    )
    sys.stdout.flush()
    return agreed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chips", nargs="*", default=CHIPS)
    parser.add_argument("--models", nargs="*", default=MODELS)
    arguments = parser.parse_args()
    answers = [agrees(chip, model) for chip in arguments.chips for model in arguments.models]
    raise SystemExit(not all(answers))


if __name__ == "__main__":
    main()
