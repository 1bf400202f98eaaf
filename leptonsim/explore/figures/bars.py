"""Sensitivity: for each result a bar of shares of variance by parameter, the rest being interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leptonsim.explore.figures.columns import label
from leptonsim.result import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_WRITTEN = 0.06
HATCHES = ("", "////", "", "----", "\\\\\\\\", "xxxx", "", "||||")
"""Beside the colours of ``style.PALETTE``, so that neighbours are told apart in grey print."""


@style.styled
def figure(shares: Mapping[str, Mapping[str, float]], title: str = "") -> Figure:
    """``shares`` by result and parameter, as ``sensitivity.shares`` gives them."""
    parameters: Sequence[str] = list(dict.fromkeys(name for each in shares.values() for name in each))
    measures = list(shares)
    canvas = style.canvas(1.2 + 0.36 * len(shares) + 0.18 * -(-(len(parameters) + 1) // 4), title)
    axes = canvas.add_subplot()
    left = [0.0] * len(measures)
    handles = []
    for number, name in enumerate(parameters):
        widths = [100 * shares[measure].get(name, 0.0) for measure in measures]
        colour = style.PALETTE[number % len(style.PALETTE)]
        hatch = HATCHES[number % len(HATCHES)]
        axes.barh(
            measures, widths, left=left, height=0.62, facecolor=colour, hatch=hatch, edgecolor=style.HATCH_INK,
            linewidth=0,
        )  # fmt: skip
        for row, width in enumerate(widths):
            if width >= 100 * LEAST_WRITTEN:
                text = axes.text(
                    left[row] + width / 2, row, f"{width:.0f} %", ha="center", va="center", fontsize=7,
                    color=style.ink_on(colour),
                )  # fmt: skip
                if hatch:
                    text.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 0.8})
        left = [begin + width for begin, width in zip(left, widths, strict=True)]
        handles.append(style.patch(colour, label(name), hatch))
    rest = [max(0.0, 100 - begin) for begin in left]
    axes.barh(measures, rest, left=left, height=0.62, color=style.RULE)
    handles.append(style.patch(style.RULE, "interaction and the rest"))
    axes.set_yticks(range(len(measures)), [label(measure).partition(" (")[0] for measure in measures])
    axes.invert_yaxis()
    axes.set(xlim=(0, max(100.0, *left)), xlabel="share of variance (%)")
    axes.tick_params(axis="y", length=0)
    style.legend(canvas, handles, columns=4)
    return canvas


if __name__ == "__main__":
    from leptonsim.explore.figures._demo import demo
    from leptonsim.explore.sensitivity import shares as of_variance

    demo(
        "sensitivity",
        lambda study: figure(
            of_variance(study.records, study.varied, study.measures), f"Sensitivity: {study.workload}"
        ),
    )
