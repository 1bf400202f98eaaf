"""The keys of one document: each is taken out with its place, and what is wrong with it is gathered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from leptonsim.chip.declare import Parameter
from leptonsim.chip.overrides import apply
from leptonsim.chip.report import find, near
from leptonsim.chip.scalars import Integer
from leptonsim.chip.spec import Chip
from leptonsim.chip.tree import Document, Mark, Problem, Tree
from leptonsim.chip.tree import Path as TreePath
from leptonsim.errors import LeptonError
from leptonsim.explore.expression import Expression, parse

T = TypeVar("T")
LARGEST = 10**9
"""The largest count that a sweep may give."""


class Fields:
    """A document being read. ``folder`` is where relative paths start; ``problems`` is added to."""

    def __init__(self, document: Document, folder: Path, problems: list[Problem]) -> None:
        self.folder = folder
        self._document, self._problems = document, problems

    @property
    def tree(self) -> Tree:
        """The document itself."""
        return self._document.tree

    def known_keys(self, path: TreePath, tree: Mapping[str, Any], known: Sequence[str]) -> None:
        """Tell of every key that is not known."""
        for key in tree:
            if key not in known:
                self.wrong((*path, key), f"unknown key; {near(key, known)}", is_key=True)

    def mapping(self, path: TreePath, given: Any) -> Mapping[str, Any]:
        """A mapping; empty where it is absent or no mapping."""
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.wrong(path, "expects a mapping")
            return {}
        return given

    def whole(self, path: TreePath, text: str) -> int | None:
        """A count of at least 1."""
        return self.attempt(path, lambda: Integer(1, LARGEST).parse(text))

    def text(self, path: TreePath, default: str) -> str:
        """A single value of the top level."""
        value = self.tree.get(str(path[0]))
        if value is None:
            return default
        if not isinstance(value, str):
            self.wrong(path, "expects a single value")
            return default
        return value

    def one_of(self, path: TreePath, known: tuple[str, ...], default: str) -> str:
        """One of some words."""
        value: Any = self.tree
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return default
        if value not in known:
            self.wrong(path, f"expects one of {', '.join(known)}, not {value!r}; {near(str(value), known)}")
            return default
        return str(value)

    def texts(self, key: str) -> list[tuple[TreePath, str]]:
        """A list of texts, or one text, with their places."""
        given = self.tree.get(key)
        if isinstance(given, str):
            return [((key,), given)]
        if isinstance(given, list) and all(isinstance(item, str) for item in given):
            return [((key, index), item) for index, item in enumerate(given)]
        if given is not None:
            self.wrong((key,), "expects a list of single values")
        return []

    def parameter(self, path: TreePath, name: str) -> Parameter | None:
        """The parameter of a chip that a key names."""
        message = _path_problem(name)
        if message is not None:
            self.wrong(path, message, is_key=True)
            return None
        return find(Chip, tuple(int(step) if step.isdecimal() else step for step in name.split(".")))

    def conditions(self, key: str, names: tuple[str, ...]) -> tuple[Expression, ...]:
        """A list of expressions over ``names`` and paths of a chip."""
        found = [self.expression(path, text, names) for path, text in self.texts(key)]
        return tuple(each for each in found if each is not None)

    def expression(self, path: TreePath, given: Any, names: tuple[str, ...]) -> Expression | None:
        """An expression over ``names`` and paths of a chip."""
        if not isinstance(given, str):
            self.wrong(path, "expects an expression")
            return None
        expression = self.attempt(path, lambda: parse(given))
        for name in expression.names if expression else ():
            problem = None if name in names else _path_problem(name)
            if problem is not None:
                close = near(name, names) if names and "." not in name else problem
                self.wrong(path, f"{name} is not known here; {close}")
        return expression

    def attempt(self, path: TreePath, action: Callable[[], T]) -> T | None:
        """What an action gives; None where it raises, of which is told."""
        try:
            return action()
        except (LeptonError, ValueError) as error:
            self.wrong(path, str(error))
        return None

    def wrong(self, path: TreePath, message: str, is_key: bool = False) -> None:
        """Tell of a problem at a place, or at the nearest around it that the document has."""
        keys, values = self._document.keys, self._document.values
        marks = (keys, values) if is_key else (values, keys)
        for depth in range(len(path), -1, -1):
            for each in marks:
                if path[:depth] in each:
                    self._problems.append(Problem(each[path[:depth]], path, message))
                    return
        self._problems.append(Problem(Mark("sweep"), path, message))


def _path_problem(name: str) -> str | None:
    """What is wrong with the words of a path; None where a chip has it."""
    mark = Mark("sweep")
    _, wrong = apply(Document(_roomy_lists(name), {(): mark}, {(): mark}), {name: "0"}, Chip)
    return wrong[0].message if wrong else None


def _roomy_lists(name: str) -> dict[str, Any]:
    """A tree in which a path through a list has the entry that it names, so that only the path's words are checked."""
    steps = name.split(".")
    tree: dict[str, Any] = {}
    here = tree
    for index, step in enumerate(steps[:-1]):
        if steps[index + 1].isdecimal():
            here[step] = [{} for _ in range(min(int(steps[index + 1]), 999) + 1)]
            break
        here[step] = {}
        here = here[step]
    return tree
