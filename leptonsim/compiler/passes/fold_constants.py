"""Take out what needs no computing at all because shapes are static: Constant, Shape, Size.

Readers of a graph fold more than that (whatever depends on no input); this is what remains true of any graph.
"""

from __future__ import annotations

from leptonsim.compiler.draft import Draft

AFTER = ("drop_identities",)


def rewrite(draft: Draft) -> None:
    """Fold them; their readers see constants."""
    for node in draft.of_type("Constant", "Shape", "Size"):
        draft.fold(node)
