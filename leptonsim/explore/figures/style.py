"""How all pictures of sweeps look: one size of type, thin axes, a palette that the colour-blind can tell apart."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's colours (2008)."""

FAINT, INK, GRID = "#c4c9cf", "#222222", "#e6e8eb"
COLOUR_MAP = "viridis"
DPI = 120

NAMES = {
    "latency_s": ("latency", "s"),
    "throughput_per_s": ("throughput", "samples/s"),
    "tokens_per_s": ("tokens", "1/s"),
    "energy_j": ("energy", "J"),
    "energy_per_sample_j": ("energy per sample", "J"),
    "edp_js": ("energy x delay", "Js"),
    "power_avg_w": ("mean power", "W"),
    "power_peak_w": ("peak power", "W"),
    "area_mm2": ("die area", "mm2"),
    "die_cost_usd": ("die cost", "USD"),
    "throughput_per_mm2": ("throughput per area", "samples/s/mm2"),
    "utilization_macs": ("share of peak", ""),
    "dram_bytes": ("DRAM traffic", "B"),
}
SCALED_UNITS = ("s", "J", "W", "B", "samples/s")
PREFIXES = (
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "u"),
    (1e-9, "n"),
    (1e-12, "p"),
)


def new_figure(width_in: float = 7.2, height_in: float = 4.8) -> Figure:
    """An empty figure."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def dress(axes: Axes, title: str = "") -> None:
    """Grid behind, no box, a title to the left."""
    axes.set_axisbelow(True)
    axes.grid(True, linewidth=0.6, color=GRID)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#888888")
    axes.tick_params(labelsize=8, colors="#444444")
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)
    if title:
        axes.set_title(title, loc="left", fontsize=10, color=INK)


def make_log(axis: Axis) -> None:
    """A logarithmic axis with ticks at 1, 2 and 5 of each decade, written as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    (axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale)("log")
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())


def number(value: float) -> str:
    """Three digits, without an exponent where it can be."""
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def dress_bar(bar: Colorbar, text: str) -> None:
    """A colour bar without a frame."""
    bar.set_label(text, size=9)
    if bar.ax.get_yscale() == "log":
        make_log(bar.ax.yaxis)
    bar.ax.tick_params(labelsize=8)
    for side in bar.ax.spines.values():
        side.set_visible(False)


def label(name: str, prefix: str = "") -> str:
    """A column's name for people: results in words with their unit, parameters by the end of their path."""
    if name in NAMES:
        words, unit = NAMES[name]
        return f"{words} ({prefix}{unit})" if unit else words
    parts = name.split(".")
    return ".".join(parts[-3:] if len(parts) > 2 and parts[-2].isdecimal() else parts[-2:])


def scale(name: str, values: Sequence[float]) -> tuple[float, str]:
    """What to divide a result's values by so that they are between 1 and 1000, and its label with that unit."""
    if name not in NAMES or NAMES[name][1] not in SCALED_UNITS or not values:
        return 1.0, label(name)
    middle = sorted(values)[len(values) // 2]
    factor, prefix = next(((each, text) for each, text in PREFIXES if middle >= each), (1.0, ""))
    return factor, label(name, prefix)


def is_wide(values: list[float]) -> bool:
    """Whether positive values span so much that an axis is better logarithmic."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= 8


def save(figure: Figure, path: str | Path) -> None:
    """Write PNG, SVG or PDF by the file's ending, whole or not at all, without dates in it. Raises LeptonError."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from leptonsim.errors import LeptonError

    ending = Path(path).suffix.removeprefix(".").lower() or "png"
    without: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": {"Date": None},
        "pdf": {"CreationDate": None, "Producer": None},
    }
    if ending not in without:
        raise LeptonError(f"{path}: pictures are written as .png, .svg or .pdf")
    FigureCanvasAgg(figure)
    data = io.BytesIO()
    with rc_context({"svg.hashsalt": "leptonsim"}):
        figure.savefig(data, format=ending, dpi=DPI, metadata=without[ending])
    write_whole(path, data.getvalue())
