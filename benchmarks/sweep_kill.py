"""Kill a sweep at random moments, resume it, and hold the exported rows against those of an undisturbed one, byte for
byte.

    python benchmarks/sweep_kill.py                  # 2,000 points, five kills of all processes
    python benchmarks/sweep_kill.py --points 300 --kills 3

A kill is SIGKILL to ``leptonsim sweep``; its workers end by themselves, since nobody holds their leash any more. Exits
with 1 where a byte differs.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWEEP = """
chips: [lepton-e1]
models: ["gemm:64x64x64"]
set:
  core.sram.size: {{from: 1 MiB, to: {last} KiB, step: 1 KiB}}
  dram.channels: [1, 2, 3, 4, 5]
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "leptonsim", *map(str, arguments)]


def exported(store: Path) -> bytes:
    return subprocess.run(command("results", store, "--csv", "-"), check=True, capture_output=True).stdout


def rows(table: bytes) -> int:
    return table.count(b"\n") - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        sweep, whole, killed = (Path(folder) / name for name in ("sweep.yaml", "whole.db", "killed.db"))
        sweep.write_text(SWEEP.format(last=1024 + arguments.points // 5 - 1))
        began = time.monotonic()
        subprocess.run(command("sweep", sweep, "--store", whole, "--quiet"), check=True)
        took_s = time.monotonic() - began
        for number in range(arguments.kills):
            process = subprocess.Popen(command("sweep", sweep, "--store", killed, "--quiet"))
            time.sleep(draw.uniform(0.5, 1.0) * took_s / arguments.kills + 1.0)
            process.send_signal(signal.SIGKILL)
            process.wait()
            print(f"kill {number + 1}: {rows(exported(killed)) if killed.exists() else 0} rows")
        subprocess.run(command("sweep", sweep, "--store", killed, "--quiet"), check=True)
        one, other = exported(whole), exported(killed)
        print(f"{rows(one)} rows undisturbed, {rows(other)} after {arguments.kills} kills; equal: {one == other}")
        raise SystemExit(one != other)


if __name__ == "__main__":
    main()
