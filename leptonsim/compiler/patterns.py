"""Trees of operators to be found in a graph, written as they would be spelt in Python.

    x = var("x")
    SILU = op("Mul", x, op("Sigmoid", x))

A pattern is matched from its root upwards. ``var`` stands for any tensor, the same name for the same tensor; ``number``
for a constant of one element and a given value; ``either`` for one of several spellings. Add, Mul, Max and Min match
with their inputs in either order. The inside of a match belongs to it alone: nobody else reads what its nodes make, the
root's result apart.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

COMMUTATIVE = frozenset(["Add", "Mul", "Max", "Min"])


@dataclass(frozen=True)
class Match:
    """The nodes of a pattern as found, root first, and the tensors that its variables stand for."""

    nodes: tuple[Node, ...] = ()
    tensors: Mapping[str, str] = field(default_factory=dict)


class Pattern(ABC):
    """Something that a tensor can be."""

    @abstractmethod
    def find(self, draft: Draft, tensor: str, so_far: Match) -> Iterator[Match]:
        """All ways in which a tensor is this, given what has been matched so far."""


@dataclass(frozen=True)
class _Variable(Pattern):
    name: str

    def find(self, draft: Draft, tensor: str, so_far: Match) -> Iterator[Match]:
        known = so_far.tensors.get(self.name)
        if known is None:
            yield Match(so_far.nodes, {**so_far.tensors, self.name: tensor})
        elif known == tensor:
            yield so_far


@dataclass(frozen=True)
class _Number(Pattern):
    value: float | None
    tolerance: float

    def find(self, draft: Draft, tensor: str, so_far: Match) -> Iterator[Match]:
        value = draft.scalar(tensor)
        if value is not None and (self.value is None or math.isclose(value, self.value, rel_tol=self.tolerance)):
            yield so_far


@dataclass(frozen=True)
class _Either(Pattern):
    options: tuple[Pattern, ...]

    def find(self, draft: Draft, tensor: str, so_far: Match) -> Iterator[Match]:
        for option in self.options:
            yield from option.find(draft, tensor, so_far)


@dataclass(frozen=True)
class _Operation(Pattern):
    op_type: str
    inputs: tuple[Pattern, ...]
    where: Callable[[Draft, Node], bool] | None

    def find(self, draft: Draft, tensor: str, so_far: Match) -> Iterator[Match]:
        node = draft.maker(tensor)
        if node is None or node.op_type != self.op_type or node.domain != "" or len(node.inputs) < len(self.inputs):
            return
        if self.where is not None and not self.where(draft, node):
            return
        entered = (
            so_far if any(known is node for known in so_far.nodes) else Match((*so_far.nodes, node), so_far.tensors)
        )
        yield from _all_inputs(draft, tuple(zip(self.inputs, node.inputs, strict=False)), entered)
        if self.op_type in COMMUTATIVE and len(self.inputs) == 2:
            swapped = ((self.inputs[0], node.inputs[1]), (self.inputs[1], node.inputs[0]))
            yield from _all_inputs(draft, swapped, entered)


def _all_inputs(draft: Draft, pairs: tuple[tuple[Pattern, str], ...], so_far: Match) -> Iterator[Match]:
    if not pairs:
        yield so_far
        return
    (pattern, tensor), *rest = pairs
    for match in pattern.find(draft, tensor, so_far):
        yield from _all_inputs(draft, tuple(rest), match)


def var(name: str) -> Pattern:
    """Any tensor; the same name is the same tensor everywhere in a pattern."""
    return _Variable(name)


def number(value: float | None = None, tolerance: float = 1e-3) -> Pattern:
    """A constant of one element; of any value if none is given. The tolerance is relative."""
    return _Number(value, tolerance)


def op(op_type: str, *inputs: Pattern, where: Callable[[Draft, Node], bool] | None = None) -> Pattern:
    """What an operator makes of its first inputs; ``where`` may look at the node as well."""
    return _Operation(op_type, inputs, where)


def either(*options: Pattern) -> Pattern:
    """One of several spellings."""
    return _Either(options)


def match(draft: Draft, root: Node, pattern: Pattern) -> Match | None:
    """A pattern found at the node that makes its result, its inside read by nobody else; None if it is not there."""
    for found in pattern.find(draft, root.outputs[0], Match()):
        if _closed(draft, found):
            return found
    return None


def _closed(draft: Draft, found: Match) -> bool:
    inside = {node.name for node in found.nodes}
    for node in found.nodes[1:]:
        for tensor in draft.writes(node):
            if tensor in draft.results or any(reader.name not in inside for reader in draft.readers(tensor)):
                return False
    return True
