"""Shapes and values of one node's outputs, by ONNX's own definitions of its operators.

Shapes come from ``onnx.shape_inference.infer_node_outputs``, values of small constants from ``onnx.reference``.
Networks repeat themselves, so both are remembered by the node's signature: operator, attributes, types of the inputs,
values of the small ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Tensor
from leptonsim.model.protos import attributes_of, dtype_code, dtype_name, frozen, is_small

if TYPE_CHECKING:
    import onnx

Signature = tuple[Any, ...]

_FLOAT_VALUES = 16
"""Floating-point inputs of up to this many elements may decide a shape (scales of a Resize, limits of a Range); larger
ones do not, and leaving them out of the signature makes all normalisation layers of one shape the same.
"""


@dataclass(frozen=True, slots=True)
class OutputType:
    """What is known of one output.

    ``shape`` is None, or holds None, where ONNX cannot tell; ``dtype`` of a non-tensor is its kind.
    """

    dtype: str
    shape: tuple[int | None, ...] | None

    @property
    def static_shape(self) -> tuple[int, ...] | None:
        """The shape when all of it is known."""
        if self.shape is None:
            return None
        sizes = tuple(size for size in self.shape if size is not None)
        return sizes if len(sizes) == len(self.shape) else None


class NodeInference:
    """Infers and evaluates nodes of one model; remembers what it has seen."""

    def __init__(self, opsets: Mapping[str, int], ir_version: int) -> None:
        self.opsets = dict(opsets)
        self._ir_version = ir_version
        self._schemas: dict[tuple[str, str], onnx.defs.OpSchema | None] = {}
        self._types: dict[Signature, tuple[OutputType | None, ...]] = {}
        self._values: dict[Signature, tuple[np.ndarray[Any, Any], ...] | None] = {}

    def opset_of(self, domain: str) -> int:
        """Imported version of a domain; 1 for one that the file uses without importing it."""
        return self.opsets.get(domain, 1)

    def schema(self, op_type: str, domain: str) -> onnx.defs.OpSchema | None:
        """ONNX's definition of an operator at the imported version, None where ONNX knows none."""
        key = (op_type, domain)
        if key not in self._schemas:
            from onnx import defs

            try:
                self._schemas[key] = defs.get_schema(op_type, self.opset_of(domain), domain)
            except defs.SchemaError:
                self._schemas[key] = None
        return self._schemas[key]

    def knows(self, op_type: str, domain: str) -> bool:
        """Whether the shapes of an operator can be inferred: ONNX defines it, or it has a rule."""
        if self.schema(op_type, domain) is not None:
            return True
        from leptonsim.operators import shape_rules

        return _key(op_type, domain) in shape_rules()

    def is_defined_by_others(self, op_type: str, domain: str) -> bool:
        """Whether ONNX defines an operator as a graph of simpler ones."""
        # The type stubs of onnx leave these two out.
        schema: Any = self.schema(op_type, domain)
        return schema is not None and bool(schema.has_function or schema.has_context_dependent_function)

    def remember(self, signature: Signature, types: tuple[OutputType | None, ...]) -> None:
        """Keep types that were found otherwise."""
        self._types[signature] = types

    def signature(self, node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None]) -> Signature:
        """Equal for nodes whose outputs have equal types."""
        return (
            node.op_type,
            domain,
            tuple([attribute.SerializeToString() for attribute in node.attribute]),
            tuple([bool(name) for name in node.output]),
            tuple([None if tensor is None else (tensor.dtype, tensor.shape, _decisive(tensor)) for tensor in inputs]),
        )

    def output_types(
        self, node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None], signature: Signature, where: str
    ) -> tuple[OutputType | None, ...]:
        """Types of a node's outputs, None for an absent one; LeptonError where ONNX finds the node inconsistent."""
        if signature not in self._types:
            self._types[signature] = self._infer(node, domain, inputs, where)
        return self._types[signature]

    def _infer(
        self, node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None], where: str
    ) -> tuple[OutputType | None, ...]:
        from onnx import helper, numpy_helper, shape_inference

        schema = self.schema(node.op_type, domain)
        if schema is None:
            by_rule = self._types_by_rule(node, domain, inputs, where)
            if by_rule is not None:
                return by_rule
            raise LeptonError(
                f"{where}: ONNX has no operator {node.op_type!r} in domain {domain or 'ai.onnx'!r} "
                f"(version {self.opset_of(domain)}), so the shape of its output cannot be inferred; "
                "give it a shape rule and a lowering (see leptonsim.operators)"
            )
        canonical = _canonical(node)
        # Some rules (STFT's) take an absent attribute for zero, whatever its default.
        given = {attribute.name for attribute in node.attribute}
        canonical.attribute.extend(
            declared.default_value
            for name, declared in schema.attributes.items()
            if name not in given and declared.default_value.name
        )
        types = {}
        data = {}
        for index, tensor in enumerate(inputs):
            if tensor is None:
                continue
            types[f"i{index}"] = helper.make_tensor_type_proto(dtype_code(tensor.dtype), tensor.shape)
            if _decisive(tensor) is not None and tensor.value is not None:
                data[f"i{index}"] = numpy_helper.from_array(tensor.value)
        imports = [helper.make_opsetid(name, version) for name, version in self.opsets.items()]
        try:
            found = shape_inference.infer_node_outputs(
                schema, canonical, types, input_data=data, opset_imports=imports, ir_version=self._ir_version
            )
        except Exception as error:
            shapes = ", ".join(
                "absent" if tensor is None else f"{tensor.name} {list(tensor.shape)}" for tensor in inputs
            )
            raise LeptonError(f"{where}: its inputs do not fit together ({shapes}): {_reason(error)}") from error
        return tuple(_output_type(found.get(f"o{index}")) if name else None for index, name in enumerate(node.output))

    def _types_by_rule(
        self, node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None], where: str
    ) -> tuple[OutputType | None, ...] | None:
        """Types by the rule of an operator that ONNX does not know, None where there is no rule."""
        from leptonsim.operators import shape_rules

        rule = shape_rules().get(_key(node.op_type, domain))
        if rule is None:
            return None
        try:
            found = list(rule(attributes_of(node), inputs))
        except LeptonError as error:
            raise LeptonError(f"{where}: {error}") from None
        found += [("undefined", ())] * (len(node.output) - len(found))
        return tuple(
            (OutputType(dtype, shape) if dtype != "undefined" else OutputType(dtype, None)) if name else None
            for name, (dtype, shape) in zip(node.output, found, strict=False)
        )

    def values(
        self, node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None], signature: Signature
    ) -> tuple[np.ndarray[Any, Any], ...] | None:
        """Outputs of a node whose inputs are all known, by ONNX's reference implementation; None if it has none."""
        key = (signature, tuple([None if t is None or t.value is None else t.value.tobytes() for t in inputs]))
        if key not in self._values:
            self._values[key] = self._evaluate(node, domain, inputs)
        return self._values[key]

    def _evaluate(
        self, node: onnx.NodeProto, domain: str, inputs: Sequence[Tensor | None]
    ) -> tuple[np.ndarray[Any, Any], ...] | None:
        from onnx import TensorProto, helper
        from onnx.reference import ReferenceEvaluator

        canonical = _canonical(node)
        feeds = {f"i{index}": tensor.value for index, tensor in enumerate(inputs) if tensor is not None}
        graph = helper.make_graph(
            [canonical],
            "constant",
            [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in feeds],
            [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in canonical.output if name],
        )
        try:
            evaluator = ReferenceEvaluator(graph, opsets=self.opsets | {domain: self.opset_of(domain)})
            # The logarithm of zero in a branch that a Where discards is none of the user's concern.
            with np.errstate(all="ignore"):
                outputs = evaluator.run(None, feeds)
        except Exception:
            # No implementation, or one that does not take these types: the value stays unknown, the shape does not.
            return None
        if not all(isinstance(output, np.ndarray | np.generic) for output in outputs):
            return None
        return tuple(frozen(np.array(output)) for output in outputs)


def _key(op_type: str, domain: str) -> str:
    return f"{domain}::{op_type}" if domain else op_type


def _decisive(tensor: Tensor) -> bytes | None:
    value = tensor.value
    if value is None or (value.dtype.kind == "f" and value.size > _FLOAT_VALUES) or value.dtype.kind in "OSU":
        return None
    return value.tobytes()


def _canonical(node: onnx.NodeProto) -> onnx.NodeProto:
    from onnx import NodeProto

    canonical = NodeProto()
    canonical.op_type = node.op_type
    canonical.domain = node.domain
    canonical.attribute.extend(node.attribute)
    canonical.input.extend(f"i{index}" if name else "" for index, name in enumerate(node.input))
    canonical.output.extend(f"o{index}" if name else "" for index, name in enumerate(node.output))
    return canonical


def _output_type(proto: onnx.TypeProto | None) -> OutputType:
    if proto is None:
        return OutputType("undefined", None)
    kind = proto.WhichOneof("value")
    if kind != "tensor_type":
        return OutputType((kind or "undefined").removesuffix("_type"), None)
    tensor = proto.tensor_type
    dtype = dtype_name(tensor.elem_type)
    if not tensor.HasField("shape"):
        return OutputType(dtype, None)
    return OutputType(
        dtype, tuple(int(dim.dim_value) if dim.HasField("dim_value") else None for dim in tensor.shape.dim)
    )


def small_output(output: OutputType | None) -> bool:
    """Whether a value of this type would be kept; an unknown shape counts as small, since its inputs are."""
    if output is None or output.static_shape is None:
        return True
    return is_small(output.dtype, math.prod(output.static_shape))


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text.split("): ", 1)[-1].removeprefix("[ShapeInferenceError] ").removeprefix("[TypeInferenceError] ")
