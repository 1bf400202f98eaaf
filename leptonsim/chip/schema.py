"""The JSON schema of a chip's YAML, for editors and for other tools, from the same declarations that load it.

Draft 2020-12. Units are patterns with examples, choices are enumerations, descriptions are those of the reference page.
A chip that ``extends`` another may leave anything out; any other must be complete. Rules between parameters
(``checks``) are not in it.

    python -m leptonsim.chip.schema > lepton-chip.schema.json
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from leptonsim.chip.declare import Parameter, parameters
from leptonsim.chip.dram_parts import dram_families, dram_parts
from leptonsim.chip.spec import Chip

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema of a chip's file."""
    properties: Schema = {
        "extends": {
            "type": "string",
            "description": "Another chip, by name or by a path relative to this file, upon which this one is laid.",
        }
    } | _properties(Chip)
    parts = dram_parts()
    if parts:
        properties["dram"]["properties"]["part"] = {
            "description": properties["dram"]["properties"]["part"]["description"],
            "anyOf": [{"enum": [*parts, *dram_families()]}, {"type": "string", "pattern": r"\.ya?ml$"}],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A chip for leptonsim",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "anyOf": [{"required": ["extends"]}, {"$ref": "#/$defs/complete"}],
        "$defs": {"complete": _required(Chip)},
    }


def _properties(part: type[BaseModel]) -> dict[str, Schema]:
    return {name: _described(parameter) for name, parameter in parameters(part).items()}


def _described(parameter: Parameter) -> Schema:
    schema = _shape(parameter)
    described: Schema = {"description": _description(parameter)}
    if parameter.required:
        return described | schema
    if isinstance(parameter.default, str | int | float):
        described["default"] = parameter.default_value()
    return described | {"anyOf": [schema, {"type": "null"}]}


def _description(parameter: Parameter) -> str:
    if parameter.shape != "value" or parameter.literals or parameter.scalar is None:
        return parameter.description
    expects = parameter.scalar.expects()
    return f"{parameter.description} {expects[:1].upper()}{expects[1:]}."


def _shape(parameter: Parameter) -> Schema:
    if parameter.shape == "section":
        return _object(parameter.type)
    if parameter.shape == "table":
        entry = _value(parameter)
        return {"type": "object", "properties": dict.fromkeys(parameter.keys, entry), "additionalProperties": False}
    if parameter.shape == "list":
        is_section = isinstance(parameter.type, type) and issubclass(parameter.type, BaseModel)
        items = _object(parameter.type) | _required(parameter.type) if is_section else _value(parameter)
        return {"type": "array", "items": items}
    return _value(parameter)


def _object(part: type[BaseModel]) -> Schema:
    return {"type": "object", "properties": _properties(part), "additionalProperties": False}


def _value(parameter: Parameter) -> Schema:
    if parameter.literals:
        return {"enum": list(parameter.literals)}
    return parameter.scalar.json_schema() if parameter.scalar else {"type": "string"}


def _required(part: type[BaseModel]) -> Schema:
    """What must be there, all the way down; a section that may be absent must be whole where it is there."""
    sections = {
        name: _required(parameter.type) for name, parameter in parameters(part).items() if parameter.shape == "section"
    }
    schema: Schema = {"required": [name for name, parameter in parameters(part).items() if parameter.required]}
    below = {name: inner for name, inner in sections.items() if inner["required"] or "properties" in inner}
    return schema | ({"properties": below} if below else {})


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
