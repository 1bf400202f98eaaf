"""Where the samples lie in every tensor of a walk, beside the walk at the reference batch (see ``placing``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leptonsim.model.graph import Tensor
from leptonsim.model.placing import Place, outermost, reshaped_places, scaled_axis


class Samples:
    """Places of samples by the name of the tensor.

    ``tensors`` is the walk's own table; ``reference`` that at ``reference_batch``, None where nothing is to be found.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], batch: int, reference: Mapping[str, Tensor] | None, reference_batch: int
    ) -> None:
        self._tensors = tensors
        self._batch = batch
        self._reference = reference or {}
        self._reference_batch = reference_batch
        self._places: dict[str, Place] = {}

    def axis(self, name: str) -> int | None:
        """The axis that scaled with the batch, None for a tensor that has none."""
        if name not in self._reference or name not in self._tensors:
            return None
        here, there = self._tensors[name].shape, self._reference[name].shape
        return scaled_axis(here, there, self._batch, self._reference_batch)

    def extent(self, name: str) -> tuple[int, int, int] | None:
        """Rank, batch axis and its size at the reference batch, of a tensor that scaled."""
        axis = self.axis(name)
        if axis is None:
            return None
        shape = self._reference[name].shape
        return len(shape), axis, shape[axis]

    def place(self, name: str) -> Place | None:
        """Where the samples lie in a tensor; in one that was not followed to, outermost in its axis."""
        if name not in self._places and (axis := self.axis(name)) is not None:
            place = outermost(axis, self._reference[name].shape[axis], self._reference_batch)
            if place is not None:
                self._places[name] = place
        return self._places.get(name)

    def settle(self, name: str, place: Place) -> None:
        """Enter a place that is known otherwise."""
        self._places[name] = place

    def follow(self, name: str, inputs: Sequence[str], is_order_kept: bool) -> None:
        """Find the place in an output of a node from those in its inputs; ``is_order_kept``: it is a reshape."""
        axis = self.axis(name)
        if axis is None or name in self._places:
            return
        shape = self._reference[name].shape
        place = outermost(axis, shape[axis], self._reference_batch)
        for before in inputs:
            came_from = self.place(before)
            if came_from is None:
                continue
            if is_order_kept:
                places = reshaped_places(came_from, self._reference[before].shape, shape, self._reference_batch)
                place = next((one for one in places if one.axis == axis), None)
                break
            if self._reference[before].shape[came_from.axis] == shape[axis]:
                place = Place(axis, came_from.inner)
                break
        if place is not None:
            self._places[name] = place
