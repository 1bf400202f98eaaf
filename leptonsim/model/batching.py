"""A model at another batch than the one at which it was written down.

An exporter that traced one sample leaves its batch in constants: ``Reshape(x, [1, 2048])``, or a class token expanded
to one sample. At batch 8 the elements no longer fit; or, worse, with [1, -1] they do and the samples run together in
silence. So a graph at a batch is read beside the same graph at the batch at which it was written (the reference):

- A Reshape keeps the order of the elements, so the place of the batch in its input tells the place in its output.
  Where the target is the same constant at both batches, the batch is put there.
- An Expand or a Resize to constant sizes has the batch where its input has it.
- A constant that a Concat joins to samples, or with which an LSTM starts, is repeated for every sample.
- In the end every tensor must have scaled as the batch did; a model where one did not is refused, with the node's name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Node, Tensor

Shape = tuple[int, ...]


def scaled_axis(here: Sequence[int], there: Sequence[int], batch: int, reference_batch: int) -> int | None:
    """The one axis that differs between two batches, by exactly their ratio; None where it is otherwise."""
    if len(here) != len(there):
        return None
    changed = [axis for axis, (a, b) in enumerate(zip(here, there, strict=True)) if a != b]
    if len(changed) != 1 or here[changed[0]] * reference_batch != there[changed[0]] * batch:
        return None
    return changed[0]


def rescaled_reshape(
    data: Shape, reference_data: Shape, reference_output: Shape, batch: int, reference_batch: int
) -> Shape | None:
    """The output shape of a Reshape at a batch, given input and output at the reference batch.

    The batch is the outermost part of its axis; everything from that axis inwards is one run of elements, and the
    axis of the output that begins a run of the same length holds the batch. Of several (axes of size 1) the one that
    is the batch alone is taken, in its old position if it can be. None where no axis begins such a run.
    """
    axis = scaled_axis(data, reference_data, batch, reference_batch)
    if axis is None:
        return None
    run = math.prod(reference_data[axis:])
    places = [
        place
        for place, size in enumerate(reference_output)
        if math.prod(reference_output[place:]) == run and size % reference_batch == 0
    ]
    if not places:
        return None
    alone = [place for place in places if reference_output[place] == reference_batch]
    place = axis if axis in alone else (alone or places)[0]
    size = reference_output[place] // reference_batch * batch
    return (*reference_output[:place], size, *reference_output[place + 1 :])


def joined_axis(
    inputs: Sequence[Tensor], reference: Mapping[str, Tensor], concat_axis: int, batch: int, reference_batch: int
) -> int | None:
    """The batch axis of a Concat that joins samples with a constant made for the reference batch, None for any
    other.
    """
    rank = len(inputs[0].shape)
    axes = {
        scaled_axis(tensor.shape, reference[tensor.name].shape, batch, reference_batch)
        for tensor in inputs
        if tensor.kind != "weight" and tensor.name in reference
    }
    axis = next(iter(axes)) if len(axes) == 1 else None
    if axis is None or axis == concat_axis % rank:
        return None
    constants = [tensor for tensor in inputs if tensor.kind == "weight"]
    return axis if any(tensor.shape[axis] == reference_batch for tensor in constants) else None


def check_batch_scaled(
    nodes: Sequence[Node],
    here: Mapping[str, Tensor],
    there: Mapping[str, Tensor],
    outputs: Sequence[str],
    batch: int,
    reference_batch: int,
) -> None:
    """Hold the tensors of a model at one batch against those at another; LeptonError where one did not scale.

    Every activation has either batch / reference_batch times the elements, or as many as before (it depends on no
    sample, or is a statistic over all), or exactly the batch in several dimensions (similarities between samples); an
    output of the graph has to scale.
    """
    last = set(outputs)
    for node in nodes:
        for name in node.outputs:
            if name not in there or not name:
                continue
            now, before = here[name].shape, there[name].shape
            if not _scales(now, before, batch, reference_batch, name in last):
                raise LeptonError(
                    f"node {node.name!r} ({node.op_type}): its output {name!r} is {list(before)} at batch "
                    f"{reference_batch} and {list(now)} at batch {batch}, which does not scale with it: {BAKED_HINT}"
                )


BAKED_HINT = "a batch seems to be written into the model; export it again with the batch left open"


def _scales(here: Shape, there: Shape, batch: int, reference_batch: int, is_output: bool) -> bool:
    if here == there:
        return not is_output or 0 in here
    if scaled_axis(here, there, batch, reference_batch) is not None:
        return True
    return len(here) == len(there) and all(
        a == b or (a, b) == (batch, reference_batch) for a, b in zip(here, there, strict=True)
    )
