"""How fast leptonsim is, and SCALE-Sim beside it.

    python benchmarks/speed.py                            # warm, once for a model, points of a sweep, and cold
    python benchmarks/speed.py --scalesim                 # also SCALE-Sim on one block of ResNet-50
    python benchmarks/speed.py --scalesim --layers all    # on every convolution (minutes)

Warm: compile and simulate with the model loaded and a chip not seen before, one number of it changed each time. Once
for a model: loading it, and what its first run takes beyond the next. Points of a sweep: what a worker computes in a
second, from the changes to the measures. Cold: the whole command in a process of its own, with the largest memory that
it had. SCALE-Sim comes from PyPI into an
environment of its own and runs the same layers on the same array, 128 x 128, weight-stationary; of it only the layer's
run is counted, not the start of Python. Times are medians; "cpu" is the processor time of the process, which a shared
machine does not inflate.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import leptonsim as ls
from leptonsim.explore.workbench import Task, Workbench

CHIP = "lepton-c1"
MODELS = ("zoo:resnet50", "zoo:llama-3-8b?seq=1&past=2048", "zoo:unet", "zoo:llama-3-70b?seq=1&past=2048")
CHANGES: dict[str, Callable[[int], str]] = {
    "core.sram.size": lambda step: f"{8192 - 64 * step} KiB",
    "core.tensor_core.rows": lambda step: str(128 - step),
    "core.dma.port": lambda step: f"{64 + step} B/cycle",
    "dram.latency": lambda step: f"{40 + step} ns",
    "software.launch": lambda step: f"{5000 + step} ns",
}
BLOCK = ("layer4.1.conv1", "layer4.1.conv2", "layer4.1.conv3")
SCALESIM_PACKAGES = ("scalesim==3.0.0", "numpy<2", "pandas<3")
SCALESIM_RUN = """
import contextlib, io, json, sys, time
from scalesim.scale_sim import scalesim
for config, topology, folder in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        begin = time.process_time()
        run = scalesim(save_disk_space=True, verbose=False, config=config, topology=topology, layout=topology)
        run.run_scale(folder)
        took = time.process_time() - begin
    print(took, flush=True)
"""
SCALESIM_CONFIG = """[general]
run_name = run
[architecture_presets]
ArrayHeight: 128
ArrayWidth: 128
IfmapSramSzkB: 4096
FilterSramSzkB: 2048
OfmapSramSzkB: 2048
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 64
Dataflow: ws
MemoryBanks: 1
ReadRequestBuffer: 64
WriteRequestBuffer: 64
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def warm(model: ls.Model, repeats: int) -> Iterator[tuple[str, float, float]]:
    """Wall and processor seconds of compile and simulate, by the number that was changed."""
    base = ls.load_chip(CHIP)
    ls.simulate(base, model)
    for path, value in CHANGES.items():
        wall, cpu = [], []
        for step in range(1, repeats + 1):
            chip = base.with_({path: value(step)})
            begin, used = time.perf_counter(), time.process_time()
            ls.simulate(chip, model)
            wall.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - used)
        yield path, statistics.median(wall), statistics.median(cpu)


def once(name: str, repeats: int) -> tuple[float, float, int]:
    """Processor seconds to load a model and of its first run beyond the next; nodes of its graph."""
    chip = ls.load_chip(CHIP)
    loads, firsts = [], []
    for _ in range(repeats):
        times = [time.process_time()]
        model = ls.load_model(name)
        times.append(time.process_time())
        for _ in range(2):
            ls.simulate(chip, model)
            times.append(time.process_time())
        loads.append(times[1] - times[0])
        firsts.append(2 * times[2] - times[1] - times[3])
    return statistics.median(loads), statistics.median(firsts), len(model.graph.nodes)


def points(model: ls.Model, path: str, mapping: str, count: int) -> float:
    """Points of a sweep in a second of processor time, one number of the chip changed from point to point."""
    bench = Workbench(model, {CHIP: ls.load_chip(CHIP)})
    tasks = [
        Task(step, CHIP, {path: CHANGES[path](step)}, None, None, 1, False, mapping) for step in range(1, count + 1)
    ]
    bench.outcome(tasks[0])
    begin = time.process_time()
    outcomes = [bench.outcome(task) for task in tasks[1:]]
    took = time.process_time() - begin
    if any(outcome.status != "ok" for outcome in outcomes):
        raise SystemExit(f"a point of {path} failed")
    return len(outcomes) / took


def cold(model: str, repeats: int) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and largest bytes in memory of the whole command."""
    wall, cpu, peak = [], [], []
    for _ in range(repeats):
        begin = time.perf_counter()
        command = [sys.executable, "-m", "leptonsim", "run", "--config", CHIP, model]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed")
        wall.append(time.perf_counter() - begin)
        cpu.append(usage.ru_utime + usage.ru_stime)
        peak.append(usage.ru_maxrss * 1024)
    return statistics.median(wall), statistics.median(cpu), max(peak)


def layers(names: tuple[str, ...] | None) -> dict[str, tuple[int, ...]]:
    """Convolutions of ResNet-50: padded height and width, kernel height and width, channels, filters, stride."""
    graph = ls.load_model("zoo:resnet50").graph
    found = {}
    for node in graph.nodes:
        if node.op_type != "Conv" or (names is not None and node.name not in names):
            continue
        (_, channels, height, width), (filters, _, k_height, k_width) = (
            graph.tensors[name].shape for name in node.inputs[:2]
        )
        top, left, bottom, right = node.attributes.get("pads", (0, 0, 0, 0))
        stride = node.attributes.get("strides", (1, 1))[0]
        found[node.name] = (height + top + bottom, width + left + right, k_height, k_width, channels, filters, stride)
    return found


def scalesim(names: tuple[str, ...] | None) -> Iterator[tuple[str, float, float]]:
    """Processor seconds of each layer: SCALE-Sim's, leptonsim's (compile and simulate on one core with that array)."""
    chosen = layers(names)
    chip = ls.load_chip(CHIP).with_({"cores": "1"})
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        venv.create(here / "venv", with_pip=True)
        python = here / "venv" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", *SCALESIM_PACKAGES], check=True)
        (here / "run.cfg").write_text(SCALESIM_CONFIG)
        jobs = []
        for name, sizes in chosen.items():
            row = ",".join(map(str, (name, *sizes)))
            header = "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides,"
            (here / f"{name}.csv").write_text(f"{header}\n{row},\n")
            jobs.append((str(here / "run.cfg"), str(here / f"{name}.csv"), str(here / name)))
        process = subprocess.Popen(
            [python, "-c", SCALESIM_RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(jobs))
        process.stdin.close()
        for (name, sizes), line in zip(chosen.items(), process.stdout, strict=True):
            height, width, k_height, k_width, channels, filters, stride = sizes
            layer = f"conv:1x{channels}x{height}x{width},{filters}x{channels}x{k_height}x{k_width},stride={stride}"
            model = ls.load_model(layer)
            used = []
            for step in range(5):
                own = chip.with_({"software.launch": f"{5000 + step} ns"})
                begin = time.process_time()
                ls.simulate(own, model)
                used.append(time.process_time() - begin)
            yield name, float(line), statistics.median(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--scalesim", action="store_true", help="run SCALE-Sim from PyPI beside it")
    parser.add_argument("--layers", choices=("block", "all"), default="block", help="for SCALE-Sim")
    arguments = parser.parse_args()
    # First, while this process is small: a child's largest memory counts that of its parent until it has begun.
    print("| cold: the whole command | wall | cpu | memory |\n|---|--:|--:|--:|")
    for name in MODELS:
        wall, cpu, peak = cold(name, arguments.repeats)
        print(f"| `{name}` | {wall:.2f} s | {cpu:.2f} s | {peak / 1e6:.0f} MB |", flush=True)
    print("\n| warm: compile and simulate | changed | wall | cpu |\n|---|---|--:|--:|")
    for name in MODELS:
        model = ls.load_model(name)
        for path, wall, cpu in warm(model, arguments.repeats):
            print(f"| `{name}` | `{path}` | {wall * 1e3:.1f} ms | {cpu * 1e3:.1f} ms |", flush=True)
    print("\n| once for a model | nodes | loading, cpu | first run, beyond the next, cpu |\n|---|--:|--:|--:|")
    for name in MODELS:
        loading, first, nodes = once(name, max(3, arguments.repeats // 5))
        print(f"| `{name}` | {nodes:,} | {loading:.2f} s | {first * 1e3:.0f} ms |", flush=True)
    print("\n| points of a sweep on ResNet-50 | in a second of cpu |\n|---|--:|")
    resnet = ls.load_model(MODELS[0])
    for path, mapping in (("core.sram.size", "own"), ("dram.latency", "kept")):
        rate = points(resnet, path, mapping, 4 * arguments.repeats)
        print(f"| `{path}`, mapping {mapping} | {rate:.0f} |", flush=True)
    if arguments.scalesim:
        print("\n| layer of ResNet-50 | SCALE-Sim, cpu | leptonsim, cpu | ratio |\n|---|--:|--:|--:|")
        total = [0.0, 0.0]
        for name, theirs, ours in scalesim(BLOCK if arguments.layers == "block" else None):
            total = [total[0] + theirs, total[1] + ours]
            print(f"| `{name}` | {theirs:.1f} s | {ours * 1e3:.2f} ms | {theirs / ours:,.0f} |", flush=True)
        print(f"| together | {total[0]:.1f} s | {total[1] * 1e3:.2f} ms | {total[0] / total[1]:,.0f} |")


if __name__ == "__main__":
    main()
