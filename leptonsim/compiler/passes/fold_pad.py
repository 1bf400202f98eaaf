"""Let a convolution pad for itself.

A Pad with zeros over the positions of an image that only convolutions read is their own padding: nothing is copied. The
work stays the same, as padding does not show in the products of ``Conv``.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.draft import Draft
from leptonsim.model.graph import Node

AFTER = ("fold_constants",)


def rewrite(draft: Draft) -> None:
    """Every Pad of zeros between convolutions and what they read."""
    for pad in draft.of_type("Pad"):
        padded = pad.outputs[0]
        readers = draft.readers(padded)
        if not readers or padded in draft.results or not _zeros_around_positions(draft, pad):
            continue
        if any(reader.op_type != "Conv" or reader.domain != "" or padded in reader.inputs[1:] for reader in readers):
            continue
        first, *others = sorted(readers, key=draft.place)
        for reader in others:
            draft.rewrite([reader], _unpadded(reader, pad))
        draft.rewrite([pad, first], _unpadded(first, pad))


def _unpadded(reader: Node, pad: Node) -> Node:
    return replace(reader, inputs=(pad.inputs[0], *reader.inputs[1:]))


def _zeros_around_positions(draft: Draft, pad: Node) -> bool:
    mode = pad.attributes.get("mode", "constant")
    value = draft.scalar(pad.inputs[2]) if len(pad.inputs) > 2 and pad.inputs[2] else pad.attributes.get("value", 0.0)
    before, after = draft.tensors[pad.inputs[0]].shape, draft.tensors[pad.outputs[0]].shape
    grows = all(old <= new for old, new in zip(before, after, strict=True))
    return mode in ("constant", b"constant") and value == 0.0 and before[:2] == after[:2] and grows
