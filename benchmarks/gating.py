"""What sleep saves: models on lepton-c1 with every block under one policy, back to back and with idle time.

python benchmarks/gating.py     # the tables of docs/rest.md, in Markdown
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.kernels.tiles import BLOCK_NAMES

import leptonsim as ls
from leptonsim.compiler.program import Program
from leptonsim.machine.arrivals import arrival_times_ps
from leptonsim.result.result import Result
from leptonsim.result.units import energy_text, time_text

MODELS = {
    "ResNet-50": "zoo:resnet50",
    "Llama 3 8B, one token after 2048": "zoo:llama-3-8b?seq=1&past=2048",
    "ResNet-50, 500 requests/s": "zoo:resnet50",
}
POLICIES = ("none", "idle_detection:10us", "directed", "ideal")
RATE = {"ResNet-50, 500 requests/s": "poisson:500/s"}
REQUESTS = 20
SRAM = {
    "all of it awake": (),
    "asleep at rest": ("sram",),
    "empty banks off": ("sram_banks",),
    "both": ("sram", "sram_banks"),
}


def result_of(title: str, program: Program, gating: dict[str, str]) -> Result:
    """A run of a program compiled for the chip with every block awake, so that the work is the same."""
    chip = ls.load_chip("lepton-c1", [f"power.blocks.{block}.gating={policy}" for block, policy in gating.items()])
    arrivals = arrival_times_ps(RATE[title], REQUESTS, seed=1) if title in RATE else None
    return ls.execute(replace(program, chip=chip), requests=REQUESTS, arrivals_ps=arrivals)


def share(result: Result, block: str, state: str | None = None) -> str:
    """The share of its units' time that a block slept, in one state or in any."""
    told = result.blocks[block]
    slept = sum(told["slept_ps"].values()) if state is None else told["slept_ps"].get(state, 0)
    return f"{slept / told['time_ps']:.0%}"


def policies(title: str, program: Program) -> None:
    for policy in POLICIES:
        result = result_of(title, program, dict.fromkeys((*BLOCK_NAMES, "sram_banks"), policy))
        parts = result.energy_breakdown_j
        cells = [
            title,
            f"`{policy}`",
            time_text(result.latency_s * 1e12),
            energy_text(result.energy_per_sample_j),
            *(f"{parts[name] / result.energy_j:.1%}" for name in ("clock", "standby", "static")),
            share(result, "tensor_core"),
            share(result, "sram", "off"),
            share(result, "pcie"),
        ]
        print(f"| {' | '.join(cells)} |")


def srams(title: str, program: Program) -> None:
    cells = [title]
    for blocks in SRAM.values():
        result = result_of(title, program, dict.fromkeys(blocks, "directed"))
        sram = result.blocks["sram"]
        cells.append(energy_text((sram["static_j"] + sram["clock_j"]) / REQUESTS))
    print(f"| {' | '.join([*cells, share(result, 'sram', 'sleep'), share(result, 'sram', 'off')])} |")


def main() -> None:
    programs = {title: ls.compile(ls.load_chip("lepton-c1"), ls.load_model(source)) for title, source in MODELS.items()}
    columns = ("latency", "energy/sample", "clock", "standby", "static", "arrays asleep", "banks off", "link asleep")
    print(f"| model | policy | {' | '.join(columns)} |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for title, program in programs.items():
        policies(title, program)
    print(f"\n| SRAM, of each sample | {' | '.join(SRAM)} | asleep | off |")
    print(f"|---|{'--:|' * (len(SRAM) + 2)}")
    for title, program in programs.items():
        srams(title, program)


if __name__ == "__main__":
    main()
