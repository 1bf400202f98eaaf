"""The Pareto front: dominated points faint, the front joined by steps, chosen points lettered and told below."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from leptonsim.explore.figures import style
from leptonsim.explore.results import Record
from leptonsim.explore.spec import Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        style.scale(name, [float(record[name]) for record in records]) for name in (x, y)
    )

    def at(these: Sequence[Record]) -> tuple[list[float], list[float]]:
        return [record[x] / x_factor for record in these], [record[y] / y_factor for record in these]

    inside = [record for record, on in zip(records, is_front, strict=True) if on]
    outside = [record for record, on in zip(records, is_front, strict=True) if not on]
    inside.sort(key=lambda record: (record[x], record[y], record["key"]))
    canvas = style.new_figure(7.2, 5.2)
    axes = canvas.add_subplot()
    axes.scatter(*at(outside), s=12, color=style.FAINT, linewidths=0, label=f"dominated ({len(outside)})")
    colour: Any = style.PALETTE[0]
    if len(objectives) == 2:
        # Between two points the best that is to be had is that of the one whose first objective is good enough.
        where: Literal["pre", "post"] = "pre" if objectives[0].is_larger_better else "post"
        axes.step(*at(inside), where=where, color=style.PALETTE[0], linewidth=1, alpha=0.6)
    else:
        colour = [record[objectives[2].measure] for record in inside]
    points = axes.scatter(*at(inside), c=colour, s=30, cmap=style.COLOUR_MAP if len(objectives) > 2 else None, zorder=3)
    axes.plot([], [], linestyle="none", marker="o", color=style.PALETTE[0], label=f"front ({len(inside)})")
    if len(objectives) > 2:
        bar = canvas.colorbar(points, ax=axes, pad=0.01)
        style.dress_bar(bar, style.label(objectives[2].measure))
    for values, axis in zip(at(records), (axes.xaxis, axes.yaxis), strict=True):
        if style.is_wide(values):
            style.make_log(axis)
    named = [record for record in inside if record["key"] in chosen]
    for letter, record in zip(string.ascii_uppercase, named, strict=False):
        place = (record[x] / x_factor, record[y] / y_factor)
        axes.scatter(*place, s=80, facecolors="none", edgecolors=style.PALETTE[1], linewidths=1.4, zorder=4)
        axes.annotate(
            letter,
            place,
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=10,
            weight="bold",
            color=style.PALETTE[1],
            zorder=5,
        )
        axes.plot([], [], " ", label=f"{letter}  {chosen[record['key']]}")
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.margins(0.08)
    style.dress(axes, title)
    canvas.legend(fontsize=8, frameon=False, loc="outside lower left", handlelength=1.2)
    return canvas
