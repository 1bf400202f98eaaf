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
models: [tiny.onnx]
set:
  core.sram.size: {from: 1 MiB, to: 4 MiB, scale: log2}
  dram.channels: [1, 2, 4]
"""


# The compiler tries many mappings of a model with few products, which would be the time that these tests take.
def tiny_model(path):
    """Three different small products: enough for the compiler to take the search's word for how to map them."""
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

    tiny_model(tmp_path / "tiny.onnx")

    def run(text=TINY, store="s.db", executor=None, **options):
        sweep = sweep_from_text(text, "test.yaml", tmp_path)
        with Store(tmp_path / store) as opened:
            opened.begin(sweep.name, text, sweep.about())
            progress = Runner(sweep, opened, executor or Here(), **options).run()
            return SimpleNamespace(rows=list(opened.rows(sweep.name)), progress=progress)

    return SimpleNamespace(run=run, Here=Here, TINY=TINY, folder=tmp_path)
