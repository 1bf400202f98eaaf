"""What tests of sweeps share: a sweep of a tiny model, and an executor that computes here and now."""

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from leptonsim.explore.executors import PointExecutor
from leptonsim.explore.runner import Runner
from leptonsim.explore.spec import sweep_from_text
from leptonsim.explore.store import Store

TINY = """
name: tiny
chips: [lepton-e1]
models: ["gemm:64x64x64"]
set:
  core.sram.size: {from: 1 MiB, to: 4 MiB, scale: log2}
  dram.channels: [1, 2, 4]
"""


class Here(PointExecutor):
    """Computes a job when it is submitted."""

    def __init__(self, width=1):
        self._width = width
        self.jobs = []

    @property
    def width(self):
        return self._width

    def submit(self, fn, /, *args, **kwargs):
        self.jobs.append([task.number for task in args[1]])
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def is_loss(self, error):
        return False

    def abandon(self):
        pass


@pytest.fixture
def explore(tmp_path):
    """run(text) -> rows; the executor, the store's path and the text of a tiny sweep."""

    def run(text=TINY, store="s.db", executor=None, **options):
        sweep = sweep_from_text(text, "test.yaml", tmp_path)
        with Store(tmp_path / store) as opened:
            opened.begin(sweep.name, text, sweep.about())
            progress = Runner(sweep, opened, executor or Here(), **options).run()
            return SimpleNamespace(rows=list(opened.rows(sweep.name)), progress=progress)

    return SimpleNamespace(run=run, Here=Here, TINY=TINY, folder=tmp_path)
