"""Optional values whose presence is known as the model is read: they are the tensor itself, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.control import Names, Unroller
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import frozen

if TYPE_CHECKING:
    import onnx


def wrap(
    walk: Unroller, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[Tensor | None], names: Names
) -> None:
    """Another name of the value inside."""
    if not node.input or not node.input[0]:
        raise LeptonError(f"{where}: makes an optional value that is absent; end the model before it")
    names[node.output[0]] = names.get(node.input[0], node.input[0])


def has_element(
    walk: Unroller, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[Tensor | None], names: Names
) -> None:
    """A constant: whether there is a value."""
    present = np.array(bool(node.input and node.input[0]))
    walk.define(Tensor(names.get(node.output[0], node.output[0]), (), "bool", "weight", frozen(present)))


OPTIONAL = {"Optional": wrap, "OptionalGetElement": wrap, "OptionalHasElement": has_element}
