"""Where time goes: each engine's share by cause, and the costliest operators.

An operator's bar is as long as its ``time_ps``, by which it moved the end of all work, and is divided as the time of
its main engine is (computing, or waiting for something), summed over cores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from leptonsim.result import style
from leptonsim.result.figures._costliest import costliest
from leptonsim.result.units import micro, time_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult
    from leptonsim.result.step import Step

ROOM = 24


def parts_ps(step: Step) -> dict[str, float]:
    """An operator's time by cause; the parts sum to its ``time_ps``."""
    whole = sum(step.waits_ps.values())
    if not whole:
        return {"busy": float(step.time_ps)}
    return {cause: step.time_ps * value / whole for cause, value in step.waits_ps.items()}


def engine_shares(result: AnyResult) -> dict[str, dict[str, float]]:
    """Share of the run by kind of engine and cause, averaged over cores."""
    total: dict[str, Counter[str]] = {}
    for name, causes in result.time_ps.items():
        total.setdefault(name.rpartition(".")[2], Counter()).update(causes)
    return {
        name: {cause: value / max(1, causes.total()) for cause, value in causes.items()}
        for name, causes in total.items()
    }


@style.styled
def draw(result: AnyResult) -> Figure:
    """Bars of engines above, of operators below."""
    rows, told = costliest(result, parts_ps, ROOM, lambda time_ps: micro(time_text(time_ps)))
    engines = engine_shares(result)
    total_ps = sum(step.time_ps for step in result.steps)
    height_in = 1.8 + 0.2 * (len(engines) + len(rows))
    figure = style.canvas(height_in, style.headline("Time by cause", result))
    above, below = figure.subplots(2, 1, height_ratios=(len(engines) + 0.5, max(2, len(rows)) + 0.5))
    _stack(above, engines, 0.01)
    below.set_title(told)
    above.set(xlim=(0, 100), xlabel="share of the run, averaged over cores (%)")
    longest = max((sum(parts.values()) for _, parts in rows), default=0)
    scale = style.time_scale(longest)
    _stack(below, {f"{number}": parts for number, (_, parts) in enumerate(rows)}, scale.factor)
    below.set_yticks(range(len(rows)), [name for name, _ in rows])
    scale.label(below.xaxis, "time that the operator adds to the run")
    below.set_xlim(0, (longest or 1) / scale.factor * 1.08)
    for index, (_, parts) in enumerate(rows):
        time = sum(parts.values())
        text = f"{time / max(1, total_ps):.1%}"
        place = (time / scale.factor, index)
        below.annotate(text, place, xytext=(3, 0), textcoords="offset points", va="center", fontsize=6.5)
    seen = {cause for parts in (*engines.values(), *(parts for _, parts in rows)) for cause, v in parts.items() if v}
    style.legend(figure, [style.part_of_legend(cause, style.CAUSES) for cause in style.CAUSES if cause in seen])
    return figure


def _stack(axes: Axes, rows: Mapping[str, Mapping[str, float]], factor: float) -> None:
    places = range(len(rows))
    left = [0.0] * len(rows)
    for cause in style.CAUSES:
        values = [parts.get(cause, 0.0) / factor for parts in rows.values()]
        if any(values):
            axes.barh(places, values, left=left, height=0.78, **style.part(cause, style.CAUSES))
            left = [begin + value for begin, value in zip(left, values, strict=True)]
    axes.set_yticks(places, [name.replace("_", " ") for name in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    style.numbers(axes.xaxis)
    style.bare(axes)


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("time")
