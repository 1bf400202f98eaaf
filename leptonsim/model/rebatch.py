"""Put the batch into the constants of a model written for another batch (the rules are in ``batching``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.batching import BAKED_HINT, joined_axis, rescaled_reshape, scaled_axis
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import frozen
from leptonsim.model.reshape import resolve_target

if TYPE_CHECKING:
    import onnx

Operands = tuple[tuple[str, ...], list[Tensor | None]]
"""Names of a node's inputs, and the tensors."""


class Rebatcher:
    """Checks the operands of Reshape, and replaces those of it, of Expand, Resize, Concat and recurrent nodes that hold
    another batch.

    ``tensors`` is the walk's own table, into which replaced constants are entered; ``reference`` that of the walk at
    ``reference_batch``, at which the model was written, None when this is it.
    """

    def __init__(
        self, tensors: dict[str, Tensor], batch: int, reference: Mapping[str, Tensor] | None, reference_batch: int
    ) -> None:
        self._tensors = tensors
        self._batch = batch
        self._reference = reference
        self._reference_batch = reference_batch

    def reshape(self, node: onnx.NodeProto, output: str, where: str, operands: Operands) -> Operands:
        """The operands of a Reshape; LeptonError where the elements do not fit."""
        names, inputs = operands
        data, target = inputs[0], inputs[1]
        if data is None or target is None:
            raise LeptonError(f"{where}: needs its data and its shape")
        if target.value is None:
            raise LeptonError(
                f"{where}: its target shape {target.name!r} is computed from the data, "
                "so it cannot be known before it runs"
            )
        sizes = tuple(int(size) for size in target.value)
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
        if there is None or data.kind == "weight" or not {output, data.name, target.name} <= there.keys():
            return None
        before, now = there[target.name].value, target.value
        if before is None or now is None or not np.array_equal(before, now):
            # Computed from the shape of something, so it knows the batch.
            return None
        return rescaled_reshape(
            data.shape, there[data.name].shape, there[output].shape, self._batch, self._reference_batch
        )

    def target(self, node: onnx.NodeProto, index: int, operands: Operands) -> Operands:
        """The operands of an Expand or Resize, whose target sizes (input ``index``) may hold the reference batch."""
        names, inputs = operands
        data, target = inputs[0], inputs[index] if len(inputs) > index else None
        there = self._reference
        if there is None or data is None or target is None or target.value is None or data.name not in there:
            return operands
        before = there[target.name].value if target.name in there else None
        if before is None or not np.array_equal(before, target.value):
            # Computed from the shape of something, so it knows the batch.
            return operands
        axis = scaled_axis(data.shape, there[data.name].shape, self._batch, self._reference_batch)
        sizes = [int(size) for size in target.value]
        if axis is None or len(sizes) < len(data.shape):
            return operands
        place = axis + len(sizes) - len(data.shape)
        if sizes[place] != there[data.name].shape[axis]:
            return operands
        sizes[place] = data.shape[axis]
        changed = self._replaced(target, np.array(sizes, np.int64), (len(sizes),))
        return (*names[:index], changed.name, *names[index + 1 :]), [*inputs[:index], changed, *inputs[index + 1 :]]

    def concat(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """The operands of a Concat, constants repeated for every sample that they are joined to."""
        inputs = operands[1]
        present = [tensor for tensor in inputs if tensor is not None]
        if self._reference is None or len(present) < len(inputs) or len({len(t.shape) for t in present}) != 1:
            return operands
        concat_axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
        axis = joined_axis(present, self._reference, concat_axis, self._batch, self._reference_batch)
        if axis is None:
            return operands
        joined: list[Tensor | None] = []
        for tensor in present:
            joined.append(self._repeated(tensor, axis))
        return tuple(tensor.name for tensor in joined if tensor is not None), joined

    def recurrent(self, node: onnx.NodeProto, operands: Operands) -> Operands:
        """The operands of an LSTM, GRU or RNN, constant initial states repeated for every sample."""
        inputs = operands[1]
        data = inputs[0]
        if self._reference is None or data is None or data.name not in self._reference or len(inputs) <= 5:
            return operands
        layout = next((attribute.i for attribute in node.attribute if attribute.name == "layout"), 0)
        axis = 0 if layout else 1
        there = self._reference[data.name].shape
        if scaled_axis(data.shape, there, self._batch, self._reference_batch) != axis:
            return operands
        states = [None if tensor is None else self._repeated(tensor, axis) for tensor in inputs[5:7]]
        changed = [*inputs[:5], *states, *inputs[7:]]
        return tuple("" if tensor is None else tensor.name for tensor in changed), changed

    def _repeated(self, tensor: Tensor, axis: int) -> Tensor:
        """A constant made for the reference batch along an axis, made for the batch asked for."""
        if tensor.kind != "weight" or tensor.shape[axis] != self._reference_batch:
            return tensor
        return self._replaced(tensor, None, (*tensor.shape[:axis], self._batch, *tensor.shape[axis + 1 :]))

    def _replaced(self, tensor: Tensor, value: np.ndarray[Any, Any] | None, shape: tuple[int, ...]) -> Tensor:
        name = f"{tensor.name}@batch{self._batch}"
        while name in self._tensors:
            name += "'"
        self._tensors[name] = Tensor(name, shape, tensor.dtype, "weight", None if value is None else frozen(value))
        return self._tensors[name]
