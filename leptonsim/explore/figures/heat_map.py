"""Heat map: a result over two parameters, the best of the others in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.explore.figures.columns import label, parameter, scale
from leptonsim.explore.results import Record, natural
from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_ACROSS, MOST_UP = 14, 40
MOST_NUMBERS = 120
"""Cells up to which each has its number written in it."""


@style.styled
def figure(records: Sequence[Record], x: str, y: str, measure: str, is_larger_better: bool, title: str = "") -> Figure:
    """``measure`` over the values of ``x`` and ``y``; empty cells have no point. Where several points share a cell the
    best is shown.
    """
    across = sorted({record[x] for record in records}, key=natural)
    up = sorted({record[y] for record in records}, key=natural)
    cells = np.full((len(up), len(across)), np.nan)
    for record in records:
        at = up.index(record[y]), across.index(record[x])
        value = float(record[measure])
        best = max if is_larger_better else min
        cells[at] = value if np.isnan(cells[at]) else best(cells[at], value)
    factor, text = scale(measure, cells[~np.isnan(cells)].tolist())
    cells /= factor
    canvas = style.canvas(
        min(9.0, 1.7 + 0.42 * len(up)), title, max(style.WIDTH_IN, min(11.0, 2.2 + 0.6 * len(across)))
    )
    axes = canvas.add_subplot()
    known = cells[~np.isnan(cells)]
    from matplotlib.colors import LogNorm, Normalize, to_hex

    is_log = style.is_wide(known.tolist())
    shade = (LogNorm if is_log else Normalize)(float(known.min()), float(known.max()))
    colours = style.COLOUR_MAP if is_larger_better else f"{style.COLOUR_MAP}_r"
    image = axes.imshow(cells, origin="lower", aspect="auto", cmap=colours, norm=shade)
    if cells.size <= MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(cells):
            if not np.isnan(value):
                colour = style.ink_on(to_hex(image.cmap(shade(value))))
                axes.text(column, row, style.number(value), ha="center", va="center", fontsize=7, color=colour)
    _ticks(axes.xaxis, x, across, MOST_ACROSS)
    _ticks(axes.yaxis, y, up, MOST_UP)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = canvas.colorbar(image, ax=axes, pad=0.015)
    bar.set_label(text)
    bar.outline.set_visible(False)
    if is_log:
        style.logarithmic(bar.ax.yaxis)
    return canvas


def _ticks(axis: Axis, name: str, values: Sequence[object], most: int) -> None:
    """Values of a parameter, not all where there are too many; their unit in the name if they share it."""
    numbers, text = parameter(name, values)
    step = -(-len(values) // most)
    shown = list(map(str, values)) if numbers is None else [f"{number:g}" for number in numbers]
    axis.set_ticks(range(0, len(values), step), shown[::step])
    axis.set_label_text(text)


if __name__ == "__main__":
    from leptonsim.explore.figures._demo import demo

    demo(
        "heat_map",
        lambda study: figure(
            study.records,
            study.varied[0],
            study.varied[1],
            study.objectives[0].measure,
            study.objectives[0].is_larger_better,
            f"{study.workload}: {label(study.objectives[0].measure)}",
        ),
    )
