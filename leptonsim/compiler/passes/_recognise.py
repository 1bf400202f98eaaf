"""The loop that all recognising passes share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.patterns import Match, Pattern, match

Attributes = Callable[[Draft, Match], Mapping[str, Any] | None]


def recognise(
    draft: Draft,
    roots: Sequence[str],
    pattern: Pattern,
    op_type: str,
    inputs: Sequence[str],
    needs: Sequence[str] = (),
    attributes: Attributes = lambda draft, found: {},
) -> None:
    """Replace each match of a pattern by one node that says the same.

    ``roots`` are the operator types that the pattern's root can be, ``needs`` those of which the graph must hold one
    for the search to be worth it, ``inputs`` the variables that the new node reads. ``attributes`` gives the new node's
    attributes, or None to refuse.
    """
    if needs and not draft.holds(*needs):
        return
    for root in draft.of_type(*roots):
        found = match(draft, root, pattern)
        said = None if found is None else attributes(draft, found)
        if found is None or said is None:
            continue
        tensors = tuple(found.tensors[name] for name in inputs)
        draft.rewrite(found.nodes, replace(root, op_type=op_type, inputs=tensors, attributes=said))
