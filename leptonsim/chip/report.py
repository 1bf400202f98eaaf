"""What pydantic found wrong, in the words of the chip's file: where, at which path, what belongs there."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from leptonsim.chip.declare import Parameter, parameters
from leptonsim.chip.tree import Mark, Path, Problem

Locate = Callable[[Path, bool], Mark]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, case aside; None where none is like it."""
    by_case = {other.lower(): other for other in known}
    found = difflib.get_close_matches(word.lower(), by_case, n=1, cutoff=0.6)
    return by_case[found[0]] if found else None


def near(word: str, known: Iterable[str]) -> str:
    """The question "did you mean ...?" with the nearest known word, or the list of them all where none is near."""
    words = list(known)
    found = nearest(word, words)
    if found is not None:
        return f"did you mean {found!r}?"
    return f"known: {', '.join(words)}" if words else "nothing may stand here"


def problems(error: ValidationError, model: type[BaseModel], locate: Locate) -> list[Problem]:
    """One Problem for each error; ``locate(path, of_key)`` tells where a path's value or key stands."""
    return [_problem(item, model, locate) for item in error.errors(include_url=False)]


def _problem(item: Any, model: type[BaseModel], locate: Locate) -> Problem:
    kind = item["type"]
    path: Path = tuple(step for step in item["loc"] if step != "[key]")
    if kind == "extra_forbidden":
        siblings = parameters(_section(model, path[:-1]))
        return Problem(locate(path, True), path, f"unknown key; {near(str(path[-1]), siblings)}")
    if kind == "missing":
        parameter = find(model, path)
        meaning = (
            f"missing; expects {parameter.expects()} ({_lower(parameter.description)})" if parameter else "missing"
        )
        return Problem(locate(path, True), path, meaning, is_absence=True)
    if kind == "value_error":
        return Problem(locate(path, False), path, str(item["ctx"]["error"]))
    if kind == "rule":
        return Problem(locate(path, False), path, item["msg"])
    parameter = find(model, path[:-1] if item["loc"][-1] == "[key]" else path)
    if item["loc"][-1] == "[key]" and parameter is not None:
        return Problem(locate(path, True), path, f"unknown key; {near(str(path[-1]), parameter.keys)}")
    expects = f"expects {parameter.expects()}" if parameter else item["msg"]
    given = item["input"]
    if kind == "literal_error" and isinstance(given, str) and parameter is not None:
        return Problem(
            locate(path, False), path, f"{expects}, not {given!r}; {near(given, map(str, parameter.literals))}"
        )
    return Problem(locate(path, False), path, f"{expects}, not {_shape(given)}")


def find(model: type[BaseModel], path: Path) -> Parameter | None:
    """The declaration that ``path`` leads to; for an entry of a table or a scalar list, that of the table or list."""
    parameter: Parameter | None = None
    for step in path:
        if isinstance(step, int):
            continue
        if parameter is not None and parameter.shape == "table":
            break
        section = model if parameter is None else parameter.type
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            return None
        parameter = parameters(section).get(step)
        if parameter is None:
            return None
    return parameter


def _section(model: type[BaseModel], path: Path) -> type[BaseModel]:
    parameter = find(model, path)
    return parameter.type if parameter else model


def _lower(sentence: str) -> str:
    text = sentence.removesuffix(".")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value) if isinstance(value, str | int) else "nothing"
