"""The core clock over the whole run, and the time in each performance state; the same of other domains that changed.

On the way between two states the clock stands still, and the time counts as change. A run in one state shows that
one. Where a result has joined readings over changes of state, the clock is their mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leptonsim.chip.units import FREQUENCY
from leptonsim.result import style
from leptonsim.result.figures.power import draw_clock
from leptonsim.result.load import domains_in_time, power_in_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult


def applies(result: AnyResult) -> bool:
    """Whether there is more than one state to tell of."""
    return power_in_time(result) is not None


def clock_over_time(result: AnyResult) -> tuple[list[int], list[float]]:
    """Edges in ps (n + 1), and the clock in Hz between them (n)."""
    block = power_in_time(result)
    if block is None:
        return [0, round(result.makespan_s * 1e12)], [float(FREQUENCY.parse(result.chip_parameters["clocks"]["core"]))]
    segments = block["segments"]
    return [segments[0][0], *(each[1] for each in segments)], [each[2] for each in segments]


def residency_ps(result: AnyResult) -> dict[str, int]:
    """Time by state, in the order of clocks, and on the way between two."""
    block = power_in_time(result)
    if block is not None:
        return dict(block["residency_ps"])
    return {str(result.chip_parameters["power"].get("state") or "nominal"): round(result.makespan_s * 1e12)}


@style.styled
def draw(result: AnyResult) -> Figure:
    """A line for each clock above, a bar for each state below."""
    edges, clocks = clock_over_time(result)
    beside = domains_in_time(result)
    states = residency_ps(result)
    bars = [("core" if beside else "", states)] + [(name, dict(each["residency_ps"])) for name, each in beside.items()]
    count = sum(len(each) for _, each in bars)
    height = 2.3 + 0.24 * count + 1.5 * len(beside)
    figure = style.canvas(height, style.headline("States", result))
    above, *others, below = figure.subplots(2 + len(beside), 1, height_ratios=[4] * (1 + len(beside)) + [1 + count])
    time = style.time_scale(edges[-1])
    values = np.array([*clocks, clocks[-1]]) / 1e9
    above.step(np.array(edges) / time.factor, values, where="post", color=style.BLUE, linewidth=0.9)
    above.set_xlim(0, edges[-1] / time.factor)
    above.set_ylim(0, max(values.max(), 1e-3) * 1.12)
    above.set_ylabel("clock (GHz)")
    above.grid(True, axis="y")
    style.numbers(above.yaxis)
    if others:
        above.set_title("core")
    for panel in (above, *others)[: len(others)]:
        panel.tick_params(labelbottom=False)
    for panel, (name, domain) in zip(others, beside.items(), strict=True):
        draw_clock(panel, name, domain, edges[-1], time.factor)
        panel.set_xlim(0, edges[-1] / time.factor)
        panel.grid(True, axis="y")
    time.label((others[-1] if others else above).xaxis, "time")
    _bars(below, {f"{domain} {name}".strip(): time for domain, each in bars for name, time in each.items()}, edges[-1])
    return figure


def _bars(axes: Axes, states: dict[str, int], total: float) -> None:
    total = max(1, total)
    shares = [100 * value / total for value in states.values()]
    colours = [style.GREY if name.endswith("change") else style.BLUE for name in states]
    axes.barh(range(len(states)), shares, color=colours, height=0.72)
    for place, share in enumerate(shares):
        axes.annotate(f"{share:.1f} %", (share, place), xytext=(3, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(states)), [style.short(name, 20) for name in states])
    axes.set_ylim(-0.6, len(states) - 0.4)
    axes.set_xlim(0, 115)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("time in the state (% of the run)")
    style.bare(axes)


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("states")
