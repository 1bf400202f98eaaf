"""Random chips and random models, and what every simulation obeys whatever the chip and the model."""

import json
import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st

from leptonsim.chip import Chip, load_chip
from leptonsim.model import Model, load_model
from leptonsim.model.weightless import GraphBuilder
from leptonsim.result.result import Result

SHIPPED = ("lepton-e1", "lepton-c1", "lepton-t1")
DRAM_PARTS = ("LPDDR4X-4266", "LPDDR5-6400", "DDR4-3200", "DDR5-6400", "GDDR6-16", "HBM2E-3600", "HBM3-6400")
BINDINGS = {
    "tensor core", "vector unit", "data movement", "dependency", "input", "buffer", "dram", "noc", "pcie", "latency",
    "contention", "launch", "arrival", "transition",
}  # fmt: skip


@st.composite
def chips(draw: Any, **fixed: Any) -> Chip:
    """A chip within the bounds of what can be built: a shipped one with everything about it drawn anew."""
    base = load_chip(draw(st.sampled_from(SHIPPED)))
    rows, cols = (draw(st.sampled_from([4, 8, 16, 32, 64, 128])) for _ in range(2))
    count = draw(st.sampled_from([1, 1, 2, 4]))
    cores = draw(st.sampled_from([1, 1, 2, 3, 4, 6, 16]))
    dataflow = draw(st.sampled_from(["weight_stationary", "output_stationary", "input_stationary"]))
    schedule = draw(st.sampled_from(["serial", "single", "double"]))
    move = st.just("skewed") if schedule == "single" else st.sampled_from(["skewed", "broadside"])
    fold_bytes = rows * cols * count * 4
    least_sram = max(8, math.ceil(2 * fold_bytes / 0.9 / 1024))
    engines = draw(st.integers(1, 4))
    overrides = {
        "clocks.core": draw(st.sampled_from(["400 MHz", "1 GHz", "1.5 GHz"])),
        "power.states": [],
        "power.state": None,
        "cores": cores,
        "core.tensor_core.rows": rows,
        "core.tensor_core.cols": cols,
        "core.tensor_core.count": count,
        "core.tensor_core.dataflow": dataflow,
        "core.tensor_core.schedule": schedule,
        "core.tensor_core.load": draw(move),
        "core.tensor_core.drain": draw(move),
        "core.tensor_core.edge": draw(st.sampled_from(["padded", "trimmed"])),
        "core.tensor_core.accumulator_size": f"{max(cols * 4, draw(st.sampled_from([2048, 16384, 262144])))} B",
        "core.vector_unit.lanes": draw(st.sampled_from([8, 64, 512])),
        "core.sram.size": f"{least_sram * draw(st.sampled_from([1, 2, 16, 128]))} KiB",
        "core.dma.engines": engines,
        "core.dma.outstanding": draw(st.sampled_from([1, 16, 128])),
        "dram.part": draw(st.sampled_from(DRAM_PARTS)),
        "dram.channels": draw(st.sampled_from([1, 2, 16])),
        "noc.topology": draw(st.sampled_from(["ring", "mesh", "crossbar"])),
        "noc.link": f"{draw(st.sampled_from([16, 64, 256]))} B/cycle",
        "software.launch": draw(st.sampled_from(["0 us", "1 us", "20 us"])),
    }
    shared = draw(st.sampled_from([None, "64 KiB", "16 MiB"]))
    if shared is None:
        overrides["shared_sram"] = None
    else:
        overrides |= {"shared_sram.size": shared, "shared_sram.bandwidth": "500 GB/s", "shared_sram.latency": "80 ns"}
    return base.with_(overrides | fixed)


class Net:
    """A network under construction, with the multiply-accumulates of one sample counted as it grows."""

    def __init__(self) -> None:
        self.builder = GraphBuilder("random")
        self.macs = 0
        self._weights = 0

    def weight(self, *shape: int) -> str:
        self._weights += 1
        return self.builder.weight(f"w{self._weights}", shape)

    def image(self, draw: Any, name: str, channels: int, height: int, width: int) -> tuple[str, list[int]]:
        """One operator on an image; returns its output and the output's channels, height and width."""
        kinds = ["conv", "conv", "depthwise", "relu", "add", "concat"]
        if min(height, width) >= 2:
            kinds.append("pool")
        kind = draw(st.sampled_from(kinds))
        if kind in ("conv", "depthwise"):
            kernel = draw(st.sampled_from([1, 3, 5]))
            stride = draw(st.sampled_from([1, 1, 2]))
            out = channels if kind == "depthwise" else draw(st.sampled_from([1, 3, 16, 40, 130]))
            groups = channels if kind == "depthwise" else 1
            pad = kernel // 2
            height, width = ((size - 1) // stride + 1 for size in (height, width))
            weight = self.weight(out, channels // groups, kernel, kernel)
            attributes: dict[str, Any] = {"strides": [stride] * 2, "pads": [pad] * 4, "kernel_shape": [kernel] * 2}
            output = self.builder.op("Conv", [name, weight], group=groups, **attributes)
            self.macs += out * height * width * channels // groups * kernel * kernel
            return output, [out, height, width]
        if kind == "pool":
            output = self.builder.op("MaxPool", [name], kernel_shape=[2, 2], strides=[2, 2])
            return output, [channels, height // 2, width // 2]
        if kind == "relu":
            return self.builder.op("Relu", [name]), [channels, height, width]
        other = self.builder.op("Sigmoid", [name])
        if kind == "add":
            return self.builder.op("Add", [name, other]), [channels, height, width]
        return self.builder.op("Concat", [name, other], axis=1), [2 * channels, height, width]

    def rows(self, draw: Any, name: str, count: int, width: int) -> tuple[str, int]:
        """One operator on rows of features; returns its output and the output's width."""
        kind = draw(st.sampled_from(["gemm", "gemm", "softmax", "gelu", "residual", "attention"]))
        if kind == "gemm":
            out = draw(st.sampled_from([1, 7, 32, 100, 200]))
            self.macs += count * width * out
            return self.builder.op("MatMul", [name, self.weight(width, out)]), out
        if kind == "softmax":
            return self.builder.op("Softmax", [name], axis=-1), width
        if kind == "gelu":
            return self.builder.op("Add", [self.builder.op("Tanh", [name]), self.weight(width)]), width
        if kind == "residual":
            self.macs += count * width * width
            return self.builder.op("Add", [name, self.builder.op("MatMul", [name, self.weight(width, width)])]), width
        turned = self.builder.op("Transpose", [name], perm=[0, 2, 1])
        scores = self.builder.op("Softmax", [self.builder.op("MatMul", [name, turned])], axis=-1)
        self.macs += 2 * count * count * width
        return self.builder.op("MatMul", [scores, name]), width


@st.composite
def models(draw: Any, most: int = 5) -> tuple[Model, int]:
    """A model that can be read at any batch, with the multiply-accumulates of one sample."""
    net = Net()
    count = draw(st.integers(1, most))
    shape: list[int]
    if draw(st.booleans()):
        shape = [draw(st.sampled_from([1, 3, 16, 40])), draw(st.integers(1, 20)), draw(st.integers(1, 20))]
        name = net.builder.input("x", ("batch", *shape))
        for _ in range(count):
            name, shape = net.image(draw, name, *shape)
    else:
        rows, width = draw(st.sampled_from([1, 5, 33, 128, 300])), draw(st.sampled_from([1, 16, 70, 256]))
        name = net.builder.input("x", ("batch", rows, width))
        for _ in range(count):
            name, width = net.rows(draw, name, rows, width)
        shape = [rows, width]
    return load_model(net.builder.model([(name, ("batch", *shape))]), batch=1), net.macs


def macs_of(model: Model) -> int:
    """Multiply-accumulates of a graph, from its nodes and shapes alone."""
    total = 0
    for node in model.graph.nodes:
        shapes = [model.graph.tensors[name].shape if name else () for name in node.inputs]
        out = math.prod(model.graph.tensors[node.outputs[0]].shape) if node.outputs[0] else 0
        if node.op_type in ("Conv", "ConvInteger", "QLinearConv"):
            weight = shapes[3] if node.op_type == "QLinearConv" else shapes[1]
            total += out * math.prod(weight[1:])
        elif node.op_type == "Gemm":
            total += out * (shapes[0][0] if node.attributes.get("transA") else shapes[0][1])
        elif node.op_type in ("MatMul", "MatMulInteger"):
            total += out * shapes[0][-1]
        elif node.op_type == "LSTM":
            steps, batch, width = shapes[0]
            directions, gates, _ = shapes[1]
            hidden = gates // 4
            total += steps * batch * directions * gates * (width + hidden)
        else:
            assert node.op_type not in ("Einsum", "GRU", "RNN", "ConvTranspose", "Attention", "QLinearMatMul"), node
    return total


def obeys_the_laws(result: Result, macs: int) -> None:
    """Everything that holds for any chip and model; ``macs`` are those of one request."""
    program, span = result.program, result.makespan_ps
    memory, runs = program.memory, result.requests * program.runs_per_request
    for engine, causes in result.time_ps.items():
        assert sum(causes.values()) == span, engine
        assert min(causes.values()) >= 0, engine
    assert all(0 <= share <= 1 for share in result.utilization.values()), result.utilization
    assert min(result.energy_breakdown_j.values()) >= 0
    assert math.isclose(sum(result.energy_breakdown_j.values()), result.energy_j, rel_tol=1e-12)
    assert result.power_peak_w >= result.energy_breakdown_j["static"] / result.makespan_s * (1 - 1e-9)
    for name, bound in result.bounds_ps.items():
        assert span >= bound, name
    assert max(result.request_times_ps) <= span
    assert result.macs == macs
    in_bytes, out_bytes = result.requests * memory.input_bytes, result.requests * memory.output_bytes
    dram, pcie = result.bytes["dram"], result.bytes["pcie"]
    weights = runs * max(0, memory.weights_read_bytes - memory.weights_on_host_bytes)
    assert dram["read"] >= weights + out_bytes
    assert dram["written"] >= in_bytes
    assert pcie["written"] == out_bytes
    assert pcie["read"] >= in_bytes + runs * memory.weights_on_host_bytes
    assert result.sram_peak_bytes <= int(program.chip.core.sram.size_bytes * program.chip.software.buffer_share)
    assert sum(program.mapped.values()) >= len(program.operators)
    for step in result.steps:
        assert 0 <= step.start_ps <= step.end_ps <= span, step.name
        assert step.bound_by in BINDINGS, step.bound_by
    assert sum(step.time_ps for step in result.steps) <= span
    cycles = result.tensor_cycles
    assert min(cycles.values()) >= 0
    assert cycles["busy"] == sum(value for name, value in cycles.items() if name != "busy")
    assert result.events["simpy"] <= 40 * runs + 40
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.fixture(scope="session")
def laws() -> SimpleNamespace:
    """What the tests of laws share."""
    return SimpleNamespace(chips=chips, models=models, macs_of=macs_of, obeyed_by=obeys_the_laws)
