"""The picture of a report: predicted against measured, one mark for each row, the diagonal where they are equal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from leptonsim.validate.report import Report

MARKS = "osD^v<>PX*ph"
MAX_LEGEND = 16
NARROW = 30
"""Where the axes span less than this, the numbers between powers of ten are written too."""


def figure(report: Report) -> Figure:
    """A figure of all predicted records, groups told apart by colour and mark."""
    from matplotlib.figure import Figure

    groups: dict[str, list[tuple[float, float]]] = {}
    for record in report.records:
        if record.predicted is not None and record.measured is not None:
            groups.setdefault(record.group, []).append((record.measured, record.predicted))
    canvas = Figure(figsize=(7.0, 5.2), layout="constrained")
    axes = canvas.add_subplot()
    for index, name in enumerate(sorted(groups)):
        of_group = groups[name]
        axes.plot(
            [measured for measured, _ in of_group],
            [predicted for _, predicted in of_group],
            linestyle="none",
            marker=MARKS[index % len(MARKS)],
            markersize=4,
            markerfacecolor="none",
            color=f"C{index % 10}",
            label=f"{name} ({len(of_group)})",
        )
    values = [value for each in groups.values() for pair in each for value in pair if value]
    if values:
        low, high = min(values) / 1.3, max(values) * 1.3
        axes.fill_between(
            [low, high], [low * 0.9, high * 0.9], [low * 1.1, high * 1.1], color="0.9", label="within 10 %"
        )
        axes.plot([low, high], [low, high], color="0.4", linewidth=0.8)
        axes.set(xlim=(low, high), ylim=(low, high))
    axes.set(xscale="log", yscale="log", title=report.title)
    if values:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_plain_number)
            if high / low < NARROW:
                axis.set_minor_formatter(_plain_number)
    quantity = " / ".join(sorted({record.quantity for record in report.records}))
    axes.set(xlabel="measured", ylabel="predicted")
    axes.text(0.02, 0.98, quantity, transform=axes.transAxes, va="top", fontsize=8, color="0.4")
    axes.grid(True, linewidth=0.3, color="0.85")
    if len(groups) <= MAX_LEGEND:
        axes.legend(fontsize=7, loc="lower right", frameon=False)
    return canvas


def _plain_number(value: float, _: float) -> str:
    return f"{value:,.10g}"


def save_plot(report: Report, path: str | Path) -> None:
    """Write the picture as PNG, whole or not at all, without dates or versions in it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    data = io.BytesIO()
    canvas = figure(report)
    FigureCanvasAgg(canvas)
    canvas.savefig(data, format="png", dpi=100, metadata={"Software": None})
    write_whole(path, data.getvalue())
