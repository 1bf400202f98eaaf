"""The Pareto front: dominated points faint, the front joined by steps, chosen points labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leptonsim.explore.figures import style
from leptonsim.explore.results import Record
from leptonsim.explore.spec import Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABEL_OFFSETS = ((9, 12), (9, -14), (-9, 14), (14, 2), (-12, -16))


def figure(
    records: Sequence[Record], is_front: Sequence[bool], objectives: Sequence[Objective], chosen: Mapping[str, str], title: str = ""
) -> Figure:  # fmt: skip
    """All records by the first two objectives, the third as colour; ``chosen`` has labels of points by key."""
    x, y = objectives[0].measure, objectives[1].measure
    canvas = style.new_figure()
    axes = canvas.add_subplot()
    inside = [record for record, on in zip(records, is_front, strict=True) if on]
    outside = [record for record, on in zip(records, is_front, strict=True) if not on]
    axes.scatter(
        [r[x] for r in outside], [r[y] for r in outside], s=12, color=style.FAINT, linewidths=0, label=f"dominated ({len(outside)})"
    )  # fmt: skip
    inside.sort(key=lambda record: (record[x], record[y], record["key"]))
    if len(objectives) == 2:
        where = "post" if not objectives[1].is_larger_better else "pre"
        axes.step([r[x] for r in inside], [r[y] for r in inside], where=where, color=style.PALETTE[0], linewidth=1, alpha=0.6)
        axes.scatter([r[x] for r in inside], [r[y] for r in inside], s=26, color=style.PALETTE[0], zorder=3, label=f"front ({len(inside)})")
    else:
        third = objectives[2].measure
        points = axes.scatter(
            [r[x] for r in inside], [r[y] for r in inside], c=[r[third] for r in inside], s=30, cmap=style.COLOUR_MAP, zorder=3,
            edgecolors="white", linewidths=0.4, label=f"front ({len(inside)})",
        )  # fmt: skip
        bar = canvas.colorbar(points, ax=axes, pad=0.01)
        bar.set_label(style.label(third), size=9)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)  # type: ignore[operator]
    for name, axis in ((x, axes.set_xscale), (y, axes.set_yscale)):
        if style.is_wide([r[name] for r in records]):
            axis("log")
    named = [record for record in inside if record["key"] in chosen]
    for number, record in enumerate(named):
        dx, dy = LABEL_OFFSETS[number % len(LABEL_OFFSETS)]
        axes.scatter([record[x]], [record[y]], s=70, facecolors="none", edgecolors=style.PALETTE[1], linewidths=1.4, zorder=4)
        axes.annotate(
            chosen[record["key"]], (record[x], record[y]), xytext=(dx, dy), textcoords="offset points", fontsize=7.5, color=style.INK,
            ha="left" if dx > 0 else "right", zorder=5, arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6},
            bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )  # fmt: skip
    axes.set(xlabel=style.label(x), ylabel=style.label(y))
    axes.margins(0.08)
    style.dress(axes, title)
    axes.legend(fontsize=8, frameon=False, loc="best")
    return canvas
