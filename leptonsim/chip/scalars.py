"""The types of a chip's values: how each is read from text, bounded, written back and described.

A value arrives as the text that stands in the YAML or after ``--set``, never as what YAML 1.1 makes of it (``010`` is
not 8, ``1e9`` is not a string, ``on`` is not true). Each type here annotates a field of the specification and is all
that pydantic, the JSON schema and the reference page need to know of it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from leptonsim.chip.units import Quantity, UnitError

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,23})")
_NUMBER = re.compile(r"-?(\d{1,24}(\.\d{0,24})?|\.\d{1,24})([eE][+-]?\d{1,3})?")
CACHED_TEXTS = 1024


@dataclass(frozen=True)
class Scalar:
    """A value read from one piece of text."""

    def parse(self, text: str) -> Any:
        """The value of ``text``; raises UnitError, whose message says what belongs here."""
        return text

    def format(self, value: Any) -> str:
        """The canonical text of ``value``; ``parse`` reads it back."""
        return str(value)

    def expects(self) -> str:
        """What belongs here, in words, with its bounds."""
        return "text"

    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of what may be written."""
        return {"type": "string", "minLength": 1}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read text by ``parse``, remembering the last results: sweeps read the same few texts thousands of times."""
        read = _reader(self)
        if get_origin(source) is Literal:
            return core_schema.no_info_before_validator_function(read, handler(source))
        return core_schema.no_info_plain_validator_function(read)


def _reader(scalar: Scalar) -> Callable[[Any], Any]:
    parse = functools.lru_cache(maxsize=CACHED_TEXTS)(scalar.parse)

    def read(value: Any) -> Any:
        if value.__class__ is not str:
            shape = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
            raise UnitError(f"expects {scalar.expects()}, not {shape}")
        return parse(value)

    return read


@dataclass(frozen=True)
class Text(Scalar):
    """Free text, or text of a given form; ``form`` says in words what ``pattern`` allows."""

    pattern: str = r"\S(.*\S)?"
    form: str = "text"

    def parse(self, text: str) -> str:
        """``text`` itself, when it has the form."""
        if re.fullmatch(self.pattern, text, re.DOTALL) is None:
            raise UnitError(f"expects {self.form}, not {text!r}")
        return text

    def expects(self) -> str:
        """The form in words."""
        return self.form

    def json_schema(self) -> dict[str, Any]:
        """A string of this form."""
        return {"type": "string", "pattern": f"^({self.pattern})$"} if self.form != "text" else super().json_schema()


@dataclass(frozen=True)
class Integer(Scalar):
    """A plain decimal integer within bounds (both included)."""

    least: int
    most: int

    def parse(self, text: str) -> int:
        """The integer; leading zeros are refused, since YAML 1.1 reads them as octal."""
        if _INTEGER.fullmatch(text) is None:
            hint = " (no leading zeros, please)" if re.fullmatch(r"0\d+", text) else ""
            raise UnitError(f"expects {self.expects()}, not {text!r}{hint}")
        value = int(text)
        if not self.least <= value <= self.most:
            raise UnitError(f"{text} is out of range: {self.expects()}")
        return value

    def expects(self) -> str:
        """The bounds in words."""
        return f"an integer from {self.least} to {self.most}"

    def json_schema(self) -> dict[str, Any]:
        """An integer within the bounds."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class IntegerOr(Scalar):
    """A plain decimal integer within bounds (both included), or one word."""

    word: str
    least: int
    most: int

    def parse(self, text: str) -> int | str:
        """The integer, or the word itself."""
        return text if text == self.word else Integer(self.least, self.most).parse(text)

    def expects(self) -> str:
        """The word and the bounds in words."""
        return f"{self.word} or {Integer(self.least, self.most).expects()}"

    def json_schema(self) -> dict[str, Any]:
        """The word, or an integer within the bounds."""
        return {"anyOf": [{"const": self.word}, Integer(self.least, self.most).json_schema()]}


@dataclass(frozen=True)
class Number(Scalar):
    """A plain decimal number without a unit, above ``over`` and at most ``most``, or from ``least``."""

    most: float
    least: float | None = None
    over: float | None = None

    def parse(self, text: str) -> float:
        """The number as a float."""
        if _NUMBER.fullmatch(text) is None:
            raise UnitError(f"expects {self.expects()}, not {text!r}")
        value = float(text)
        if (
            value > self.most
            or (self.least is not None and value < self.least)
            or (self.over is not None and value <= self.over)
        ):
            raise UnitError(f"{text} is out of range: {self.expects()}")
        return value

    def format(self, value: float) -> str:
        """The shortest decimal that reads back the same."""
        return repr(float(value)).removesuffix(".0")

    def expects(self) -> str:
        """The bounds in words."""
        low = (
            f"above {self.format(self.over)} and at most"
            if self.over is not None
            else f"from {self.format(self.least or 0)} to"
        )
        return f"a number {low} {self.format(self.most)}"

    def json_schema(self) -> dict[str, Any]:
        """A number within the bounds."""
        low = {"exclusiveMinimum": self.over} if self.over is not None else {"minimum": self.least or 0}
        return {"type": "number", **low, "maximum": self.most}


@dataclass(frozen=True)
class Flag(Scalar):
    """True or false, spelt so; YAML 1.1's yes, no, on and off are refused."""

    def parse(self, text: str) -> bool:
        """The truth value."""
        if text not in ("true", "false"):
            raise UnitError(f"expects true or false, not {text!r}")
        return text == "true"

    def format(self, value: bool) -> str:
        """The spelling."""
        return "true" if value else "false"

    def expects(self) -> str:
        """The two spellings."""
        return "true or false"

    def json_schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Measure(Scalar):
    """A quantity with a unit; the bounds (both included) are texts of the same kind."""

    quantity: Quantity
    least: str
    most: str

    def parse(self, text: str) -> int | float:
        """The value in the quantity's inner unit."""
        value = self.quantity.parse(text)
        low, high = self._bounds
        if not low <= value <= high:
            raise UnitError(f"{text.strip()} is out of range: {self.expects()}")
        return value

    @functools.cached_property
    def _bounds(self) -> tuple[int | float, int | float]:
        return self.quantity.parse(self.least), self.quantity.parse(self.most)

    def format(self, value: int | float) -> str:
        """The shortest text of the value."""
        return self.quantity.format(value)

    def expects(self) -> str:
        """The kind and the bounds in words."""
        return f"{self.quantity.name} from {self.least} to {self.most}"

    def json_schema(self) -> dict[str, Any]:
        """A string of a number and one of the units."""
        units = "|".join(re.escape(unit) for unit in sorted(self.quantity.units, key=lambda unit: (-len(unit), unit)))
        return {
            "type": "string",
            "pattern": rf"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{{1,3}})?\s*({units})\s*$",
            "examples": [self.quantity.example],
        }


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a Literal annotation, () for any other."""
    return get_args(annotation) if get_origin(annotation) is Literal else ()
