"""Numbers for people: three significant digits and a unit."""

from __future__ import annotations

import math


def time_text(time_ps: float) -> str:
    """Picoseconds as s, ms, us, ns or ps."""
    return _scaled(time_ps, ((1e12, "s"), (1e9, "ms"), (1e6, "us"), (1e3, "ns"), (1.0, "ps")))


def energy_text(energy_j: float) -> str:
    """Joules as kJ, J, mJ, uJ, nJ or pJ."""
    return _scaled(energy_j, ((1e3, "kJ"), (1.0, "J"), (1e-3, "mJ"), (1e-6, "uJ"), (1e-9, "nJ"), (1e-12, "pJ")))


def carbon_text(mass_g: float) -> str:
    """Grams as t, kg, g, mg, ug or ng."""
    return _scaled(mass_g, ((1e6, "t"), (1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "ug"), (1e-9, "ng")))


def size_text(size_bytes: float) -> str:
    """Bytes as GiB, MiB, KiB or B."""
    return _scaled(size_bytes, ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (1024.0, "KiB"), (1.0, "B")))


def count_text(count: float) -> str:
    """A count as T, G, M or k."""
    if not count:
        return "-"
    return _scaled(count, ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))).rstrip()


def rate_text(per_s: float) -> str:
    """A rate: three digits at least, thousands apart."""
    return f"{per_s:,.{max(0, min(3, 2 - math.floor(math.log10(per_s))))}f}" if per_s > 0 else "0"


def micro(text: str) -> str:
    """A text of this module with the sign for micro, for where it can be shown: "3.00 us" is "3.00 \u00b5s"."""
    return text.replace(" us", " \u00b5s").replace(" uJ", " \u00b5J")


def _scaled(value: float, scale: tuple[tuple[float, str], ...]) -> str:
    for factor, unit in scale:
        # what would round up to 1000 of a unit is 1 of the next
        if value >= factor * 0.9995 or factor == scale[-1][0]:
            number = value / factor
            digits = (
                0
                if number >= 99.95 or (float(number).is_integer() and number < 1000 and factor == scale[-1][0])
                else 1
                if number >= 9.995
                else 2
            )
            return f"{number:.{digits}f} {unit}"
    raise ValueError("a scale has at least one unit")
