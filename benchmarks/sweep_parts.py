"""What benchmarks and tests of sweeps share: a model that takes no time, and a Dask cluster of processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

START_TIMEOUT_S = 120.0


def tiny_model(path: Path) -> None:
    """Write three different small products: enough of them for the compiler to take the search's word for how to map
    them, instead of trying many mappings.
    """
    import onnx
    from onnx import TensorProto, helper

    sizes = (64, 96, 48, 32)
    names = [f"x{number}" for number in range(len(sizes))]
    nodes = [helper.make_node("MatMul", [names[n], f"w{n}"], [names[n + 1]]) for n in range(len(sizes) - 1)]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [64, size])
        for name, size in zip(names, sizes, strict=True)
    ]
    weights = [
        helper.make_tensor(f"w{n}", TensorProto.FLOAT, [sizes[n], sizes[n + 1]], [0.0] * (sizes[n] * sizes[n + 1]))
        for n in range(len(sizes) - 1)
    ]
    graph = helper.make_graph(nodes, "tiny", values[:1], values[-1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


def worker_pids(parent: int) -> list[int]:
    """Worker processes of a sweep on this machine: its children but for the one that tracks resources (Linux)."""
    found = []
    for thread in Path(f"/proc/{parent}/task").iterdir():
        for pid in (thread / "children").read_text().split():
            with contextlib.suppress(FileNotFoundError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
    return sorted(found)


class Cluster:
    """A Dask scheduler and its workers, each a process of its own on loopback, of one thread.

    ``start`` adds a worker, ``kill`` ends one with SIGKILL. Raises TimeoutError where the scheduler does not start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        file = folder / "scheduler.json"
        self.scheduler = self._run("scheduler", "--scheduler-file", str(file), "--port", "0")
        self.workers: list[subprocess.Popen[bytes]] = []
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (file.exists() and file.stat().st_size):
            if time.monotonic() > deadline:
                self.close()
                raise TimeoutError(f"the scheduler did not start within {START_TIMEOUT_S:.0f} s")
            time.sleep(0.05)
        self.address = str(json.loads(file.read_text())["address"])

    def start(self) -> None:
        """Add a worker; it joins when it is ready."""
        self.workers.append(
            self._run("worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        )

    def kill(self, number: int = 0) -> None:
        """SIGKILL a worker, the oldest if not told."""
        worker = self.workers.pop(number)
        worker.kill()
        worker.wait()

    def close(self) -> None:
        """End all processes at once."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _run(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment, cwd=self._folder)
