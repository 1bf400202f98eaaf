"""How many points a second a sweep computes, what a second process adds, and whether memory stays flat.

    python benchmarks/sweep_speed.py                     # all
    python benchmarks/sweep_speed.py --skip-memory

Points are ResNet-50 on variants of lepton-c1. *Recompiled* changes the SRAM, so that every point needs a compilation;
*re-timed* changes clock, voltage and memory bandwidth under ``mapping: kept``. Rates are given by the wall and by CPU
time, which a shared machine does not disturb; the first points, in which processes start, do not count.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from sweep_parts import tiny_model

from leptonsim.chip import load_chip
from leptonsim.explore.executors.processes import Processes
from leptonsim.explore.runner import Progress, Runner
from leptonsim.explore.spec import sweep_from_text
from leptonsim.explore.store import Store
from leptonsim.explore.workbench import Task, Workbench
from leptonsim.model import load_model

RECOMPILED = """
chips: [lepton-c1]
models: ["zoo:resnet50"]
set:
  core.sram.size: {{from: 4 MiB, step: 4 KiB, to: {last} KiB}}
"""

RETIMED = """
chips: [lepton-c1]
models: ["zoo:resnet50"]
mapping: kept
set:
  dram.channels: [8, 16]
  power.states.1.voltage: [0.5 V, 0.55 V, 0.6 V]
  power.states.1.core: {{from: 500 MHz, step: 1 MHz, to: {last} MHz}}
derive:
  clocks.core: power.states.1.core
"""

MANY = """
chips: [lepton-c1]
models: [tiny.onnx]
set:
  core.sram.size: {{from: 1 MiB, step: 1 KiB, to: {last} KiB}}
"""


def in_one_process(text: str, points: int) -> tuple[float, float]:
    """Points by wall second and by CPU second of a worker's own work."""
    sweep = sweep_from_text(text, "benchmark")
    chip = load_chip("lepton-c1")
    bench = Workbench(load_model("zoo:resnet50"), {"lepton-c1": chip})
    from leptonsim.explore.design import Designer
    from leptonsim.explore.samplers.grid import make

    designer = Designer(sweep)
    grid = make(designer.dimensions, 0, 0, 0)
    tasks = []
    while len(tasks) < points + 5 and (choice := grid.ask()) is not None:
        design = designer.design(choice)
        assert design is not None
        tasks.append(Task(len(tasks), design.base, dict(design.overrides), None, None, 1, False, sweep.mapping))
    for task in tasks[:5]:
        bench.outcome(task)
    wall, cpu = time.perf_counter(), time.process_time()
    for task in tasks[5:]:
        outcome = bench.outcome(task)
        assert outcome.status == "ok", outcome.error
    return points / (time.perf_counter() - wall), points / (time.process_time() - cpu)


def swept(text: str, processes: int, folder: Path) -> float:
    """Points by wall second of a whole sweep, from the first tenth on."""
    seen: list[tuple[float, int]] = []

    def watch(progress: Progress) -> None:
        seen.append((time.perf_counter(), progress.done))

    executor = Processes(processes)
    path = folder / f"{time.monotonic_ns()}.db"
    try:
        with Store(path) as store:
            total = Runner(sweep_from_text(text, "benchmark"), store, executor, watch).run().done
    finally:
        executor.abandon()
    began, before = next((at, done) for at, done in seen if done >= total / 10)
    return (seen[-1][1] - before) / (seen[-1][0] - began)


def memory(folder: Path, points: int) -> list[tuple[int, float]]:
    """Resident MiB of this process after so many points."""
    seen: list[tuple[int, float]] = []

    def watch(progress: Progress) -> None:
        if not seen or progress.done >= seen[-1][0] + points / 10:
            seen.append((progress.done, resident_mib()))

    tiny_model(folder / "tiny.onnx")
    executor = Processes(1)
    try:
        with Store(folder / "many.db") as store:
            Runner(sweep_from_text(MANY.format(last=1023 + points), "benchmark", folder), store, executor, watch).run()
    finally:
        executor.shutdown()
    return seen


def resident_mib() -> float:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=400)
    parser.add_argument("--memory-points", type=int, default=10_000)
    parser.add_argument("--skip-memory", action="store_true")
    arguments = parser.parse_args()
    count = arguments.points
    texts = {
        "recompiled": RECOMPILED.format(last=4096 + 4 * (count + 9)),
        "re-timed": RETIMED.format(last=500 + count // 6 + 2),
    }
    print(
        f"{'ResNet-50 on lepton-c1':24} {'points/s':>10} {'points/CPU s':>13} "
        f"{'1 process':>10} {'2 processes':>12} {'times':>6}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, text in texts.items():
            wall, cpu = in_one_process(text, count)
            one, two = swept(text, 1, folder), swept(text, 2, folder)
            print(f"{kind:24} {wall:10.0f} {cpu:13.0f} {one:10.0f} {two:12.0f} {two / one:6.2f}")
            sys.stdout.flush()
        if not arguments.skip_memory:
            for done, mib in memory(folder, arguments.memory_points):
                print(f"{done:8} points: {mib:7.1f} MiB")


if __name__ == "__main__":
    main()
