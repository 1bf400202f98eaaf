"""The reference page of a chip's parameters, docs/chip-reference.md, from the same declarations that load it.

python -m leptonsim.chip.reference > docs/chip-reference.md
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from pydantic import BaseModel

from leptonsim.chip.declare import Parameter, parameters
from leptonsim.chip.spec import Chip
from leptonsim.chip.units import QUANTITIES

HEAD = """# Chip reference

Every parameter of a chip's YAML file, by the path that `--set`, sweeps and error messages use. This page is generated
from the declarations in `leptonsim/chip` by `python -m leptonsim.chip.reference`; a test holds the two equal.
`python -m leptonsim.chip.schema` prints the same as a JSON schema for editors.

Quantities are written with their unit, and are exact: a value that is not whole in the inner unit (bytes, hertz,
picoseconds) is an error. KiB is 1024 bytes and kB is 1000. A file may say `extends:` with the name of a shipped chip or
a path relative to itself; what it says is then laid upon that chip, mapping by mapping, lists as a whole, and `null`
removes an optional part. Unknown, duplicate and missing keys are errors.
"""


def reference_markdown() -> str:
    """The page, ending in a newline."""
    return "\n".join([HEAD, *_units(), *_section(Chip, "")]) + "\n"


def _units() -> Iterator[str]:
    yield "## Units\n"
    yield "| quantity | units | example |"
    yield "|---|---|---|"
    for quantity in QUANTITIES:
        yield f"| {quantity.name.split(' ', 1)[1]} | {', '.join(quantity.units)} | `{quantity.example}` |"
    yield ""


def _section(part: type[BaseModel], prefix: str) -> Iterator[str]:
    yield f"## {f'`{prefix[:-1]}`' if prefix else 'The whole chip'}\n"
    yield f"{inspect.cleandoc(part.__doc__ or '').replace('``', '`')}\n"
    yield "| path | value | default | meaning |"
    yield "|---|---|---|---|"
    nested = []
    for name, parameter in parameters(part).items():
        yield f"| `{prefix}{name}` | {_value(parameter)} | {_default(parameter)} | {_cell(parameter.description)} |"
        if isinstance(parameter.type, type) and issubclass(parameter.type, BaseModel):
            step = f"{prefix}{name}.N." if parameter.shape == "list" else f"{prefix}{name}."
            nested.append((parameter.type, step))
    yield ""
    for inner, path in nested:
        yield from _section(inner, path)


def _value(parameter: Parameter) -> str:
    if parameter.shape == "section":
        return "section"
    one = _cell(parameter.expects_one())
    if parameter.shape == "table":
        return f"for each of {', '.join(f'`{key}`' for key in parameter.keys)}: {one}"
    return f"list of: {one}" if parameter.shape == "list" else one


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.default, str | int | float):
        return f"`{parameter.default_value()}`"
    return "none"


def _cell(text: str) -> str:
    return text.removesuffix(".").replace("|", "\\|")


if __name__ == "__main__":
    print(reference_markdown(), end="")
