"""The temperature of the die over the run, with the limit at which its clock is lowered.

The dotted line is where the die would settle if the run went on like this for ever. Of a run whose heat was not
followed nothing is known, which the picture says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leptonsim.chip.units import TEMPERATURE
from leptonsim.result import style
from leptonsim.result.load import power_in_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult


def applies(result: AnyResult) -> bool:
    """Whether the die's temperature was followed."""
    return bool(die_over_time(result)[0])


def die_over_time(result: AnyResult) -> tuple[list[int], list[float]]:
    """Instants in ps and degrees Celsius; empty where heat was not followed."""
    block = power_in_time(result)
    known = [(each[1], each[4]) for each in block["segments"] if each[4] is not None] if block is not None else []
    return [at for at, _ in known], [die for _, die in known]


@style.styled
def draw(result: AnyResult) -> Figure:
    """A line over time, and the limits."""
    figure = style.canvas(2.6, style.headline("Heat", result))
    axes = figure.add_subplot()
    times, dies = die_over_time(result)
    if not times:
        axes.set_axis_off()
        text = "Heat was not followed: run with --ambient, power.heat: true, or a governor."
        axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
        return figure
    time = style.time_scale(times[-1])
    axes.plot([at / time.factor for at in times], dies, color=style.VERMILLION, linewidth=1.1)
    notes = [f"highest {max(dies):.1f} \u00b0C, at the end {dies[-1]:.1f} \u00b0C"]
    shown = [*dies]
    block: Any = power_in_time(result)
    low, high = min(shown), max(shown)
    room = max(1.0, high - low)
    limits = (
        (block["die_steady_c"], "settles at", "dotted", ":", style.INK),
        (_limit_c(result), "throttles at", "dashed", "--", style.VERMILLION),
    )
    for level, what, how, dashes, colour in limits:
        if level is None:
            continue
        # a limit far away would press the line flat; it is told in words
        is_near = low - room < level < high + 3 * room
        notes.append(f"{what} {level:.3g} \u00b0C" + (f" ({how})" if is_near else ""))
        if is_near:
            axes.axhline(level, linestyle=dashes, linewidth=0.9, color=colour)
            shown.append(level)
    axes.set_title(", ".join(notes))
    low, high = min(shown), max(shown)
    axes.set_ylim(low - 0.08 * max(1.0, high - low), high + 0.08 * max(1.0, high - low))
    axes.set_xlim(0, times[-1] / time.factor)
    axes.set_ylabel("die (\u00b0C)")
    axes.grid(True, axis="y")
    style.numbers(axes.yaxis)
    time.label(axes.xaxis, "time")
    style.bare(axes)
    return figure


def _limit_c(result: AnyResult) -> float | None:
    thermal = result.chip_parameters["power"].get("thermal")
    return None if thermal is None else float(TEMPERATURE.parse(thermal["throttle"]))


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("temperature")
