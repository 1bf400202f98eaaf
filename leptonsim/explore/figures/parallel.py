"""Parallel coordinates: an axis for each parameter and result, a line for each point, the front in colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leptonsim.explore.figures.columns import parameter, scale
from leptonsim.explore.results import Record, natural
from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LINES = 2000
MOST_TICKS = 9


@style.styled
def figure(records: Sequence[Record], is_front: Sequence[bool], columns: Sequence[str], title: str = "") -> Figure:
    """Parameters at equal distances in their order, results by value; lines of the front above the others.

    The others are thinned evenly where they are more than ``MOST_LINES``.
    """
    canvas = style.canvas(4.6, title, max(style.WIDTH_IN, 1.25 * len(columns)))
    axes = canvas.add_subplot()
    from matplotlib.lines import Line2D

    places, labels = [], []
    for name in columns:
        values = [record[name] for record in records]
        is_number = all(isinstance(value, int | float) for value in values)
        factor, text = scale(name, values) if is_number else (1.0, parameter(name, values)[1])
        places.append(_places([value / factor for value in values] if factor != 1.0 else values))
        labels.append(text.replace(" (", "\n(").replace(".", ".\n"))
    faint = [index for index, on in enumerate(is_front) if not on]
    faint = faint[:: max(1, len(faint) // MOST_LINES)]
    for index in faint:
        axes.plot(
            range(len(columns)), [place[index] for place, _ in places], color=style.GREY, linewidth=0.4, alpha=0.3
        )
    for index, on in enumerate(is_front):
        if on:
            axes.plot(
                range(len(columns)),
                [place[index] for place, _ in places],
                color=style.BLUE,
                linewidth=1.1,
                alpha=0.75,
                zorder=3,
            )
    for number, (_, ticks) in enumerate(places):
        axes.axvline(number, color=style.INK, linewidth=0.8, zorder=4)
        for place, text in ticks:
            axes.annotate(
                text,
                (number, place),
                xytext=(4, 0),
                textcoords="offset points",
                fontsize=7,
                va="center",
                zorder=5,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": style.PAPER, "edgecolor": "none", "alpha": 0.8},
            )
    axes.set_xticks(range(len(columns)), labels, fontsize=7.5)
    axes.set_yticks([])
    axes.set(xlim=(-0.1, len(columns) - 0.55), ylim=(-0.04, 1.04))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    handles: list[object] = [
        Line2D([], [], color=style.BLUE, label=f"front ({sum(is_front)})"),
        Line2D([], [], color=style.GREY, linewidth=0.6, label=f"dominated ({len(records) - sum(is_front)})"),
    ]
    style.legend(canvas, handles)
    return canvas


def _places(values: Sequence[Any]) -> tuple[list[float], list[tuple[float, str]]]:
    """Where each value lies between 0 and 1, and the ticks."""
    different = sorted(set(values), key=natural)
    if len(different) <= MOST_TICKS or not all(isinstance(value, int | float) for value in different):
        step = max(1, len(different) - 1)
        rank = {value: index / step for index, value in enumerate(different)}
        every = max(1, math.ceil(len(different) / MOST_TICKS))
        return [rank[value] for value in values], [(rank[value], _short(value)) for value in different[::every]]
    low, high = different[0], different[-1]
    if low > 0 and high / low >= 8:
        span = math.log(high / low)
        ticks = [(share, low * (high / low) ** share) for share in (0, 0.25, 0.5, 0.75, 1)]
        return [math.log(value / low) / span for value in values], [(at, style.number(value)) for at, value in ticks]
    ticks = [(share, low + (high - low) * share) for share in (0, 0.25, 0.5, 0.75, 1)]
    return [(value - low) / (high - low) for value in values], [(at, style.number(value)) for at, value in ticks]


def _short(value: Any) -> str:
    return style.number(value) if isinstance(value, float) else style.short(str(value), 14)


if __name__ == "__main__":
    from leptonsim.explore.figures._demo import demo

    demo(
        "parallel",
        lambda study: figure(
            study.records, study.is_front, [*study.varied, *study.measures], f"All points: {study.workload}"
        ),
    )
