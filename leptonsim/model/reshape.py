"""What a Reshape does to a shape."""

from __future__ import annotations

import math
from collections.abc import Sequence


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
