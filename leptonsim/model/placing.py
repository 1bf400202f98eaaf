"""Where the samples lie in a tensor, told from its shapes at two batches and followed from node to node.

An axis that grows with the batch may hold more than the batch: [batch * heads, ...] has the samples outside, [tokens *
batch, ...] has them inside. Shapes alone do not tell which, and a model written for one sample shows even less: that
sample may lie in any axis of size 1, or begin or end any axis that it could have been merged with. So a place is
followed from the input on, and a Reshape gives the list of those that its order of elements allows, likeliest first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Samples lie along ``axis``, ``inner`` positions of that axis apart (1 where the batch is innermost or alone)."""

    axis: int
    inner: int


def scaled_axis(here: Sequence[int], there: Sequence[int], batch: int, reference_batch: int) -> int | None:
    """The one axis that differs between two batches, by exactly their ratio; None where it is otherwise."""
    if len(here) != len(there):
        return None
    changed = [axis for axis, (a, b) in enumerate(zip(here, there, strict=True)) if a != b]
    if len(changed) != 1 or here[changed[0]] * reference_batch != there[changed[0]] * batch:
        return None
    return changed[0]


def outermost(axis: int, size: int, reference_batch: int) -> Place | None:
    """The place of samples that are the outermost part of an axis, of ``size`` at the reference batch."""
    return Place(axis, size // reference_batch) if size and size % reference_batch == 0 else None


def reshaped_places(
    place: Place, shape: Sequence[int], output: Sequence[int], reference_batch: int
) -> tuple[Place, ...]:
    """Where samples may lie after a Reshape, shapes being those at the reference batch; likeliest first.

    A Reshape keeps the order of elements, so that samples stay as many elements apart. An axis that is the batch alone
    comes first (the old one before others), then the outermost part of one, then any other part of axes merged whole:
    one into which a part of another was moved belongs to a model written for another batch than it shows.
    """
    apart = place.inner * math.prod(shape[place.axis + 1 :])
    begins = {math.prod(shape[axis:]) for axis in range(len(shape))}
    found = []
    for axis, size in enumerate(output):
        behind = math.prod(output[axis + 1 :])
        if behind == 0 or apart % behind or size % (apart // behind * reference_batch):
            continue
        inner = apart // behind
        if inner * reference_batch == size or size * behind in begins:
            found.append(Place(axis, inner))

    def likelihood(one: Place) -> int:
        size = output[one.axis]
        if size == reference_batch and one.inner == 1:
            return 0 if one.axis == place.axis else 1
        return 2 if one.inner * reference_batch == size else 3

    return tuple(sorted(found, key=likelihood))


def at_batch(output: Sequence[int], place: Place, batch: int, reference_batch: int) -> tuple[int, ...]:
    """A shape at another batch, its samples being at a place."""
    size = output[place.axis] // reference_batch * batch
    return (*output[: place.axis], size, *output[place.axis + 1 :])
