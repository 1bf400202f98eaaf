"""The picture of a report: predicted against measured, one mark for each row, the diagonal where they are equal.

``python -m leptonsim.validate.plot [FILE.csv] [-o FILE]`` shows itself: the file is predicted first.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.validate.report import Report

Pairs = list[tuple[float, float]]

MARKS = "osD^v<>PX*ph"
COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY, style.INK)
"""As many as share no factor with the marks, so that each group has a pair of its own."""
MOST_GROUPS = 22
WORDS = {
    "value": "bandwidth (GB/s)", "cycles": "time (cycles)", "total_cycles": "time (cycles)",
    "useful_fraction_of_peak": "bandwidth (share of peak)", "avg_latency_ns": "mean latency (ns)",
    "energy_pJ_bit": "energy (pJ/bit)", "power_W": "power (W)", "write_eff_GBs": "writes (GB/s)",
    "read_eff_GBs": "reads (GB/s)", "rw_bidir_eff_GBs_each": "both ways at once (GB/s each)",
}  # fmt: skip
"""Columns of reference data in words, with their units."""
NARROW = 30
"""Where the axes span less than this, the numbers between powers of ten are written too."""


@style.styled
def figure(report: Report) -> Figure:
    """One panel for each quantity with all its predicted records, groups told apart by colour and mark."""
    panels: dict[str, dict[str, Pairs]] = {}
    for record in report.records:
        if record.predicted is not None and record.measured is not None:
            groups = panels.setdefault(record.quantity, {})
            groups.setdefault(record.group, []).append((record.measured, record.predicted))
    count = max(1, len(panels))
    names = sorted({name for groups in panels.values() for name in groups})
    canvas = style.canvas(5.2, report.title, style.WIDTH_IN if count == 1 else 4.4 * count)
    for index, quantity in enumerate(sorted(panels), start=1):
        _panel(canvas.add_subplot(1, count, index), quantity, panels[quantity], names)
    return canvas


def save_plot(report: Report, path: str | Path) -> None:
    """Draw into a file, PNG, SVG or PDF by its suffix, whole or not at all. Raises LeptonError."""
    style.form_of(path)
    style.save(figure(report), path)


def _panel(axes: Axes, quantity: str, groups: dict[str, Pairs], names: list[str]) -> None:
    for name in sorted(groups):
        index = names.index(name)
        axes.plot(
            [measured for measured, _ in groups[name]],
            [predicted for _, predicted in groups[name]],
            linestyle="none",
            marker=MARKS[index % len(MARKS)],
            markersize=4,
            markerfacecolor="none",
            color=COLOURS[index % len(COLOURS)],
            label=f"{name} ({len(groups[name])})",
        )
    values = [value for pairs in groups.values() for pair in pairs for value in pair if value > 0]
    low, high = (min(values) / 1.3, max(values) * 1.3) if values else (0.1, 1.0)
    ends = [low, high]
    axes.fill_between(
        ends, [low * 0.9, high * 0.9], [low * 1.1, high * 1.1], color=style.RULE, alpha=0.6, linewidth=0,
        label="within 10 %",
    )  # fmt: skip
    axes.plot(ends, ends, color=style.INK, linewidth=0.7)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    text = WORDS.get(quantity, quantity)
    axes.set(xlabel=f"measured {text}", ylabel=f"predicted {text}")
    for axis in (axes.xaxis, axes.yaxis):
        if high / low < NARROW:
            style.logarithmic(axis)
        else:
            style.powers(axis)
    axes.grid(True)
    if len(groups) <= MOST_GROUPS:
        axes.legend(fontsize=6.5, loc="lower right")


if __name__ == "__main__":
    import click

    from leptonsim.errors import LeptonError
    from leptonsim.validate import validate

    @click.command(help="Predict a file of reference data and draw it.")
    @click.option("-o", "--output", default="validation.png", show_default=True, help="PNG, SVG or PDF by its suffix.")
    @click.argument("path", metavar="[FILE.csv]", default="benchmarks/reference/systolic_rtl.csv")
    def show(output: str, path: str) -> None:
        """Draw a file of reference data."""
        try:
            save_plot(validate(path), output)
        except LeptonError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"{output}: {path}")

    show()
