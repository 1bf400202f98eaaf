"""A sweep on a real Dask scheduler and workers, started as processes on loopback."""

import threading

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
models: [tiny.onnx]
set:
  core.sram.size: {from: 1 MiB, to: 1103 KiB, step: 1 KiB}
"""


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
            progress = Runner(sweep_from_text(SWEEP, "s.yaml", explore.folder), store, executor, watch).run()
            rows = list(store.rows())
    finally:
        executor.shutdown()
    assert killed.is_set()
    assert progress.done == 80
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
            cluster.scheduler.kill()

    executor = open_executor(cluster.address, None)
    try:
        with Store(explore.folder / "dask.db") as store:
            with pytest.raises(LeptonError, match="went away; points stored so far are kept"):
                Runner(sweep_from_text(SWEEP, "s.yaml", explore.folder), store, executor, watch).run()
            assert sum(1 for _ in store.rows()) >= 10
    finally:
        executor.abandon()


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_without_workers_is_told_and_waited_for(cluster, explore):
    told = []

    def watch(progress):
        if progress.obstacle and not told:
            cluster.start()
        told.append(progress.obstacle)

    executor = open_executor(cluster.address, None)
    try:
        with Store(explore.folder / "dask.db") as store:
            progress = Runner(sweep_from_text(explore.TINY, "s.yaml", explore.folder), store, executor, watch).run()
    finally:
        executor.shutdown()
    assert (
        told[0]
        == f"the Dask scheduler at {cluster.address} has no workers; start one with `dask worker {cluster.address}`"
    )
    assert told[-1] == ""
    assert progress.done == progress.total
