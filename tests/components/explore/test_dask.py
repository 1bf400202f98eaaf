"""A sweep on a real Dask scheduler and workers, started as processes on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from leptonsim.errors import LeptonError
from leptonsim.explore.executors import open_executor
from leptonsim.explore.runner import Runner
from leptonsim.explore.spec import sweep_from_text
from leptonsim.explore.store import Store

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")

SWEEP = """
name: dask
chips: [lepton-e1]
models: ["gemm:64x64x64"]
set:
  core.sram.size: {from: 1 MiB, to: 1223 KiB, step: 1 KiB}
"""


class Cluster:
    """A scheduler and its workers; ``start`` adds a worker, ``kill`` ends the oldest at once."""

    def __init__(self, folder):
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._scheduler = self._run("scheduler", "--scheduler-file", str(self._file), "--port", "0")
        self.workers = []
        deadline = time.monotonic() + 60
        while not (self._file.exists() and self._file.stat().st_size):
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        self.address = json.loads(self._file.read_text())["address"]

    def start(self):
        self.workers.append(
            self._run("worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        )

    def kill(self):
        worker = self.workers.pop(0)
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def close(self):
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()

    def _run(self, kind, *arguments):
        command = [sys.executable, "-m", "dask", kind, *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment, cwd=self._folder)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore")
def test_workers_killed_in_mid_run_lose_nothing_and_count_nothing_twice(cluster, explore):
    whole = explore.run(SWEEP, store="whole.db").rows
    cluster.start()
    cluster.start()
    killed = threading.Event()

    def watch(progress):
        if progress.done >= 20 and not killed.is_set():
            killed.set()
            cluster.kill()
            cluster.start()

    executor = open_executor(cluster.address, None)
    try:
        with Store(explore.folder / "dask.db") as store:
            progress = Runner(sweep_from_text(SWEEP, "s.yaml"), store, executor, watch).run()
            rows = list(store.rows())
    finally:
        executor.shutdown()
    assert killed.is_set()
    assert progress.done == 200
    assert rows == whole


@pytest.mark.filterwarnings("ignore")
def test_no_scheduler_is_told(monkeypatch):
    monkeypatch.setattr("leptonsim.explore.executors.dask.CONNECT_TIMEOUT_S", 1)
    with pytest.raises(LeptonError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9.*dask scheduler"):
        open_executor("tcp://127.0.0.1:9", None)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_goes_away_ends_the_sweep_with_its_points_kept(cluster, explore):
    cluster.start()

    def watch(progress):
        if progress.done >= 10:
            cluster._scheduler.kill()

    executor = open_executor(cluster.address, None)
    try:
        with Store(explore.folder / "dask.db") as store:
            with pytest.raises(LeptonError, match="went away; points stored so far are kept"):
                Runner(sweep_from_text(SWEEP, "s.yaml"), store, executor, watch).run()
            assert sum(1 for _ in store.rows()) >= 10
    finally:
        executor.abandon()
