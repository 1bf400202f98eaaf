"""Products between dequantised operands are products of integers.

Quantised models in QDQ form put a DequantizeLinear before each operand of a Conv, Gemm or MatMul. Where both operands
are dequantised, the integers are multiplied and the result is dequantised once, by the product of both scales: one
conversion and one multiply for each output, and one add for an integer bias. Zero points of A become part of the bias
at compile time. A DequantizeLinear that others read as well stays for them.

Where only the weights are dequantised (weight-only quantisation), they stay integers in memory and are converted as
they are loaded (see ``records.tensor_operator``).
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

AFTER = ("fold_constants",)
BEFORE = ("hoist_scale",)

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
NARROW = ("int8", "uint8", "int4", "uint4")


def rewrite(draft: Draft) -> None:
    """Every product whose B is dequantised."""
    for node in draft.of_type(*PRODUCTS):
        a, b = (_dequantiser(draft, name) for name in node.inputs[:2])
        if b is None or a is b:
            continue
        if a is not None:
            _multiply_integers(draft, node, a, b)
        elif draft.is_weight(b.inputs[0]):
            draft.rewrite(
                [node, *_removable(draft, [b])],
                replace(node, inputs=(node.inputs[0], b.inputs[0], *node.inputs[2:])),
                folded=_removable(draft, [b]),
            )


def _dequantiser(draft: Draft, tensor: str) -> Node | None:
    maker = draft.maker(tensor)
    if maker is None or maker.op_type != "DequantizeLinear" or maker.domain != "":
        return None
    return maker if draft.tensors[maker.inputs[0]].dtype in NARROW else None


def _removable(draft: Draft, nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if draft.only_reader(node.outputs[0]) is not None]


def _multiply_integers(draft: Draft, node: Node, a: Node, b: Node) -> None:
    result = node.outputs[0]
    sums = f"{result}/integer"
    bias = draft.maker(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    if bias is not None and bias.op_type != "DequantizeLinear":
        return
    plain_bias = len(node.inputs) > 2 and bool(node.inputs[2]) and bias is None
    draft.tensors[sums] = replace(draft.tensors[result], name=sums, dtype="int32")
    folded = _removable(draft, [b] if bias is None else [b, bias])
    moved = _removable(draft, [a])
    product = replace(node, inputs=(a.inputs[0], b.inputs[0]), outputs=(sums,))
    shift = bias.inputs[0] if bias is not None else node.inputs[2] if plain_bias else ""
    rescale = replace(a, inputs=(sums, b.inputs[1], shift), outputs=(result,))
    draft.rewrite([node, *folded], product, folded=folded)
    if moved:
        draft.move_behind(product, a, rescale)
    else:
        draft.add_behind(product, replace(rescale, name=f"{node.name}/rescale"))
