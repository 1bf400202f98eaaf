"""Which operator is on which kind of engine when, in the first run, all cores together.

A bar runs from an operator's first job on the first core to the end of its last on the last, with the waits in
between. Neighbours of one kind that are too small to be told apart are drawn as one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

FINEST = 1 / 2000
"""Part of the width below which bars are joined."""
NARROWEST_LETTER = 0.004
FEWEST_LETTERS = 9
KINDS = 7

Bar = tuple[float, float, str, str]
"""Begin and end in ps, kind of operator, name."""


def bars(result: AnyResult) -> dict[str, list[Bar]]:
    """Bars by kind of engine, in order of time."""
    found: dict[str, list[Bar]] = {name: [] for name in style.ENGINES}
    for step in result.steps:
        for engine, (begin, end) in step.spans_ps.items():
            found[engine].append((begin, end, step.kind, step.name))
    return {engine: sorted(each) for engine, each in found.items()}


def colours(result: AnyResult) -> dict[str, str]:
    """A colour for each of the kinds of operator that take most time; the others are grey."""
    total: Counter[str] = Counter()
    for step in result.steps:
        total[step.kind] += max(1, step.time_ps)
    ranked = sorted(total, key=lambda kind: (-total[kind], kind))
    return {kind: style.PALETTE[min(index, KINDS)] for index, kind in enumerate(ranked)}


def joined(row: list[Bar], finest_ps: float) -> list[Bar]:
    """Bars with neighbours of one kind made one where either is finer than ``finest_ps``."""
    kept: list[Bar] = []
    for bar in row:
        if kept:
            begin, end, kind, _ = kept[-1]
            small = min(bar[1] - bar[0], end - begin) < finest_ps
            if small and bar[2] == kind and bar[0] - end < finest_ps:
                kept[-1] = (begin, max(end, bar[1]), kind, "")
                continue
        kept.append(bar)
    return kept


@style.styled
def draw(result: AnyResult) -> Figure:
    """A lane for each kind of engine."""
    rows, kinds = bars(result), colours(result)
    end_ps = max((bar[1] for row in rows.values() for bar in row), default=1)
    time = style.time_scale(end_ps)
    figure = style.canvas(3.2, style.headline("Timeline of the first run", result))
    axes = figure.add_subplot()
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(xlim=(0, end_ps / time.factor), ylim=(len(rows) - 0.45, -0.55), ylabel="engine (kind)")
    time.label(axes.xaxis, "time in the first run")
    figure.draw_without_rendering()
    for lane, row in enumerate(rows.values()):
        _lane(axes, lane, joined(row, end_ps * FINEST), kinds, end_ps, time.factor)
    style.bare(axes)
    names = [kind for kind, colour in kinds.items() if colour != style.PALETTE[KINDS]]
    handles = [style.patch(kinds[kind], style.short(kind, 20)) for kind in names]
    others = len(kinds) - len(names)
    handles += [style.patch(style.PALETTE[KINDS], f"{others} other kind{'s' if others > 1 else ''}")] if others else []
    style.legend(figure, handles, columns=min(4, len(handles)) if any(len(name) > 12 for name in names) else 6)
    return figure


def _lane(axes: Axes, lane: int, row: list[Bar], kinds: dict[str, str], end_ps: float, factor: float) -> None:
    many = len(row) > 1 / FINEST / 4
    axes.broken_barh(
        [(begin / factor, (end - begin) / factor) for begin, end, _, _ in row],
        (lane - 0.36, 0.72),
        facecolors=[kinds[kind] for _, _, kind, _ in row],
        edgecolor=style.PAPER,
        linewidth=0.0 if many else 0.25,
        rasterized=many,
    )
    begins = [bar[0] for bar in row[1:]] + [end_ps]
    reached = 0.0
    for (begin, end, kind, name), following in zip(row, begins, strict=True):
        # of bars that overlap, as those of cores out of step do, the part that is seen
        left, right, reached = max(begin, reached), min(end, following), max(end, reached)
        if name and right - left > NARROWEST_LETTER * end_ps * min(FEWEST_LETTERS, len(name)):
            _name(axes, left / factor, right / factor, lane, name, style.ink_on(kinds[kind]))


def _name(axes: Axes, left: float, right: float, lane: int, name: str, colour: str) -> None:
    """A name in its bar, as much of it as there is room for, or none."""
    room = axes.transData.transform([(left, lane), (right, lane)])[:, 0]
    width = float(room[1] - room[0]) * 0.92
    longest = len(name)
    while longest >= min(FEWEST_LETTERS, len(name)):
        text = axes.text(
            (left + right) / 2, lane, style.short(name, longest), ha="center", va="center", fontsize=5.5, color=colour
        )
        needed = text.get_window_extent().width
        if needed <= width:
            return
        text.remove()
        longest = min(longest - 1, int(longest * width / needed))


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("timeline")
