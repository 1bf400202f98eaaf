"""What a governor costs: processor time of one second of simulated time with and without one that acts every 100 us.

    python benchmarks/governor_cost.py [CHIP [MODEL ...]]

Llama's decode is the hard case, for it simulates fastest: its second takes the least work of its own. ``power_cap``
changes the state at up to every second sample; with a transition each of these stops the clock. ``deadline``,
``oracle`` and ``power_cap`` (of a cap near what the lowest state draws) try the program before the run; what the trials
take is told apart. Heat is followed wherever the chip has a thermal model, and where it has none one is given. Times
are of the process, the least of several taken in turns: other load only ever adds.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import leptonsim as ls
from leptonsim.machine.arrivals import arrival_times_ps
from leptonsim.machine.machine import Machine

SECOND_PS = 10**12
MODELS = {
    "lepton-c1": ["zoo:llama-3-8b?seq=1&past=2048", "zoo:resnet50"],
    "lepton-t1": ["zoo:llama-3-8b?seq=1&past=2048"],
    "lepton-e1": ["zoo:resnet50"],
}
TRACE_PS = {"lepton-t1": 2 * 10**10}
"""A shorter trace where a second takes a minute."""

CAPS = {"lepton-c1": "25W", "lepton-t1": "120W", "lepton-e1": "3W"}
HEAT = {
    "power.thermal.r_die": "0.1 K/W",
    "power.thermal.c_die": "0.013 J/K",
    "power.thermal.r_sink": "5 K/W",
    "power.thermal.c_sink": "5 J/K",
    "power.thermal.ambient": "35 degC",
    "power.thermal.throttle": "88 degC",
    "power.thermal.leakage_per_kelvin": "1.8 %/K",
}
REPEATS = 3
LOAD = 0.5
"""Share of time in which requests that arrive are worked on."""


def rows(cap: str, limit_ps: int) -> dict[str, dict[str, str]]:
    """Governors by the name of their row, with the parameters of each."""
    plain = ["on_demand", "schedutil", "memory_aware", "race_to_idle", f"power_cap:{cap}"]
    trying = [f"{name}:{limit_ps // 10**6}us" for name in ("deadline", "oracle")]
    found = {f"`{governor}`": {"power.governor": governor} for governor in plain}
    found[f"`power_cap:{cap}`, 10 us to change"] = found[f"`power_cap:{cap}`"] | {"power.transition.lock": "10 us"}
    return found | {f"`{governor}`": {"power.governor": governor} for governor in trying}


def run_s(program: ls.Program, requests: int, arrivals_ps: tuple[int, ...] | None) -> tuple[float, float, ls.Result]:
    """Processor time of a run, that of what is done before it, and the result."""
    begin = time.process_time()
    Machine(program)
    before_s = time.process_time() - begin
    begin = time.process_time()
    result = ls.execute(program, requests=requests, arrivals_ps=arrivals_ps)
    return time.process_time() - begin, before_s, result


def compare(name: str, title: str, plain: ls.Program, program: ls.Program, requests: int, *, idle: bool) -> None:
    """Print one row."""
    arrivals: Any = None
    if idle:
        latency_s = run_s(plain, 1, None)[2].makespan_ps / 1e12
        arrivals = arrival_times_ps(f"poisson:{LOAD / latency_s:.6f}/s", requests, 1)
    found = [(run_s(plain, requests, arrivals), run_s(program, requests, arrivals)) for _ in range(REPEATS)]
    fixed_s = min(each[0][0] for each in found)
    tries = title.startswith(("`deadline", "`oracle", "`power_cap"))
    before_s = min(run[1] for _, run in found) if tries else 0.0
    governed_s = min(run[0] for _, run in found) - before_s
    fixed, result = found[0][0][2], found[0][1][2]
    if result.power is None:
        raise SystemExit(f"{title}: the run has no governor")
    # a slower clock makes a longer run: what counts is time for each simulated second
    added = (governed_s / result.makespan_s) / (fixed_s / fixed.makespan_s) - 1
    trials = f"{1e3 * before_s:.0f} ms" if before_s else ""
    print(
        f"| {name} | {title} | {result.makespan_s:.2f} s | {result.power.samples:,} | {result.power.changes:,} | "
        f"{fixed_s:.3f} s | {governed_s:.3f} s | {trials} | {100 * added:.0f} % |",
        flush=True,
    )


def main() -> None:
    """Print the table of one chip, or of all."""
    chips = sys.argv[1:2] or list(MODELS)
    print("| chip, model | governor | simulated | samples | changes | fixed | governed | trials | added |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for chip_name in chips:
        chip = ls.load_chip(chip_name)
        if chip.power.thermal is None:
            chip = chip.with_(HEAT)
        for name in sys.argv[2:] or MODELS[chip_name]:
            model = ls.load_model(name)
            plain = ls.compile(chip, model)
            latency_ps = run_s(plain, 1, None)[2].makespan_ps
            requests = max(1, round(TRACE_PS.get(chip_name, SECOND_PS) / latency_ps))
            for title, changes in rows(CAPS.get(chip_name, "25W"), 2 * latency_ps).items():
                program = ls.compile(chip.with_(changes), model)
                idle = title.startswith(("`race_to_idle", "`deadline"))
                title = f"{title}, arrivals" if idle else title
                count = max(1, round(requests * LOAD)) if idle else requests
                compare(f"{chip_name}, {name}", title, plain, program, count, idle=idle)


if __name__ == "__main__":
    main()
