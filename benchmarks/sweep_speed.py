"""How many points a second a sweep computes, what a second process adds, and whether memory stays flat.

    python benchmarks/sweep_speed.py                     # all
    python benchmarks/sweep_speed.py --skip-memory

Points are ResNet-50 on variants of lepton-c1. *Recompiled* changes the SRAM, so that every point needs a compilation;
*voltages* changes voltages alone, under which points share their program by themselves; *re-timed* changes clock,
voltage and memory bandwidth under ``mapping: kept``.

Rates are given by CPU time, which a shared machine disturbs less than the wall: of a worker's own work, and of whole
sweeps with one and with two workers, of these from the first tenth of the points on, when processes have started. The
speed-up of two workers on two cores is what CPU time allows, workers sharing nothing: with one worker the sweep's own
process has a core to itself, with two it takes its share of theirs. By the wall it is measured too, which counts
where two cores are free.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sweep_parts import tiny_model, worker_pids

from leptonsim.chip import load_chip
from leptonsim.explore.design import Designer
from leptonsim.explore.executors.processes import Processes
from leptonsim.explore.runner import Progress, Runner
from leptonsim.explore.samplers.grid import make
from leptonsim.explore.spec import sweep_from_text
from leptonsim.explore.store import Store
from leptonsim.explore.workbench import Task, Workbench
from leptonsim.model import load_model

RECOMPILED = """
chips: [lepton-c1]
models: ["zoo:resnet50"]
set:
  core.sram.size: {{from: 4 MiB, to: {last} KiB, step: 4 KiB}}
"""

VOLTAGES = """
chips: [lepton-c1]
models: ["zoo:resnet50"]
set:
  power.states.1.voltage: {{from: 0.4 V, to: 0.7 V, count: {count}}}
"""

RETIMED = """
chips: [lepton-c1]
models: ["zoo:resnet50"]
mapping: kept
set:
  dram.channels: [8, 16]
  power.states.1.voltage: [0.5 V, 0.55 V, 0.6 V]
  power.states.1.core: {{from: 500 MHz, to: 1 GHz, count: {count}}}
derive:
  clocks.core: power.states.1.core
"""

MANY = """
chips: [lepton-c1]
models: [tiny.onnx]
set:
  core.sram.size: {{from: 1 MiB, step: 1 KiB, to: {last} KiB}}
"""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What a sweep took, point by point: by the wall, and CPU time of all workers and of the sweep's own process."""

    wall_s: float
    workers_s: float
    own_s: float


def in_one_process(text: str, points: int) -> float:
    """Points by CPU second of a worker's own work."""
    sweep = sweep_from_text(text, "benchmark")
    bench = Workbench(load_model("zoo:resnet50"), {"lepton-c1": load_chip("lepton-c1")})
    designer = Designer(sweep)
    grid = make(designer.dimensions, 0, 0, 0)
    tasks: list[Task] = []
    while len(tasks) < points + 5 and (choice := grid.ask()) is not None:
        design = designer.design(choice)
        assert design is not None
        tasks.append(Task(len(tasks), design.base, dict(design.overrides), None, None, 1, False, sweep.mapping))
    for task in tasks[:5]:
        bench.outcome(task)
    cpu = time.process_time()
    for task in tasks[5:]:
        outcome = bench.outcome(task)
        assert outcome.status == "ok", outcome.error
    return (len(tasks) - 5) / (time.process_time() - cpu)


def swept(text: str, processes: int, folder: Path) -> Cost:
    """What a point of a whole sweep takes."""
    seen: list[tuple[int, float, float]] = []
    watched_s = 0.0

    def watch(progress: Progress) -> None:
        nonlocal watched_s
        began = time.process_time()
        workers_s = sum(cpu_s(pid) for pid in worker_pids(os.getpid()))
        seen.append((progress.done, time.perf_counter(), workers_s))
        watched_s += time.process_time() - began

    executor = Processes(processes)
    try:
        with Store(folder / f"{time.monotonic_ns()}.db") as store:
            runner = Runner(sweep_from_text(text, "benchmark"), store, executor, watch)
            began = time.process_time()
            total = runner.run().done
            own_s = time.process_time() - began - watched_s
    finally:
        executor.abandon()
    first = next(each for each in seen if each[0] >= total / 10)
    points, wall_s, workers_s = (last - before for last, before in zip(seen[-1], first, strict=True))
    return Cost(wall_s / points, workers_s / points, own_s / total)


def memory(folder: Path, points: int) -> list[tuple[int, float, float]]:
    """Resident MiB of the sweep's own process and of its worker after so many points."""
    seen: list[tuple[int, float, float]] = []

    def watch(progress: Progress) -> None:
        if not seen or progress.done >= seen[-1][0] + points / 10:
            seen.append((progress.done, resident_mib(os.getpid()), sum(map(resident_mib, worker_pids(os.getpid())))))

    tiny_model(folder / "tiny.onnx")
    executor = Processes(1)
    try:
        with Store(folder / "many.db") as store:
            Runner(sweep_from_text(MANY.format(last=1023 + points), "benchmark", folder), store, executor, watch).run()
    finally:
        executor.shutdown()
    return seen


def cpu_s(pid: int) -> float:
    """CPU time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_mib(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=400)
    parser.add_argument("--memory-points", type=int, default=10_000)
    parser.add_argument("--skip-memory", action="store_true")
    arguments = parser.parse_args()
    count = arguments.points
    texts = {
        "recompiled": RECOMPILED.format(last=4096 + 4 * (count + 4)),
        "voltages": VOLTAGES.format(count=count + 5),
        "re-timed": RETIMED.format(count=count // 6 + 1),
    }
    print(
        f"{'ResNet-50 on lepton-c1':24} {'points/CPU s':>13} {'own ms':>7} "
        f"{'2 processes':>12} {'by the wall':>12} {'points/s':>9}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, text in texts.items():
            rate = in_one_process(text, count)
            one, two = swept(text, 1, folder), swept(text, 2, folder)
            by_cpu = 2 * two.workers_s / (two.workers_s + two.own_s)
            print(
                f"{kind:24} {rate:13.0f} {1e3 * two.own_s:7.2f} {by_cpu:10.2f} x {one.wall_s / two.wall_s:10.2f} x "
                f"{1 / two.wall_s:9.0f}"
            )
            sys.stdout.flush()
        if not arguments.skip_memory:
            for done, own_mib, worker_mib in memory(folder, arguments.memory_points):
                print(f"{done:8} points: {own_mib:7.1f} MiB, worker {worker_mib:7.1f} MiB")


if __name__ == "__main__":
    main()
