"""YAML as it stands in the file: text, and where each piece of it stands.

The parser's events become plain dictionaries and lists whose leaves are the raw text of the scalars, beside maps from
each path to its position. YAML 1.1 never gets to interpret a value (``010``, ``on``, ``12:30``). Duplicates, aliases
and keys that are not scalars are problems, all of which are reported. ``null`` means "not given".

Events rather than composed nodes, because composing recurses in C: a file of brackets would end the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from leptonsim.errors import LeptonError

Path = tuple[str | int, ...]
Tree = dict[str, Any]

MAX_DEPTH = 16
_NULLS = ("", "~", "null", "Null", "NULL")
_PLAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ./%_+-]*[A-Za-z0-9%])?")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ChipError(LeptonError):
    """A chip that cannot be used; one line for each problem, in the order in which they stand in the file."""


@dataclass(frozen=True, order=True)
class Mark:
    """A position, counted from 1; line 0 stands for a place without lines (``--set``, a chip in memory)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One thing wrong: where, at which path, what and what to do."""

    mark: Mark
    path: Path
    message: str
    is_absence: bool = False

    def __str__(self) -> str:
        return f"{self.mark}: {dotted(self.path)}: {self.message}" if self.path else f"{self.mark}: {self.message}"


@dataclass
class Document:
    """A tree of text with the marks of its keys and values by path; () is the whole."""

    tree: Tree
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)

    def copy(self) -> Document:
        """A copy whose top level can be changed without changing this one."""
        return Document(dict(self.tree), dict(self.keys), dict(self.values))

    def forget(self, path: Path) -> None:
        """Drop the marks of ``path`` and of all below it, before something else takes its place."""
        for marks in (self.keys, self.values):
            for old in [old for old in marks if old[: len(path)] == path]:
                del marks[old]


def dotted(path: Path) -> str:
    """A path as it is written after ``--set``."""
    return ".".join(str(step) for step in path)


def fail(problems: Iterable[Problem]) -> None:
    """Raise all problems as one ChipError; do nothing where there are none."""
    lines = [str(problem) for problem in sorted(problems, key=lambda problem: (problem.mark, dotted(problem.path)))]
    if lines:
        raise ChipError("\n".join(dict.fromkeys(lines)))


def read(text: str, file: str, what: str = "a chip", first: str = "name: my-chip") -> tuple[Document, list[Problem]]:
    """The document in ``text``, and what is wrong with it as YAML; raises ChipError where it is no mapping at all.

    ``what`` the file describes and how it may begin (``first``) are for the messages.
    """
    reader = _Reader(text, file, what, first)
    try:
        tree = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Mark(file, mark.line + 1, mark.column + 1) if mark else Mark(file)
        raise ChipError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ChipError(f"{file}: not a YAML text: {str(error).splitlines()[0]}") from None
    return Document(tree, reader.keys, reader.values), reader.problems


def scalar_or_tree(text: str, file: str) -> tuple[Any, list[Problem]]:
    """A value given after ``--set``: text stays text, flow style gives mappings and lists, ``null`` gives None."""
    if _PLAIN.fullmatch(text) and text not in _NULLS:
        return text, []
    reader = _Reader(text, file)
    try:
        value = reader.fragment()
    except yaml.YAMLError:
        return text.strip(), []
    return value, reader.problems


def merge(base: Document, over: Document) -> Document:
    """``over`` laid upon ``base``: mappings key by key, anything else replaced."""
    merged = base.copy()
    merged.values[()] = over.values[()]
    _merge(merged, over, merged.tree, over.tree, ())
    return merged


def _merge(merged: Document, source: Document, target: Tree, over: Tree, path: Path) -> None:
    for key, value in over.items():
        here = (*path, key)
        merged.keys[here] = source.keys[here]
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            target[key] = dict(target[key])
            _merge(merged, source, target[key], value, here)
            continue
        merged.forget(here)
        for kept, new in ((merged.keys, source.keys), (merged.values, source.values)):
            kept.update({at: mark for at, mark in new.items() if at[: len(here)] == here})
        target[key] = value


class _Reader:
    """Turns the events of one text into a tree, noting marks and problems on the way."""

    def __init__(self, text: str, file: str, what: str = "a chip", first: str = "name: my-chip") -> None:
        self.file = file
        self._what = what
        self._like = f"{what} is a mapping such as `{first}`"
        self.keys: dict[Path, Mark] = {}
        self.values: dict[Path, Mark] = {}
        self.problems: list[Problem] = []
        self._events: Iterator[Any] = yaml.parse(text, Loader=_Loader)

    def document(self) -> Tree:
        """The mapping that the text is; raises ChipError where it is anything else."""
        event = self._first()
        if event is None:
            raise ChipError(f"{self.file}: the file is empty; {self._like}")
        if not isinstance(event, yaml.MappingStartEvent):
            raise ChipError(f"{self._mark(event)}: {self._like}, not {_shape(event)}")
        tree: Tree = self._value(event, ())
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._problem(after, (), f"a second document starts here; a file holds {self._what} and nothing else")
        return tree

    def fragment(self) -> Any:
        """Whatever the text is, None where it is empty; raises yaml.YAMLError where it is more than one value."""
        event = self._first()
        if event is None:
            return None
        value = self._value(event, ())
        next(self._events)
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise yaml.YAMLError("more than one value")
        return value

    def _first(self) -> Any:
        """The event that opens the first value, or None."""
        next(self._events)
        return next(self._events) if isinstance(next(self._events), yaml.DocumentStartEvent) else None

    def _value(self, event: Any, path: Path) -> Any:
        self.values[path] = self._mark(event)
        if len(path) > MAX_DEPTH:
            raise ChipError(f"{self._mark(event)}: nested more than {MAX_DEPTH} levels deep; {self._what} is not")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, path, "aliases (*name) are not read here; write the value out, or use `extends`")
            return None
        return None if not event.style and event.value in _NULLS else event.value

    def _sequence(self, path: Path) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._value(event, (*path, len(result))))
        return result

    def _mapping(self, path: Path) -> Tree:
        result: Tree = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._problem(key, path, f"a key is plain text, not {_shape(key)}")
                self._skip(key)
                self._skip(next(self._events))
                continue
            here = (*path, key.value)
            if key.value in result:
                first = self.keys[here]
                self._problem(key, here, f"given twice; the first is at line {first.line}, column {first.column}")
                self._skip(next(self._events))
                continue
            self.keys[here] = self._mark(key)
            result[key.value] = self._value(next(self._events), here)
        return result

    def _skip(self, event: Any) -> None:
        """Pass over the value that ``event`` opens."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return
            event = next(self._events)

    def _problem(self, event: Any, path: Path, message: str) -> None:
        self.problems.append(Problem(self._mark(event), path, message))

    def _mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)


def _shape(event: Any) -> str:
    if isinstance(event, yaml.MappingStartEvent):
        return "a mapping"
    return "a list" if isinstance(event, yaml.SequenceStartEvent) else "a single value"
