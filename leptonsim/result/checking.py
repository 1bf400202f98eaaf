"""Whether a document is a result, by ``schema.json``; a check that costs milliseconds, not tens of them.

fastjsonschema writes Python for a schema, and Python's compiler takes nearly all of the time. So what is compiled says
the same in less: fields that are checked alike are one pattern, and messages do not quote the schema. The schema is
compiled in full only for a document that fails, for a message that says where and what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from leptonsim.errors import LeptonError

FEWEST = 3
"""Fields that are checked alike are one pattern from so many on."""
_NOTES = ("title", "description")
_PARTS = ("properties", "patternProperties", "additionalProperties", "items", "$defs", "const")


def check(document: dict[str, Any], place: str) -> None:
    """Raises LeptonError that names ``place`` (a file) and the field if the document is not a result."""
    import fastjsonschema

    try:
        _quick()(document)
    except fastjsonschema.JsonSchemaValueException:
        _explain(document, place)


def _explain(document: dict[str, Any], place: str) -> None:
    import fastjsonschema

    try:
        fastjsonschema.compile(_schema())(document)
    except fastjsonschema.JsonSchemaValueException as error:
        where = "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in error.path[1:]).removeprefix(".")
        what = str(error.message).removeprefix(error.name or "").strip()
        raise LeptonError(
            f"{place}: {where or 'the result'}: {what}; the file is damaged or of another version of leptonsim: "
            "write it again with `leptonsim run --json`"
        ) from None


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(files("leptonsim.result").joinpath("schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def _quick() -> Callable[[dict[str, Any]], object]:
    """The check without messages, compiled once: the schema is part of the package."""
    import fastjsonschema

    compiled: Callable[[dict[str, Any]], object] = fastjsonschema.compile(
        lean(_schema()), use_default=False, detailed_exceptions=False
    )
    return compiled


def lean(schema: Any, once: bool = True) -> Any:
    """A schema that accepts the same documents and gives less code.

    Fields become patterns only in what a document has ``once``: in the thousands of steps a pattern would be slower.
    """
    if not isinstance(schema, dict):
        return schema
    made = {name: part for name, part in schema.items() if name not in (*_NOTES, *_PARTS)}
    if "const" in schema:
        made["enum"] = [schema["const"]]
    for name, inner in (("items", False), ("additionalProperties", once)):
        if name in schema:
            made[name] = lean(schema[name], inner)
    for name, inner in (("$defs", False), ("patternProperties", once)):
        if name in schema:
            made[name] = {key: lean(part, inner) for key, part in schema[name].items()}
    alike: dict[str, list[str]] = {}
    for name, part in schema.get("properties", {}).items():
        alike.setdefault(json.dumps(lean(part, once), sort_keys=True), []).append(name)
    for text, names in alike.items():
        if once and len(names) >= FEWEST:
            made.setdefault("patternProperties", {})[f"^({'|'.join(map(re.escape, names))})$"] = json.loads(text)
        else:
            made.setdefault("properties", {}).update({name: json.loads(text) for name in names})
    return made
