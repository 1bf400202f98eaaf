"""Pictures show the numbers of the result, cut nothing off, and have a unit on every axis."""

import importlib
import itertools
import math
import re
import subprocess
import sys

import numpy as np
import pytest

import leptonsim as ls
from leptonsim.machine.energy import AT_REST
from leptonsim.result import style
from leptonsim.result.figures import draw, kinds, save_plot
from leptonsim.result.figures.energy import draw as draw_energy
from leptonsim.result.figures.power import MOST_EDGES, stacked
from leptonsim.result.figures.roofline import points
from leptonsim.result.figures.sram import levels
from leptonsim.result.figures.time import engine_shares, parts_ps
from leptonsim.result.figures.timeline import bars, joined
from leptonsim.result.figures.utilization import busy_shares
from leptonsim.result.load import load_result

SHOWN = ("one operator of a nanosecond", "an hour of long names", "5,000 operators", "64 cores", "work of the host")


def texts(figure):
    """Every text that can be seen, with its box."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent()
            if box.width and np.isfinite(box.extents).all():
                yield text, box


def ticks(axis):
    low, high = sorted(axis.get_view_interval())
    labels = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [label for label in labels if label.get_visible() and label.get_text()]


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("kind", kinds())
def test_nothing_is_cut_off_nothing_overlaps_and_axes_have_units(kind, name, extremes):
    with style.applied():
        figure = draw(kind, extremes[name])
        every = list(texts(figure))
        hidden = set()
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                labels = ticks(axis)
                every_label = {id(label) for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)}
                hidden |= every_label - {id(label) for label in labels}
                boxes = [label.get_window_extent() for label in labels]
                overlaps = [one.overlaps(other) for one, other in itertools.pairwise(boxes)]
                assert not any(overlaps), [label.get_text() for label in labels]
                if any(re.fullmatch(r"[\d,.]+( [kMGTP])?", label.get_text()) for label in labels):
                    assert re.search(r"\(.+\)", axis.get_label_text()), axis.get_label_text()
        frame = figure.bbox.padded(1)
        for text, box in every:
            if id(text) not in hidden:
                assert frame.x0 <= box.x0 <= box.x1 <= frame.x1, text.get_text()
                assert frame.y0 <= box.y0 <= box.y1 <= frame.y1, text.get_text()


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_result_gives_the_same_picture(form, runs, tmp_path):
    for name in ("one", "two"):
        save_plot("sram", runs["one operator"], tmp_path / f"{name}.{form}")
    one = (tmp_path / f"one.{form}").read_bytes()
    assert one == (tmp_path / f"two.{form}").read_bytes()
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[form])
    assert not re.search(rb"CreationDate|dc:date|matplotlib.org|Matplotlib v", one)


def test_a_picture_of_a_saved_result_is_that_of_the_run(runs, tmp_path):
    run = runs["one operator"]
    run.save(tmp_path / "result.json")
    save_plot("timeline", run, tmp_path / "run.svg")
    save_plot("timeline", load_result(tmp_path / "result.json"), tmp_path / "saved.svg")
    assert (tmp_path / "run.svg").read_bytes() == (tmp_path / "saved.svg").read_bytes()


def test_another_suffix_or_kind_is_refused(runs, tmp_path):
    with pytest.raises(ls.LeptonError, match=r"\.png, \.svg or \.pdf"):
        save_plot("time", runs["one operator"], tmp_path / "time.gif")
    with pytest.raises(ls.LeptonError, match="no kind of picture is called 'tim'"):
        save_plot("tim", runs["one operator"], tmp_path / "time.png")
    assert list(tmp_path.iterdir()) == []


def test_every_kind_has_a_file_and_shows_itself(runs, tmp_path):
    assert {"energy", "power", "roofline", "sram", "time", "timeline", "utilization"} <= set(kinds())
    for kind in kinds():
        module = importlib.import_module(f"leptonsim.result.figures.{kind}")
        assert module.__doc__
        assert module.draw.__doc__
    runs["one operator"].save(tmp_path / "result.json")
    shown = subprocess.run(
        [sys.executable, "-m", "leptonsim.result.figures.sram", tmp_path / "result.json", "-o", tmp_path / "shown.png"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == f"{tmp_path / 'shown.png'}: sram of gemm:64x64x64 on lepton-c1\n"
    assert (tmp_path / "shown.png").stat().st_size > 5000


def test_time_of_causes_sums_to_the_time_of_operators_and_of_the_run(runs):
    for result in runs.values():
        for step in result.steps:
            assert math.fsum(parts_ps(step).values()) == pytest.approx(step.time_ps)
        for parts in engine_shares(result).values():
            assert math.fsum(parts.values()) == pytest.approx(1)
        for kind in ("tensor", "weights"):
            assert engine_shares(result)[kind]["busy"] == pytest.approx(result.utilization[kind])


def test_power_over_time_has_the_peak_and_the_energy_of_the_result(runs):
    for result in runs.values():
        edges, watts, averaged = stacked(result)
        assert averaged == (len(edges) == MOST_EDGES + 1)
        for name, values in watts.items():
            if name in AT_REST:
                assert float(values @ np.diff(edges)) == pytest.approx(
                    result.energy_breakdown_j[name] * 1e12 * edges[-1] / result.makespan_ps
                )
            else:
                energy_pj = math.fsum(step.energy_breakdown_pj.get(name, 0) for step in result.steps)
                assert float(values @ np.diff(edges)) == pytest.approx(energy_pj, rel=1e-6)
        highest = max(sum(each) for each in zip(*watts.values(), strict=True))
        if averaged:
            assert highest < result.power_peak_w
        else:
            assert highest == pytest.approx(result.power_peak_w, rel=1e-6)


def test_clock_and_temperature_stand_below_the_power_of_a_governed_run(governed):
    figure = draw("power", governed)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["power (W)", "clock (GHz)", "die (\u00b0C)"]
    edges, watts, _ = stacked(governed)
    segments = governed.document["power"]["segments"]
    assert edges.tolist() == [0, *(each[1] for each in segments)]
    assert sum(watts.values()).tolist() == pytest.approx([sum(each[5:]) for each in segments])
    clock = figure.axes[1].lines[0].get_ydata()
    assert list(clock[:-1]) == [each[2] / 1e9 for each in segments]
    assert list(figure.axes[2].lines[0].get_ydata()) == [each[4] for each in segments]


def test_the_energy_bars_are_the_breakdown(runs):
    result = runs["resnet50"]
    above = draw_energy(result).axes[0]
    drawn = sorted(patch.get_width() for patch in above.patches)
    parts = sorted(value for value in result.energy_breakdown_j.values() if value)
    np.testing.assert_allclose(np.array(drawn) / sum(drawn), np.array(parts) / sum(parts))
    assert f"{parts[-1] / result.energy_j:.1%}" in " ".join(text.get_text() for text in above.texts)


def test_no_point_of_the_roofline_is_above_its_own_roof(runs):
    for result in runs.values():
        macs, vector = result.peaks["macs_per_s"], result.peaks["vector_operations_per_s"]
        found = points(result)
        assert math.fsum(point.share for point in found) <= 1 + 1e-9
        for point in found:
            assert point.rate_per_s <= (macs[result.dtype] if point.engine == "tensor" else vector) * (1 + 1e-9)
        assert {point.name for point in found} >= {step.name for step in result.steps if step.engine == "tensor"}


def test_sram_levels_stay_under_the_capacity_and_end_with_the_last_operator(runs):
    for result in runs.values():
        edges, own, staged, _ = levels(result)
        assert edges[-1] == max(step.end_ps for step in result.steps)
        together = [tensors + tiles for tensors, tiles in zip(own, staged, strict=True)]
        assert max(together) <= result.memory["sram_peak_bytes"] <= 0.9 * result.memory["sram_capacity_bytes"]


def test_the_timeline_has_a_bar_for_every_span_and_joins_keep_the_ends(runs):
    result = runs["resnet50"]
    rows = bars(result)
    assert sum(map(len, rows.values())) == sum(len(step.spans_ps) for step in result.steps)
    for row in filter(None, rows.values()):
        whole = joined(row, 1e30)
        assert whole[0][0] == row[0][0]
        assert max(bar[1] for bar in whole) == max(bar[1] for bar in row)
        assert joined(row, 0) == row


def test_utilization_is_that_of_the_result(runs):
    result = runs["resnet50"]
    names, shares, chip = busy_shares(result)
    for name, row in zip(names, shares, strict=True):
        assert np.mean(row) == pytest.approx(result.utilization[name])
    assert chip["pcie_in"] == pytest.approx(result.time_ps["pcie_in"]["busy"] / result.makespan_ps)


@pytest.mark.parametrize(
    ("value", "text"), [(204.8e9, "205 GB/s"), (65.536e12, "65.5 TB/s"), (1, "1.00 B/s"), (0, "0 B/s")]
)
def test_rates_have_three_digits_and_a_prefix(value, text):
    assert style.rate_text(value, "B/s") == text


def test_a_long_name_keeps_its_end_on_one_line():
    assert style.short("a" * 300 + "\n\x00end", 8) == "\u2026aa??end"
    assert style.short("conv1") == "conv1"


def test_colours_of_pictures_differ_and_text_on_them_can_be_read():
    for colours in (style.CAUSES, style.COMPONENTS, style.ENGINES):
        assert len(set(colours.values())) == len(colours)
    assert style.ink_on(style.BLUE) == style.WHITE
    assert style.ink_on(style.YELLOW) == style.BLACK
