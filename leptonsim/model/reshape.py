"""What a Reshape does, and the batch hidden in its target.

An exporter that traced one sample writes ``Reshape(x, [1, 2048])``. At batch 8 the number of elements no longer fits;
or, worse, with [1, -1] it fits and the samples run together. Where the leading constant is the batch at which the
file was written, it is replaced by the batch asked for; where it is not, the node is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leptonsim.errors import LeptonError


def resolve_target(shape: Sequence[int], target: Sequence[int], allow_zero: bool) -> tuple[int, ...] | None:
    """The output shape of a Reshape (0 copies, -1 takes what is left); None where the elements do not fit."""
    sizes = list(target)
    if not allow_zero:
        if any(size == 0 and axis >= len(shape) for axis, size in enumerate(sizes)):
            return None
        sizes = [shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    elements = math.prod(shape)
    if sizes.count(-1) > 1 or any(size < -1 for size in sizes):
        return None
    if -1 in sizes:
        known = math.prod(size for size in sizes if size != -1)
        if known == 0 or elements % known:
            return None
        sizes[sizes.index(-1)] = elements // known
    return tuple(sizes) if math.prod(sizes) == elements else None


def rebatched_target(
    shape: Sequence[int], target: Sequence[int], allow_zero: bool, written_batch: int, batch: int
) -> tuple[int, ...] | None:
    """The target with the batch in place of the written one; None where the target is right as it is.

    ``shape`` is that of the data at ``batch``; ``written_batch`` is the batch at which the file's constants were
    computed."""
    if batch == written_batch or not target or target[0] != written_batch or not shape:
        return None
    fits = resolve_target(shape, target, allow_zero)
    swallowed = fits is not None and -1 in target and shape[0] == batch
    if fits is not None and not swallowed:
        return None
    changed = (batch, *target[1:])
    return changed if resolve_target(shape, changed, allow_zero) is not None else None


def misfit(where: str, shape: Sequence[int], target: Sequence[int], written_batch: int, batch: int) -> LeptonError:
    """The error for a Reshape whose elements do not fit."""
    message = f"{where}: cannot reshape {list(shape)} ({math.prod(shape)} elements) to {list(target)}"
    if batch != written_batch:
        message += (
            f"; the file seems to be written for batch {written_batch} only, and {batch} was asked for: "
            "export it again with the batch left open"
        )
    return LeptonError(message)
