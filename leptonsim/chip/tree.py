"""YAML as it stands in the file: text, and where each piece of it stands.

``yaml.compose`` gives nodes with their marks; here they become plain dictionaries and lists whose leaves are the raw
text of the scalars, beside a map from each path to its position. YAML 1.1 never gets to interpret a value. Duplicate
keys, aliases and keys that are not scalars are problems, all of which are reported. ``null`` means "not given": it
removes what a base chip says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from leptonsim.errors import LeptonError

Path = tuple[str | int, ...]
Tree = dict[str, Any]

MAX_DEPTH = 16
_NULL = "tag:yaml.org,2002:null"
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

    def __str__(self) -> str:
        return f"{self.mark}: {dotted(self.path)}: {self.message}" if self.path else f"{self.mark}: {self.message}"


@dataclass
class Document:
    """A tree of text with the marks of its keys and values by path; () is the whole."""

    tree: Tree
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)


def dotted(path: Path) -> str:
    """A path as it is written after ``--set``."""
    return ".".join(str(step) for step in path)


def fail(problems: Iterable[Problem]) -> None:
    """Raise all problems as one ChipError; do nothing where there are none."""
    lines = [
        str(problem)
        for problem in sorted(problems, key=lambda problem: (problem.mark, problem.path and str(problem.path)))
    ]
    if lines:
        raise ChipError("\n".join(dict.fromkeys(lines)))


def read(text: str, file: str) -> tuple[Document, list[Problem]]:
    """The document in ``text``, and what is wrong with it as YAML; raises ChipError where it is no mapping at all."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Mark(file, mark.line + 1, mark.column + 1) if mark else Mark(file)
        raise ChipError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ChipError(f"{file}: not a YAML text: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ChipError(f"{file}: nested too deeply to be a chip") from None
    if root is None:
        raise ChipError(f"{file}: the file is empty; a chip is a mapping that starts with `name:`")
    if not isinstance(root, yaml.MappingNode):
        raise ChipError(f"{_mark(root, file)}: a chip is a mapping such as `name: my-chip`, not {_shape(root)}")
    reader = _Reader(file)
    document = Document(reader.mapping(root, ()), reader.keys, reader.values)
    return document, reader.problems


def scalar_or_tree(text: str, file: str) -> tuple[Any, list[Problem]]:
    """A value given after ``--set``: text stays text, flow style gives mappings and lists, ``null`` gives None."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return text, []
    if node is None or isinstance(node, yaml.ScalarNode):
        return (None if node is None or _is_null(node) else text.strip() if node.style is None else node.value), []
    reader = _Reader(file)
    return reader.value(node, ()), reader.problems


def merge(base: Document, over: Document) -> Document:
    """``over`` laid upon ``base``: mappings key by key, anything else replaced, null removed."""
    merged = Document(dict(base.tree), dict(base.keys), dict(base.values))
    merged.values[()] = over.values[()]
    _merge(merged, over, merged.tree, over.tree, ())
    return merged


def _merge(merged: Document, source: Document, target: Tree, over: Mapping[str, Any], path: Path) -> None:
    for key, value in over.items():
        here = (*path, key)
        merged.keys[here] = source.keys[here]
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            target[key] = dict(target[key])
            _merge(merged, source, target[key], value, here)
            continue
        for marks in (merged.keys, merged.values):
            for old in [old for old in marks if old[: len(here)] == here]:
                del marks[old]
        merged.keys.update({at: mark for at, mark in source.keys.items() if at[: len(here)] == here})
        merged.values.update({at: mark for at, mark in source.values.items() if at[: len(here)] == here})
        target[key] = value


class _Reader:
    """Walks the nodes of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Path, Mark] = {}
        self.values: dict[Path, Mark] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.values[path] = _mark(node, self.file)
        if id(node) in self._seen:
            self._problem(node, path, "aliases (*name) are not read here; write the value out, or use `extends`")
            return None
        self._seen.add(id(node))
        if len(path) > MAX_DEPTH:
            self._problem(node, path, "nested too deeply")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return None if _is_null(node) else node.value

    def mapping(self, node: yaml.MappingNode, path: Path) -> Tree:
        self.values[path] = _mark(node, self.file)
        result: Tree = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problem(key, path, f"a key is plain text, not {_shape(key)}")
                continue
            here = (*path, key.value)
            if key.value in result:
                first = self.keys[here]
                self._problem(key, here, f"given twice; the first is at {first.line}:{first.column}")
                continue
            self.keys[here] = _mark(key, self.file)
            result[key.value] = self.value(value, here)
        return result

    def _problem(self, node: yaml.Node, path: Path, message: str) -> None:
        self.problems.append(Problem(_mark(node, self.file), path, message))


def _mark(node: yaml.Node, file: str) -> Mark:
    return Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _shape(node: yaml.Node) -> str:
    return (
        "a mapping"
        if isinstance(node, yaml.MappingNode)
        else "a list"
        if isinstance(node, yaml.SequenceNode)
        else "a single value"
    )


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL and node.style is None
