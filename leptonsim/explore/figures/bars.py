"""Sensitivity: for each result a bar of shares of variance by parameter, the rest being interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leptonsim.explore.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_WRITTEN = 0.06


def figure(shares: Mapping[str, Mapping[str, float]], title: str = "") -> Figure:
    """``shares`` by result and parameter, as ``sensitivity.shares`` gives them."""
    canvas = style.new_figure(7.2, 1.6 + 0.42 * len(shares))
    axes = canvas.add_subplot()
    parameters: Sequence[str] = list(dict.fromkeys(name for each in shares.values() for name in each))
    measures = list(shares)
    left = [0.0] * len(measures)
    for number, name in enumerate(parameters):
        widths = [shares[measure].get(name, 0.0) for measure in measures]
        colour = style.PALETTE[number % len(style.PALETTE)]
        axes.barh(measures, widths, left=left, height=0.62, color=colour, label=style.label(name))
        for row, width in enumerate(widths):
            if width >= LEAST_WRITTEN:
                axes.text(
                    left[row] + width / 2, row, f"{width:.0%}", ha="center", va="center", fontsize=7, color="white"
                )
        left = [begin + width for begin, width in zip(left, widths, strict=True)]
    axes.barh(
        measures,
        [max(0.0, 1 - begin) for begin in left],
        left=left,
        height=0.62,
        color=style.FAINT,
        label="interaction and the rest",
    )
    axes.set_yticks(range(len(measures)), [style.label(measure).partition(" (")[0] for measure in measures])
    axes.invert_yaxis()
    axes.set(xlim=(0, max(1.0, *left)), xlabel="share of variance")
    style.dress(axes, title)
    axes.grid(False)
    axes.legend(
        fontsize=8,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.28 if len(measures) < 4 else -0.16),
        ncols=3,
    )
    return canvas
