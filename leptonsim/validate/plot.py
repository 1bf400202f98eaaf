"""The picture of a report: predicted against measured, one mark for each row, the diagonal where they are equal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.validate.report import Report

Pairs = list[tuple[float, float]]

MARKS = "osD^v<>PX*ph"
MAX_LEGEND = 18
COLOURS = 128
NARROW = 30
"""Where the axes span less than this, the numbers between powers of ten are written too."""


def figure(report: Report) -> Figure:
    """One panel for each quantity with all its predicted records, groups told apart by colour and mark."""
    from matplotlib.figure import Figure

    panels: dict[str, dict[str, Pairs]] = {}
    for record in report.records:
        if record.predicted is not None and record.measured is not None:
            groups = panels.setdefault(record.quantity, {})
            groups.setdefault(record.group, []).append((record.measured, record.predicted))
    count = max(1, len(panels))
    canvas = Figure(figsize=(7.0 if count == 1 else 4.6 * count, 5.2), layout="constrained")
    canvas.suptitle(report.title)
    for index, quantity in enumerate(sorted(panels), start=1):
        _panel(canvas.add_subplot(1, count, index), quantity, panels[quantity])
    return canvas


def save_plot(report: Report, path: str | Path) -> None:
    """Write the picture as PNG, whole or not at all, without dates or versions in it; few colours keep it small."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = figure(report)
    FigureCanvasAgg(canvas)
    drawn, data = io.BytesIO(), io.BytesIO()
    canvas.savefig(drawn, format="png", dpi=100)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(data, format="png", optimize=True)
    write_whole(path, data.getvalue())


def _panel(axes: Axes, quantity: str, groups: dict[str, Pairs]) -> None:
    for index, name in enumerate(sorted(groups)):
        axes.plot(
            [measured for measured, _ in groups[name]],
            [predicted for _, predicted in groups[name]],
            linestyle="none",
            marker=MARKS[index % len(MARKS)],
            markersize=4,
            markerfacecolor="none",
            color=f"C{index % 10}",
            label=f"{name} ({len(groups[name])})",
        )
    values = [value for pairs in groups.values() for pair in pairs for value in pair if value > 0]
    low, high = (min(values) / 1.3, max(values) * 1.3) if values else (0.1, 1.0)
    axes.fill_between([low, high], [low * 0.9, high * 0.9], [low * 1.1, high * 1.1], color="0.9", label="within 10 %")
    axes.plot([low, high], [low, high], color="0.4", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    axes.set(xlabel=f"measured {quantity}", ylabel=f"predicted {quantity}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_plain_number)
        if high / low < NARROW:
            axis.set_minor_formatter(_plain_number)
            axis.set_tick_params(which="minor", labelsize=7)
    axes.grid(True, linewidth=0.3, color="0.85")
    if len(groups) <= MAX_LEGEND:
        axes.legend(fontsize=6.5, loc="lower right", frameon=False)


def _plain_number(value: float, _: float) -> str:
    return f"{value:,.10g}"
