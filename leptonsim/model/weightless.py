"""Build an ONNX graph without weights: initialisers are declared with a shape, as external data that exists nowhere.

A model of eight thousand million parameters is thus some hundred kilobytes, built in milliseconds, and goes through
the same reader as any file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.model.protos import dtype_code

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""Opset of the built-in models: what PyTorch's exporter writes by default."""
IR_VERSION = 8
"""File format version that came with that opset."""

TOKENS_KEY = "leptonsim.tokens_per_sample"
"""Metadata key under which a language model tells how many tokens of one sample a run processes."""

Shape = Sequence[int | str]


class GraphBuilder:
    """Collects nodes and declared tensors; every method that makes a tensor returns its name."""

    def __init__(self, name: str) -> None:
        from onnx import GraphProto

        self._graph = GraphProto(name=name)
        self._counts: dict[str, int] = {}
        self._constants: dict[tuple[Any, ...], str] = {}
        self.scope = ""

    def input(self, name: str, shape: Shape, dtype: str = "float") -> str:
        """A graph input; a dimension given as a string is left open under that name."""
        from onnx import helper

        self._graph.input.append(helper.make_tensor_value_info(name, dtype_code(dtype), shape))
        return name

    def weight(self, name: str, shape: Sequence[int], dtype: str = "float") -> str:
        """A parameter of the network: its shape and type, no values."""
        tensor = self._graph.initializer.add()
        tensor.name = self.scope + name
        tensor.dims.extend(shape)
        tensor.data_type = dtype_code(dtype)
        tensor.data_location = tensor.EXTERNAL
        entry = tensor.external_data.add()
        entry.key = "location"
        entry.value = f"{self._graph.name}.weights"
        return self.scope + name

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """A small constant with its value; the same value twice is one tensor."""
        from onnx import numpy_helper

        array = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._graph.initializer.append(numpy_helper.from_array(array, name))
            self._constants[key] = name
        return self._constants[key]

    def shape(self, *sizes: int) -> str:
        """A constant list of 64-bit integers: a target shape, axes, indices."""
        return self.constant(sizes, np.int64)

    def op(self, op_type: str, inputs: Sequence[str], *, name: str = "", output: str = "", **attributes: Any) -> str:
        """One node with one output, called ``output`` if that is given: so are outputs of the graph named."""
        node_name = self._unique(name or op_type)
        result = output or f"{node_name}_output"
        self._add(op_type, inputs, [result], node_name, attributes)
        return result

    def op_parts(
        self, op_type: str, inputs: Sequence[str], parts: Sequence[str], *, name: str = "", **attributes: Any
    ) -> list[str]:
        """One node with several outputs, each named after the node and its part (a Split, a TopK)."""
        node_name = self._unique(name or op_type)
        results = [f"{node_name}.{part}" for part in parts]
        self._add(op_type, inputs, results, node_name, attributes)
        return results

    def _unique(self, name: str) -> str:
        base = self.scope + name
        count = self._counts[base] = self._counts.get(base, 0) + 1
        return base if count == 1 else f"{base}_{count}"

    def _add(
        self, op_type: str, inputs: Sequence[str], outputs: Sequence[str], name: str, attributes: dict[str, Any]
    ) -> None:
        from onnx import helper

        self._graph.node.append(helper.make_node(op_type, list(inputs), list(outputs), name=name, **attributes))

    def model(self, outputs: Sequence[tuple[str, Shape]], *, tokens_per_sample: int | None = None) -> onnx.ModelProto:
        """The finished model with the given outputs.

        A language model tells how many tokens of one sample a run processes.
        """
        from onnx import helper

        self._graph.output.extend(
            helper.make_tensor_value_info(name, dtype_code("float"), shape) for name, shape in outputs
        )
        model = helper.make_model(
            self._graph, producer_name="leptonsim", opset_imports=[helper.make_opsetid("", OPSET)]
        )
        if tokens_per_sample is not None:
            helper.set_model_props(model, {TOKENS_KEY: str(tokens_per_sample)})
        model.ir_version = IR_VERSION
        return model
