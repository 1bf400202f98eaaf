"""Heat map: a result over two parameters, the best of the others in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.explore.figures import style
from leptonsim.explore.results import Record, natural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NUMBERS = 120
"""Cells up to which each has its number written in it."""


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
    factor, text = style.scale(measure, cells[~np.isnan(cells)].tolist())
    cells /= factor
    canvas = style.new_figure(min(11.0, 2.2 + 0.75 * len(across)), min(9.0, 1.7 + 0.5 * len(up)))
    axes = canvas.add_subplot()
    known = cells[~np.isnan(cells)]
    from matplotlib.colors import LogNorm, Normalize

    is_log = style.is_wide(known.tolist())
    scale = (LogNorm if is_log else Normalize)(float(known.min()), float(known.max()))
    colours = style.COLOUR_MAP if is_larger_better else f"{style.COLOUR_MAP}_r"
    image = axes.imshow(cells, origin="lower", aspect="auto", cmap=colours, norm=scale)
    if cells.size <= MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(cells):
            if not np.isnan(value):
                red, green, blue, _ = image.cmap(scale(value))
                is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
                axes.text(
                    column,
                    row,
                    style.number(value),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if is_dark else style.INK,
                )
    axes.set_xticks(
        range(len(across)), [str(value) for value in across], fontsize=8, rotation=30 if len(across) > 6 else 0
    )
    axes.set_yticks(range(len(up)), [str(value) for value in up], fontsize=8)
    axes.set_xlabel(style.label(x), fontsize=9)
    axes.set_ylabel(style.label(y), fontsize=9)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    style.dress_bar(canvas.colorbar(image, ax=axes, pad=0.015), text)
    if title:
        axes.set_title(title, loc="left", fontsize=10, color=style.INK)
    return canvas
