"""Quantities as people write them ("512 KiB", "1.2 GHz"), and as the simulator counts them (integers).

A ``Quantity`` is one kind of physical quantity: the units that may be written, each an exact multiple of the inner
unit. Parsing is exact (fractions, never floats) and strict: a missing unit, a unit of another kind or a value that is
not whole in the inner unit is an error that says what is expected. KiB is 1024 and kB is 1000, always; bits are not
bytes. Formatting gives a short text that parses to the same value.

Not modelled: compound expressions, locale, rounding.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from leptonsim.errors import LeptonError

_NUMBER = r"[+-]?(?:\d{1,24}(?:\.\d{0,24})?|\.\d{1,24})(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"\s*(?P<number>{_NUMBER})\s*(?P<unit>[^\s\d.+-].*?)?\s*")
_DECIMALS = 3
_BITS = re.compile(r"[kKMGT]?i?b(it)?s?(/|$)")
_MICRO = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})


class UnitError(LeptonError, ValueError):
    """A text that is not a quantity of the kind expected; the message tells what is."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """One kind of quantity.

    ``name`` with its article ("a size"), ``inner`` the plural of the inner unit ("bytes"), ``units`` the exact size of
    each unit in inner units, ``whole`` whether values are integers (else floats), ``example`` a text that parses.
    """

    name: str
    inner: str
    example: str
    units: Mapping[str, Fraction]
    whole: bool = True

    def parse(self, text: str) -> int | float:
        """The value of ``text`` in inner units; raises UnitError."""
        match = _QUANTITY.fullmatch(text)
        if match is None:
            raise UnitError(f"{text!r} is not {self.name}: write a number and a unit, such as {self.example}")
        number, unit = match["number"], match["unit"]
        if unit is None:
            raise UnitError(f"{text.strip()!r} has no unit: {self.name} belongs here, such as {self.example}")
        if unit not in self.units:
            raise UnitError(self._wrong_unit(text.strip(), unit))
        value = Fraction(number) * self.units[unit]
        if not self.whole:
            try:
                return float(value)
            except OverflowError:
                raise UnitError(f"{text.strip()!r} is too large to be {self.name}") from None
        if value.denominator != 1:
            raise UnitError(f"{text.strip()!r} is not a whole number of {self.inner} (nothing is rounded silently)")
        return value.numerator

    def format(self, value: int | float) -> str:
        """A short text that parses to ``value``: few digits, and none smaller than one unit where it can be."""
        if not self.whole:
            return f"{_plain(value)} {self._base_unit()}"
        if value == 0:
            return f"0 {self._base_unit()}"
        candidates = []
        for unit, size in self.units.items():
            decimal = _decimal(Fraction(value) / size)
            if decimal is not None:
                candidates.append((decimal.startswith("0."), len(decimal), -size, f"{decimal} {unit}"))
        return min(candidates)[3]

    def _base_unit(self) -> str:
        return next(unit for unit, size in self.units.items() if size == 1)

    def _wrong_unit(self, text: str, unit: str) -> str:
        other = next((kind.name for kind in QUANTITIES if unit in kind.units), None)
        if other is not None:
            return f"{text!r} is {other} where {self.name} belongs, such as {self.example}"
        by_case = {known.lower(): known for known in self.units}
        spelt = unit.lower().translate(_MICRO)
        near = [spelt] if spelt in by_case else difflib.get_close_matches(spelt, by_case, n=1, cutoff=0.6)
        hint = f"; did you mean {by_case[near[0]]!r}?" if near else ""
        if _BITS.match(unit):
            hint += "; b is for bits, which are not counted here: divide by 8 and write bytes (B)"
        known = ", ".join(self.units)
        return f"unknown unit {unit!r} in {text!r}: {self.name} is written like {self.example}, in {known}{hint}"


def _decimal(value: Fraction) -> str | None:
    """``value`` as a decimal with at most three places, or None where that is not exact."""
    scaled = value * 10**_DECIMALS
    if scaled.denominator != 1:
        return None
    sign = "-" if scaled < 0 else ""
    digits = str(abs(scaled.numerator)).rjust(_DECIMALS + 1, "0")
    return sign + f"{digits[:-_DECIMALS]}.{digits[-_DECIMALS:]}".rstrip("0").rstrip(".")


def _plain(value: float) -> str:
    """The shortest decimal that reads back as the same float, without a trailing ".0"."""
    return repr(float(value)).removesuffix(".0")


def _scaled(suffix: str, prefixes: Mapping[str, Fraction]) -> dict[str, Fraction]:
    return {prefix + suffix: factor for prefix, factor in prefixes.items()}


_SI = {"": Fraction(1), "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12)}
_BINARY = {"Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40)}
_PICO = {"f": Fraction(1, 1000), "p": Fraction(1), "n": Fraction(10**3), "u": Fraction(10**6)}

SIZE = Quantity("a size", "bytes", "512 KiB", _scaled("B", _SI | _BINARY))
FREQUENCY = Quantity("a frequency", "hertz", "1.2 GHz", _scaled("Hz", _SI))
TIME = Quantity(
    "a time",
    "picoseconds",
    "50 ns",
    {"ps": Fraction(1), "ns": Fraction(10**3), "us": Fraction(10**6), "ms": Fraction(10**9), "s": Fraction(10**12)},
)
BANDWIDTH = Quantity("a bandwidth", "bytes per second", "34 GB/s", _scaled("B/s", _SI | _BINARY))
DATA_RATE = Quantity(
    "a data rate",
    "transfers per second",
    "3200 MT/s",
    {"T/s": Fraction(1), "MT/s": Fraction(10**6), "GT/s": Fraction(10**9)},
)
WIDTH = Quantity("a width", "bytes per cycle", "256 B/cycle", {"B/cycle": Fraction(1), "KiB/cycle": Fraction(2**10)})
CYCLES = Quantity("a number of cycles", "cycles", "2 cycles", {"cycles": Fraction(1), "cycle": Fraction(1)})
RATE = Quantity("a rate of arithmetic", "floating-point operations per second", "1 Tflop/s", _scaled("flop/s", _SI))
POWER = Quantity(
    "a power", "watts", "75 W", {"mW": Fraction(1, 1000), "W": Fraction(1), "kW": Fraction(1000)}, whole=False
)
VOLTAGE = Quantity("a voltage", "volts", "0.75 V", {"mV": Fraction(1, 1000), "V": Fraction(1)}, whole=False)
ENERGY = Quantity(
    "an energy", "picojoules", "0.5 pJ", _scaled("J", _PICO | {"m": Fraction(10**9), "": Fraction(10**12)}), whole=False
)
ENERGY_PER_BYTE = Quantity(
    "an energy per byte",
    "picojoules per byte",
    "3.5 pJ/B",
    _scaled("J/B", _PICO) | {"pJ/bit": Fraction(8), "fJ/bit": Fraction(8, 1000)},
    whole=False,
)
LENGTH = Quantity("a length", "millimetres", "2.5 mm", {"um": Fraction(1, 1000), "mm": Fraction(1)}, whole=False)
THERMAL_RESISTANCE = Quantity(
    "a thermal resistance", "kelvin per watt", "0.4 K/W", {"K/W": Fraction(1), "mK/W": Fraction(1, 1000)}, whole=False
)
HEAT_CAPACITY = Quantity(
    "a heat capacity", "joules per kelvin", "50 J/K", {"mJ/K": Fraction(1, 1000), "J/K": Fraction(1)}, whole=False
)
TEMPERATURE = Quantity("a temperature", "degrees Celsius", "85 degC", {"degC": Fraction(1)}, whole=False)
TEMPERATURE_DIFFERENCE = Quantity("a difference of temperatures", "kelvin", "3 K", {"K": Fraction(1)}, whole=False)
PER_KELVIN = Quantity("a share per kelvin", "1/K", "1.8 %/K", {"/K": Fraction(1), "%/K": Fraction(1, 100)}, whole=False)

QUANTITIES = (
    SIZE,
    FREQUENCY,
    TIME,
    BANDWIDTH,
    DATA_RATE,
    WIDTH,
    CYCLES,
    RATE,
    POWER,
    VOLTAGE,
    ENERGY,
    ENERGY_PER_BYTE,
    LENGTH,
    THERMAL_RESISTANCE,
    HEAT_CAPACITY,
    TEMPERATURE,
    TEMPERATURE_DIFFERENCE,
    PER_KELVIN,
)
