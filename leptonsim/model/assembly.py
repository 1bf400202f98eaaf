"""From a finished walk to a Graph: what is left out, and the digest.

A digest is a hash of everything that can change a simulation: operators, attributes, shapes, types and the values of
constants, but not the model's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leptonsim.model.graph import Graph, Node, Tensor
from leptonsim.model.liveness import prune
from leptonsim.model.reader import Walked


def assemble(name: str, walked: Walked, inputs: Sequence[str], batch: int, tokens: int | None) -> Graph:
    """The Graph of a walk, without the nodes and constants that no output needs."""
    nodes = prune(walked.nodes, walked.outputs)
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
        resident=_resident(inputs, walked.outputs),
        largest={name: count for name, count in walked.largest.items() if name in used},
    )


def _resident(inputs: Sequence[str], outputs: Sequence[str]) -> tuple[str, ...]:
    """Key-value caches, by the names that exporters give them: past... comes in, present... goes out."""
    caches = [name for name in inputs if name.startswith("past") or ".past" in name]
    return (*caches, *(name for name in outputs if name.startswith("present") or ".present" in name))


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
