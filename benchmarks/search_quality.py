"""How much of the true front a search finds: a space of 1,000 points is listed, then searched with a quarter of the
evaluations by every sampler and several seeds.

    python benchmarks/search_quality.py                     # ResNet-50 on variants of lepton-c1, seeds 0 to 4
    python benchmarks/search_quality.py --seeds 10

Hypervolume is that of logarithms of latency, energy and area up to the worst of the true front, so that it is of the
front and not of the empty corner. A search finds its points in the store of the list: none is computed twice. Exits
with 1 where a searching sampler (nsga2, tpe) finds less than 95 % with any seed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from leptonsim.explore import pareto
from leptonsim.explore.executors.processes import Processes
from leptonsim.explore.runner import Runner
from leptonsim.explore.samplers import sampler_names
from leptonsim.explore.spec import sweep_from_text
from leptonsim.explore.store import Store

MEASURES = ("latency_s", "energy_j", "area_mm2")
SWEEP = """
name: {name}
chips: [lepton-c1]
models: ["zoo:resnet50"]
set:
  core.tensor_core.rows: [16, 32, 48, 64, 96, 128, 160, 192, 224, 256]
  core.tensor_core.cols: [16, 32, 48, 64, 96, 128, 160, 192, 224, 256]
  dram.channels: [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
derive:
  core.tensor_core.accumulator_size: 4096 * 4 B * core.tensor_core.cols
objectives: [latency_s, energy_j, area_mm2]
sample: {sample}
"""
LEAST_SHARE = 0.95
SEARCHES = ("nsga2", "tpe")


def run(store: Store, executor: Processes, name: str, sample: str) -> pareto.Floats:
    """Logarithms of the three measures of the points that a sampler takes."""
    text = SWEEP.format(name=name, sample=sample)
    sweep = sweep_from_text(text, "benchmark")
    store.begin(name, text, sweep.about())
    Runner(sweep, store, executor).run()
    return np.log([[row.measures[each] for each in MEASURES] for row in store.rows(name) if row.status == "ok"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--store", type=Path, help="keep the points here")
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    executor = Processes(arguments.workers)
    worst = 1.0
    with tempfile.TemporaryDirectory() as folder, Store(arguments.store or Path(folder) / "s.db") as store:
        try:
            every = run(store, executor, "all", "grid")
            front = every[pareto.front(every)]
            reference = (front.max(axis=0) + 1e-9).tolist()
            whole = pareto.hypervolume(every, reference)
            print(f"{len(every)} points, {len(front)} on the front; share of its hypervolume after {arguments.count}:")
            for method in sampler_names():
                if method == "grid":
                    continue
                shares = []
                for seed in range(arguments.seeds):
                    sample = f"{{method: {method}, count: {arguments.count}, seed: {seed}}}"
                    found = run(store, executor, f"{method}-{seed}", sample)
                    shares.append(pareto.hypervolume(found, reference) / whole)
                print(f"{method:8}", " ".join(f"{share:.4f}" for share in shares))
                if method in SEARCHES:
                    worst = min(worst, *shares)
        finally:
            executor.abandon()
    raise SystemExit(worst < LEAST_SHARE)


if __name__ == "__main__":
    main()
