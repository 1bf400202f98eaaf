"""Sequences of tensors whose course is known before it runs.

Exporters of scripted models put the pieces of a split, or what a loop appends, into a sequence and take them out by
number. With known numbers a sequence is only a list of tensor names: building one and taking from it is no work,
splitting is a Split, joining a Concat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.control import Names, Visitor, stack
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import frozen

if TYPE_CHECKING:
    import onnx

Members = tuple[str, ...]


class SequenceWalk(Visitor, Protocol):
    """What sequences need of the walk."""

    sequences: dict[str, Members]

    def find(self, name: str, where: str) -> Tensor:
        """A tensor that exists."""
        ...


class _Node:
    """One node on sequences, with the names of its inputs and outputs as they are outside of its subgraph."""

    def __init__(
        self, walk: SequenceWalk, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[str], names: Names
    ) -> None:
        self.walk, self.node, self.name, self.where, self.inputs, self.names = walk, node, name, where, inputs, names
        self.output = names.get(node.output[0], node.output[0])

    def attribute(self, key: str, default: int) -> int:
        return next((attribute.i for attribute in self.node.attribute if attribute.name == key), default)

    def members(self) -> Members:
        if self.inputs[0] not in self.walk.sequences:
            raise LeptonError(f"{self.where}: its input {self.inputs[0]!r} is not a sequence")
        return self.walk.sequences[self.inputs[0]]

    def position(self, index: int, default: int, count: int) -> int:
        """The known number at an input, counted from the end where it is negative."""
        position = default
        if len(self.inputs) > index and self.inputs[index]:
            value = self.walk.find(self.inputs[index], self.where).value
            if value is None:
                raise LeptonError(f"{self.where}: its position {self.inputs[index]!r} is computed from the data")
            position = int(value.reshape(-1)[0])
        position += count if position < 0 else 0
        if not 0 <= position < max(1, count):
            raise LeptonError(f"{self.where}: position {position} is outside of a sequence of {count}")
        return position


def _empty(node: _Node) -> Members:
    return ()


def _construct(node: _Node) -> Members:
    return tuple(node.inputs)


def _insert(node: _Node) -> Members:
    members = node.members()
    place = node.position(2, len(members), len(members) + 1)
    return (*members[:place], node.inputs[1], *members[place:])


def _erase(node: _Node) -> Members:
    members = node.members()
    place = node.position(1, -1, len(members))
    return (*members[:place], *members[place + 1 :])


def _identity(node: _Node) -> Members:
    return node.members()


def _split(node: _Node) -> Members:
    from onnx import helper

    tensor = node.walk.find(node.inputs[0], node.where)
    axis = node.attribute("axis", 0) % len(tensor.shape)
    size, sizes = tensor.shape[axis], [1] * tensor.shape[axis]
    if len(node.inputs) > 1 and node.inputs[1]:
        value = node.walk.find(node.inputs[1], node.where).value
        if value is None:
            raise LeptonError(f"{node.where}: its sizes {node.inputs[1]!r} are computed from the data")
        step = int(value.reshape(-1)[0])
        sizes = [int(piece) for piece in value] if value.ndim else [min(step, size - at) for at in range(0, size, step)]
    pieces = tuple(f"{node.output}[{index}]" for index in range(len(sizes)))
    listed = _constant(node, "sizes", sizes)
    if node.walk.opset_of("") >= 13:
        split = helper.make_node("Split", [node.inputs[0], listed], pieces, name=node.name, axis=axis)
    else:
        split = helper.make_node("Split", [node.inputs[0]], pieces, name=node.name, axis=axis, split=sizes)
    node.walk.visit(split, {})
    if (len(node.inputs) > 1 and node.inputs[1]) or node.attribute("keepdims", 1):
        return pieces
    return tuple(_squeezed(node, piece, axis) for piece in pieces)


def _squeezed(node: _Node, piece: str, axis: int) -> str:
    from onnx import helper

    flat = f"{piece}/squeezed"
    if node.walk.opset_of("") >= 13:
        squeeze = helper.make_node("Squeeze", [piece, _constant(node, "axis", [axis])], [flat], name=flat)
    else:
        squeeze = helper.make_node("Squeeze", [piece], [flat], name=flat, axes=[axis])
    node.walk.visit(squeeze, {})
    return flat


def _constant(node: _Node, key: str, value: Sequence[int]) -> str:
    tensor = Tensor(f"{node.name}/{key}", (len(value),), "int64", "weight", frozen(np.array(value, np.int64)))
    node.walk.define(tensor)
    return tensor.name


_MAKE: dict[str, Callable[[_Node], Members]] = {
    "SequenceEmpty": _empty,
    "SequenceConstruct": _construct,
    "SequenceInsert": _insert,
    "SequenceErase": _erase,
    "SplitToSequence": _split,
    "Identity": _identity,
}
_TAKE = frozenset({"SequenceAt", "SequenceLength", "ConcatFromSequence"})


SEQUENCE_OPERATORS = (*sorted({*_MAKE} - {"Identity"}), *sorted(_TAKE))
"""Operators that are only about sequences."""


def handles(op_type: str, reads_sequence: bool) -> bool:
    """Whether a node is about sequences; an Identity is where it reads one."""
    return (op_type in _MAKE and (op_type != "Identity" or reads_sequence)) or op_type in _TAKE


def walk_sequence(
    walk: SequenceWalk, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[str], names: Names
) -> None:
    """Walk a node that makes a sequence or takes from one; LeptonError where a number depends on the data."""
    this = _Node(walk, node, name, where, inputs, names)
    if node.op_type in _MAKE:
        walk.sequences[this.output] = _MAKE[node.op_type](this)
        return
    members = this.members()
    if node.op_type == "SequenceLength":
        value = frozen(np.array(len(members), np.int64))
        walk.define(Tensor(this.output, (), "int64", "weight", value))
    elif not members:
        raise LeptonError(f"{where}: takes from an empty sequence")
    elif node.op_type == "SequenceAt":
        names[node.output[0]] = members[this.position(1, 0, len(members))]
    elif this.attribute("new_axis", 0):
        stack(walk, members, this.output, this.attribute("axis", 0), name)
    else:
        _join(this, members)


def _join(node: _Node, members: Members) -> None:
    from onnx import helper

    axis = node.attribute("axis", 0)
    node.walk.visit(helper.make_node("Concat", members, [node.output], name=f"{node.name}/concat", axis=axis), {})
