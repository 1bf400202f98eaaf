"""A model at another batch than the one at which it was written down.

An exporter that traced one sample leaves its batch in constants: ``Reshape(x, [1, 2048])``, or a class token expanded
to one sample. At batch 8 the elements no longer fit; or, worse, with [1, -1] they do and the samples run together in
silence. So a graph at a batch is read beside the same graph at the batch at which it was written (the reference):

- A Reshape keeps the order of the elements, so the place of the batch in its input tells the place in its output
  (``placing``), or a few that it may have; nodes behind it tell which (``trials``). Where the target is the same
  constant at both batches, the batch is put there.
- An Expand or a Resize to constant sizes has the batch where its input has it.
- A constant made for the samples of the reference batch is repeated for those of this one (``rebatch`` says for which
  operators: element-wise ones, Concat, batched products, initial states, sampling grids, indices).
- In the end every tensor must have scaled as the batch did, and so must the work of every product; a model where one
  did not is refused, with the node's name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Node, Tensor
from leptonsim.model.placing import scaled_axis

Shape = tuple[int, ...]

BAKED_HINT = "a batch seems to be written into the model; export it again with the batch left open"


class UnscaledError(LeptonError):
    """A node whose output did not scale with the batch: ``node`` is the one."""

    def __init__(self, node: Node, told: str) -> None:
        super().__init__(f"node {node.name!r} ({node.op_type}): {told}, which does not scale with it: {BAKED_HINT}")
        self.node = node


def check_batch_scaled(
    nodes: Sequence[Node],
    here: Mapping[str, Tensor],
    there: Mapping[str, Tensor],
    outputs: Sequence[str],
    batch: int,
    reference_batch: int,
) -> None:
    """Hold the tensors of a model at one batch against those at another; UnscaledError where one did not scale.

    Every activation has either batch / reference_batch times the elements, or as many as before (it depends on no
    sample, or is a statistic over all), or exactly the batch in several dimensions (similarities between samples); an
    output of the graph has to scale. A product of matrices must not have grown both ways.
    """
    last = set(outputs)
    for node in nodes:
        for name in node.outputs:
            if name not in there or not name:
                continue
            now, before = here[name].shape, there[name].shape
            told = f"its output {name!r} is {list(before)} at batch {reference_batch} and {list(now)} at batch {batch}"
            if not _scales(now, before, batch, reference_batch, name in last):
                raise UnscaledError(node, told)
        summed, summed_before = _summed(node, here), _summed(node, there)
        if summed is not None and summed_before not in (None, summed) and now != before:
            raise UnscaledError(
                node, f"{told}, of {summed_before} products for each element at the one and {summed} at the other"
            )


def _summed(node: Node, tensors: Mapping[str, Tensor]) -> int | None:
    """How many products one output element of a MatMul or Gemm is the sum of; None for other operators, and for a first
    factor that was repeated, which has no counterpart.
    """
    first = tensors.get(node.inputs[0]) if node.op_type in ("MatMul", "Gemm") else None
    if first is None or not first.shape:
        return None
    return first.shape[0 if node.attributes.get("transA") else -1]


def _scales(here: Shape, there: Shape, batch: int, reference_batch: int, is_output: bool) -> bool:
    if here == there:
        return not is_output or 0 in here
    if scaled_axis(here, there, batch, reference_batch) is not None:
        return True
    return len(here) == len(there) and all(
        a == b or (a, b) == (batch, reference_batch) for a, b in zip(here, there, strict=True)
    )


def repeated_axis(shape: Shape, axis: int, size: int, reference_batch: int) -> bool:
    """Whether a constant has, along an axis, what samples of the reference batch have there: so many positions."""
    return 0 <= axis < len(shape) and shape[axis] == size and size % reference_batch == 0 and math.prod(shape) > 0
