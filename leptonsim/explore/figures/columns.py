"""Columns of a sweep in words: a name with its unit, and the prefix that suits the values."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = {
    "latency_s": ("latency", "s"),
    "throughput_per_s": ("throughput", "samples/s"),
    "tokens_per_s": ("tokens", "1/s"),
    "energy_j": ("energy", "J"),
    "energy_per_sample_j": ("energy per sample", "J"),
    "edp_js": ("energy x delay", "Js"),
    "power_avg_w": ("mean power", "W"),
    "power_peak_w": ("peak power", "W"),
    "area_mm2": ("die area", "mm2"),
    "die_cost_usd": ("die cost", "USD"),
    "throughput_per_mm2": ("throughput per area", "samples/s/mm2"),
    "utilization_macs": ("share of peak", "of 1"),
    "dram_bytes": ("DRAM traffic", "B"),
}
SCALED_UNITS = ("s", "J", "Js", "W", "B", "samples/s")
PREFIXES = (
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "\u00b5"),
    (1e-9, "n"),
    (1e-12, "p"),
)


def label(name: str, prefix: str = "") -> str:
    """A column's name for people: results in words with their unit, parameters by the end of their path."""
    if name in NAMES:
        words, unit = NAMES[name]
        return f"{words} ({prefix}{unit})"
    parts = name.split(".")
    return ".".join(parts[-3:] if len(parts) > 2 and parts[-2].isdecimal() else parts[-2:])


def scale(name: str, values: Sequence[float]) -> tuple[float, str]:
    """What to divide a result's values by so that they are between 1 and 1000, and its label with that unit."""
    if name not in NAMES or NAMES[name][1] not in SCALED_UNITS or not values:
        return 1.0, label(name)
    middle = sorted(values)[len(values) // 2]
    factor, prefix = next(((each, text) for each, text in PREFIXES if middle >= each), (1.0, ""))
    return factor, label(name, prefix)


def parameter(name: str, values: Sequence[object]) -> tuple[list[float] | None, str]:
    """Values of a parameter as numbers in the unit that all are written in (None where they are not), and its label.

    A plain number counts something: its unit is ``count``.
    """
    pairs = [str(value).split(" ", 1) for value in values]
    units = {" ".join(rest) for _, *rest in pairs}
    try:
        found = [float(figure) for figure, *_ in pairs]
    except ValueError:
        return None, label(name)
    if len(units) > 1:
        return None, label(name)
    return found, f"{label(name)} ({units.pop() or 'count'})"
