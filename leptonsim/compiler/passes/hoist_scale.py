"""Scale the scores instead of both factors.

Exporters of scaled-dot-product attention multiply Q and K by the root of the scale before their product. A number
commutes with the product: one multiply for each score does for both, which then joins the softmax, and Q and K are read
as they lie.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

AFTER = ("fold_constants",)


def rewrite(draft: Draft) -> None:
    """Products of two activations whose factors are scaled by numbers."""
    for node in draft.of_type("MatMul"):
        scales = [_scale_before(draft, name) for name in node.inputs]
        first = next((scale for scale in scales if scale is not None), None)
        if first is None or node.inputs[0] == node.inputs[1]:
            continue
        result = node.outputs[0]
        plain = f"{result}/unscaled"
        draft.tensors[plain] = replace(draft.tensors[result], name=plain)
        inputs = tuple(
            name if scale is None else scale.inputs[_scaled_input(draft, scale)]
            for name, scale in zip(node.inputs, scales, strict=True)
        )
        number = first.inputs[1 - _scaled_input(draft, first)]
        others = [scale for scale in scales if scale is not None and scale is not first]
        product = replace(node, inputs=inputs, outputs=(plain,))
        draft.rewrite([node, *others], product, folded=others)
        draft.move_behind(product, first, replace(first, inputs=(plain, number), outputs=(result,)))


def _scaled_input(draft: Draft, scale: Node) -> int:
    """Which input of a scaling node is scaled."""
    return 1 if scale.op_type == "Mul" and draft.scalar(scale.inputs[0]) is not None else 0


def _scale_before(draft: Draft, tensor: str) -> Node | None:
    """The node that only scales a tensor by a number for this one reader."""
    maker = draft.maker(tensor)
    if maker is None or maker.op_type not in ("Mul", "Div") or maker.domain != "" or draft.only_reader(tensor) is None:
        return None
    if draft.tensors[maker.inputs[_scaled_input(draft, maker)]].shape != draft.tensors[tensor].shape:
        return None
    return maker if draft.scalar(maker.inputs[1 - _scaled_input(draft, maker)]) is not None else None
