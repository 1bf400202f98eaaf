"""A model: where it comes from, and its graph at a batch.

    load_model("resnet50.onnx", batch=8)
    load_model("zoo:llama-3-8b?seq=1&past=2048")
    load_model("gemm:4096x4096x4096")
    load_model("conv:1x64x56x56,64x64x3x3,stride=1,pad=1")

A model keeps its source without the weights, so that it can be pickled and read again at another batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from leptonsim.errors import LeptonError
from leptonsim.model.assembly import assemble
from leptonsim.model.batching import BAKED_HINT, UnscaledError, check_batch_scaled
from leptonsim.model.binding import Binding, DeclaredInput, Request, bind
from leptonsim.model.counting import COUNTING
from leptonsim.model.graph import Graph
from leptonsim.model.inference import NodeInference
from leptonsim.model.liveness import prune
from leptonsim.model.reader import Walk, Walked
from leptonsim.model.source import Source, open_source
from leptonsim.model.trials import TRIALS, Choices
from leptonsim.model.weightless import TOKENS_KEY

if TYPE_CHECKING:
    import onnx

T = TypeVar("T")

_NAMELESS = ("", "?")
"""What exporters write for a dimension that has no name: two of them are two dimensions."""

NAMED = 5
"""So many nodes of one operator are named in an error."""


def load_model(
    source: str | Path | onnx.ModelProto,
    *,
    batch: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    dims: Mapping[str, int] | None = None,
) -> Model:
    """Read a model and bind its dimensions.

    ``source`` is a path, ``zoo:NAME?key=value&...``, ``gemm:MxKxN``, ``conv:...`` or a ModelProto. ``batch`` is the
    number of samples, ``shapes`` gives inputs whole shapes, ``dims`` gives named dimensions a size (see ``binding``).
    Raises LeptonError.
    """
    opened = open_source(source)
    if batch is None:
        batch = opened.batch
    elif opened.batch not in (None, batch):
        raise LeptonError(f"{opened.name}: batch={opened.batch} in its name, and {batch} asked for beside it")
    request = Request(batch, {name: tuple(shape) for name, shape in (shapes or {}).items()}, dict(dims or {}))
    return Model(opened.at_batch(batch), request)


class Model:
    """A model at a batch: ``graph`` is what is to be run, ``with_batch`` gives the same model at another batch."""

    def __init__(self, source: Source, request: Request) -> None:
        self._source = source
        self._request = request
        try:
            reading = _Reading(source)
            self._binding = reading.bind(request)
            self.graph: Graph = reading.graph(request, self._binding)
        except LeptonError as error:
            raise LeptonError(f"{source.name}: {error}") from error
        self._batches: dict[int, Model] = {self.graph.batch: self}
        self._derived: dict[str, Any] = {}

    @classmethod
    def of(cls, source: Source, *, batch: int | None = None, dims: Mapping[str, int]) -> Model:
        """A source that is open already, at other sizes of its named dimensions. Raises LeptonError."""
        return cls(source.at_batch(batch), Request(batch, {}, dict(dims)))

    @property
    def name(self) -> str:
        """Name of the model: of its file, or as it was asked for."""
        return self._source.name

    def derived(self, name: str, make: Callable[[Graph], T]) -> T:
        """What ``make`` computes from the graph; computed once, then remembered under ``name``."""
        if name not in self._derived:
            self._derived[name] = make(self.graph)
        found: T = self._derived[name]
        return found

    def with_batch(self, batch: int) -> Model:
        """The same model at another batch; read once, then remembered."""
        if batch not in self._batches:
            other = Model(self._source.at_batch(batch), self._binding.request_at(batch, self._request))
            if other.graph.batch != batch:
                raise LeptonError(
                    f"{self.name}: the batch cannot be set to {batch}: no input has a dimension that is the batch"
                )
            other._batches = self._batches
            self._batches[batch] = other
        return self._batches[batch]


class _Reading:
    """One parse of a source: the walks at several batches share what they infer."""

    def __init__(self, source: Source) -> None:
        self._name = source.name
        self._model = source.parse()
        graph = self._model.graph
        opsets = {("" if i.domain == "ai.onnx" else i.domain): i.version for i in self._model.opset_import}
        if "" not in opsets and any(node.domain in ("", "ai.onnx") for node in graph.node):
            raise LeptonError("the file names no opset version of ONNX's own operators; it is damaged or very old")
        self._inference = NodeInference(opsets, self._model.ir_version or 3)
        self._check_known(graph)
        constants = {tensor.name for tensor in graph.initializer} | {s.values.name for s in graph.sparse_initializer}
        self._counting = {node.output[0] for node in graph.node if node.op_type in COUNTING}
        self._inputs = [_declared(value) for value in graph.input if value.name not in constants]

    def _check_known(self, graph: onnx.GraphProto) -> None:
        """Refuse operators that neither ONNX nor a rule defines, all of them at once."""
        unknown: dict[tuple[str, str], list[str]] = {}
        for node in graph.node:
            domain = "" if node.domain == "ai.onnx" else node.domain
            if not self._inference.knows(node.op_type, domain):
                unknown.setdefault((domain, node.op_type), []).append(node.name or f"that makes {node.output[0]!r}")
        if unknown:
            told = "\n  ".join(
                f"{op_type} of domain {domain or 'ai.onnx'} (version {self._inference.opset_of(domain)}): "
                + ("node " if len(nodes) == 1 else f"{len(nodes)} nodes, ")
                + ", ".join(nodes[:NAMED])
                + (", ..." if len(nodes) > NAMED else "")
                for (domain, op_type), nodes in unknown.items()
            )
            raise LeptonError(
                f"operators that ONNX does not define, so that shapes of their outputs cannot be inferred:\n  {told}\n"
                "Give each a shape rule and a lowering (see leptonsim.operators)."
            )

    def bind(self, request: Request) -> Binding:
        return bind(self._inputs, request, self._counting)

    def graph(self, request: Request, binding: Binding) -> Graph:
        """The graph at a binding, read beside the batch at which the model was written (see ``batching``)."""
        written = 1 if binding.fixed_batch is None else binding.fixed_batch
        if not binding.batch_axes or binding.batch == binding.fixed_batch:
            return self._assemble(binding, self._walk(binding))
        reference = None
        if binding.batch != written:
            # Where it does not hold at that batch, the walk at the one asked for tells whether it does there.
            with contextlib.suppress(LeptonError):
                reference = self._walk(self.bind(binding.request_at(written, request)))
        if reference is None:
            walked = self._walk(binding)
            self._check_open(binding, request, walked)
            return self._assemble(binding, walked)
        try:
            return self._assemble(binding, self._beside(binding, reference))
        except LeptonError as error:
            if BAKED_HINT in str(error):
                raise
            # It holds at the batch at which it was written, and not at this one.
            raise LeptonError(f"{error}; {BAKED_HINT}") from error

    def _check_open(self, binding: Binding, request: Request, walked: Walked) -> None:
        """A file whose batch is open may still be written for one: beside itself at twice the batch it shows."""
        doubled = self.bind(binding.request_at(2 * binding.batch, request))
        try:
            self._beside(doubled, walked)
        except UnscaledError:
            raise
        except LeptonError:
            # The model holds at this batch only, which is the one asked for.
            return

    def _beside(self, binding: Binding, reference: Walked) -> Walked:
        """The walk at a binding beside that at the written batch, with the first choices under which all scales."""
        choices, first = Choices(), None
        for _ in range(TRIALS):
            walk = Walk(
                self._inference, binding.shapes, binding.batch, reference, binding.values, binding.counts, choices
            )
            try:
                walked = walk.run(self._model.graph)
                nodes = prune(walked.nodes, walked.outputs)
                check_batch_scaled(
                    nodes, walked.tensors, reference.tensors, walked.outputs, walked.batch, reference.batch
                )
                return walked
            except LeptonError as error:
                first = first or error
                reading = error.node.inputs if isinstance(error, UnscaledError) else walk.reading
                if not choices.revise(choices.behind(reading)):
                    break
        assert first is not None
        raise first

    def _walk(self, binding: Binding) -> Walked:
        walk = Walk(self._inference, binding.shapes, binding.batch, None, binding.values, binding.counts)
        return walk.run(self._model.graph)

    def _assemble(self, binding: Binding, walked: Walked) -> Graph:
        names = [declared.name for declared in self._inputs]
        return assemble(self._name, walked, names, binding.batch, self._tokens(binding))

    def _tokens(self, binding: Binding) -> int | None:
        for entry in self._model.metadata_props:
            if entry.key == TOKENS_KEY:
                return int(entry.value) * binding.batch
        ids = binding.shapes.get("input_ids", ())
        return ids[0] * ids[1] if len(ids) == 2 else None


def _declared(value: onnx.ValueInfoProto) -> DeclaredInput:
    from leptonsim.model.protos import dtype_name

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise LeptonError(
            f"input {value.name!r} is a {(kind or 'value without a type').removesuffix('_type')}, not a tensor"
        )
    tensor = value.type.tensor_type
    dims: tuple[int | str | None, ...] | None = None
    if tensor.HasField("shape"):
        dims = tuple(
            (None if dim.dim_param in _NAMELESS else dim.dim_param)
            if not dim.HasField("dim_value")
            else (int(dim.dim_value) if dim.dim_value > 0 else None)
            for dim in tensor.shape.dim
        )
    return DeclaredInput(value.name, dtype_name(tensor.elem_type), dims)
