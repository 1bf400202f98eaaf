"""What sleep saves: models on lepton-c1 with every block under one policy, back to back and with idle time.

python benchmarks/gating.py     # the table of docs/rest.md, in Markdown
"""

from __future__ import annotations

from leptonsim.kernels.tiles import BLOCK_NAMES

import leptonsim as ls
from leptonsim.machine.arrivals import arrival_times_ps
from leptonsim.result.units import energy_text, time_text

MODELS = {
    "ResNet-50": "zoo:resnet50",
    "Llama 3 8B, one token after 2048": "zoo:llama-3-8b?seq=1&past=2048",
    "ResNet-50, 500 requests/s": "zoo:resnet50",
}
POLICIES = ("none", "idle_detection:10us", "directed", "ideal")
RATE = {"ResNet-50, 500 requests/s": "poisson:500/s"}
REQUESTS = 20


def main() -> None:
    print("| model | policy | latency | energy/sample | clock | standby | static | arrays asleep | link asleep |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for title, source in MODELS.items():
        model = ls.load_model(source)
        for policy in POLICIES:
            chip = ls.load_chip("lepton-c1", [f"power.blocks.{block}.gating={policy}" for block in BLOCK_NAMES])
            arrivals = arrival_times_ps(RATE[title], REQUESTS, seed=1) if title in RATE else None
            result = ls.execute(ls.compile(chip, model), requests=REQUESTS, arrivals_ps=arrivals)
            parts = result.energy_breakdown_j
            asleep = [
                sum(result.blocks[block]["slept_ps"].values()) / result.blocks[block]["time_ps"]
                for block in ("tensor_core", "pcie")
            ]
            cells = [
                title,
                f"`{policy}`",
                time_text(result.latency_s * 1e12),
                energy_text(result.energy_per_sample_j),
                *(f"{parts[name] / result.energy_j:.1%}" for name in ("clock", "standby", "static")),
                *(f"{share:.0%}" for share in asleep),
            ]
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
