"""What tensors take in SRAM over the first run: of one core, and in shared SRAM where the chip has some.

An operator's level holds for the time that it adds to the run. Tiles on their way come on top; the line of the peak
holds the most of both, added, so that it bounds what is taken at any instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.result import style
from leptonsim.result.units import size_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

NEAR = 0.2
"""Share of the capacity that tensors must reach for the axis to go up to it."""


def levels(result: AnyResult) -> tuple[list[int], list[int], list[int]]:
    """Ends of time in ps (n + 1), bytes in one core's SRAM and in shared SRAM between them (n each)."""
    edges, own, shared = [0], [], []
    for step in result.steps:
        if step.time_ps:
            edges.append(edges[-1] + step.time_ps)
            own.append(step.sram_resident_bytes)
            shared.append(step.shared_sram_resident_bytes)
    return edges, own, shared


@style.styled
def draw(result: AnyResult) -> Figure:
    """A panel for each memory; of a shared one only if something is in it."""
    edges, own, shared = levels(result)
    memory = result.memory
    panels = [("One core's SRAM", own, memory["sram_capacity_bytes"], memory["sram_peak_bytes"], style.ORANGE)]
    if memory["shared_sram_peak_bytes"]:
        peak = memory["shared_sram_peak_bytes"]
        panels.append(("Shared SRAM", shared, memory["shared_sram_capacity_bytes"], peak, style.YELLOW))
    figure = style.canvas(0.9 + 2.1 * len(panels), style.headline("SRAM", result))
    every = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    time = style.time_scale(edges[-1])
    for axes, panel in zip(every, panels, strict=True):
        _panel(axes, [edge / time.factor for edge in edges], *panel)
    time.label(every[-1].xaxis, "time in the first run")
    every[-1].set_xlim(0, max(edges[-1], 1) / time.factor)
    return figure


def _panel(axes: Axes, edges: list[float], name: str, taken: list[int], capacity: int, peak: int, colour: str) -> None:
    highest = max(taken, default=0)
    notes = [f"{name}: tensors take {size_text(highest)} at most"]
    if peak > highest:
        notes.append(f"with tiles {size_text(peak)}")
    near = highest >= capacity * NEAR or not highest
    top = capacity if near else highest
    size = style.size_scale(top)
    values = [value / size.factor for value in [*taken, taken[-1] if taken else 0]]
    axes.fill_between(edges, values, step="post", color=colour, alpha=0.85, linewidth=0)
    if near:
        axes.axhline(capacity / size.factor, color=style.INK, linewidth=0.9)
        axes.axhline(peak / size.factor, color=style.VERMILLION, linewidth=0.9, linestyle="--")
        notes[-1] += " (dashed)" if peak > highest else ""
    notes.append(f"capacity {size_text(capacity)}{' (line)' if near else ''}")
    axes.set_title(", ".join(notes))
    axes.set_ylim(0, top / size.factor * 1.08)
    size.label(axes.yaxis, "taken by tensors")
    axes.grid(True, axis="y")


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("sram")
