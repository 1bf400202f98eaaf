"""Curves: a result over one parameter, a curve for each workload, the best point of each marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leptonsim.explore.figures.columns import label, parameter
from leptonsim.explore.results import Record, natural
from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TICKS = 8


@style.styled
def figure(
    curves: Mapping[str, Sequence[Record]], x: str, measure: str, is_larger_better: bool, title: str = ""
) -> Figure:
    """``measure`` relative to the best of each curve (1 is best), so that workloads of all sizes share an axis.

    Numbers in one unit are laid along the axis by value, other parameters one after the other.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import NullLocator

    values = sorted({record[x] for records in curves.values() for record in records}, key=natural)
    numbers, x_label = parameter(x, values)
    places = dict(zip(values, numbers or range(len(values)), strict=True))
    canvas = style.canvas(3.8 + 0.16 * len(curves), title)
    axes = canvas.add_subplot()
    handles: list[object] = []
    for number, (name, records) in enumerate(curves.items()):
        ranked = sorted(records, key=lambda record: natural(record[x]))
        results = [float(record[measure]) for record in ranked]
        best = max(results) if is_larger_better else min(results)
        colour, mark, dashes = style.LINES[number % len(style.LINES)]
        across = [places[record[x]] for record in ranked]
        drawn: dict[str, Any] = {
            "color": colour,
            "linewidth": 1.3,
            "marker": mark,
            "markersize": 3,
            "linestyle": dashes,
        }
        axes.plot(across, [value / best for value in results], **drawn)
        at = results.index(best)
        axes.scatter([across[at]], [1.0], s=80, facecolors="none", edgecolors=colour, linewidths=1.3, zorder=4)
        handles.append(Line2D([], [], **drawn, label=f"{name}: best at {ranked[at][x]}"))
    if numbers is None:
        step = -(-len(values) // MOST_TICKS)
        axes.set_xticks(range(0, len(values), step), [style.short(str(value), 14) for value in values[::step]])
    elif style.is_wide(numbers):
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(numbers[:: -(-len(numbers) // MOST_TICKS)])
        style.numbers(axes.xaxis)
    axes.set(xlabel=x_label, ylabel=f"{label(measure).partition(' (')[0]} (multiple of each one's best)")
    axes.grid(True)
    style.legend(canvas, handles, columns=1)
    return canvas


if __name__ == "__main__":
    from leptonsim.explore.figures._demo import demo

    demo(
        "curves",
        lambda study: figure(
            {study.workload: study.best_by(study.varied[0])},
            study.varied[0],
            study.objectives[0].measure,
            study.objectives[0].is_larger_better,
            f"{study.workload}: {label(study.objectives[0].measure)} over {label(study.varied[0])}",
        ),
    )
