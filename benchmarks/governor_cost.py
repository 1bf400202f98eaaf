"""What a governor costs: processor time of one second of simulated time with and without one that acts every 100 us.

    python benchmarks/governor_cost.py [MODEL ...]

Llama's decode is the hard case, for it simulates fastest: its second takes the least work of its own. ``on_demand``
looks and changes nothing; ``power_cap`` changes the state at up to every second sample; with a transition each of these
stops the clock. Times are of the process, the least of several taken in turns: other load only ever adds.
"""

from __future__ import annotations

import sys
import time

import leptonsim as ls

SECOND_PS = 10**12
MODELS = ["zoo:llama-3-8b?seq=1&past=2048", "zoo:resnet50"]
GOVERNORS = {
    "`on_demand`": {"power.governor": "on_demand"},
    "`power_cap:25W`": {"power.governor": "power_cap:25W"},
    "`power_cap:25W`, 10 us to change": {"power.governor": "power_cap:25W", "power.transition.lock": "10 us"},
}
REPEATS = 5


def run_s(program: ls.Program, requests: int) -> tuple[float, ls.Result]:
    begin = time.process_time()
    result = ls.execute(program, requests=requests)
    return time.process_time() - begin, result


def main() -> None:
    print("| model | governor | simulated | samples | changes | fixed | governed | added |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    chip = ls.load_chip("lepton-c1")
    for name in sys.argv[1:] or MODELS:
        model = ls.load_model(name)
        plain = ls.compile(chip, model)
        governed = {title: ls.compile(chip.with_(changes), model) for title, changes in GOVERNORS.items()}
        requests = max(1, round(SECOND_PS / run_s(plain, 1)[1].makespan_ps))
        for title, program in governed.items():
            found = [(run_s(plain, requests), run_s(program, requests)) for _ in range(REPEATS)]
            fixed_s, governed_s = (min(each[side][0] for each in found) for side in (0, 1))
            fixed, result = found[0][0][1], found[0][1][1]
            assert result.power is not None
            # a slower clock makes a longer run: what counts is time for each simulated second
            added = (governed_s / result.makespan_s) / (fixed_s / fixed.makespan_s) - 1
            print(
                f"| {name} | {title} | {result.makespan_s:.2f} s | {result.power.samples:,} | "
                f"{result.power.changes:,} | {fixed_s:.3f} s | {governed_s:.3f} s | {100 * added:.0f} % |"
            )


if __name__ == "__main__":
    main()
