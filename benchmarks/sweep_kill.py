"""Kill parts of a sweep at random moments, resume it, and hold the exported rows against those of an undisturbed one,
byte for byte.

    python benchmarks/sweep_kill.py                          # 2,000 points, five kills, in each of the ways below
    python benchmarks/sweep_kill.py together --points 300 --kills 3

``together`` sends SIGKILL to the whole process group, `leptonsim sweep` and its workers, and starts it again.
``parent`` kills `leptonsim sweep` alone: its workers end by themselves, since nobody holds their leash any more.
``workers`` kills one worker process at a time, as the system does when memory runs out, and lets the sweep go on.
``dask`` runs on a scheduler and two workers, processes on loopback; a kill takes a worker, of which another is
started, or the sweep itself, which is started again.

Moments are drawn by the number of rows that are stored, so that they are spread over the sweep however busy the
machine is; the first kill comes in the first seconds, before there are any. Exits with 1 where a byte differs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sweep_parts import Cluster, tiny_model, worker_pids

from leptonsim.errors import LeptonError
from leptonsim.explore.store import Store

SWEEP = """
chips: [lepton-e1]
models: [tiny.onnx]
set:
  core.sram.size: {{from: 1 MiB, to: {last} KiB, step: 1 KiB}}
  dram.channels: [1, 2, 3, 4, 5]
"""
START_S, JITTER_S, POLL_S = 3.0, 0.1, 0.01
Process = subprocess.Popen[bytes]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "leptonsim", *map(str, arguments)]


def exported(store: Path) -> bytes:
    """The rows as CSV."""
    return subprocess.run(command("results", store, "--csv", "-"), capture_output=True, check=True).stdout


def lines(table: bytes) -> int:
    """Rows of a CSV file, without its header."""
    return table.count(b"\n") - 1


def stored(store: Path) -> int:
    """Rows so far; none where there is no store yet."""
    try:
        with Store(store, read_only=True) as opened:
            return sum(count for _, count in opened.sweeps())
    except LeptonError:
        return 0


def wait_for(process: Process, store: Path, wanted: int | None, draw: random.Random) -> bool:
    """Wait for so many rows and a moment more, or from 0 to ``START_S`` where None; whether the sweep still runs."""
    if wanted is None:
        time.sleep(draw.uniform(0, START_S))
    else:
        while process.poll() is None and stored(store) < wanted:
            time.sleep(POLL_S)
        time.sleep(draw.uniform(0, JITTER_S))
    return process.poll() is None


def moments(points: int, kills: int, draw: random.Random) -> list[int | None]:
    """When to kill: at the start, then at so many rows."""
    return [None, *sorted(draw.sample(range(1, max(2, points * 9 // 10)), kills - 1))][:kills]


def finished(process: Process) -> None:
    """Wait for the end of a sweep. Raises CalledProcessError where it failed."""
    if process.wait() != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)


def killed_whole(sweep: Path, store: Path, when: list[int | None], draw: random.Random, is_group: bool) -> int:
    """Kill the sweep with or without its workers; how many kills met it running."""
    hits = 0
    for wanted in when:
        process = subprocess.Popen(command("sweep", sweep, "--store", store, "--quiet"), start_new_session=True)
        if wait_for(process, store, wanted, draw):
            hits += 1
            if is_group:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
        print(f"  kill {hits}: {stored(store)} rows")
    finished(subprocess.Popen(command("sweep", sweep, "--store", store, "--quiet")))
    return hits


def together(sweep: Path, store: Path, when: list[int | None], draw: random.Random) -> int:
    return killed_whole(sweep, store, when, draw, is_group=True)


def parent(sweep: Path, store: Path, when: list[int | None], draw: random.Random) -> int:
    return killed_whole(sweep, store, when, draw, is_group=False)


def workers(sweep: Path, store: Path, when: list[int | None], draw: random.Random) -> int:
    """Kill single workers of one sweep that goes on."""
    hits = 0
    process = subprocess.Popen(command("sweep", sweep, "--store", store, "--workers", 2, "--quiet"))
    for wanted in when:
        is_running = wait_for(process, store, wanted, draw)
        while is_running and not (found := worker_pids(process.pid)):
            time.sleep(POLL_S)
            is_running = process.poll() is None
        if is_running:
            os.kill(draw.choice(found), signal.SIGKILL)
            hits += 1
            print(f"  kill {hits}: {stored(store)} rows")
    finished(process)
    return hits


def dask(sweep: Path, store: Path, when: list[int | None], draw: random.Random) -> int:
    """Kill Dask workers, and the sweep that gives them work."""
    hits = 0
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            cluster.start()
            run = command("sweep", sweep, "--store", store, "--scheduler", cluster.address, "--quiet")
            process = subprocess.Popen(run)
            for number, wanted in enumerate(when):
                if not wait_for(process, store, wanted, draw):
                    continue
                hits += 1
                if number % 3 == 2:
                    process.kill()
                    process.wait()
                    process = subprocess.Popen(run)
                else:
                    cluster.kill(draw.randrange(len(cluster.workers)))
                    cluster.start()
                print(f"  kill {hits}: {stored(store)} rows")
            finished(process)
        finally:
            cluster.close()
    return hits


WAYS: dict[str, Callable[[Path, Path, list[int | None], random.Random], int]] = {
    each.__name__: each for each in (together, parent, workers, dask)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ways", nargs="*", choices=[*WAYS, []], help="what to kill (default: each in turn)")
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        sweep, whole = (Path(folder) / name for name in ("sweep.yaml", "whole.db"))
        tiny_model(Path(folder) / "tiny.onnx")
        sweep.write_text(SWEEP.format(last=1024 + arguments.points // 5 - 1))
        subprocess.run(command("sweep", sweep, "--store", whole, "--quiet"), check=True)
        undisturbed, are_equal = exported(whole), True
        for way in arguments.ways or WAYS:
            print(f"{way}:")
            store = Path(folder) / f"{way}.db"
            hits = WAYS[way](sweep, store, moments(arguments.points, arguments.kills, draw), draw)
            rows = exported(store)
            is_equal = rows == undisturbed and hits == arguments.kills
            are_equal = are_equal and is_equal
            print(
                f"{way}: {lines(undisturbed)} rows undisturbed, {lines(rows)} after {hits} kills; "
                f"equal: {rows == undisturbed}"
            )
            sys.stdout.flush()
    raise SystemExit(not are_equal)


if __name__ == "__main__":
    main()
