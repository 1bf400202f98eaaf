"""The roofline: what each operator does in a second against what it does for each byte of DRAM.

A point is one operator, its area the time that it adds to the run. Its height is its work over that time, or over the
time from its first to its last job on the engine that does it where that is longer. Roofs are the peaks of the chip:
multiply-accumulates in each data type that was used, vector operations, and bytes of DRAM. An operator never lies above
its own flat roof; it lies above the slope of DRAM where its weights came while earlier operators were at work.
Operators whose bytes all stay on the chip stand in the band at the right; those that only move bytes have no place.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leptonsim.result import style
from leptonsim.result.figures._costliest import alike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult

LARGEST_AREA = 900.0
LABELS = 6
MOST_VECTORS = 1500
"""Points up to which a vector picture holds each of them as a shape, not all as one bitmap."""


Line = tuple[tuple[float, float], tuple[float, float]]
"""From and to, each an intensity and a rate."""


@dataclass(frozen=True)
class Point:
    """One operator: operations for each byte of DRAM (infinite without any), operations a second, share of time."""

    name: str
    group: tuple[str, str]
    engine: str
    intensity: float
    rate_per_s: float
    share: float


def points(result: AnyResult) -> list[Point]:
    """The operators that compute, largest share of time first."""
    total_ps = max(1, sum(step.time_ps for step in result.steps))
    found = []
    for step in result.steps:
        work = step.macs if step.engine == "tensor" else step.vector_operations
        if step.engine not in step.spans_ps or not work:
            continue
        begin, end = step.spans_ps[step.engine]
        intensity = work / step.bytes if step.bytes else math.inf
        rate = work * 1e12 / max(1, step.time_ps, end - begin)
        found.append(Point(step.name, alike(step), step.engine, intensity, rate, step.time_ps / total_ps))
    return sorted(found, key=lambda point: -point.share)


@style.styled
def draw(result: AnyResult) -> Figure:
    """Points under roofs, both axes logarithmic."""
    found = points(result)
    figure = style.canvas(4.6, style.headline("Roofline", result))
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log")
    roofs, bandwidth = _roofs(result), result.peaks["dram_bytes_per_s"]
    ridge = max(peak for peak, _ in roofs) / bandwidth
    finite = [point.intensity for point in found if math.isfinite(point.intensity)]
    low, high = min([*finite, ridge / 30]) / 2, max([*finite, ridge]) * 4
    edge = high * (high / low) ** 0.12
    bottom = min([*(point.rate_per_s for point in found), low * bandwidth * 4, *(peak for peak, _ in roofs)]) / 3
    top = max([*(point.rate_per_s for point in found), *(peak for peak, _ in roofs)]) * 3
    # room for the largest circles
    bottom /= (top / bottom) ** 0.06
    axes.set(xlim=(low, edge), ylim=(bottom, top))
    lines = _draw_roofs(axes, roofs, bandwidth, (low, high, edge))
    inside = math.sqrt(high * edge)
    for engine in ("tensor", "vector"):
        own = [point for point in found if point.engine == engine]
        axes.scatter(
            [_place(point, inside) for point in own],
            [point.rate_per_s for point in own],
            s=[_area(point.share) for point in own],
            color=style.ENGINES[engine],
            alpha=0.55,
            linewidth=0.5,
            edgecolor=style.INK,
            rasterized=len(found) > MOST_VECTORS,
        )
    axes.axvspan(high, edge, color=style.RULE, alpha=0.4, linewidth=0)
    axes.annotate(
        "no DRAM bytes", (edge, top), xytext=(0, 2), textcoords="offset points", ha="right", va="bottom", fontsize=7
    )
    style.powers(axes.xaxis)
    style.powers(axes.yaxis)
    axes.grid(True)
    axes.set_xlabel("intensity (operations per byte of DRAM; an operation is a MAC or a vector operation)")
    axes.set_ylabel("rate (operations/s)")
    _label(figure, axes, found, inside, lines)
    style.legend(figure, _handles(found), columns=5)
    return figure


def _roofs(result: AnyResult) -> list[tuple[float, str]]:
    used = {step.dtype for step in result.steps if step.engine == "tensor"}
    macs: dict[str, float] = result.peaks["macs_per_s"]
    vector: float = result.peaks["vector_operations_per_s"]
    roofs = [(macs[dtype], f"{dtype}: {style.rate_text(macs[dtype], 'MAC/s')}") for dtype in sorted(used & macs.keys())]
    same: dict[float, list[str]] = {}
    for peak, text in roofs:
        same.setdefault(peak, []).append(text)
    roofs = [(peak, " = ".join(texts)) for peak, texts in same.items()]
    return [*roofs, (vector, f"vector units: {style.rate_text(vector, 'op/s')}")]


def _draw_roofs(
    axes: Axes, roofs: list[tuple[float, str]], bandwidth: float, ends: tuple[float, float, float]
) -> list[Line]:
    """The roofs with their names; returns their lines."""
    low, high, edge = ends
    highest = max(peak for peak, _ in roofs)
    lines = [((low, low * bandwidth), (highest / bandwidth, highest))]
    middle = math.sqrt(low * highest / bandwidth)
    # above the slope where there is room to the left of it, else below
    is_far = math.log(middle / low) > 0.25 * math.log(edge / low)
    axes.annotate(
        f"DRAM: {style.rate_text(bandwidth, 'B/s')}", (middle, middle * bandwidth),
        xytext=(-3, 3) if is_far else (6, -3), textcoords="offset points", ha="right" if is_far else "left",
        va="bottom" if is_far else "top", fontsize=7.5,
    )  # fmt: skip
    for peak, text in roofs:
        lines.append(((peak / bandwidth, peak), (edge, peak)))
        axes.annotate(text, (high, peak), xytext=(-2, 2), textcoords="offset points", ha="right", fontsize=7.5)
    for begin, end in lines:
        axes.plot(*zip(begin, end, strict=True), color=style.INK, linewidth=1)
    return lines


def _label(figure: Figure, axes: Axes, found: list[Point], inside: float, lines: list[Line]) -> None:
    """Name the largest points, as far as the names find room: not over each other, over points or over roofs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    taken = [text.get_window_extent().padded(1) for text in axes.texts]
    frame = axes.get_window_extent()
    roofs = [Path(axes.transData.transform(line)) for line in lines]
    dots = axes.transData.transform([(_place(point, inside), point.rate_per_s) for point in found[: 8 * LABELS]])
    taken += [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in dots]
    named: set[tuple[str, str]] = set()
    for point in found[: 40 * LABELS]:
        if len(named) == LABELS:
            break
        if point.group in named:
            continue
        x = _place(point, inside)
        reach = math.sqrt(_area(point.share) / math.pi) + 2.5
        for place, side in itertools.product(((1, 0), (-1, 0), (1, -0.8), (-1, -0.8), (1, 0.8), (-1, 0.8)), (1, 1.6)):
            across, up = place[0] * reach * side, place[1] * (reach + 4) * side
            text = axes.annotate(
                style.short(point.name, 26), (x, point.rate_per_s), xytext=(across, up), textcoords="offset points",
                ha="left" if across > 0 else "right", va="center", fontsize=6.5,
            )  # fmt: skip
            box = text.get_window_extent().padded(1)
            is_inside = frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1
            is_free = not any(box.overlaps(other) for other in taken)
            if is_inside and is_free and not any(roof.intersects_bbox(box, filled=False) for roof in roofs):
                taken.append(box)
                named.add(point.group)
                break
            text.remove()


def _place(point: Point, inside: float) -> float:
    return point.intensity if math.isfinite(point.intensity) else inside


def _area(share: float) -> float:
    return 8 + LARGEST_AREA * share


def _handles(found: list[Point]) -> list[object]:
    from matplotlib.lines import Line2D

    def dot(colour: str, share: float, label: str) -> Line2D:
        size = math.sqrt(_area(share))
        return Line2D([], [], marker="o", linestyle="none", color=colour, markersize=size, alpha=0.55, label=label)

    names = {"tensor": "tensor core", "vector": "vector unit"}
    handles: list[object] = [
        dot(style.ENGINES[engine], 0.03, name)
        for engine, name in names.items()
        if any(point.engine == engine for point in found)
    ]
    return [*handles, *(dot(style.GREY, share, f"{share:.0%} of the time") for share in (0.01, 0.05, 0.1))]


if __name__ == "__main__":
    from leptonsim.result.figures._demo import demo

    demo("roofline")
