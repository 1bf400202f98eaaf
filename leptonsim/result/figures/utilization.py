"""How busy each engine of each core is: the share of the run in which it computes or moves bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

MOST_NUMBERED = 16
"""Cores up to which a number stands in each cell."""


def busy_shares(result: AnyResult) -> tuple[list[str], list[list[float]], dict[str, float]]:
    """Kinds of engine, for each the busy share by core, and that of the engines of the chip."""
    kinds: list[str] = []
    rows: dict[str, list[float]] = {}
    chip: dict[str, float] = {}
    for name, causes in result.time_ps.items():
        share = causes["busy"] / max(1, sum(causes.values()))
        core, dot, kind = name.partition(".")
        if dot:
            rows.setdefault(kind, []).append(share)
        else:
            chip[core] = share
    kinds = list(rows)
    return kinds, [rows[kind] for kind in kinds], chip


@style.styled
def draw(result: AnyResult) -> Figure:
    """Engines by cores, and beside them the engines of the chip."""
    kinds, shares, chip = busy_shares(result)
    figure = style.canvas(2.6, style.headline("Utilization", result))
    left, right = figure.subplots(1, 2, width_ratios=(5, 1))
    image = left.imshow(shares, cmap=style.COLOUR_MAP, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    left.set_yticks(range(len(kinds)), kinds)
    left.set(xlabel="core (number)", ylabel="engine (kind)")
    cores = len(shares[0])
    step = max(1, -(-cores // MOST_NUMBERED))
    left.set_xticks(range(0, cores, step))
    right.imshow([[value] for value in chip.values()], cmap=style.COLOUR_MAP, vmin=0, vmax=1, aspect="auto")
    right.set_yticks(range(len(chip)), [name.replace("_", " ") for name in chip])
    right.set_xticks([])
    right.set_xlabel("chip")
    if cores <= MOST_NUMBERED:
        _number(left, shares)
    _number(right, [[value] for value in chip.values()])
    for axes in (left, right):
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=[left, right], pad=0.02, fraction=0.04)
    bar.set_label("busy (% of the run)")
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
    bar.outline.set_visible(False)
    return figure


def _number(axes: Axes, shares: list[list[float]]) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    for row, values in enumerate(shares):
        for column, value in enumerate(values):
            colour = style.ink_on(to_hex(colormaps[style.COLOUR_MAP](value)))
            axes.annotate(f"{100 * value:.0f}", (column, row), ha="center", va="center", fontsize=7, color=colour)


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("utilization")
