"""``--set path=value``: changes to a chip by path, the same in the command line, in sweeps and in code.

A path is the one that error messages show (``core.tensor_core.rows``; ``power.states.0.core`` for an entry of a list).
A value is the text that would stand in the YAML, or a mapping or list in YAML's flow style; ``null`` removes an
optional part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from leptonsim.chip.declare import Parameter, parameters
from leptonsim.chip.report import near, nearest
from leptonsim.chip.tree import Document, Mark, Path, Problem, Tree, dotted, scalar_or_tree

Overrides = Sequence[str] | Mapping[str, Any]


def pairs(overrides: Overrides) -> tuple[list[tuple[str, Any]], list[Problem]]:
    """Overrides as (path, value) in order; a mapping may hold numbers and trees beside text."""
    if isinstance(overrides, Mapping):
        return list(overrides.items()), []
    found, problems = [], []
    for text in [overrides] if isinstance(overrides, str) else overrides:
        path, equals, value = text.partition("=")
        if equals and path.strip():
            found.append((path.strip(), value))
        else:
            problems.append(Problem(Mark(f"--set {text}"), (), "expects path=value, such as core.tensor_core.rows=64"))
    return found, problems


def apply(document: Document, overrides: Overrides, model: type[BaseModel]) -> tuple[Document, list[Problem]]:
    """A copy of ``document`` with the overrides in it, and what is wrong with their paths."""
    given, problems = pairs(overrides)
    changed = document.copy()
    for name, value in given:
        shown = value if isinstance(value, str) else as_text(value)
        mark = Mark(f"--set {name}={shown}")
        path, message = _resolve(name, model)
        if message is None:
            new, wrong = scalar_or_tree(value, mark.file) if isinstance(value, str) else (as_text(value), [])
            problems += wrong
            message = _put(changed.tree, path, new)
            changed.forget(path)
            changed.keys[path] = changed.values[path] = mark
        if message is not None:
            problems.append(Problem(mark, (), message))
    return changed, problems


def as_text(value: Any) -> Any:
    """Numbers and truth values as the text that YAML would hold, inside mappings and lists too."""
    if isinstance(value, Mapping):
        return {str(key): as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return value if value is None else str(value)


def _resolve(name: str, model: type[BaseModel]) -> tuple[Path, str | None]:
    """The path that ``name`` spells, or what is wrong with it."""
    section: type[BaseModel] | None = model
    parameter: Parameter | None = None
    path: list[str | int] = []
    for step in name.split("."):
        if parameter is not None and parameter.shape == "list" and step.isdecimal() and not isinstance(path[-1], int):
            path.append(int(step))
            section = (
                parameter.type if isinstance(parameter.type, type) and issubclass(parameter.type, BaseModel) else None
            )
            continue
        if parameter is not None and parameter.shape == "table":
            if step not in parameter.keys or path[-1] != parameter.name:
                return (), f"unknown path; {near(step, parameter.keys)}"
            path.append(step)
            continue
        known = parameters(section) if section is not None else {}
        if step not in known:
            return (), f"unknown path; {_near_path(name, step, known, tuple(path), model)}"
        parameter = known[step]
        section = parameter.type if parameter.shape == "section" else None
        path.append(step)
    return tuple(path), None


def _near_path(name: str, step: str, known: Mapping[str, Parameter], path: Path, model: type[BaseModel]) -> str:
    """What ``name`` may have meant, where ``step`` is not among the ``known`` parameters of ``path``."""
    if not known:
        return f"{dotted(path)} is a single value"
    every = list(_paths(model, ""))
    ends_so = [full for full in every if full.endswith(f".{name}")]
    if ends_so:
        return f"did you mean {ends_so[0]!r}?"
    sibling = nearest(step, known)
    whole = dotted((*path, sibling)) if sibling else nearest(name, every)
    if whole:
        return f"did you mean {whole!r}?"
    return f"{dotted(path)} has {', '.join(known)}" if path else f"known: {', '.join(known)}"


def _paths(part: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, parameter in parameters(part).items():
        yield prefix + name
        if parameter.shape == "section":
            yield from _paths(parameter.type, f"{prefix}{name}.")


def _put(tree: Tree, path: Path, value: Any) -> str | None:
    """Set ``path`` in ``tree``, copying the way down to it; tells what is wrong, if anything."""
    here: Any = tree
    step: Any
    for depth, step in enumerate(path[:-1]):
        if isinstance(here, list) and not (isinstance(step, int) and step < len(here)):
            return f"{dotted(path[:depth])} has {len(here)} entries, counted from 0"
        old = here[step] if isinstance(here, list) else here.get(step)
        if old is None:
            old = [] if isinstance(path[depth + 1], int) else {}
        elif isinstance(old, str):
            return f"{dotted(path[: depth + 1])} is a single value here"
        here[step] = old.copy()
        here = here[step]
    last = path[-1]
    if isinstance(here, list):
        if not (isinstance(last, int) and last < len(here)):
            return f"{dotted(path[:-1])} has {len(here)} entries, counted from 0"
        here[last] = value
    elif isinstance(last, int):
        return f"{dotted(path[:-1])} is not a list here"
    else:
        here[last] = value
    return None
