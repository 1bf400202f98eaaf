"""The reference page of a result's JSON, docs/results.md, from the schema that a test holds results to.

python -m leptonsim.result.reference > docs/results.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

HEAD = """# Results

What `leptonsim run --json FILE` and `Result.save` write, and `Result.to_dict` returns. This page is made from
`leptonsim/result/schema.json` (JSON Schema 2020-12; `leptonsim schema --result` prints it) by
`python -m leptonsim.result.reference`; a test holds the two equal, and another holds results to the schema.
"""
CAUSES = """## Causes

What an engine's time goes to, a closed list. Every engine is, at every instant, busy or waiting for exactly one of
these, and they add up to `makespan_ps` for each engine.

A wait runs from the end of the engine's previous job to the start of its next, and belongs to the condition that was
met last (ties: dependency, input, buffer). It is resolved, picosecond by picosecond, to what the awaited engine was
doing: while that one computed, the cause says what was awaited; while it transferred, the cause is the transfer's;
while it waited itself, the cause is whatever it waited for.
"""


def schema() -> dict[str, Any]:
    """The JSON Schema of a result."""
    found: dict[str, Any] = json.loads(files("leptonsim.result").joinpath("schema.json").read_text(encoding="utf-8"))
    return found


def reference_markdown() -> str:
    """The page: every field by its path, its type and its meaning, then the causes."""
    whole = schema()
    lines = [HEAD, whole["description"], "", "| field | type | meaning |", "|---|---|---|"]
    lines += [f"| `{path}` | {kind} | {meaning} |" for path, kind, meaning in _fields(whole, "")]
    lines += ["", CAUSES, "| cause | meaning |", "|---|---|"]
    causes = whole["$defs"]["causes"]["properties"]
    lines += [f"| `{cause}` | {field['description']} |" for cause, field in causes.items()]
    return "\n".join(lines) + "\n"


def _fields(part: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    for name, field in part.get("properties", {}).items():
        if "$ref" in field:
            continue
        here = f"{path}{name}"
        if field.get("type") == "array":
            item = field["items"]
            yield here, f"array of {item['type']}s", field["description"]
            yield from _fields(item, f"{here}[].")
            continue
        yield here, _kind(field), field["description"]
        others = field.get("additionalProperties")
        if isinstance(others, dict) and "properties" in others:
            yield from _fields(others, f"{here}.*.")
        if others is False and name not in ("waits_ps", "time_ps"):
            yield from _fields(field, f"{here}.")


def _kind(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return f'"{field["const"]}"'
    kind = field["type"]
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


if __name__ == "__main__":
    print(reference_markdown(), end="")
