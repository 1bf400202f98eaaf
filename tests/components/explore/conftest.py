"""What tests of sweeps share: a sweep of a tiny model, and an executor that computes here and now."""

import importlib.util
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest

from leptonsim.explore.executors import PointExecutor
from leptonsim.explore.runner import Runner
from leptonsim.explore.spec import sweep_from_text
from leptonsim.explore.store import Store

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
TINY = """
name: tiny
chips: [lepton-e1]
models: [tiny.onnx]
set:
  core.sram.size: {from: 1 MiB, to: 4 MiB, scale: log2}
  dram.channels: [1, 2, 4]
"""


def _parts():
    """What these tests share with the benchmarks (benchmarks/sweep_parts.py)."""
    path = BENCHMARKS / "sweep_parts.py"
    spec = importlib.util.spec_from_file_location("sweep_parts", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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

    _parts().tiny_model(tmp_path / "tiny.onnx")

    def run(text=TINY, store="s.db", executor=None, **options):
        sweep = sweep_from_text(text, "test.yaml", tmp_path)
        with Store(tmp_path / store) as opened:
            opened.begin(sweep.name, text, sweep.about())
            progress = Runner(sweep, opened, executor or Here(), **options).run()
            return SimpleNamespace(rows=list(opened.rows(sweep.name)), progress=progress)

    return SimpleNamespace(run=run, Here=Here, TINY=TINY, folder=tmp_path)


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler without workers yet, on loopback."""
    made = _parts().Cluster(tmp_path)
    yield made
    made.close()


@pytest.fixture
def benchmarks():
    """The folder of the benchmarks."""
    return BENCHMARKS
