"""How many tiles a second go through the systolic kernels, and through their plain twins.

    python benchmarks/kernels_speed.py

Each row is one array; tiles are GEMMs of random sizes up to 4096 (the twins walk folds one by one: theirs are up to
512). The best of several rounds is printed, in tiles a second on this machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from leptonsim.kernels import systolic
from leptonsim.kernels.plain import systolic as plain
from leptonsim.kernels.plain.systolic_array import DATAFLOWS, EDGES, MOVES, SCHEDULES, Array

ARRAYS = [
    Array(128, 128, dataflow, schedule) for dataflow in range(len(DATAFLOWS)) for schedule in range(len(SCHEDULES))
] + [
    Array(128, 128, 0, 2, load=1),
    Array(128, 128, 2, 2, drain=1),
    Array(128, 128, 0, 2, edge=1),
    Array(128, 128, 0, 2, load=1, edge=1),
]


def name(array: Array) -> str:
    words = [DATAFLOWS[array.dataflow], SCHEDULES[array.schedule], MOVES[array.load or array.drain], EDGES[array.edge]]
    return " ".join(words)


def rate(call: Callable[..., None], array: Array, tiles: int, largest: int, rounds: int) -> float:
    draw = np.random.default_rng(1)
    sizes = [draw.integers(1, largest, tiles) for _ in range(3)]
    out = np.empty((tiles, 8), dtype=np.int64)
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        call(array, *sizes, out)
        best = min(best, time.perf_counter() - start)
    return tiles / best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiles", type=int, default=200_000, help="tiles in one round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'array of 128 x 128':48} {'kernel tiles/s':>16} {'twin tiles/s':>14} {'times':>7}")
    for array in ARRAYS:
        kernel = rate(systolic.gemm_cycles_many, array, arguments.tiles, 4096, arguments.rounds)
        twin = rate(plain.gemm_cycles_many, array, max(1, arguments.tiles // 1000), 512, 1)
        print(f"{name(array):48} {kernel:16,.0f} {twin:14,.0f} {kernel / twin:7,.0f}")


if __name__ == "__main__":
    main()
