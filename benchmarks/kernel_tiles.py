"""Microseconds per tile of the tile kernel, and of its plain-Python twin, for 1 to 64 cores.

Two programs: every core alone on a fabric that is wide enough, and all cores on a DRAM link that is too narrow for
them, where every transfer that starts or ends changes the rates of all others. Every tile has five jobs (two loads,
two computations, a store).

    python benchmarks/kernel_tiles.py [--tiles 1000] [--repeats 5]
"""

import argparse
import time
from typing import Any

from leptonsim.kernels import tiles as kernel
from leptonsim.kernels.plain import tiles as plain

GB_PER_S = (1 << 32) // 1000
ONE = 65536


def program(cores: int, tiles: int, is_shared: bool) -> dict[str, Any]:
    """20 steps on each core, each operator spread over all cores and waiting for the one before."""
    steps_per_core = 20
    steps = cores * steps_per_core
    link = [1, 0, 0, 0, 0, ONE, 0, 0, 0]
    routes = [
        [64 * GB_PER_S, 100_000, 1, 4, *link],
        [64 * GB_PER_S, 100_000, 2, 4, *link],
        [16 * GB_PER_S, 500_000, 0, 6, *link],
    ]
    bandwidth = (100 if is_shared else 200 * cores) * GB_PER_S
    return {
        "runs": [[tiles // steps_per_core, 65536, 32768, 0, 1000, 200, 16384]],
        "blocks": [[1, 0, 1]],
        "steps": [
            [0, 1, 1 << 19, 2, 0, 0, -1, 1, 0, index, index + 1, index % steps_per_core] for index in range(steps)
        ],
        "cores": [core * steps_per_core for core in range(cores + 1)],
        "dependencies": [
            index % steps_per_core - 1 if index % steps_per_core else steps_per_core + steps for index in range(steps)
        ],
        "routes": routes,
        "capacities": [bandwidth],
        "dram_mix": [bandwidth] * 4,
        "operators": steps_per_core,
        "core_khz": 1_000_000,
        "setup_ps": 50_000,
        "copy_routes": (2, 2),
        "one_queue": False,
    }


def microseconds_per_tile(machine: Any, arguments: dict[str, Any], repeats: int) -> float:
    """The least of some runs, as other work of the computer only ever adds."""
    least = float("inf")
    for _ in range(repeats):
        chip = machine(**arguments)
        chip.submit(1)
        chip.input_ready(0, copied=False)
        chip.launch(0)
        begin = time.perf_counter()
        chip.run()
        least = min(least, (time.perf_counter() - begin) / chip.tiles)
    return least * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiles", type=int, default=5000, help="tiles of each core (a multiple of 20)")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{'cores':>5} {'DRAM':>7} {'kernel':>10} {'twin':>10}   us/tile")
    for is_shared in (False, True):
        for cores in (1, 4, 16, 64):
            fast = microseconds_per_tile(kernel.TileMachine, program(cores, options.tiles, is_shared), options.repeats)
            slow = microseconds_per_tile(plain.TileMachine, program(cores, 20, is_shared), 1) if cores < 64 else None
            print(
                f"{cores:>5} {'shared' if is_shared else 'wide':>7} {fast:>10.3f} {f'{slow:.1f}' if slow else '-':>10}"
            )


if __name__ == "__main__":
    main()
