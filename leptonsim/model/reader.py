"""Read an ONNX model into a Graph: walk the nodes in order, once, with every shape known.

No library infers the shapes of all real exports; this walk does, because nothing in it is symbolic. The inputs have
numbers for shapes; ``Shape`` of a static tensor is a constant; a node whose inputs are all known is evaluated; an
``If`` whose condition is known becomes the branch taken; what depends on no input is a weight, however it was
computed. Shapes written in the file are ignored: they hold for the batch at which it was exported.

Not folded: random operators, and DequantizeLinear, whose output would forget that the weight is stored in few bits.
Nodes that nothing needs any more (a value only asked for its shape) are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.batching import BAKED_HINT, joined_axis, rescaled_reshape
from leptonsim.model.graph import Node, Tensor
from leptonsim.model.inference import NodeInference, OutputType, small_output
from leptonsim.model.protos import attributes_of, dtype_name, frozen, is_small, tensor_value
from leptonsim.model.reshape import resolve_target

if TYPE_CHECKING:
    import onnx

_NEVER_FOLDED = frozenset(
    {
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Multinomial",
        "Bernoulli",
        "DequantizeLinear",
    }
)
_CONTROL_FLOW = frozenset({"Loop", "Scan", "SequenceMap"})


@dataclass
class Walked:
    """What a walk leaves: nodes in order, every tensor met, and how many nodes became constants."""

    batch: int
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    folded: int = 0


class Walk:
    """One pass over a graph at one binding of its inputs.

    ``reference`` is the walk at the batch at which the model was written, None when this is it.
    """

    def __init__(
        self,
        inference: NodeInference,
        shapes: Mapping[str, tuple[int, ...]],
        batch: int,
        reference: Walked | None = None,
    ) -> None:
        self._inference = inference
        self._shapes = shapes
        self._batch = batch
        self._reference = reference
        self._result = Walked(batch)
        self._tensors = self._result.tensors
        self._unknown: dict[str, str] = {}
        self._node_names: set[str] = set()
        self._attributes: dict[tuple[bytes, ...], dict[str, Any]] = {}

    def run(self, graph: onnx.GraphProto) -> Walked:
        """Walk a whole graph; LeptonError names the node and the tensor that stand in the way."""
        initialised = self._initialisers(graph, {})
        for declared in graph.input:
            if declared.name not in initialised:
                dtype = dtype_name(declared.type.tensor_type.elem_type)
                self._tensors[declared.name] = Tensor(declared.name, self._shapes[declared.name], dtype, "input")
        names: dict[str, str] = {}
        self._visit_all(graph, names)
        outputs = [names.get(output.name, output.name) for output in graph.output]
        for name in outputs:
            self._static(name, "the graph")
        self._result.outputs = tuple(outputs)
        return self._result

    def _initialisers(self, graph: onnx.GraphProto, names: Mapping[str, str]) -> set[str]:
        found = set()
        for proto in graph.initializer:
            name = names.get(proto.name, proto.name)
            self._tensors[name] = Tensor(
                name, tuple(proto.dims), dtype_name(proto.data_type), "weight", tensor_value(proto)
            )
            found.add(proto.name)
        for sparse in graph.sparse_initializer:
            name = names.get(sparse.values.name, sparse.values.name)
            self._tensors[name] = Tensor(name, tuple(sparse.dims), dtype_name(sparse.values.data_type), "weight")
            found.add(sparse.values.name)
        return found

    def _visit_all(self, graph: onnx.GraphProto, names: dict[str, str]) -> None:
        for node in needed_nodes(graph):
            self._visit(node, names)

    def _visit(self, node: onnx.NodeProto, names: dict[str, str]) -> None:
        name = self._unique_name(node)
        where = f"node {name!r} ({node.op_type})"
        domain = "" if node.domain == "ai.onnx" else node.domain
        input_names = tuple([names.get(i, i) for i in node.input])
        outputs = tuple([names.get(o, o) for o in node.output])
        if domain == "" and node.op_type == "Constant":
            self._constant(node, outputs[0], where)
            return
        inputs = [self._static(tensor, where) if tensor else None for tensor in input_names]
        if domain == "" and node.op_type == "If":
            self._branch(node, name, where, inputs, names)
            return
        if domain == "" and node.op_type in _CONTROL_FLOW:
            raise LeptonError(f"{where}: loops are not supported; export the model with the loop unrolled")
        if domain == "" and node.op_type in ("Shape", "Size") and inputs[0] is not None:
            self._shape_of(node, inputs[0], outputs[0])
            return

        if domain == "" and node.op_type == "Reshape":
            input_names, inputs = self._reshape(node, where, input_names, inputs)
        elif domain == "" and node.op_type == "Concat":
            input_names, inputs = self._concat(node, input_names, inputs)
        signature = self._inference.signature(node, domain, inputs)
        types = self._inference.output_types(node, domain, inputs, signature, where)
        constant = all(tensor is None or tensor.kind == "weight" for tensor in inputs)
        if constant and node.op_type not in _NEVER_FOLDED:
            self._fold(node, domain, inputs, signature, types, outputs, where)
            return
        kept = tuple([self._note(o, t, "activation", None, where) for o, t in zip(outputs, types, strict=True)])
        self._result.nodes.append(
            Node(
                name,
                node.op_type,
                domain,
                self._inference.opset_of(domain),
                input_names,
                kept,
                self._attributes_of(node, signature[2]),
            )
        )

    def _unique_name(self, node: onnx.NodeProto) -> str:
        base = node.name or f"{node.op_type}_{len(self._node_names)}"
        name = base
        number = 1
        while name in self._node_names:
            number += 1
            name = f"{base}_{number}"
        self._node_names.add(name)
        return name

    def _attributes_of(self, node: onnx.NodeProto, key: tuple[bytes, ...]) -> dict[str, Any]:
        if key not in self._attributes:
            self._attributes[key] = attributes_of(node)
        return self._attributes[key]

    def _static(self, name: str, where: str) -> Tensor:
        tensor = self._tensors.get(name)
        if tensor is not None:
            return tensor
        if name in self._unknown:
            raise LeptonError(f"{self._unknown[name]}; {where} needs it")
        raise LeptonError(
            f"{where} reads {name!r}, which no node before it writes and which is no input or initializer"
        )

    def _note(
        self, name: str, output: OutputType | None, kind: str, value: np.ndarray[Any, Any] | None, where: str
    ) -> str:
        """Enter one output; the name under which the node writes it, empty where its shape is unknown."""
        if not name or output is None:
            return ""
        shape = output.static_shape
        if value is not None:
            shape = value.shape
        if shape is None:
            self._unknown[name] = (
                f"{where}: the shape of its output {name!r} cannot be known before it runs "
                f"(ONNX infers {output.dtype} {_spell(output.shape)})"
            )
            return ""
        self._tensors[name] = Tensor(name, shape, output.dtype, "weight" if kind == "weight" else "activation", value)
        return name

    def _constant(self, node: onnx.NodeProto, output: str, where: str) -> None:
        self._result.folded += 1
        attribute = node.attribute[0] if node.attribute else None
        if attribute is None:
            raise LeptonError(f"{where}: has no value")
        if attribute.name == "value":
            proto = attribute.t
            self._tensors[output] = Tensor(
                output, tuple(proto.dims), dtype_name(proto.data_type), "weight", tensor_value(proto)
            )
        elif attribute.name == "sparse_value":
            sparse = attribute.sparse_tensor
            self._tensors[output] = Tensor(output, tuple(sparse.dims), dtype_name(sparse.values.data_type), "weight")
        else:
            kinds: dict[str, tuple[str, Callable[[], Any]]] = {
                "value_float": ("float", lambda: np.array(attribute.f, np.float32)),
                "value_floats": ("float", lambda: np.array(attribute.floats, np.float32)),
                "value_int": ("int64", lambda: np.array(attribute.i, np.int64)),
                "value_ints": ("int64", lambda: np.array(attribute.ints, np.int64)),
                "value_string": ("string", lambda: np.array(attribute.s.decode(), object)),
                "value_strings": ("string", lambda: np.array([s.decode() for s in attribute.strings], object)),
            }
            if attribute.name not in kinds:
                raise LeptonError(f"{where}: unknown kind of constant {attribute.name!r}")
            dtype, make = kinds[attribute.name]
            value = make()
            self._tensors[output] = Tensor(
                output, value.shape, dtype, "weight", frozen(value) if is_small(dtype, value.size) else None
            )

    def _shape_of(self, node: onnx.NodeProto, tensor: Tensor, output: str) -> None:
        self._result.folded += 1
        if node.op_type == "Size":
            value = np.array(tensor.elements, np.int64)
        else:
            limits = {attribute.name: attribute.i for attribute in node.attribute}
            rank = len(tensor.shape)
            value = np.array(tensor.shape[slice(limits.get("start", 0), limits.get("end", rank))], np.int64)
        self._tensors[output] = Tensor(output, value.shape, "int64", "weight", frozen(value))

    def _fold(
        self,
        node: onnx.NodeProto,
        domain: str,
        inputs: Sequence[Tensor | None],
        signature: tuple[Any, ...],
        types: Sequence[OutputType | None],
        outputs: Sequence[str],
        where: str,
    ) -> None:
        self._result.folded += 1
        values: tuple[np.ndarray[Any, Any], ...] | None = None
        known = all(tensor is None or tensor.value is not None for tensor in inputs)
        if known and all(small_output(output) for output in types):
            values = self._inference.values(node, domain, inputs, signature)
        present = iter(values or ())
        for name, output in zip(outputs, types, strict=True):
            if name and output is not None:
                self._note(name, output, "weight", next(present, None), where)

    def _reshape(
        self, node: onnx.NodeProto, where: str, names: tuple[str, ...], inputs: list[Tensor | None]
    ) -> tuple[tuple[str, ...], list[Tensor | None]]:
        """Check the elements of a Reshape, and put the batch into a target written for another (see ``batching``)."""
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
        wanted = self._wanted_shape(node.output[0], data, target)
        if wanted is not None and wanted != resolved:
            changed = self._rewritten(target, np.array(wanted, np.int64))
            return (names[0], changed.name), [data, changed]
        if resolved is None:
            hint = "" if self._reference is None else f"; {BAKED_HINT}"
            raise LeptonError(
                f"{where}: cannot reshape {list(data.shape)} ({data.elements} elements) to {list(sizes)}{hint}"
            )
        return names, inputs

    def _wanted_shape(self, output: str, data: Tensor, target: Tensor) -> tuple[int, ...] | None:
        if self._reference is None or data.kind == "weight":
            return None
        there = self._reference.tensors
        if not {output, data.name, target.name} <= there.keys():
            return None
        before, now = there[target.name].value, target.value
        if before is None or now is None or not np.array_equal(before, now):
            # Computed from the shape of something, so it knows the batch.
            return None
        return rescaled_reshape(
            data.shape, there[data.name].shape, there[output].shape, self._batch, self._reference.batch
        )

    def _concat(
        self, node: onnx.NodeProto, names: tuple[str, ...], inputs: list[Tensor | None]
    ) -> tuple[tuple[str, ...], list[Tensor | None]]:
        """Repeat a constant made for one batch for every sample that it is joined to (see ``batching``)."""
        present = [tensor for tensor in inputs if tensor is not None]
        if self._reference is None or len(present) < len(inputs) or len({len(t.shape) for t in present}) != 1:
            return names, inputs
        concat_axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
        axis = joined_axis(present, self._reference.tensors, concat_axis, self._batch, self._reference.batch)
        if axis is None:
            return names, inputs
        joined: list[Tensor | None] = []
        for tensor in present:
            if tensor.kind == "weight" and tensor.shape[axis] == self._reference.batch:
                tensor = self._rewritten(tensor, None, (*tensor.shape[:axis], self._batch, *tensor.shape[axis + 1 :]))
            joined.append(tensor)
        return tuple(tensor.name for tensor in joined if tensor is not None), joined

    def _rewritten(
        self, tensor: Tensor, value: np.ndarray[Any, Any] | None, shape: tuple[int, ...] | None = None
    ) -> Tensor:
        """A constant in place of another, for the batch asked for."""
        name = f"{tensor.name}@batch{self._batch}"
        while name in self._tensors:
            name += "'"
        shape = value.shape if value is not None else shape or ()
        self._tensors[name] = Tensor(name, shape, tensor.dtype, "weight", None if value is None else frozen(value))
        return self._tensors[name]

    def _branch(
        self, node: onnx.NodeProto, name: str, where: str, inputs: Sequence[Tensor | None], names: dict[str, str]
    ) -> None:
        condition = inputs[0]
        if condition is None or condition.value is None:
            raise LeptonError(
                f"{where}: its condition {node.input[0]!r} is computed from the data, so the branch taken is unknown"
            )
        wanted = "then_branch" if bool(condition.value.reshape(-1)[0]) else "else_branch"
        graph = next(attribute.g for attribute in node.attribute if attribute.name == wanted)
        self._result.folded += 1
        inner = dict(names)
        produced = {output for child in graph.node for output in child.output if output}
        for tensor in sorted(produced | {proto.name for proto in graph.initializer}):
            inner[tensor] = f"{name}/{tensor}" if tensor in self._tensors or tensor in self._unknown else tensor
        for outer_output, result in zip(node.output, graph.output, strict=True):
            outer = names.get(outer_output, outer_output)
            if result.name in produced and inner[result.name] not in {names.get(o, o) for o in node.output}:
                inner[result.name] = outer
        self._initialisers(graph, inner)
        self._visit_all(graph, inner)
        for outer_output, result in zip(node.output, graph.output, strict=True):
            if outer_output:
                actual = inner.get(result.name, result.name)
                if actual != names.get(outer_output, outer_output):
                    names[outer_output] = actual


def needed_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Nodes on which an output of the graph depends, in their order; what a subgraph reads counts as read."""
    wanted = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if any(output in wanted for output in node.output):
            kept.append(node)
            wanted.update(node.input)
            wanted.update(_read_inside(node))
    kept.reverse()
    return kept


def _read_inside(node: onnx.NodeProto) -> Iterable[str]:
    for attribute in node.attribute:
        for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            for child in graph.node:
                yield from child.input
                yield from _read_inside(child)
            yield from (output.name for output in graph.output)


def prune(walked: Walked) -> list[Node]:
    """Nodes that an output still depends on after folding."""
    wanted = set(walked.outputs)
    kept = []
    for node in reversed(walked.nodes):
        if any(output in wanted for output in node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    kept.reverse()
    return kept


def _spell(shape: Sequence[int | None] | None) -> str:
    return (
        "of unknown rank"
        if shape is None
        else "x".join("?" if size is None else str(size) for size in shape) or "scalar"
    )
