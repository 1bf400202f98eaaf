"""What changed, drawn: metrics as ratios to the first result, and the operators that changed most.

``python -m leptonsim.result.compare.figure A.json B.json`` writes compare.png.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.result import style
from leptonsim.result.compare.comparison import Comparison, OperatorChange
from leptonsim.result.compare.metrics import Metric, percent_text, relative_change
from leptonsim.result.compare.page import letter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST, LEAST, BARS = 20, 6, 40
"""Operators that are drawn of two results; of several fewer, so that there are about so many bars."""
_BAR_IN, _AXES_IN = 0.17, 0.75
_LEAST_SPAN = 1.1
_NICE = (1, 2, 5)
BETTER = "////"


def figure(comparison: Comparison) -> Figure:
    """Two panels: ratios of metrics, and by how much more or less operators add to the time of a run."""
    metrics = [
        (metric, values) for metric, values in comparison.metrics() if metric.better and all(values) and len(values) > 1
    ]
    changed = [each for each in comparison.operators if each.largest_change_ps]
    bars = len(comparison.results) - 1
    shown = changed[: min(LARGEST, max(LEAST, BARS // bars))]
    heights = [_AXES_IN + _BAR_IN * (bars + 0.6) * max(1, rows) for rows in (len(metrics), len(shown))]
    with style.applied():
        canvas = style.canvas(sum(heights) + 0.45 + 0.2 * bars, "What changed")
        above, below = canvas.subplots(2, 1, height_ratios=heights)
        _ratios(above, metrics, bars)
        _operators(below, shown, len(changed), bars)
        handles = [
            style.patch(_colour(index), f"{letter(index)}  {style.short(label, 60)}, against A")
            for index, label in enumerate(comparison.labels)
            if index
        ]
        first = style.short(comparison.labels[0], 60)
        if bars == 1:
            handles = [
                style.patch(style.GREEN, "better, faster", BETTER),
                style.patch(style.VERMILLION, "worse, slower"),
            ]
            canvas.suptitle(
                f"B  {style.short(comparison.labels[1], 40)}  against  A  {style.short(comparison.labels[0], 40)}",
                x=0.01, ha="left", fontsize=10, fontweight="bold",
            )  # fmt: skip
        else:
            canvas.suptitle(f"What changed from A  {first}", x=0.01, ha="left", fontsize=10, fontweight="bold")
        style.legend(canvas, handles, columns=2 if bars == 1 else 1)
    return canvas


def save_figure(comparison: Comparison, path: str | Path) -> None:
    """Draw a comparison into a file, by its suffix. Raises LeptonError."""
    style.form_of(path)
    style.save(figure(comparison), path)


def _colour(index: int) -> str:
    return style.PALETTE[(index - 1) % len(style.PALETTE)]


def _filled(bar: int, bars: int, improved: bool) -> dict[str, Any]:
    """One other result: what got better is hatched, for grey print; several: a colour for each."""
    colour = _colour(bar + 1) if bars > 1 else style.GREEN if improved else style.VERMILLION
    hatch = BETTER if bars == 1 and improved else None
    return {"facecolor": colour, "hatch": hatch, "edgecolor": style.HATCH_INK, "linewidth": 0}


def _places(row: int, bar: int, bars: int) -> float:
    """Where a bar lies: rows are one apart, the bars of a row fill most of it."""
    return row + (bar - (bars - 1) / 2) * 0.8 / bars


def _ratios(axes: Axes, metrics: Sequence[tuple[Metric, tuple[float | None, ...]]], bars: int) -> None:
    """Each metric of each other result over that of the first, on a logarithmic axis."""
    axes.set_title("metrics, as a multiple of what they were in A")
    ratios = [[(value or 0.0) / (values[0] or 1.0) for value in values] for _, values in metrics]
    span = max([_LEAST_SPAN, *(max(ratio, 1 / ratio) for row in ratios for ratio in row)])
    for row, ((metric, values), of_row) in enumerate(zip(metrics, ratios, strict=True)):
        for bar in range(bars):
            ratio = of_row[bar + 1]
            improved = (ratio - 1) * metric.better >= 0
            at = _places(row, bar, bars)
            axes.barh(at, ratio - 1, left=1, height=0.7 / bars, **_filled(bar, bars, improved))
            text = metric.change_text(values[0], values[bar + 1])
            _label(axes, ratio, at, text, ratio >= 1)
    axes.set_xscale("log")
    axes.set_xlim(span**-1.25, span**1.25)
    _ticks(axes, span)
    _rows(axes, [metric.label for metric, _ in metrics])
    axes.set_xlabel("multiple of A")


def _ticks(axes: Axes, span: float) -> None:
    """Round ratios, written out: powers of ten far from 1, percents near it."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    if span > 2:
        decades = range(-math.ceil(math.log10(span)) - 1, math.ceil(math.log10(span)) + 2)
        nice = _NICE if span < 100 else (1,)
        ticks = [step * 10.0**decade for decade in decades for step in nice]
    else:
        step = next(size for size in (0.02, 0.05, 0.1, 0.2, 0.5) if (span - 1) / size <= 4)
        ticks = [1 + step * count for count in range(-8, 9) if 1 + step * count > 0]
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"x{value:.6g}"))


def _operators(axes: Axes, shown: Sequence[OperatorChange], changed: int, bars: int) -> None:
    """The operators that changed most, as time added or saved."""
    left_out = f", {len(shown)} of {changed}" if changed > len(shown) else ""
    axes.set_title(f"operators, change of what each adds to the time of a run{left_out}")
    largest = max([each.largest_change_ps for each in shown], default=0)
    scale = style.time_scale(largest)
    for row, operator in enumerate(shown):
        for bar in range(bars):
            change = operator.change_ps(bar + 1)
            at = _places(row, bar, bars)
            axes.barh(at, change / scale.factor, height=0.7 / bars, **_filled(bar, bars, change < 0))
            words = [percent_text(relative_change(operator.times_ps[0], operator.times_ps[bar + 1]))]
            words += [state for state in operator.states(bar + 1) if state in ("appeared", "vanished", "moved")]
            text = " ".join(word for word in words if word not in ("-", "="))
            _label(axes, change / scale.factor, at, text, change >= 0)
    room = 1.35 * largest / scale.factor if largest else 1.0
    axes.set_xlim(-room, room)
    _rows(axes, [style.short(each.name, 30) for each in shown] or ["none changed"])
    scale.label(axes.xaxis, "change")
    if not shown:
        axes.set_xticks([0])


def _label(axes: Axes, x: float, y: float, text: str, to_the_right: bool) -> None:
    axes.annotate(
        text, (x, y), (3 if to_the_right else -3, 0), textcoords="offset points", va="center",
        ha="left" if to_the_right else "right", fontsize=7,
    )  # fmt: skip


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.axvline(1 if axes.get_xscale() == "log" else 0, color=style.INK, linewidth=0.6)
    style.bare(axes)


if __name__ == "__main__":
    from leptonsim.result.compare.comparison import compare
    from leptonsim.result.load import load_result

    save_figure(compare([load_result(path) for path in sys.argv[1:]], sys.argv[1:]), "compare.png")
