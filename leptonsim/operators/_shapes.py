"""Shape rules that many operators share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Tensor

Inputs = Sequence[Tensor | None]
Outputs = list[tuple[str, tuple[int, ...]]]


def given(inputs: Inputs, index: int) -> Tensor | None:
    """An optional input, None where it is absent."""
    return inputs[index] if index < len(inputs) else None


def required(inputs: Inputs, index: int) -> Tensor:
    """An input that has to be there. Raises LeptonError if it is not."""
    tensor = given(inputs, index)
    if tensor is None:
        raise LeptonError(f"input {index} is missing")
    return tensor


def like_first(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    """One output like the first input."""
    first = required(inputs, 0)
    return [(first.dtype, first.shape)]


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an element-wise result. Raises LeptonError where shapes do not fit together."""
    try:
        return tuple(int(size) for size in np.broadcast_shapes(*shapes))
    except ValueError:
        raise LeptonError(f"shapes {', '.join(str(list(shape)) for shape in shapes)} cannot be broadcast") from None


def product(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of A [..., M, K] times B [..., K, N]. Raises LeptonError where K differs."""
    a, b = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    if a[-1] != b[-2]:
        raise LeptonError(f"matrices {list(a)} and {list(b)} do not fit together")
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def swapped(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The last two axes exchanged."""
    return (*shape[:-2], shape[-1], shape[-2])
