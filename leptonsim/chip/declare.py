"""How a parameter is declared: once. Loading, ``--set``, the JSON schema and the reference page derive from it.

    size_bytes: Annotated[int, Measure(SIZE, "1 KiB", "1 GiB")] = param("size", "Capacity of one core's SRAM.")

The attribute carries the unit of the value inside, the first argument is the name in the YAML, then what it means.
"""

from __future__ import annotations

import functools
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from leptonsim.chip.scalars import Flag, Integer, IntegerOr, Number, Scalar

REQUIRED: Any = PydanticUndefined


def param(name: str, description: str, default: Any = REQUIRED, factory: Callable[[], Any] | None = None) -> Any:
    """Declare one parameter: its name in the YAML, its meaning in one line, its default (in inner units) if any."""
    if factory is not None:
        return Field(default_factory=factory, alias=name, description=description)
    return Field(default=default, alias=name, description=description)


class Part(BaseModel):
    """A section of a chip: immutable, and without room for keys that it does not declare.

    Validators are built when first needed. The modules that declare parts do without postponed annotations (PEP 563),
    whose texts pydantic would have to evaluate one by one: both keep the import short.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @functools.cached_property
    def canonical(self) -> str:
        """All values in inner units as JSON, keys in order; sections that chips share are written once."""
        values = ((name, getattr(self, name)) for name in sorted(type(self).model_fields))
        return "{" + ",".join(f'"{name}":{_canonical(value)}' for name, value in values) + "}"


def _canonical(value: Any) -> str:
    if isinstance(value, Part):
        return value.canonical
    if isinstance(value, tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True)
class Parameter:
    """What one declaration says.

    ``shape`` is "section" (``type`` is a Part), "value" (a scalar), "table" (names to scalars: ``keys`` are the names
    allowed) or "list" (of scalars, or of sections where ``type`` is a Part). ``scalar`` is None where the value is one
    of ``literals`` alone.
    """

    name: str
    attribute: str
    description: str
    shape: str
    type: Any
    scalar: Scalar | None
    literals: tuple[Any, ...]
    keys: tuple[str, ...]
    required: bool
    default: Any

    def expects(self) -> str:
        """What belongs here, in words."""
        if self.shape == "section":
            return f"a mapping of {', '.join(parameters(self.type))}"
        if self.shape == "list":
            return "a list"
        if self.shape == "table":
            return f"a mapping of {', '.join(self.keys)}"
        return self.expects_one()

    def expects_one(self) -> str:
        """What one value is, or one entry of a table or list, in words."""
        if self.literals:
            return f"one of {', '.join(str(value) for value in self.literals)}"
        if self.scalar is None:
            return "a mapping"
        return self.scalar.expects()

    def default_value(self) -> Any:
        """The default as the YAML would hold it: a number or truth value as such, anything else as text."""
        return self.native(self.default)

    def native(self, value: Any) -> Any:
        """One scalar value as the YAML would hold it."""
        return value if isinstance(self.scalar, Integer | IntegerOr | Number | Flag) else self.format(value)

    def format(self, value: Any) -> str:
        """The canonical text of one scalar value."""
        return self.scalar.format(value) if self.scalar else str(value)


@functools.cache
def parameters(part: type[BaseModel]) -> Mapping[str, Parameter]:
    """The parameters that a section declares, by their YAML names and in their order."""
    declared = (_parameter(attribute, info) for attribute, info in part.model_fields.items())
    return types.MappingProxyType({parameter.name: parameter for parameter in declared})


def _parameter(attribute: str, info: FieldInfo) -> Parameter:
    scalar = next((item for item in info.metadata if isinstance(item, Scalar)), None)
    annotation, keys, shape = info.annotation, (), "value"
    if get_origin(annotation) in (Union, types.UnionType):
        annotation, scalar = _unwrap(next(kind for kind in get_args(annotation) if kind is not type(None)), scalar)
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        keys, shape = get_args(key), "table"
        annotation, scalar = _unwrap(value, scalar)
    elif get_origin(annotation) is tuple:
        shape = "list"
        annotation, scalar = _unwrap(get_args(annotation)[0], scalar)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        shape = "section"
    return Parameter(
        name=info.alias or attribute,
        attribute=attribute,
        description=info.description or "",
        shape=shape,
        type=annotation,
        scalar=scalar,
        literals=get_args(annotation) if shape == "value" else (),
        keys=keys,
        required=info.is_required(),
        default=None if info.is_required() else info.default,
    )


def _unwrap(annotation: Any, scalar: Scalar | None) -> tuple[Any, Scalar | None]:
    """Annotated[type, Scalar] taken apart."""
    metadata = getattr(annotation, "__metadata__", None)
    if metadata is None:
        return annotation, scalar
    return get_args(annotation)[0], next((item for item in metadata if isinstance(item, Scalar)), scalar)
