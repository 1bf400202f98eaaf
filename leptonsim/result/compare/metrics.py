"""The numbers of a result by which it is compared: a name, a quantity, and where the number stands in the JSON.

Those of ``METRICS`` are shown and have short names; any other number of the JSON goes by its path, such as
``memory.sram_peak_bytes`` or ``energy_breakdown_j.dram``, and its suffix says the unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from leptonsim.chip.units import BANDWIDTH, SIZE, Quantity
from leptonsim.result.units import energy_text, rate_text, size_text, time_text

if TYPE_CHECKING:
    from leptonsim.result.load import AnyResult


def _units(suffix: str, **prefixes: Fraction) -> dict[str, Fraction]:
    return {prefix + suffix: factor for prefix, factor in {"": Fraction(1), **prefixes}.items()}


_SMALL = {prefix: Fraction(1, 1000**power) for power, prefix in enumerate("munp", start=1)}
_LARGE = {prefix: Fraction(1000**power) for power, prefix in enumerate("kMGT", start=1)}
TIME = Quantity("a time", "seconds", "2 ms", _units("s", **_SMALL), whole=False)
ENERGY = Quantity("an energy", "joules", "10 mJ", _units("J", **_SMALL), whole=False)
POWER = Quantity("a power", "watts", "75 W", _units("W", m=_SMALL["m"], k=_LARGE["k"]), whole=False)
RATE = Quantity("a rate", "a second", "1000 /s", _units("/s", **_LARGE), whole=False)
SHARE = Quantity("a share", "of 1", "50 %", {"%": Fraction(1, 100)}, whole=False)
COUNT = Quantity("a count", "things", "1000", {}, whole=False)

_BY_SUFFIX = (("_bytes_per_s", BANDWIDTH), ("_per_s", RATE), ("_ps", COUNT), ("_pj", COUNT), ("_bytes", SIZE),
              ("_s", TIME), ("_j", ENERGY), ("_w", POWER))  # fmt: skip
_LEFT_OUT = ("schema", "batch", "requests", "warnings", "provenance", "chip_parameters", "steps")


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: its name, its quantity, its path in the JSON, and in which direction it gets better (0: neither)."""

    name: str
    label: str
    quantity: Quantity
    path: str
    better: int = 0

    def of(self, result: AnyResult) -> float | None:
        """The number; None where this result has none."""
        found: Any = result
        for part in self.path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else getattr(found, part, None)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        return found

    def text(self, value: float | None) -> str:
        """The number for people."""
        if value is None:
            return "-"
        if self.quantity is TIME:
            return time_text(value * 1e12)
        if self.quantity is ENERGY:
            return energy_text(value)
        if self.quantity is SIZE:
            return size_text(value)
        if self.quantity is SHARE:
            return f"{value:.1%}"
        return f"{rate_text(value)}{ {POWER: ' W', RATE: ' /s', BANDWIDTH: ' B/s'}.get(self.quantity, '') }"

    def change_text(self, before: float | None, after: float | None) -> str:
        """By how much it changed, for people: shares in percentage points, all else in parts of what it was."""
        if self.quantity is SHARE and before is not None and after is not None:
            return f"{100 * (after - before):+.1f} pp" if after != before else "="
        return percent_text(relative_change(before, after))


def relative_change(before: float | None, after: float | None) -> float | None:
    """By which part of itself a number grew; infinite from zero; None where one of the two is not there."""
    if before is None or after is None:
        return None
    if before == after:
        return 0.0
    return (after - before) / abs(before) if before else float("inf") if after > 0 else float("-inf")


def percent_text(change: float | None) -> str:
    """A relative change for people."""
    if change is None:
        return "-"
    if change in (float("inf"), float("-inf")):
        return "from 0"
    if change == 0:
        return "="
    if abs(change) < 10:
        return f"{change:+.1%}"
    return f"x{change + 1:.3g}" if abs(change) < 100 else f"x{change + 1:,.0f}"


METRICS = (
    Metric("latency", "latency", TIME, "latency_s", -1),
    Metric("latency_p99", "latency, p99", TIME, "latency_p99_s", -1),
    Metric("throughput", "throughput", RATE, "throughput_per_s", 1),
    Metric("tokens", "tokens", RATE, "tokens_per_s", 1),
    Metric("energy", "energy per sample", ENERGY, "energy_per_sample_j", -1),
    Metric("power", "average power", POWER, "power_avg_w", -1),
    Metric("power_peak", "peak power", POWER, "power_peak_w", -1),
    Metric("utilization.tensor", "tensor cores busy", SHARE, "utilization.tensor"),
    Metric("utilization.vector", "vector units busy", SHARE, "utilization.vector"),
    Metric("utilization.macs", "MACs of peak", SHARE, "utilization.macs"),
    Metric("utilization.dram", "DRAM pins used", SHARE, "utilization.dram"),
    Metric("dram_read", "DRAM read", SIZE, "bytes.dram.read", -1),
    Metric("dram_written", "DRAM written", SIZE, "bytes.dram.written", -1),
    Metric("sram_peak", "SRAM peak, a core", SIZE, "memory.sram_peak_bytes"),
    Metric("dram_peak", "DRAM peak", SIZE, "memory.dram_peak_bytes"),
)


def known_metrics(document: Mapping[str, Any]) -> dict[str, Metric]:
    """Every metric of a result by its names: the short ones, then the paths of all other numbers."""
    found = {metric.name: metric for metric in METRICS}
    for path in _paths(document):
        found.setdefault(path, Metric(path, path, _quantity(path), path))
    return found


def _paths(part: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in part.items():
        if not prefix and name in _LEFT_OUT:
            continue
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name


def _quantity(path: str) -> Quantity:
    if path.startswith("utilization."):
        return SHARE
    if path.startswith("bytes."):
        return SIZE
    return next((kind for part in reversed(path.split(".")) for end, kind in _BY_SUFFIX if part.endswith(end)), COUNT)
