"""Pictures of sweeps: nothing is cut off, axes have units, and each module shows itself."""

import itertools
import subprocess
import sys

import pytest

from leptonsim.explore.figures import bars, curves, front, heat_map, parallel
from leptonsim.explore.figures.columns import label, parameter, scale
from leptonsim.explore.results import table
from leptonsim.explore.sensitivity import shares
from leptonsim.explore.study import objectives_of, studies
from leptonsim.result import style

SWEEP = """
name: small
chips: [lepton-e1]
models: [tiny.onnx]
set:
  core.sram.size: {from: 512 KiB, to: 1 MiB, scale: log2}
  dram.channels: [1, 2, 4]
  core.tensor_core.rows: [32, 64]
objectives: [latency_s, energy_j, area_mm2]
"""


@pytest.fixture
def study(explore):
    rows = explore.run(SWEEP, store="small.db").rows
    return studies(table(rows), objectives_of(["latency_s", "energy_j", "area_mm2"]))[0]


def drawn(study):
    x, y, *_ = study.varied
    measure = study.objectives[0].measure
    return {
        "front": front.figure(study.records, study.is_front, study.objectives, study.labels, "front"),
        "bars": bars.figure(shares(study.records, study.varied, study.measures), "bars"),
        "parallel": parallel.figure(study.records, study.is_front, [*study.varied, *study.measures], "parallel"),
        "heat map": heat_map.figure(study.records, x, y, measure, False, "heat map"),
        "curves": curves.figure({"one": study.best_by(x), "two": study.records[:4]}, x, measure, False, "curves"),
    }


def test_no_text_is_cut_off_ticks_keep_apart_and_axes_have_units(study):
    from matplotlib.text import Text

    for name, figure in drawn(study).items():
        with style.applied():
            figure.draw_without_rendering()
            frame = figure.bbox.padded(1)
            for axes in figure.axes:
                for axis in (axes.xaxis, axes.yaxis):
                    low, high = sorted(axis.get_view_interval())
                    labels = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                    labels = [each for each in labels if each.get_visible() and each.get_text()]
                    boxes = [each.get_window_extent() for each in labels]
                    overlaps = [one.overlaps(other) for one, other in itertools.pairwise(boxes)]
                    assert not any(overlaps), (name, [each.get_text() for each in labels])
                    if any(each.get_text().replace(",", "").replace(".", "").isdigit() for each in labels):
                        assert "(" in axis.get_label_text(), (name, axis.get_label_text())
            texts = [text for text in (*figure.texts, *figure.legends, figure._suptitle) if isinstance(text, Text)]
            for text in [*texts, *(each for legend in figure.legends for each in legend.get_texts())]:
                box = text.get_window_extent()
                assert frame.x0 <= box.x0 <= box.x1 <= frame.x1, (name, text.get_text())
                assert frame.y0 <= box.y0 <= box.y1 <= frame.y1, (name, text.get_text())


def test_a_parameter_in_one_unit_is_numbers_and_in_several_text():
    assert parameter("core.sram.size", ["1 MiB", "2 MiB"]) == ([1.0, 2.0], "sram.size (MiB)")
    assert parameter("dram.channels", [4, 8]) == ([4.0, 8.0], "dram.channels (count)")
    assert parameter("core.sram.size", ["512 KiB", "2 MiB"]) == (None, "sram.size")
    assert parameter("dram.part", ["LPDDR5-6400", "HBM3"]) == (None, "dram.part")
    assert scale("latency_s", [0.002, 0.003, 0.2]) == (1e-3, "latency (ms)")
    assert label("power.states.1.voltage") == "states.1.voltage"


def test_letters_of_points_that_are_close_keep_apart(study):
    record = study.front[0]
    near = [{**record, "key": f"k{number}"} for number in range(4)]
    chosen = {each["key"]: "chosen" for each in near}
    axes = front.figure(near, [True] * 4, study.objectives, chosen).axes[0]
    letters = [text for text in axes.texts if text.get_text() in "ABCD"]
    assert [text.get_text() for text in letters] == list("ABCD")
    boxes = [text.get_window_extent() for text in letters]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_module_shows_itself(explore, study):
    store, picture = str(explore.folder / "small.db"), str(explore.folder / "heat.svg")
    command = [sys.executable, "-m", "leptonsim.explore.figures.heat_map", store, "-o", picture]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == f"{picture}: heat_map of {study.workload}, {len(study.records)} points\n"
    refused = subprocess.run([*command[:-1], "heat.gif"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "written as .png, .svg or .pdf" in refused.stderr
