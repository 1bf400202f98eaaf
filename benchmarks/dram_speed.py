"""Bursts a second through the DRAM kernel and its plain twin: ``python benchmarks/dram_speed.py [PART ...]``.

Process time, the best of some runs, in millions of accesses a second, an access being one burst of the part. Random
accesses are one burst each, or 64 B, which is two bursts where a burst is 32 B.
"""

import sys
import time
from types import SimpleNamespace

from leptonsim.kernels.dram import DramSimulation

from leptonsim.chip.dram_channel import channel_setup
from leptonsim.chip.dram_part import load_part
from leptonsim.chip.dram_setup import DramSetup, Stream
from leptonsim.kernels.plain.dram import DramSimulation as Plain

MAPPING = SimpleNamespace(interleave_bytes=256, bank_groups="low", xor=True)
PARTS = (
    "DDR4-3200",
    "DDR5-6400",
    "LPDDR4X-4266",
    "LPDDR5-6400",
    "GDDR6-16",
    "HBM2-2000",
    "HBM2E-3600",
    "HBM3-6400",
)
ACCESSES, PLAIN_ACCESSES, TRIES, PLAIN_TRIES = 300_000, 2_000, 5, 1


def rate(kind: type, setup: DramSetup, streams: list[Stream], accesses: int, tries: int) -> float:
    best = float("inf")
    for _ in range(tries):
        simulation = kind(setup, streams)
        begin = time.process_time()
        simulation.run(accesses)
        best = min(best, time.process_time() - begin)
    return accesses / best / 1e6


def main(parts: list[str]) -> None:
    print(f"{'part':14}{'pattern':14}{'kernel, M/s':>12}{'twin, M/s':>12}")
    for name in parts:
        part = load_part(name)
        setup = channel_setup(part, MAPPING)
        capacity, turn = part.channel_bytes, max(1, 256 // part.access_bytes)
        patterns = {
            "stream": [Stream()],
            "read, write": [Stream(turn_accesses=turn), Stream(write=True, base=123 << 16, turn_accesses=turn)],
            "random burst": [Stream("random", span_bytes=capacity, run_bytes=part.access_bytes)],
            "random 64 B": [Stream("random", span_bytes=capacity)],
        }
        for pattern, streams in patterns.items():
            compiled, plain = (
                rate(DramSimulation, setup, streams, ACCESSES, TRIES),
                rate(Plain, setup, streams, PLAIN_ACCESSES, PLAIN_TRIES),
            )
            print(f"{name:14}{pattern:14}{compiled:12.2f}{plain:12.4f}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(PARTS))
