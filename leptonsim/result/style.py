"""How all pictures look: one palette, one set of sizes, units on every axis, and files without dates in them.

Colours are those of Okabe and Ito (Color Universal Design, 2008) and tints of them, told apart by people who do not see
red or green. In grey print parts of a stack are told apart by lightness and by hatching (``HATCHES``), lines by their
marks and dashes (``LINES``). Text is ``INK`` and lines ``RULE``, which the HTML page replaces by the reader's own
colours. matplotlib is imported when something is drawn, not before.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

P = ParamSpec("P")

BLUE, ORANGE, GREEN, VERMILLION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE, YELLOW = "#56b4e9", "#cc79a7", "#d8c400"
INK, RULE, PAPER, GREY, PALE = "#1d1f23", "#d0d3d8", "#ffffff", "#9aa0a6", "#c9cdd3"
BLACK, WHITE = "#000000", "#fdfdfd"
"""For text on colours; these stay what they are where ``INK`` and ``PAPER`` are the reader's own."""

PALETTE = (BLUE, ORANGE, GREEN, YELLOW, VERMILLION, SKY, PURPLE, GREY)
LINES = tuple(zip((BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY), "osD^vPX",
                  ("-", "--", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), "-"), strict=True))  # fmt: skip
"""Colour, mark and dashes of each line."""
COLOUR_MAP = "cividis"
ENGINES = {"weights": VERMILLION, "activations": ORANGE, "tensor": BLUE, "vector": GREEN, "store": PURPLE}
COMPONENTS = {
    "static": GREY, "clock": PALE, "standby": "#8c6d5a",
    "tensor_core": BLUE, "accumulators": SKY, "vector_unit": GREEN, "sram": ORANGE,
    "shared_sram": YELLOW, "noc": PURPLE, "dram": VERMILLION, "pcie": "#7a4b94",
}  # fmt: skip
CAUSES = {
    "busy": BLUE, "dram": VERMILLION, "contention": "#f0a880", "noc": PURPLE, "pcie": "#7a4b94", "latency": YELLOW,
    "dependency": GREEN, "input": "#7fcdb5", "buffer": SKY, "launch": GREY, "arrival": PALE,
    "transition": INK, "done": "#e3e5e8",
}  # fmt: skip
"""Where time goes, in the order in which it is stacked."""
HATCHES = {
    "accumulators": "----", "vector_unit": "||||", "sram": "////", "shared_sram": "xxxx", "noc": "\\\\\\\\",
    "pcie": "++++",
    "contention": "////", "input": "\\\\\\\\", "buffer": "----",
}  # fmt: skip
"""Of components and causes, those that would be as light as a neighbour in grey print. Lines only: dots take 180 kB as
SVG.
"""
HATCH_INK = "#3a3d42"

WIDTH_IN = 7.2
LONGEST_NAME = 32
_PARAMETERS: dict[Any, object] = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 8.5, "text.parse_math": False,
    "text.color": INK, "axes.labelcolor": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 9, "axes.titlelocation": "left", "axes.axisbelow": True, "axes.unicode_minus": False,
    "grid.color": RULE, "grid.linewidth": 0.5, "legend.frameon": False, "legend.fontsize": 7.5,
    "figure.facecolor": PAPER, "axes.facecolor": "none", "savefig.facecolor": PAPER,
    "svg.fonttype": "none", "pdf.fonttype": 42, "path.simplify": True, "hatch.linewidth": 0.35,
}  # fmt: skip


@contextmanager
def applied(salt: str = "leptonsim") -> Iterator[None]:
    """The style, and what makes a file the same each time it is written; ``salt`` keeps the ids of SVGs apart."""
    import matplotlib as mpl

    with mpl.rc_context({**_PARAMETERS, "svg.hashsalt": salt}), warnings.catch_warnings():
        # a name in a script that the font lacks is drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """A function that draws, made to draw in the style."""

    @wraps(draw)
    def drawn(*arguments: P.args, **named: P.kwargs) -> Figure:
        with applied():
            return draw(*arguments, **named)

    return drawn


def canvas(height_in: float, title: str, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure with its title at the top left, in smaller letters where it would not fit."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    text = figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    text.set_fontsize(10 * min(1.0, 0.97 * figure.bbox.width / max(1.0, text.get_window_extent().width)))
    return figure


def headline(what: str, result: AnyResult) -> str:
    """What is shown, of which model on which chip; long names keep their ends."""
    model, chip = short(result.model), short(result.chip, 24)
    return f"{what}: {model} on {chip}, {result.dtype}, batch {result.batch:,}"


def short(name: str, longest: int = LONGEST_NAME) -> str:
    """A name of at most so many characters, on one line; of a longer one its end, which tells more."""
    line = "".join(letter if letter.isprintable() else "?" for letter in name)
    return line if len(line) <= longest else "\u2026" + line[len(line) - longest + 1 :]


@dataclass(frozen=True)
class Scale:
    """A unit for an axis: values are divided by ``factor``."""

    factor: float
    unit: str

    def label(self, axis: Axis, quantity: str) -> None:
        """Name an axis with its unit, and write its numbers out."""
        axis.set_label_text(f"{quantity} ({self.unit})")
        numbers(axis)


def _scale(steps: tuple[tuple[float, str], ...]) -> Callable[[float], Scale]:
    def scale(largest: float) -> Scale:
        return next((Scale(*step) for step in steps if largest >= step[0]), Scale(*steps[-1]))

    return scale


time_scale = _scale(((1e12, "s"), (1e9, "ms"), (1e6, "\u00b5s"), (1e3, "ns"), (1.0, "ps")))
"""For picoseconds."""
size_scale = _scale(((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (1024.0, "KiB"), (1.0, "B")))
"""For bytes."""
energy_scale = _scale(((1e15, "kJ"), (1e12, "J"), (1e9, "mJ"), (1e6, "\u00b5J"), (1e3, "nJ"), (1.0, "pJ")))
"""For picojoules."""
power_scale = _scale(((1e3, "kW"), (1.0, "W"), (1e-3, "mW"), (1e-6, "\u00b5W")))
"""For watts."""


def numbers(axis: Axis) -> None:
    """Numbers written out, thousands apart, on a linear axis."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def rate_text(value: float, unit: str) -> str:
    """A rate with a prefix and three digits: "205 GB/s"."""
    factor, prefix = next((each for each in _PREFIXES if value >= each[0]), (1.0, ""))
    digits = max(0, 2 - math.floor(math.log10(value / factor))) if value > 0 else 0
    return f"{value / factor:.{digits}f} {prefix}{unit}"


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour (relative luminance of WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return BLACK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else WHITE


def powers(axis: Axis) -> None:
    """Numbers with a prefix on a logarithmic axis: 10 k, 1 M; 0.01 as it is."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    def text(value: float, _: object) -> str:
        factor, prefix = next((each for each in _PREFIXES if value >= each[0]), (1.0, ""))
        return f"{value / factor:.10g} {prefix}".rstrip()

    axis.set_major_locator(LogLocator(numticks=8))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())


def logarithmic(axis: Axis) -> None:
    """A logarithmic axis over a few decades, with numbers at 1, 2 and 5 of each, written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    (axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale)("log")
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())


def is_wide(values: Sequence[float]) -> bool:
    """Whether positive values span so much that an axis is better logarithmic."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= 8


def number(value: float) -> str:
    """Three digits, without an exponent where it can be."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def legend(figure: Figure, handles: list[object], columns: int = 6) -> None:
    """A legend below everything, in as many columns as there is room for."""
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=columns, handlelength=1.2, columnspacing=1.4)


def patch(colour: str, label: str, hatch: str | None = None) -> object:
    """A coloured square of a legend."""
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, edgecolor=HATCH_INK if hatch else INK, linewidth=0.3, label=label, hatch=hatch)


def line(label: str, colour: str, dashes: Any = "-", width: float = 0.9) -> object:
    """A line of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linestyle=dashes, linewidth=width, label=label)


def part(name: str, colours: Mapping[str, str]) -> dict[str, Any]:
    """How an area or bar of a component or cause is filled: its colour, and its hatching if it has one."""
    return {"facecolor": colours[name], "hatch": HATCHES.get(name), "edgecolor": HATCH_INK, "linewidth": 0}


def part_of_legend(name: str, colours: Mapping[str, str]) -> object:
    """The square of a component or cause."""
    return patch(colours[name], name.replace("_", " "), HATCHES.get(name))


def bare(axes: Axes) -> None:
    """Lines along x only, for bars that lie."""
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)


def picture(figure: Figure, form: str, salt: str = "leptonsim", dpi: int = 150) -> bytes:
    """The figure as a file: ``png``, ``svg`` or ``pdf``; the same figure gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    nothing: dict[str, dict[str, None]] = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    data = io.BytesIO()
    with applied(salt):
        FigureCanvasAgg(figure)
        figure.savefig(data, format=form, dpi=dpi, metadata=nothing[form])
    return data.getvalue()


def save(figure: Figure, path: str | Path, salt: str = "leptonsim") -> None:
    """Write a figure whole or not at all. Raises LeptonError for another suffix than .png, .svg or .pdf."""
    from leptonsim.files import write_whole

    write_whole(path, picture(figure, form_of(path), salt))


def form_of(path: str | Path) -> str:
    """The form that a file's suffix asks for. Raises LeptonError for another than .png, .svg or .pdf."""
    form = Path(path).suffix.lower().removeprefix(".")
    if form not in ("png", "svg", "pdf"):
        raise LeptonError(f"{path}: a picture is written as .png, .svg or .pdf")
    return form
