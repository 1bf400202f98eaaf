"""How long reports take: a page of 5,000 operators in Chromium, a trace of Llama 3 70B on 64 cores, reading a result.

    python benchmarks/report_speed.py

Times are processor seconds, medians; those in the browser are what its own clock says from navigation to the page being
ready, and from a click until the sorted rows are laid out. Needs chromium and chromedriver, and selenium, for those.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import leptonsim as ls
from leptonsim.machine.machine import Machine
from leptonsim.result.figures import draw, kinds
from leptonsim.result.from_record import make_result
from leptonsim.result.load import load_result
from leptonsim.result.report import report_html
from leptonsim.result.trace import write_trace

LAYERS = 3000
"""Products, two thirds of them with a softmax of its own: 5,000 operators."""
LLAMA = "zoo:llama-3-70b?seq=1&past=2048"
LOADED = "return performance.timing.loadEventEnd - performance.timing.navigationStart"
SORT = """
const began = performance.now(), button = document.querySelector(`#table th:nth-child(${arguments[0]}) button`);
button.click();
document.getElementById('table').offsetHeight;
return performance.now() - began;
"""
FILTER = """
const began = performance.now(), field = document.getElementById('filter');
field.value = 'softmax';
field.dispatchEvent(new Event('input'));
document.getElementById('table').offsetHeight;
return performance.now() - began;
"""


def long_model() -> Any:
    """A chain of products and activations, 5,000 operators once tanh is fused."""
    from onnx import TensorProto, helper

    nodes = []
    for layer in range(LAYERS):
        kind = "Softmax" if layer % 3 else "Tanh"
        nodes.append(helper.make_node("MatMul", [f"x{layer}", "w"], [f"m{layer}"], name=f"layer.{layer}.matmul"))
        nodes.append(helper.make_node(kind, [f"m{layer}"], [f"x{layer + 1}"], name=f"layer.{layer}.{kind.lower()}"))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64, 128]) for name in ("x0", f"x{LAYERS}")]
    weights = helper.make_tensor("w", TensorProto.FLOAT, [128, 128], bytes(4 * 128 * 128), raw=True)
    graph = helper.make_graph(nodes, "long", ends[:1], ends[1:], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Median processor time of some work."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found)


def row(what: str, text: str) -> None:
    print(f"| {what} | {text} |", flush=True)


def in_browser(page: Path, times: int = 5) -> None:
    """Open, sort by every column, filter."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        row("in Chromium", "not installed")
        return
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        opened, sorts, filters = [], [], []
        for _ in range(times):
            browser.get(page.as_uri())
            opened.append(browser.execute_script(LOADED))
            sorts += [browser.execute_script(SORT, column) for column in range(1, 11)]
            filters.append(browser.execute_script(FILTER))
        row("opens in Chromium", f"{statistics.median(opened):.0f} ms (slowest {max(opened):.0f})")
        row("sorts by a column", f"{statistics.median(sorts):.0f} ms (slowest {max(sorts):.0f})")
        row("filters", f"{statistics.median(filters):.0f} ms (slowest {max(filters):.0f})")
    finally:
        browser.quit()


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    chip = ls.load_chip("lepton-c1")
    print("| what | |\n|---|--:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        resnet = ls.simulate(chip, ls.load_model("zoo:resnet50"))
        row("page of ResNet-50", f"{len(report_html(resnet).encode()) / 1e3:.0f} kB")
        row("written in", f"{seconds(lambda: report_html(resnet)):.2f} s")
        for kind in kinds():
            row(f"picture, {kind}", f"{seconds(lambda kind=kind: draw(kind, resnet)):.2f} s")
        resnet.save(folder / "resnet50.json")
        first = seconds(lambda: load_result(folder / "resnet50.json"), 1)
        again = seconds(lambda: load_result(folder / "resnet50.json"))
        row("its JSON read", f"{1e3 * first:.0f} ms, then {1e3 * again:.1f} ms")

        long = ls.simulate(chip, ls.load_model(long_model()))
        page = folder / "long.html"
        page.write_text(report_html(long), encoding="utf-8")
        row(f"page of {len(long.steps):,} operators", f"{page.stat().st_size / 1e6:.1f} MB")
        in_browser(page)

        large = ls.load_chip("lepton-t1", ["cores=64", "dram.capacity=256 GiB"])
        program = ls.compile(large, ls.load_model(LLAMA))
        record = Machine(program, log_jobs=True).execute(1)
        traced = make_result(program, record, 1)
        for suffix in ("pftrace", "json"):
            path = folder / f"llama.{suffix}"
            spent = seconds(lambda path=path: write_trace(path, program, record, traced), 3)
            row(
                f"trace of Llama 3 70B decode, 64 cores, .{suffix}",
                f"{spent:.2f} s, {path.stat().st_size / 1e6:.0f} MB",
            )


if __name__ == "__main__":
    main()
