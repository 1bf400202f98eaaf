"""Curves: a result over one parameter, a curve for each workload, the best point of each marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leptonsim.explore.figures import style
from leptonsim.explore.results import Record, natural, quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(
    curves: Mapping[str, Sequence[Record]], x: str, measure: str, is_larger_better: bool, title: str = ""
) -> Figure:
    """``measure`` relative to the best of each curve (1 is best), so that workloads of all sizes share an axis.

    Numbers are laid along the axis by value, in the unit that they are written in; where they are written in several
    units (MHz and GHz), each value is a tick. Other parameters come one after the other.
    """
    canvas = style.new_figure(7.2, 4.2)
    axes = canvas.add_subplot()
    values = sorted({record[x] for records in curves.values() for record in records}, key=natural)
    places, unit = _places(values)
    for number, (name, records) in enumerate(curves.items()):
        ranked = sorted(records, key=lambda record: natural(record[x]))
        across = [places[values.index(record[x])] for record in ranked]
        results = [float(record[measure]) for record in ranked]
        best = max(results) if is_larger_better else min(results)
        colour = style.PALETTE[number % len(style.PALETTE)]
        up = [value / best for value in results]
        axes.plot(
            across,
            up,
            color=colour,
            linewidth=1.4,
            marker="o",
            markersize=3,
            label=f"{name}: best at {ranked[results.index(best)][x]}",
        )
        at = results.index(best)
        axes.scatter([across[at]], [1.0], s=80, facecolors="none", edgecolors=colour, linewidths=1.4, zorder=4)
    if unit is None:
        if style.is_wide(places):
            style.make_log(axes.xaxis)
        axes.set_xticks(places, [str(value) for value in values])
    name = f"{style.label(x)} ({unit})" if unit else style.label(x)
    axes.set(xlabel=name, ylabel=f"{style.label(measure).partition(' (')[0]}, best of each = 1")
    style.dress(axes, title)
    axes.legend(fontsize=8, frameon=False)
    return canvas


def _places(values: Sequence[Any]) -> tuple[list[float], str | None]:
    """Where values lie along the axis, and their common unit ("" for plain numbers); None where they need ticks."""
    numbers = [quantity(value) for value in values]
    if any(number is None for number in numbers):
        return [float(index) for index in range(len(values))], None
    written = [str(value).partition(" ") for value in values]
    units = {unit for _, _, unit in written}
    if len(units) > 1:
        return [float(number) for number in numbers if number is not None], None
    return [float(number) for number, _, _ in written], units.pop()
