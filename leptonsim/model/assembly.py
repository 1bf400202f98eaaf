"""From a finished walk to a Graph: what is left out, the digest, and the check that the batch scaled.

A digest is a hash of everything that can change a simulation: operators, attributes, shapes, types and the values of
constants, but not the model's name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node, Tensor
from leptonsim.model.reader import Walked, prune


def assemble(name: str, walked: Walked, inputs: Sequence[str], batch: int, tokens: int | None) -> Graph:
    """The Graph of a walk, without the nodes and constants that no output needs."""
    nodes = prune(walked)
    used = {tensor for node in nodes for tensor in (*node.inputs, *node.outputs) if tensor}
    used.update(inputs, walked.outputs)
    tensors = {key: tensor for key, tensor in walked.tensors.items() if key in used}
    return Graph(
        name=name,
        nodes=tuple(nodes),
        tensors=tensors,
        inputs=tuple(inputs),
        outputs=walked.outputs,
        batch=batch,
        folded=walked.folded,
        digest=_digest(nodes, tensors, inputs, walked.outputs, batch, tokens),
        tokens=tokens,
        unused=len(walked.nodes) - len(nodes),
    )


def _digest(
    nodes: Sequence[Node],
    tensors: Mapping[str, Tensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    batch: int,
    tokens: int | None,
) -> str:
    digest = hashlib.sha256()
    digest.update(repr((tuple(inputs), tuple(outputs), batch, tokens)).encode())
    for node in nodes:
        attributes = [(key, _plain(node.attributes[key])) for key in sorted(node.attributes)]
        digest.update(
            repr((node.name, node.op_type, node.domain, node.opset, node.inputs, node.outputs, attributes)).encode()
        )
    for key in sorted(tensors):
        tensor = tensors[key]
        digest.update(repr((key, tensor.shape, tensor.dtype, tensor.kind, _plain(tensor.value))).encode())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tolist() if value.dtype == object else value.tobytes())
    return value


def check_batch_scaled(graph: Graph, reference: Graph) -> None:
    """Hold a graph against the same model at another batch; LeptonError where a tensor did not scale as the batch did.

    Every activation has either batch / batch' times the elements, or as many as before (it depends on no sample, or
    is a statistic over all), or exactly the batch in several dimensions (similarities between samples); an output has
    to scale."""
    outputs = set(graph.outputs)
    producers = {output: node for node in graph.nodes for output in node.outputs if output}
    for name, node in producers.items():
        there = reference.tensors.get(name)
        here = graph.tensors[name]
        if there is None or _scales(here.shape, there.shape, graph.batch, reference.batch, name in outputs):
            continue
        raise LeptonError(
            f"node {node.name!r} ({node.op_type}): its output {name!r} is {list(there.shape)} at batch "
            f"{reference.batch} and {list(here.shape)} at batch {graph.batch}, which does not scale with it: "
            "a batch seems to be written into the model; export it again with the batch left open"
        )


def _scales(here: Sequence[int], there: Sequence[int], batch: int, reference_batch: int, is_output: bool) -> bool:
    if len(here) != len(there):
        return False
    changed = [(a, b) for a, b in zip(here, there, strict=True) if a != b]
    if not changed:
        return not is_output or 0 in here
    if len(changed) == 1:
        a, b = changed[0]
        return a * reference_batch == b * batch
    return all(pair == (batch, reference_batch) for pair in changed)
