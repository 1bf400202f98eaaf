"""Where energy goes: the whole run by component, and the costliest operators' dynamic energy by component.

Clocks at rest, standby and static energy belong to the run, not to an operator; copies between host and DRAM are in the
run's alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.result import style
from leptonsim.result.figures._costliest import costliest
from leptonsim.result.units import energy_text, micro

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult
    from leptonsim.result.step import Step

ROOM = 20


@style.styled
def draw(result: AnyResult) -> Figure:
    """Bars of components above, of operators below."""
    parts = {name: result.energy_breakdown_j[name] for name in style.COMPONENTS}
    parts = {name: value for name, value in parts.items() if value}
    rows, told = costliest(result, _parts_pj, ROOM, lambda energy_pj: micro(energy_text(energy_pj / 1e12)))
    height_in = 1.9 + 0.2 * (len(parts) + len(rows))
    figure = style.canvas(height_in, style.headline("Energy", result))
    above, below = figure.subplots(2, 1, height_ratios=(max(2, len(parts)) + 0.5, max(2, len(rows)) + 0.5))
    whole_j, largest_j = result.energy_j, max(parts.values(), default=0.0)
    scale = style.energy_scale(largest_j * 1e12)
    values = [value * 1e12 / scale.factor for value in parts.values()]
    for index, (name, value) in enumerate(zip(parts, values, strict=True)):
        above.barh(index, value, height=0.78, **style.part(name, style.COMPONENTS))
    above.set_yticks(range(len(parts)), [name.replace("_", " ") for name in parts])
    for index, (name, value) in enumerate(zip(parts, values, strict=True)):
        text = f"{micro(energy_text(parts[name]))}, {parts[name] / whole_j:.1%}"
        above.annotate(text, (value, index), xytext=(3, 0), textcoords="offset points", va="center")
    above.set_ylim(len(parts) - 0.4, -0.6)
    above.set_xlim(0, (max(values, default=0) or 1) * 1.25)
    scale.label(above.xaxis, "energy of the whole run")
    style.bare(above)
    below.set_title(told)
    longest = max((sum(each.values()) for _, each in rows), default=0.0)
    scale = style.energy_scale(longest)
    left = [0.0] * len(rows)
    for name in style.COMPONENTS:
        values = [each.get(name, 0.0) / scale.factor for _, each in rows]
        if any(values):
            below.barh(range(len(rows)), values, left=left, height=0.78, **style.part(name, style.COMPONENTS))
            left = [begin + value for begin, value in zip(left, values, strict=True)]
    below.set_yticks(range(len(rows)), [name for name, _ in rows])
    below.set_ylim(len(rows) - 0.4, -0.6)
    below.set_xlim(0, (longest or 1) / scale.factor * 1.04)
    scale.label(below.xaxis, "dynamic energy of the operator in one run")
    style.bare(below)
    seen = {name for _, each in rows for name, value in each.items() if value}
    style.legend(figure, [style.part_of_legend(name, style.COMPONENTS) for name in style.COMPONENTS if name in seen])
    return figure


def _parts_pj(step: Step) -> dict[str, float]:
    return step.energy_breakdown_pj


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("energy")
