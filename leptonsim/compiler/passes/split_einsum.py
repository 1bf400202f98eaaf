"""Einsum of three operands and more as products of two, from the left to the right.

What is made in between keeps the indices that a later operand or the result has; the order is the written one, which is
what frameworks do unless they are told to search for a better one.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.operators.einsum import terms_of
from leptonsim.model.graph import Node, Tensor

AFTER = ("fold_constants",)


def rewrite(draft: Draft) -> None:
    """Every Einsum of more than two operands."""
    for node in draft.of_type("Einsum"):
        while len(node.inputs) > 2:
            node = _without_first(draft, node)


def _without_first(draft: Draft, node: Node) -> Node:
    """The first two operands multiplied by a node of their own; what remains of the Einsum."""
    shapes = [draft.tensors[name].shape for name in node.inputs]
    terms, result = terms_of(node, shapes)
    first, second, *others = terms
    sizes = {
        index: extent
        for term, shape in zip(terms[:2], shapes, strict=False)
        for index, extent in zip(term, shape, strict=True)
        if extent > 1
    }
    kept = "".join(index for index in dict.fromkeys(first + second) if index in result or index in "".join(others))
    between = f"{node.name}/{len(others)}"
    made = tuple(sizes.get(index, 1) for index in kept)
    draft.tensors[between] = Tensor(between, made, draft.tensors[node.outputs[0]].dtype, "activation")
    product = replace(
        node,
        name=between,
        inputs=node.inputs[:2],
        outputs=(between,),
        attributes={"equation": f"{first},{second}->{kept}"},
    )
    rest = replace(
        node,
        inputs=(between, *node.inputs[2:]),
        attributes={"equation": f"{','.join([kept, *others])}->{result}"},
    )
    draft.split(node, product, rest)
    return rest
