"""How all pictures of sweeps look: one size of type, thin axes, a palette that the colour-blind can tell apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leptonsim.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's colours (2008)."""

FAINT, INK, GRID = "#c4c9cf", "#222222", "#e6e8eb"
COLOUR_MAP = "viridis"
DPI = 120

NAMES = {
    "latency_s": "latency (s)", "throughput_per_s": "throughput (samples/s)", "tokens_per_s": "tokens/s", "energy_j": "energy (J)",
    "energy_per_sample_j": "energy per sample (J)", "edp_js": "energy x delay (Js)", "power_avg_w": "mean power (W)",
    "power_peak_w": "peak power (W)", "area_mm2": "die area (mm2)", "die_cost_usd": "die cost (USD)",
    "throughput_per_mm2": "samples/s per mm2", "utilization_macs": "share of peak", "dram_bytes": "DRAM traffic (B)",
}  # fmt: skip


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
    axes.xaxis.label.set_size(9)
    axes.yaxis.label.set_size(9)
    if title:
        axes.set_title(title, loc="left", fontsize=10, color=INK)


def label(name: str) -> str:
    """A column's name for people: results in words, parameters by the end of their path."""
    if name in NAMES:
        return NAMES[name]
    return ".".join(name.split(".")[-2:])


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
        "png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None, "Producer": None},
    }  # fmt: skip
    if ending not in without:
        raise LeptonError(f"{path}: pictures are written as .png, .svg or .pdf")
    FigureCanvasAgg(figure)
    data = io.BytesIO()
    with rc_context({"svg.hashsalt": "leptonsim"}):
        figure.savefig(data, format=ending, dpi=DPI, metadata=without[ending])
    write_whole(path, data.getvalue())
