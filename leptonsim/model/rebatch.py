"""Put the batch into the constants of a model written for another batch (the rules are in ``batching``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.batching import BAKED_HINT, repeated_axis
from leptonsim.model.graph import Tensor
from leptonsim.model.placing import at_batch, reshaped_places, scaled_axis
from leptonsim.model.protos import frozen
from leptonsim.model.reshape import resolve_target
from leptonsim.model.samples import Samples
from leptonsim.model.trials import Choices

if TYPE_CHECKING:
    import onnx

Operands = tuple[tuple[str, ...], list[Tensor | None]]
"""Names of a node's inputs, and the tensors."""

RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_SIZED = {"Expand": 1, "Resize": 3}
"""Operators of whose result an input tells the sizes, and which one."""
_ORDER_KEPT = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze"})
_BROADCAST = frozenset(
    {
        "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Where", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual",
        "Less", "LessOrEqual", "Max", "Min", "Sum", "Mean", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
        "PRelu",
    }
)  # fmt: skip
"""Operators that align the axes of their inputs from the last."""


class Rebatcher:
    """Checks the operands of Reshape, and replaces constant operands that hold another batch.

    ``tensors`` is the walk's own table, into which replaced constants are entered; ``reference`` that of the walk at
    ``reference_batch``, at which the model was written, None when this is it. ``choices`` are those that earlier walks
    at this batch led to.
    """

    def __init__(
        self,
        tensors: dict[str, Tensor],
        batch: int,
        reference: Mapping[str, Tensor] | None,
        reference_batch: int,
        choices: Choices,
    ) -> None:
        self._tensors = tensors
        self._batch = batch
        self._reference = reference
        self._reference_batch = reference_batch
        self._choices = choices
        self._samples = Samples(tensors, batch, reference, reference_batch)
        self._key: object = None
        choices.begin()

    def operands(self, node: onnx.NodeProto, outputs: Sequence[str], where: str, operands: Operands) -> Operands:
        """The operands of a node of ONNX's own domain at this batch; LeptonError for a Reshape that does not fit."""
        self._key = None
        if node.op_type == "Reshape":
            return self._reshape(node, outputs[0], where, operands)
        if self._reference is None:
            return operands
        if node.op_type in _SIZED:
            return self._target(_SIZED[node.op_type], operands)
        if node.op_type in _BROADCAST:
            return self._aligned(operands, 0)
        rule = _RULES.get(node.op_type)
        return operands if rule is None else rule(self, node, operands)

    def follow(self, node: onnx.NodeProto, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Find where the samples lie in the outputs of a node, which are in the table by now."""
        if self._reference is None:
            return
        self._choices.follow(inputs, outputs, self._key)
        for name in outputs:
            if name:
                self._samples.follow(name, inputs, node.op_type in _ORDER_KEPT)

    def _reshape(self, node: onnx.NodeProto, output: str, where: str, operands: Operands) -> Operands:
        names, inputs = operands
        data, target = inputs[0], inputs[1] if len(inputs) > 1 else None
        if data is None or target is None:
            raise LeptonError(f"{where}: needs its data and its shape")
        if target.value is None:
            raise LeptonError(
                f"{where}: its target shape {target.name!r} is computed from the data, "
                "so it cannot be known before it runs"
            )
        sizes = tuple(int(size) for size in target.value.reshape(-1))
        allow_zero = any(attribute.name == "allowzero" and attribute.i for attribute in node.attribute)
        resolved = resolve_target(data.shape, sizes, allow_zero)
        wanted = self._wanted_shape(output, data, target)
        if wanted is not None and wanted != resolved:
            changed = self._replaced(target, np.array(wanted, np.int64), (len(wanted),))
            return (names[0], changed.name), [data, changed]
        if resolved is None:
            hint = "" if self._reference is None else f"; {BAKED_HINT}"
            raise LeptonError(
                f"{where}: cannot reshape {list(data.shape)} ({data.elements} elements) to {list(sizes)}{hint}"
            )
        return operands

    def _wanted_shape(self, output: str, data: Tensor, target: Tensor) -> tuple[int, ...] | None:
        there = self._reference
        if there is None or data.kind == "weight" or not {output, data.name} <= there.keys():
            return None
        place = self._samples.place(data.name)
        if place is None or not self._is_fixed(target):
            return None
        shape, result = there[data.name].shape, there[output].shape
        places = reshaped_places(place, shape, result, self._reference_batch)
        if not places:
            return None
        taken = 0
        if len(places) > 1:
            self._key = (place, shape, result)
            taken = self._choices.choose(self._key, len(places))
        self._samples.settle(output, places[taken])
        return at_batch(result, places[taken], self._batch, self._reference_batch)

    def _is_fixed(self, sizes: Tensor) -> bool:
        """Whether sizes are the same at both batches; if not, they were computed from a shape and know the batch."""
        before = self._reference.get(sizes.name) if self._reference is not None else None
        if before is None or before.value is None or sizes.value is None:
            return False
        return np.array_equal(before.value, sizes.value)

    def _target(self, index: int, operands: Operands) -> Operands:
        """The operands of an Expand or Resize, whose target sizes (input ``index``) may hold the reference batch."""
        names, inputs = operands
        data, target = inputs[0], inputs[index] if len(inputs) > index else None
        if data is None or target is None or target.value is None or self._reference is None:
            return operands
        if not self._is_fixed(target):
            return self._expanded(operands) if data.kind == "weight" else operands
        scaled = self._samples.extent(data.name)
        sizes = [int(size) for size in target.value]
        if scaled is None or len(sizes) < scaled[0]:
            return operands
        rank, axis, size = scaled
        place = axis + len(sizes) - rank
        if sizes[place] != size:
            return operands
        sizes[place] = data.shape[axis]
        changed = self._replaced(target, np.array(sizes, np.int64), (len(sizes),))
        return (*names[:index], changed.name, *names[index + 1 :]), [*inputs[:index], changed, *inputs[index + 1 :]]

    def _expanded(self, operands: Operands) -> Operands:
        """A constant of an Expand to sizes that know the batch, which has those of the reference batch."""
        target = operands[1][1]
        known = None if target is None or self._reference is None else self._reference.get(target.name)
        if target is None or target.value is None or known is None or known.value is None:
            return operands
        here, there = target.value.tolist(), known.value.tolist()
        axis = scaled_axis(here, there, self._batch, self._reference_batch)
        if axis is None or there[axis] == 1:
            return operands
        changed = self._with_constants(
            (operands[0][:1], operands[1][:1]), lambda shape: axis - len(here) + len(shape), there[axis]
        )
        return (*changed[0], operands[0][1]), [*changed[1], target]

    def _aligned(self, operands: Operands, kept: int, absent: int = 1) -> Operands:
        """Constants repeated that have as many positions as the samples, axes counted from the last.

        The last ``kept`` axes are not the batch's. Where there are ``absent`` positions they stand for any number.
        """
        scaled = [one for name in operands[0] if (one := self._samples.extent(name)) is not None]
        axes = {(axis - rank, size) for rank, axis, size in scaled if axis - rank < -kept and size != absent}
        if len(axes) != 1:
            return operands
        ((from_end, size),) = axes
        return self._with_constants(operands, lambda shape: len(shape) + from_end, size)

    def _from_first(self, operands: Operands, other: int | None = None) -> Operands:
        """Constants repeated along the axis that the samples have in the other inputs, unless it is ``other``."""
        scaled = {one for name in operands[0] if (one := self._samples.extent(name)) is not None}
        if len({(axis, size) for _, axis, size in scaled}) != 1:
            return operands
        rank, axis, size = next(iter(scaled))
        if other is not None and axis == other % rank:
            return operands
        return self._with_constants(operands, lambda shape: axis, size)

    def _with_constants(self, operands: Operands, axis_of: Callable[[tuple[int, ...]], int], size: int) -> Operands:
        names, tensors = [], []
        for name, tensor in zip(*operands, strict=True):
            changed = tensor
            if tensor is not None and tensor.kind == "weight":
                axis = axis_of(tensor.shape)
                if repeated_axis(tensor.shape, axis, size, self._reference_batch):
                    changed = self._repeated(tensor, axis)
            names.append(name if changed is None else changed.name)
            tensors.append(changed)
        return tuple(names), tensors

    def _product(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """A constant factor of a MatMul that has a matrix for each sample."""
        return self._aligned(operands, 2)

    def _concat(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """Constants that a Concat joins to samples."""
        return self._from_first(operands, _attribute(node, "axis", 0))

    def _indexed(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """Constant data, indices or updates of ScatterElements and GatherElements."""
        return self._from_first(operands, _attribute(node, "axis", 0))

    def _sampled(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """The constant image or grid of a GridSample; data, indices or updates of a ScatterND along its samples."""
        return self._from_first(operands)

    def _gathered(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """Constant indices into all elements of a tensor in one row, as exporters spell a strided view."""
        data, indices = operands[1][0], operands[1][1]
        place = self._samples.place(operands[0][0])
        if data is None or indices is None or place is None or self._reference is None or len(data.shape) != 1:
            return operands
        sample = self._reference[data.name].shape[0] // self._reference_batch
        is_view = len(indices.shape) > 1 and indices.shape[0] == self._reference_batch and indices.kind == "weight"
        if place.inner != sample or not is_view:
            return operands
        if indices.value is not None and (np.diff(indices.value, axis=0) != sample).any():
            return operands
        changed = self._repeated(indices, 0)
        return (operands[0][0], changed.name), [data, changed]

    def _recurrent(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """Constant initial states of an LSTM, GRU or RNN."""
        names, inputs = operands
        scaled = self._samples.extent(names[0])
        axis = 0 if _attribute(node, "layout", 0) else 1
        if scaled is None or scaled[1] != axis:
            return operands
        initial = self._with_constants((names[5:7], inputs[5:7]), lambda shape: axis, scaled[2])
        return (*names[:5], *initial[0], *names[7:]), [*inputs[:5], *initial[1], *inputs[7:]]

    def _repeated(self, tensor: Tensor, axis: int) -> Tensor:
        """A constant made for the reference batch along an axis, made for the batch asked for."""
        size = tensor.shape[axis] // self._reference_batch * self._batch
        return self._replaced(tensor, None, (*tensor.shape[:axis], size, *tensor.shape[axis + 1 :]))

    def _replaced(self, tensor: Tensor, value: np.ndarray[Any, Any] | None, shape: tuple[int, ...]) -> Tensor:
        name = f"{tensor.name}@batch{self._batch}"
        while name in self._tensors:
            name += "'"
        self._tensors[name] = Tensor(name, shape, tensor.dtype, "weight", None if value is None else frozen(value))
        return self._tensors[name]


_RULES: dict[str, Callable[[Rebatcher, Any, Operands], Operands]] = {
    "MatMul": Rebatcher._product,
    "Concat": Rebatcher._concat,
    "GatherElements": Rebatcher._indexed,
    "ScatterElements": Rebatcher._indexed,
    "ScatterND": Rebatcher._sampled,
    "GridSample": Rebatcher._sampled,
    "Gather": Rebatcher._gathered,
    **dict.fromkeys(RECURRENT, Rebatcher._recurrent),
}


def _attribute(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == name), default)
