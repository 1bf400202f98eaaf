"""Power over time, stacked by component, with what the chip is made for; clock and temperature where they changed.

Of a run in one performance state the first run of the program is shown. Within the time in which an operator's engines
are at work its energy is spread evenly (``leptonsim.result.power``); clocks
at rest, standby and static power are means over the run. Where there are more changes than a picture can
show, power is the mean over equal pieces of time, which the axis says; the highest instant is written out.

Of a run under a governor or with a thermal model the whole is shown, with the core's clock, those of other domains that
changed, and the die's temperature below, in the pieces that the result has. Under a cap the mean over its window is a
line, which stays below the cap's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leptonsim.chip.units import TIME
from leptonsim.machine.energy import AT_REST
from leptonsim.machine.governors.power_cap import cap_of
from leptonsim.result import style
from leptonsim.result.load import domains_in_time, power_in_time
from leptonsim.result.power import Piece, step_pieces

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

Floats = npt.NDArray[np.float64]
MOST_EDGES = 1200


def stacked(result: AnyResult) -> tuple[Floats, dict[str, Floats], bool]:
    """Edges in ps (n + 1), watts by component (n each), and whether they are means over equal pieces."""
    block = power_in_time(result)
    if block is not None:
        edges = np.array([block["segments"][0][0], *(each[1] for each in block["segments"])], dtype=np.float64)
        watts = np.array([each[5:] for each in block["segments"]], dtype=np.float64)
        levels = {name: watts[:, block["components"].index(name)] for name in style.COMPONENTS}
        return edges, {name: values for name, values in levels.items() if values.any()}, False
    pieces = step_pieces(result.steps)
    end = max((each[1] for each in pieces), default=1)
    edges = np.unique(np.array([0, end, *(at for each in pieces for at in each[:2])], dtype=np.float64))
    averaged = len(edges) > MOST_EDGES
    if averaged:
        edges = np.linspace(0, end, MOST_EDGES + 1)
    levels = {name: _means([each for each in pieces if each[2] == name], edges) for name in style.COMPONENTS}
    for name in AT_REST:
        levels[name] = np.full(len(edges) - 1, result.energy_breakdown_j[name] / result.makespan_s)
    return edges, {name: values for name, values in levels.items() if values.any()}, averaged


def _means(pieces: Sequence[Piece], edges: Floats) -> Floats:
    """Mean power between two edges each, exact: the energy up to each edge, and its differences."""
    if not pieces:
        return np.zeros(len(edges) - 1)
    changes = sorted([(begin, power) for begin, _, _, power in pieces] + [(end, -power) for _, end, _, power in pieces])
    times = np.array([time for time, _ in changes], dtype=np.float64)
    power = np.cumsum([change for _, change in changes])
    energy = np.concatenate([[0.0], np.cumsum(power[:-1] * np.diff(times))])
    means: Floats = np.maximum(0.0, np.diff(np.interp(edges, times, energy)) / np.diff(edges))
    return means


def mean_of_window(edges: Floats, levels: dict[str, Floats], window_ps: int) -> tuple[Floats, Floats]:
    """Ends of windows in ps, and the mean power of each; the first ends a window after the beginning."""
    energy = np.append(0.0, np.cumsum(np.sum(list(levels.values()), axis=0) * np.diff(edges)))
    ends = np.unique(np.append(edges, edges + window_ps))
    ends = ends[(ends >= edges[0] + window_ps) & (ends <= edges[-1])]
    means: Floats = (np.interp(ends, edges, energy) - np.interp(ends - window_ps, edges, energy)) / window_ps
    return ends, means


@style.styled
def draw(result: AnyResult) -> Figure:
    """Areas by component; the limit of the chip as a line; clock and temperature below."""
    edges, levels, averaged = stacked(result)
    block = power_in_time(result)
    hot = block is not None and any(each[4] is not None for each in block["segments"])
    beside = domains_in_time(result)
    below = 0 if block is None else 1 + len(beside) + hot
    figure = style.canvas(3.6 + 1.1 * below, style.headline("Power", result))
    axes, *others = figure.subplots(1 + below, 1, sharex=True, squeeze=False, height_ratios=[3] + [1] * below)[:, 0]
    time = style.time_scale(edges[-1])
    _stack(axes, result, edges / time.factor, levels)
    cap = None if block is None else cap_of(block["governor"])
    lines = [] if cap is None else _cap(axes, result, time.factor, (edges, levels), cap)
    mean = style.time_scale(edges[1] - edges[0])
    quantity = f"power, mean of {(edges[1] - edges[0]) / mean.factor:.3g} {mean.unit}" if averaged else "power"
    style.power_scale(result.power_peak_w).label(axes.yaxis, quantity)
    if block is not None:
        clocks = np.array([each[2] for each in block["segments"]], dtype=np.float64) / 1e9
        others[0].step(edges / time.factor, _closed(clocks), where="post", color=style.INK, linewidth=0.9)
        others[0].set_ylim(0, clocks.max() * 1.15)
        others[0].set_ylabel("clock (GHz)")
        changes = f"{block['changes']:,} change{'' if block['changes'] == 1 else 's'} of state"
        others[0].set_title(f"{'core: ' if beside else ''}governor {style.short(block['governor'], 60)}, {changes}")
    for panel, (name, domain) in zip(others[1:], beside.items(), strict=False):
        draw_clock(panel, name, domain, edges[-1], time.factor)
    if block is not None and hot:
        known = [(each[1] / time.factor, each[4]) for each in block["segments"] if each[4] is not None]
        others[-1].plot([at for at, _ in known], [die for _, die in known], color=style.VERMILLION, linewidth=1)
        others[-1].set_ylabel("die (\u00b0C)")
        style.numbers(others[-1].yaxis)
    for panel in (axes, *others):
        panel.grid(True, axis="y")
    last = others[-1] if others else axes
    last.set_xlim(0, edges[-1] / time.factor)
    time.label(last.xaxis, "time in the first run" if block is None else "time")
    style.legend(figure, [*(style.part_of_legend(name, style.COMPONENTS) for name in levels), *lines], columns=5)
    return figure


def draw_clock(axes: Axes, name: str, domain: Mapping[str, Any], end_ps: float, factor: float) -> None:
    """The clock of a domain beside the cores up to ``end_ps``; times are over ``factor`` ps."""
    pieces = domain["pieces"]
    times = np.array([*(each[0] for each in pieces), end_ps]) / factor
    clocks = np.array([each[1] for each in pieces]) / 1e9
    axes.step(times, _closed(clocks), where="post", color=style.BLUE, linewidth=0.9)
    axes.set_ylim(0, clocks.max() * 1.15)
    axes.set_ylabel("data rate (GT/s)" if name == "memory" else "clock (GHz)")
    changes = f"{domain['changes']:,} change{'' if domain['changes'] == 1 else 's'} of state"
    axes.set_title(f"{name}: governor {style.short(domain['governor'], 60)}, {changes}")


def _stack(axes: Axes, result: AnyResult, times: Floats, levels: dict[str, Floats]) -> None:
    watt = style.power_scale(result.power_peak_w)
    base = np.zeros(len(times) - 1)
    for name, values in levels.items():
        axes.fill_between(
            times, _closed(base) / watt.factor, _closed(base + values) / watt.factor, step="post",
            **style.part(name, style.COMPONENTS),
        )  # fmt: skip
        base = base + values
    highest = max(base.max(initial=0.0), result.power_peak_w) / watt.factor
    limit = result.peaks["tdp_w"] / watt.factor
    axes.axhline(result.power_peak_w / watt.factor, color=style.INK, linewidth=0.7, linestyle=":")
    notes = [f"highest instant {result.power_peak_w:,.3g} W", f"average of the whole run {result.power_avg_w:,.3g} W"]
    if limit < highest * 3:
        axes.axhline(limit, color=style.VERMILLION, linewidth=0.9, linestyle="--")
        notes.append(f"TDP {result.peaks['tdp_w']:g} W (dashed)")
        highest = max(highest, limit)
    else:
        notes.append(f"TDP {result.peaks['tdp_w']:g} W")
    axes.set_title(", ".join(notes))
    axes.set_ylim(0, highest * 1.08)


def _cap(
    axes: Axes, result: AnyResult, factor: float, power: tuple[Floats, dict[str, Floats]], cap: tuple[float, int]
) -> list[object]:
    """The cap, and what it holds down; their lines of the legend."""
    watt, (cap_w, window_ps) = style.power_scale(result.power_peak_w), cap
    ends, means = mean_of_window(*power, window_ps)
    axes.plot(ends / factor, means / watt.factor, color="white", linewidth=2.6)
    axes.plot(ends / factor, means / watt.factor, color=style.INK, linewidth=1.4)
    axes.axhline(cap_w / watt.factor, color=style.INK, linewidth=1.0, linestyle="-.")
    if axes.get_ylim()[1] < cap_w / watt.factor * 1.08:
        axes.set_ylim(0, cap_w / watt.factor * 1.08)
    of_window = f"mean of the last {TIME.format(window_ps)}"
    return [style.line(of_window, style.INK, width=1.4), style.line(f"cap of {cap_w:g} W", style.INK, "-.", 1.0)]


def _closed(values: Floats) -> Floats:
    return np.append(values, values[-1])


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("power")
