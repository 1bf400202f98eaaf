"""Operators that tell by the data how many results they have: NonZero, Compress, Unique, NonMaxSuppression.

A chip that runs fixed programs reserves room for the largest number and works on all of it, so that is the shape they
get: every element of a NonZero, every row of a Compress, as many boxes of a NonMaxSuppression as it may select for each
class. The user may say how many there are (``--bind TENSOR=N``, by the name of the first output), and is told of those
that were taken at their largest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leptonsim.model.graph import Tensor

Shapes = tuple[tuple[int, ...], ...]

COUNTING = ("NonZero", "Compress", "Unique", "NonMaxSuppression")


def most(op_type: str, attributes: Mapping[str, Any], inputs: Sequence[Tensor | None]) -> int | None:
    """The largest number of results, None where even that is computed from the data."""
    data = inputs[0]
    if data is None:
        return None
    if op_type == "NonMaxSuppression":
        return _boxes(inputs)
    axis = attributes.get("axis")
    along = data.elements if axis is None or op_type == "NonZero" else data.shape[int(axis)]
    if op_type == "Compress":
        condition = inputs[1]
        return None if condition is None else min(along, condition.elements)
    return along


def _boxes(inputs: Sequence[Tensor | None]) -> int | None:
    """Boxes [batch, boxes, 4], scores [batch, classes, boxes], and how many of each class may be selected."""
    scores, limit = inputs[1], inputs[2] if len(inputs) > 2 else None
    if scores is None or limit is None:
        # Without a limit none are selected, says ONNX.
        return None if scores is None else 0
    if limit.value is None:
        return None
    batch, classes, boxes = scores.shape
    return batch * classes * max(0, min(boxes, int(np.asarray(limit.value).reshape(-1)[0])))


def counted_shapes(op_type: str, attributes: Mapping[str, Any], inputs: Sequence[Tensor | None], count: int) -> Shapes:
    """Shapes of all outputs for a number of results."""
    data = inputs[0]
    assert data is not None
    if op_type == "NonZero":
        return ((len(data.shape), count),)
    if op_type == "NonMaxSuppression":
        return ((count, 3),)
    axis = attributes.get("axis")
    place = 0 if axis is None else int(axis) % len(data.shape)
    first = (count,) if axis is None else (*data.shape[:place], count, *data.shape[place + 1 :])
    if op_type == "Compress":
        return (first,)
    inverse = (data.elements,) if axis is None else (data.shape[place],)
    return (first, (count,), inverse, (count,))
