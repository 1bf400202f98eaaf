"""One parameter of a sweep and the values that it takes.

    core.tensor_core.rows: [16, 32, 64]
    core.sram.size: {from: 1 MiB, to: 64 MiB, scale: log2}       # 1, 2, 4, ... 64 MiB
    software.buffer_share: {from: 0.5, to: 0.9, step: 0.1}
    pcie.round_trip: {from: 500 ns, to: 2 us, scale: log10, count: 7}

A range with neither step nor count, unless its scale is log2, has no list of values: samplers that draw (random, sobol,
tpe) take any value between, whole where the parameter is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from leptonsim.chip.declare import Parameter
from leptonsim.chip.scalars import Integer, IntegerOr, Measure, Number
from leptonsim.errors import LeptonError

SCALES = ("linear", "log2", "log10")
MOST_VALUES = 100_000


@dataclass(frozen=True)
class Span:
    """All values between two, in inner units."""

    low: int | float
    high: int | float
    is_log: bool
    parameter: Parameter

    def at(self, share: float) -> str:
        """The text of the value at a share of the way, 0 to 1."""
        if self.is_log:
            return number_text(self.low * (self.high / self.low) ** share, self.parameter)
        return number_text(self.low + (self.high - self.low) * share, self.parameter)


@dataclass(frozen=True)
class Axis:
    """A path and its values: texts, or trees where a whole section is swept; or a span instead."""

    path: str
    values: tuple[Any, ...] = ()
    span: Span | None = None

    def at(self, choice: int | float) -> Any:
        """The value of a choice: the number of a value, or a share of the span."""
        return self.values[int(choice)] if self.span is None else self.span.at(float(choice))


def whole(parameter: Parameter) -> bool:
    """Whether values of the parameter are integers inside."""
    scalar = parameter.scalar
    return isinstance(scalar, Integer | IntegerOr) or (isinstance(scalar, Measure) and scalar.quantity.whole)


def number_text(value: int | float | Fraction, parameter: Parameter) -> str:
    """A number of inner units as the text that stands in the YAML; whole parameters are rounded to the nearest."""
    if whole(parameter):
        return parameter.format(math.floor(Fraction(value) + Fraction(1, 2)))
    return parameter.format(float(value))


def exact_text(value: Any, parameter: Parameter) -> str:
    """A derived value as text. Raises LeptonError where a whole parameter would get a part."""
    if isinstance(value, bool | str):
        return parameter.format(value) if isinstance(value, bool) else value
    if whole(parameter) and value != int(value):
        raise LeptonError(f"{value!r} is not whole; use round(), floor() or ceil()")
    return number_text(value, parameter)


def range_axis(path: str, parameter: Parameter, given: dict[str, str]) -> Axis:
    """The axis of ``{from, to, scale, step, count}``; raises LeptonError."""
    scalar = parameter.scalar
    if scalar is None or not isinstance(scalar, Integer | IntegerOr | Measure | Number):
        raise LeptonError(f"{path} is not a number; give a list of its values")
    low, high = scalar.parse(given["from"]), scalar.parse(given["to"])
    if isinstance(low, str) or isinstance(high, str):
        raise LeptonError("from and to are numbers")
    if not low < high:
        raise LeptonError(f"from ({given['from']}) is not below to ({given['to']})")
    scale = given.get("scale", "linear")
    if scale not in SCALES:
        raise LeptonError(f"scale is one of {', '.join(SCALES)}, not {scale!r}")
    if scale != "linear" and low <= 0:
        raise LeptonError(f"a {scale} range starts above 0")
    if "step" in given and "count" in given:
        raise LeptonError("give step or count, not both")
    if "step" in given:
        if scale != "linear":
            raise LeptonError("step is for a linear scale; give count")
        # What reads a step is the unit of the parameter, not its bounds: a step may be smaller than the least value.
        step = scalar.quantity.parse(given["step"]) if isinstance(scalar, Measure) else float(given["step"])
        if step <= 0:
            raise LeptonError("step is above 0")
        size = math.floor((Fraction(high) - Fraction(low)) / Fraction(step) + Fraction(1, 10**9)) + 1
        _check_size(size)
        numbers = [Fraction(low) + index * Fraction(step).limit_denominator(10**9) for index in range(size)]
    elif "count" in given:
        count = Integer(2, MOST_VALUES).parse(given["count"])
        shares = [index / (count - 1) for index in range(count)]
        span = Span(low, high, scale != "linear", parameter)
        texts = [parameter.format(low), *(span.at(share) for share in shares[1:-1]), parameter.format(high)]
        return Axis(path, tuple(dict.fromkeys(texts)))
    elif scale == "log2":
        _check_size(math.floor(math.log2(high / low)))
        numbers = [Fraction(low)]
        while numbers[-1] * 2 <= high:
            numbers.append(numbers[-1] * 2)
    else:
        return Axis(path, span=Span(low, high, scale != "linear", parameter))
    texts = [number_text(round(float(each), 12) if not whole(parameter) else each, parameter) for each in numbers]
    return Axis(path, tuple(dict.fromkeys(texts)))


def _check_size(size: int) -> None:
    if size > MOST_VALUES:
        raise LeptonError(f"{size} values; at most {MOST_VALUES} are listed")
