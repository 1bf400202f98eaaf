"""What is taken in SRAM over the first run: of one core, and in shared SRAM where the chip has some.

Tensors lie below; on them come the tiles on their way, of whichever operators, at the most that there were while the
operator was at work. An operator's level holds for the time that it adds to the run. Where empty banks are off, a band
under the capacity shows how many were, on average.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.result import style
from leptonsim.result.units import size_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

PARTS = (("tensors", style.ORANGE, None), ("tiles on their way", style.SKY, "////"))
OFF = ("banks off, on average", style.PALE, "..")
NEAR = 0.2
"""Share of the capacity that must be reached for the axis to go up to it."""


def levels(result: AnyResult) -> tuple[list[int], list[int], list[int], list[int]]:
    """Ends of time in ps (n + 1); bytes of tensors and of tiles in one core's SRAM, and in shared SRAM (n each)."""
    edges, own, staged, shared = [0], [], [], []
    for step in result.steps:
        if step.time_ps:
            edges.append(edges[-1] + step.time_ps)
            own.append(step.sram_resident_bytes)
            staged.append(step.sram_staging_bytes)
            shared.append(step.shared_sram_resident_bytes)
    return edges, own, staged, shared


@style.styled
def draw(result: AnyResult) -> Figure:
    """A panel for each memory; of a shared one only if something is in it."""
    edges, own, staged, shared = levels(result)
    memory = result.memory
    panels = [("One core's SRAM", [own, staged], memory["sram_capacity_bytes"], memory["sram_peak_bytes"])]
    if memory["shared_sram_peak_bytes"]:
        peak = memory["shared_sram_peak_bytes"]
        panels.append(("Shared SRAM", [shared], memory["shared_sram_capacity_bytes"], peak))
    off = [step.sram_banks_off for step in result.steps if step.time_ps]
    banks = result.blocks["sram"].get("banks")
    figure = style.canvas(1.1 + 2.1 * len(panels), style.headline("SRAM", result))
    every = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    time = style.time_scale(edges[-1])
    for axes, panel in zip(every, panels, strict=True):
        _panel(axes, [edge / time.factor for edge in edges], *panel, whole=banks is not None and axes is every[0])
    if banks is not None:
        _banks(
            every[0], [edge / time.factor for edge in edges], [each * banks["bank_bytes"] for each in off], panels[0][2]
        )
    time.label(every[-1].xaxis, "time in the first run")
    every[-1].set_xlim(0, max(edges[-1], 1) / time.factor)
    parts = PARTS if banks is None else (*PARTS, OFF)
    style.legend(figure, [style.patch(colour, name, hatch) for name, colour, hatch in parts])
    return figure


def _panel(
    axes: Axes, edges: list[float], name: str, parts: list[list[int]], capacity: int, peak: int, whole: bool = False
) -> None:
    near = whole or peak >= capacity * NEAR
    top = capacity if near else max(peak, 1)
    size = style.size_scale(top)
    base = [0] * len(parts[0])
    for taken, (_, colour, hatch) in zip(parts, PARTS, strict=False):
        level = [lower + own for lower, own in zip(base, taken, strict=True)]
        below, above = ([value / size.factor for value in [*values, *values[-1:]]] for values in (base, level))
        axes.fill_between(
            edges[: len(below)], below, above, step="post", facecolor=colour, hatch=hatch, edgecolor=style.HATCH_INK,
            linewidth=0,
        )  # fmt: skip
        base = level
    note = f"{name}: tensors take {size_text(max(parts[0], default=0))} at most"
    if len(parts) > 1:
        note += f", with tiles {size_text(peak)}"
    axes.set_title(f"{note}, capacity {size_text(capacity)}{' (line)' if near else ''}")
    if near:
        axes.axhline(capacity / size.factor, color=style.INK, linewidth=0.9)
    axes.set_ylim(0, top / size.factor * 1.08)
    size.label(axes.yaxis, "taken")
    axes.grid(True, axis="y")


def _banks(axes: Axes, edges: list[float], off_bytes: list[float], capacity: int) -> None:
    """What is off hangs from the capacity, which the axis then goes up to."""
    size = style.size_scale(capacity)
    top = capacity / size.factor
    below = [top - value / size.factor for value in [*off_bytes, *off_bytes[-1:]]]
    axes.fill_between(
        edges[: len(below)], below, top, step="post", facecolor=OFF[1], alpha=0.6, hatch=OFF[2], edgecolor=style.GREY,
        linewidth=0,
    )  # fmt: skip


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("sram")
