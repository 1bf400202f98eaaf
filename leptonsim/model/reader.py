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
from leptonsim.model.constants import constant_of, initialisers_of, shape_of
from leptonsim.model.control import Names, branch, loop, scan
from leptonsim.model.counting import COUNTING, counted_shapes, most
from leptonsim.model.definition import SPELT_OUT, expanded, spell_out
from leptonsim.model.graph import Node, Tensor, TensorKind
from leptonsim.model.inference import NodeInference, OutputType, Signature, small_output
from leptonsim.model.liveness import needed_nodes
from leptonsim.model.optional import OPTIONAL
from leptonsim.model.protos import attributes_of, dtype_name, frozen
from leptonsim.model.rebatch import Rebatcher
from leptonsim.model.sequences import Members, handles, walk_sequence
from leptonsim.model.soundness import DAMAGE, check_elements, check_form
from leptonsim.model.trials import Choices

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
KNOWN_BY_ITSELF = ("Constant", "Shape", "Size")
CONTROL: dict[str, Callable[..., None]] = {"If": branch, "Loop": loop, "Scan": scan, **OPTIONAL}


@dataclass
class Walked:
    """What a walk leaves: nodes in order, every tensor met, and how many nodes became constants.

    ``largest`` has the number of results of operators that the data decide, where it was taken at its largest.
    """

    batch: int
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    folded: int = 0
    largest: dict[str, int] = field(default_factory=dict)


class Walk:
    """One pass over a graph at one binding of its inputs.

    ``values`` are those of inputs that are known, ``counts`` numbers of results that the data decide (see
    ``counting``). ``reference`` is the walk at the batch at which the model was
    written, None when this is it; ``choices`` are those to which walks at this batch led so far.
    """

    def __init__(
        self,
        inference: NodeInference,
        shapes: Mapping[str, tuple[int, ...]],
        batch: int,
        reference: Walked | None = None,
        values: Mapping[str, int] | None = None,
        counts: Mapping[str, int] | None = None,
        choices: Choices | None = None,
    ) -> None:
        self._inference = inference
        self._counts = counts or {}
        self._shapes = shapes
        self._values = values or {}
        self._result = Walked(batch)
        self._tensors = self._result.tensors
        self._rebatcher = Rebatcher(
            self._tensors,
            batch,
            reference.tensors if reference else None,
            reference.batch if reference else batch,
            Choices() if choices is None else choices,
        )
        self.reading: tuple[str, ...] = ()
        """Inputs of the node last looked at."""
        self._unknown: dict[str, str] = {}
        self.sequences: dict[str, Members] = {}
        """Names of the tensors in every sequence."""
        self._node_names: set[str] = set()
        self._attributes: dict[tuple[bytes, ...], dict[str, Any]] = {}

    def run(self, graph: onnx.GraphProto) -> Walked:
        """Walk a whole graph; LeptonError names the node and the tensor that stand in the way."""
        initialised = {proto.name for proto in graph.initializer}
        for declared in graph.input:
            if declared.name not in initialised and declared.name in self._shapes:
                dtype = dtype_name(declared.type.tensor_type.elem_type)
                self.define(self._input(declared.name, dtype))
        names: Names = {}
        self.enter(graph, names)
        outputs = tuple(names.get(output.name, output.name) for output in graph.output)
        for name in outputs:
            self.find(name, "the output of the graph")
        self._result.outputs = outputs
        return self._result

    def _input(self, name: str, dtype: str) -> Tensor:
        """An input; one whose value is known counts as a constant."""
        shape = self._shapes[name]
        if name not in self._values:
            return Tensor(name, shape, dtype, "input")
        return Tensor(name, shape, dtype, "weight", frozen(np.full(shape, self._values[name], dtype)))

    def enter(self, graph: onnx.GraphProto, names: Names) -> None:
        """Walk the nodes of a graph or subgraph; ``names`` says what its tensors are called outside."""
        for tensor in initialisers_of(graph):
            name = names.get(tensor.name, tensor.name)
            self.define(Tensor(name, tensor.shape, tensor.dtype, tensor.kind, tensor.value))
        for node in needed_nodes(graph):
            self.visit(node, names)

    def opset_of(self, domain: str) -> int:
        """Imported version of a domain."""
        return self._inference.opset_of(domain)

    def is_taken(self, name: str) -> bool:
        """Whether a tensor of that name exists already."""
        return name in self._tensors or name in self._unknown or name in self.sequences

    def define(self, tensor: Tensor) -> None:
        """Enter a tensor; LeptonError for one of an impossible size."""
        check_elements(tensor.name, tensor.shape)
        self._tensors[tensor.name] = tensor

    def find(self, name: str, where: str) -> Tensor:
        """A tensor that exists; LeptonError where its shape is unknown or nothing writes it."""
        tensor = self._tensors.get(name)
        if tensor is not None:
            return tensor
        if name in self._unknown:
            raise LeptonError(f"{self._unknown[name]}; {where} needs it")
        if name in self.sequences:
            raise LeptonError(f"{where} reads {name!r}, which is a sequence of tensors, not a tensor")
        raise LeptonError(
            f"{where} reads {name!r}, which no node before it writes and which is no input or initializer"
        )

    def visit(self, node: onnx.NodeProto, names: Names) -> None:
        """Walk one node: it becomes a constant, a subgraph in its place, or a node of the result.

        LeptonError where it cannot be read, whatever its inputs, attributes or subgraphs are.
        """
        name = self._unique_name(node)
        where = f"node {name!r} ({node.op_type})"
        domain = "" if node.domain == "ai.onnx" else node.domain
        schema = self._inference.schema(node.op_type, domain)
        if schema is not None:
            check_form(node, schema, where)
        try:
            self._visit(node, name, where, domain, names)
        except DAMAGE as error:
            raise LeptonError(
                f"{where}: its inputs, attributes or subgraphs are not of the form that ONNX gives it "
                f"({type(error).__name__}: {' '.join(str(error).split())})"
            ) from error

    def _visit(self, node: onnx.NodeProto, name: str, where: str, domain: str, names: Names) -> None:
        input_names = tuple([names.get(i, i) for i in node.input])
        outputs = tuple([names.get(o, o) for o in node.output])
        self.reading = input_names
        reads_sequence = any(tensor in self.sequences for tensor in input_names)
        if domain == "" and handles(node.op_type, reads_sequence):
            self._result.folded += 1
            walk_sequence(self, node, name, where, input_names, names)
            return
        carries = node.op_type in CONTROL
        inputs = [
            self.find(tensor, where) if tensor and not (carries and tensor in self.sequences) else None
            for tensor in input_names
        ]
        if domain == "":
            if self._known_by_itself(node, outputs, inputs, where):
                return
            if node.op_type in CONTROL:
                self._result.folded += 1
                CONTROL[node.op_type](self, node, name, where, inputs, names)
                return
            input_names, inputs = self._rebatcher.operands(node, outputs, where, (input_names, inputs))
        if (domain, node.op_type) in SPELT_OUT:
            self._result.folded += 1
            spell_out(self, node, domain, name, where, inputs, names, self._inference.opsets)
            return
        signature = self._inference.signature(node, domain, inputs)
        types = self._inference.output_types(node, domain, inputs, signature, where)
        if any(output is not None and output.static_shape is None for output in types):
            types = self._types_by_definition(node, domain, inputs, signature, types)
        constant = all(tensor is None or tensor.kind == "weight" for tensor in inputs)
        if constant and node.op_type not in _NEVER_FOLDED:
            self._fold(node, domain, inputs, signature, types, outputs, where)
            return
        attributes = self._attributes_of(node, signature[2])
        if domain == "" and node.op_type in COUNTING:
            types = self._counted(node.op_type, attributes, inputs, types, outputs)
        written = [self._note(o, t, "activation", None, where) for o, t in zip(outputs, types, strict=True)]
        self._rebatcher.follow(node, input_names, written)
        opset = self._inference.opset_of(domain)
        self._result.nodes.append(Node(name, node.op_type, domain, opset, input_names, tuple(written), attributes))

    def _counted(
        self,
        op_type: str,
        attributes: Mapping[str, Any],
        inputs: Sequence[Tensor | None],
        types: tuple[OutputType | None, ...],
        outputs: Sequence[str],
    ) -> tuple[OutputType | None, ...]:
        """Types of what the data count: as many as told, or as there can be; as they are where even that is open."""
        if all(output is None or output.static_shape is not None for output in types):
            return types
        count = self._counts.get(outputs[0])
        if count is None:
            count = most(op_type, attributes, inputs)
            if count is None:
                return types
            self._result.largest[outputs[0]] = count
        shapes = counted_shapes(op_type, attributes, inputs, count)
        return tuple(
            None if output is None else OutputType(output.dtype, shape)
            for output, shape in zip(types, shapes, strict=False)
        )

    def _types_by_definition(
        self,
        node: onnx.NodeProto,
        domain: str,
        inputs: Sequence[Tensor | None],
        signature: Signature,
        types: tuple[OutputType | None, ...],
    ) -> tuple[OutputType | None, ...]:
        """Types found by walking what the operator is defined by, where it is defined by others."""
        if not self._inference.is_defined_by_others(node.op_type, domain):
            return types
        graph = expanded(node, domain, inputs, self._inference.opsets)
        if graph is None:
            return types
        shapes = {name: tensor.shape for name, tensor in zip(node.input, inputs, strict=True) if tensor is not None}
        try:
            walked = Walk(self._inference, shapes, self._result.batch).run(graph)
        except LeptonError:
            # It depends on the data there as well; the caller tells so if anything needs the shape.
            return types
        found = iter([walked.tensors[name] for name in walked.outputs])
        types = tuple(
            OutputType(tensor.dtype, tensor.shape) if name and (tensor := next(found)) else None for name in node.output
        )
        self._inference.remember(signature, types)
        return types

    def _known_by_itself(
        self, node: onnx.NodeProto, outputs: Sequence[str], inputs: Sequence[Tensor | None], where: str
    ) -> bool:
        if node.op_type == "Constant":
            self.define(constant_of(node, outputs[0], where))
        elif node.op_type in KNOWN_BY_ITSELF and inputs and inputs[0] is not None:
            self.define(shape_of(node, inputs[0], outputs[0]))
        else:
            return False
        self._result.folded += 1
        return True

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

    def _fold(
        self,
        node: onnx.NodeProto,
        domain: str,
        inputs: Sequence[Tensor | None],
        signature: Signature,
        types: Sequence[OutputType | None],
        outputs: Sequence[str],
        where: str,
    ) -> None:
        self._result.folded += 1
        values: Iterable[np.ndarray[Any, Any]] | None = None
        known = all(tensor is None or tensor.value is not None for tensor in inputs)
        if known and all(small_output(output) for output in types):
            values = self._inference.values(node, domain, inputs, signature)
        remaining = iter(values or ())
        for name, output in zip(outputs, types, strict=True):
            if name and output is not None:
                self._note(name, output, "weight", next(remaining, None), where)

    def _note(
        self, name: str, output: OutputType | None, kind: TensorKind, value: np.ndarray[Any, Any] | None, where: str
    ) -> str:
        """Enter one output; the name under which the node writes it, empty where its shape is unknown."""
        if not name or output is None:
            return ""
        shape = value.shape if value is not None else output.static_shape
        if shape is None:
            inferred = f"{output.dtype} {_spell(output.shape)}" if output.dtype != "undefined" else "nothing"
            self._unknown[name] = (
                f"{where}: the shape of its output {name!r} cannot be known before it runs (ONNX infers {inferred}): "
                "make constant what decides it, or end the model before it (onnx.utils.extract_model)"
            )
            return ""
        self.define(Tensor(name, shape, output.dtype, kind, value))
        return name


def _spell(shape: Sequence[int | None] | None) -> str:
    return (
        "of unknown rank"
        if shape is None
        else "x".join("?" if size is None else str(size) for size in shape) or "scalar"
    )
