"""Power against clock: measured sweeps of one chip under one workload, every second clock predicted from the others.

A sweep is all measured rows of one chip, domain, workload and memory clock; it needs six clocks. On its odd clocks, in
ascending order, P = static + c V^2 f is fitted: the static power, one dynamic coefficient and, unless every row gives a
voltage, the voltage at the lowest clock as a share of that at the highest. The even clocks are predicted.

Above that floor V rises with f along a line that ends in (highest clock, 1) and starts, at no clock, from half of the
highest voltage: V = max(floor, (1 + f / highest) / 2). That there is such a line was chosen among four forms by how
they predict five chips (docs/validation.md); its start is not fitted: it is the median of where lines start in
published tables of voltage and frequency (Mali-G52 of Rockchip's RK356x 0.28 and NPU of its RK3576 0.57, from their
device trees; Exynos 2200's GPU 0.51, from its kernel driver; Tegra X1 0.50 and K1 0.59, from nouveau's gm20b.c and
gk20a.c). With the slope known, three clocks are enough for the three that are not.

Least squares of relative errors; for a given floor the other two are linear, and the floor is searched on a grid. Only
ratios of clocks and of voltages matter, so that their units do not.

Not modelled: leakage that grows with temperature, so that hot sweeps bend more than the fit; utilisation that changes
with the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.validate.kind import Config, Kind
from leptonsim.validate.report import Record, predicted, skipped
from leptonsim.validate.table import Row, Table

COLUMNS = ("chip", "domain", "kind", "workload", "core_MHz", "mem_MHz", "voltage_mV", "power_W", "note")
LEAST_CLOCKS = 6
NO_CLOCK_VOLTAGE, FLOOR_STEPS = 0.5, 201
"""Voltage over that at the highest clock: where the line starts; and floors from there to a constant, by 0.0025."""

TO_BE_DROPPED = re.compile(r"(?<!not )(?<!not to be )(?<!voltage )(?<!\bir )\bdrop(ped)?\b", re.IGNORECASE)
"""How a row's note says so; a drop of voltage is another matter."""

Floats = npt.NDArray[np.float64]
Sweep = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One usable row of a sweep; ``voltage_v`` is None where the row gives none."""

    row: Row
    clock_mhz: float
    voltage_v: float | None
    power_w: float


@dataclass(frozen=True, slots=True)
class Fit:
    """P = static_w + w_per_mhz * V^2 * f, with V as given or, where there is a ``floor``, by the line above it."""

    static_w: float
    w_per_mhz: float
    floor: float | None
    highest_mhz: float

    def power_w(self, point: Point) -> float:
        """The power at a point's clock."""
        load = _load([point], self.floor, self.highest_mhz)
        return float(self.static_w + self.w_per_mhz * load[0])


def fit(points: Sequence[Point], highest_mhz: float) -> Fit:
    """The fit with the least sum of squared relative errors; neither part is negative.

    Floors that no fitted clock tells apart give the highest: a rise of voltage that no clock shows is not assumed.
    """
    given = all(point.voltage_v is not None for point in points)
    floors = [None] if given else [float(each) for each in np.linspace(NO_CLOCK_VOLTAGE, 1.0, FLOOR_STEPS)]
    power = np.array([point.power_w for point in points])
    found = []
    for floor in floors:
        load = _load(points, floor, highest_mhz)
        static, slope = _line(load, power)
        error = float(np.sum(((static + slope * load) / power - 1) ** 2))
        found.append((error, Fit(static, slope, floor, highest_mhz)))
    return min(found, key=lambda pair: (round(pair[0], 12), -(pair[1].floor or 0.0)))[1]


def _load(points: Sequence[Point], floor: float | None, highest_mhz: float) -> Floats:
    """V^2 f of each point."""
    clock = np.array([point.clock_mhz for point in points])
    if floor is None:
        voltage = np.array([point.voltage_v for point in points], dtype=np.float64)
    else:
        voltage = np.maximum(floor, NO_CLOCK_VOLTAGE + (1 - NO_CLOCK_VOLTAGE) * clock / highest_mhz)
    load: Floats = voltage**2 * clock
    return load


def _line(load: Floats, power: Floats) -> tuple[float, float]:
    """Intercept and slope, neither negative, with the least sum of squared relative errors."""
    rows = np.stack([1 / power, load / power], axis=1)
    static, slope = np.linalg.lstsq(rows, np.ones(len(power)), rcond=None)[0].tolist()
    if static >= 0 and slope >= 0:
        return static, slope
    column = rows[:, 1] if static < 0 else rows[:, 0]
    alone = float(column.sum() / (column @ column))
    return (0.0, alone) if static < 0 else (alone, 0.0)


def predict(table: Table, _config: Config) -> Iterator[Record]:
    """The power at the even clocks of every sweep; the rows it is fitted on, and what is no sweep, are skipped."""
    reasons = {row.line: _unusable(row) for row in table.rows}
    sweeps: dict[Sweep, list[Point]] = {}
    for row in table.rows:
        if not reasons[row.line]:
            sweeps.setdefault(_sweep(row), []).append(_point(row))
    values: dict[int, float] = {}
    for points in sweeps.values():
        clocks = sorted({point.clock_mhz for point in points})
        place = {clock: index for index, clock in enumerate(clocks)}
        if len(clocks) < LEAST_CLOCKS:
            few = f"the sweep has fewer than {LEAST_CLOCKS} clocks"
            reasons |= {point.row.line: few for point in points}
            continue
        # in order of clock, so that the order of the file's lines changes no bit
        ordered = sorted(points, key=lambda point: (point.clock_mhz, point.power_w, point.row.line))
        found = fit([point for point in ordered if place[point.clock_mhz] % 2 == 0], clocks[-1])
        for point in ordered:
            if place[point.clock_mhz] % 2:
                values[point.row.line] = found.power_w(point)
            else:
                reasons[point.row.line] = "the fit is on this clock"
    yield from (_record(row, reasons, values) for row in table.rows)


def _record(row: Row, reasons: Mapping[int, str], values: Mapping[int, float]) -> Record:
    group = f"{row['chip']} {row['workload']}" if row.line in values else row["chip"]
    if row.line in values:
        return predicted(row, "power_W", values[row.line], group)
    measured = row.number("power_W") if row["power_W"].strip() else None
    return skipped(row, "power_W", reasons[row.line], group, measured)


def _sweep(row: Row) -> Sweep:
    """What is the same in all rows of one sweep: another memory clock is another chip as far as power goes."""
    memory_clock = row["mem_MHz"].strip()
    names = (row[column].strip() for column in ("chip", "domain", "workload"))
    return (*names, f"{row.number('mem_MHz'):g}" if memory_clock else "")


def _unusable(row: Row) -> str:
    """Why a row belongs to no sweep; empty where it does."""
    if row["kind"].strip().lower() != "measured":
        return "not measured: a table or a model"
    if any(row[column].strip().strip("0") in ("", ".") for column in ("core_MHz", "power_W")):
        return "no clock or no power"
    return "the row says itself that it is to be dropped" if TO_BE_DROPPED.search(row["note"]) else ""


def _point(row: Row) -> Point:
    voltage = row.number("voltage_mV") / 1000 if row["voltage_mV"].strip() else None
    clock, power = row.number("core_MHz"), row.number("power_W")
    return Point(row, clock, voltage, power)


KIND = Kind(
    "dvfs",
    "Power against clock: sweeps of measured chips",
    frozenset(COLUMNS),
    predict,
    no_config="a sweep is fitted on its own odd clocks",
    causes="At 512 the row of the Jetson AGX Xavier for 1338.75 MHz, one of those fitted, was measured below the one "
    "before it and draws the highest clock down. The last 100 MHz of the RTX 8000 cost more than the line of voltage "
    "gives: boost clocks are bought with more voltage for each step.",
    not_modelled="Leakage that grows with temperature, and utilisation that changes with the clock. The form of the "
    "line of voltage was chosen by what it predicts on sweeps of five chips (these and V100), as mean over the chips "
    "of the median and of the 90th percentile of errors: 1.3 and 5.1 % where it starts at half of the highest voltage, "
    "1.2 and 5.0 % at 0.3 of it, 1.7 and 7.6 % at 0 (V in proportion to the clock), 1.9 and 5.9 % with a line through "
    "the fitted voltage at the lowest clock. Of starts from 0 to 0.6, leaving out each chip in turn, the others "
    "choose 0.45 or 0.5; the half is from published tables of voltage.",
)
