"""What a governor costs: run time of one second of simulated time with and without one that acts every 100 us.

    python benchmarks/governor_cost.py [MODEL ...]

Llama's decode is the hard case, for it simulates fastest: its second takes the least work of its own.
"""

from __future__ import annotations

import sys
import time

import leptonsim as ls

SECOND_PS = 10**12
MODELS = ["zoo:llama-3-8b?seq=1&past=2048", "zoo:resnet50"]
REPEATS = 3


def run_s(program: ls.Program, requests: int) -> tuple[float, ls.Result]:
    begin = time.perf_counter()
    result = ls.execute(program, requests=requests)
    return time.perf_counter() - begin, result


def main() -> None:
    print("| model | simulated | fixed | governed | samples | changes | added |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    chip = ls.load_chip("lepton-c1")
    for name in sys.argv[1:] or MODELS:
        model = ls.load_model(name)
        plain = ls.compile(chip, model)
        governed = ls.compile(chip.with_({"power.governor": "power_cap:20W"}), model)
        requests = max(1, round(SECOND_PS / run_s(plain, 1)[1].makespan_ps))
        # the least of several, taken in turns: the machine's other load only ever adds
        found = [(run_s(plain, requests), run_s(governed, requests)) for _ in range(REPEATS)]
        fixed_s, governed_s = (min(each[side][0] for each in found) for side in (0, 1))
        result = found[0][1][1]
        assert result.power is not None
        print(
            f"| {name} | {result.makespan_s:.2f} s | {fixed_s:.2f} s | {governed_s:.2f} s | {result.power.samples} | "
            f"{result.power.changes} | {100 * (governed_s / fixed_s - 1):.0f} % |"
        )


if __name__ == "__main__":
    main()
