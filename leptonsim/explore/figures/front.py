"""The Pareto front: dominated points faint, the front joined by steps, chosen points lettered and told below."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from leptonsim.explore.figures.columns import label, scale
from leptonsim.explore.results import Record
from leptonsim.explore.spec import Objective
from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

LONGEST_LINE = 100


@style.styled
def figure(
    records: Sequence[Record],
    is_front: Sequence[bool],
    objectives: Sequence[Objective],
    chosen: Mapping[str, str],
    title: str = "",
) -> Figure:
    """All records by the first two objectives, the third as colour; ``chosen`` has labels of points by key."""
    x, y = objectives[0].measure, objectives[1].measure
    (x_factor, x_label), (y_factor, y_label) = (
        scale(name, [float(record[name]) for record in records]) for name in (x, y)
    )

    def at(these: Sequence[Record]) -> tuple[list[float], list[float]]:
        return [record[x] / x_factor for record in these], [record[y] / y_factor for record in these]

    from matplotlib.lines import Line2D

    inside = [record for record, on in zip(records, is_front, strict=True) if on]
    outside = [record for record, on in zip(records, is_front, strict=True) if not on]
    inside.sort(key=lambda record: (record[x], record[y], record["key"]))
    canvas = style.canvas(4.6 + 0.17 * len(chosen), title)
    axes = canvas.add_subplot()
    axes.scatter(*at(outside), s=12, marker="x", color=style.GREY, linewidths=0.6)
    colour: Any = style.BLUE
    if len(objectives) == 2:
        # Between two points the best that is to be had is that of the one whose first objective is good enough.
        where: Literal["pre", "post"] = "pre" if objectives[0].is_larger_better else "post"
        axes.step(*at(inside), where=where, color=style.BLUE, linewidth=1, alpha=0.6)
    else:
        colour = [record[objectives[2].measure] for record in inside]
    points = axes.scatter(*at(inside), c=colour, s=30, cmap=style.COLOUR_MAP if len(objectives) > 2 else None, zorder=3)
    handles: list[object] = [
        Line2D(
            [], [], linestyle="none", marker="x", markersize=4, color=style.GREY, label=f"dominated ({len(outside)})"
        ),
        Line2D([], [], linestyle="none", marker="o", markersize=5, color=style.BLUE, label=f"front ({len(inside)})"),
    ]
    if len(objectives) > 2:
        bar = canvas.colorbar(points, ax=axes, pad=0.01)
        bar.set_label(label(objectives[2].measure))
        bar.outline.set_visible(False)
    for values, axis in zip(at(records), (axes.xaxis, axes.yaxis), strict=True):
        if style.is_wide(values):
            style.logarithmic(axis)
    named = [record for record in inside if record["key"] in chosen]
    letters = []
    for letter, record in zip(string.ascii_uppercase, named, strict=False):
        letters.append((letter, (record[x] / x_factor, record[y] / y_factor)))
        axes.scatter(*letters[-1][1], s=80, facecolors="none", edgecolors=style.VERMILLION, linewidths=1.4, zorder=4)
        handles.append(Line2D([], [], linestyle="none", label=_wrapped(f"{letter}  {chosen[record['key']]}")))
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.margins(0.08)
    axes.grid(True)
    style.legend(canvas, handles, columns=1)
    _letter(canvas, axes, letters)
    return canvas


def _letter(canvas: Figure, axes: Axes, letters: Sequence[tuple[str, tuple[float, float]]]) -> None:
    """A letter beside each chosen point, where the letters before it leave room."""
    canvas.draw_without_rendering()
    taken: list[Bbox] = []
    for letter, place in letters:
        for across, up in ((9, 9), (9, -9), (-9, 9), (-9, -9), (0, 16), (0, -16), (20, 0), (-20, 0)):
            text = axes.annotate(
                letter, place, xytext=(across, up), textcoords="offset points", ha="center", va="center", fontsize=9,
                weight="bold", color=style.VERMILLION, zorder=5,
            )  # fmt: skip
            box = text.get_window_extent().padded(1)
            if not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, LONGEST_LINE, subsequent_indent="    "))


if __name__ == "__main__":
    from leptonsim.explore.figures._demo import demo

    demo(
        "front",
        lambda study: figure(
            study.records, study.is_front, study.objectives, study.labels, f"Pareto front: {study.workload}"
        ),
    )
