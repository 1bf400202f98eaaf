"""Dynamic power over time: each operator's energy over the time in which the engines that spend it are at work.

The energy of products and accumulators is spread over the operator's time on the tensor cores, that of vector
operations over its time on the vector units, that of memories and networks over the time of its transfers and its
engines together. Within these spans power is taken as constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.kernels.tiles import ENGINE_NAMES
from leptonsim.result.accounts import Spans
from leptonsim.result.step import Step

SPENDERS = {
    "tensor_core": ("tensor",),
    "accumulators": ("tensor",),
    "vector_unit": ("vector",),
    "shared_sram": ("weights", "activations", "store"),
    "noc": ("weights", "activations", "store"),
    "dram": ("weights", "activations", "store"),
    "pcie": ("weights", "activations", "store"),
    "sram": ENGINE_NAMES,
}
"""Engines in whose time each component's energy is spent."""

Piece = tuple[int, int, str, float]
"""From, to (picoseconds), component, watts."""


@dataclass(frozen=True, slots=True)
class PowerTrace:
    """Pieces of constant power, each of one operator and component.

    All arrays are of shape (pieces,); ``component`` indexes ``components``.
    """

    begin_ps: npt.NDArray[np.int64]
    end_ps: npt.NDArray[np.int64]
    power_w: npt.NDArray[np.float64]
    component: npt.NDArray[np.int64]
    components: tuple[str, ...]

    @property
    def peak_w(self) -> float:
        """The highest sum of powers at one instant; where one piece ends another begins."""
        times = np.concatenate([self.begin_ps, self.end_ps])
        changes = np.concatenate([self.power_w, -self.power_w])
        levels = np.cumsum(changes[np.lexsort((changes, times))])
        return max(0.0, float(levels.max(initial=0.0)))


def power_over_time(spans: Spans, dynamic: Sequence[Mapping[str, float]]) -> PowerTrace:
    """Dynamic power of the jobs in ``spans``; ``dynamic`` is each operator's energy in pJ by component."""
    at_work = {names: _at_work(spans, names) for names in SPENDERS.values()}
    begins, ends, powers, components = [], [], [], []
    for index, (component, names) in enumerate(SPENDERS.items()):
        energy = np.array([each.get(component, 0.0) for each in dynamic], dtype=np.float64)
        begin, end = at_work[names]
        spent = energy > 0
        begins.append(begin[spent])
        ends.append(end[spent])
        powers.append(energy[spent] / np.maximum(1, end[spent] - begin[spent]))
        components.append(np.full(int(spent.sum()), index))
    return PowerTrace(
        np.concatenate(begins),
        np.concatenate(ends),
        np.concatenate(powers),
        np.concatenate(components),
        tuple(SPENDERS),
    )


def _at_work(spans: Spans, names: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """By operator, from when to when some of its engines are at work; all of them where none of these is."""
    first, last = spans
    engines = [ENGINE_NAMES.index(name) for name in names]
    worked = last[:, engines].max(axis=1) >= 0
    return (
        np.where(worked, first[:, engines].min(axis=1), first.min(axis=1)),
        np.where(worked, last[:, engines].max(axis=1), last.max(axis=1)),
    )


def step_pieces(steps: Iterable[Step]) -> list[Piece]:
    """The same pieces from the steps of a result: what ``power_over_time`` gives, read back."""
    pieces: list[Piece] = []
    for step in steps:
        for component, energy in step.energy_breakdown_pj.items():
            spans = [step.spans_ps[name] for name in SPENDERS[component] if name in step.spans_ps]
            spans = spans or list(step.spans_ps.values())
            begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
            pieces.append((begin, end, component, energy / max(1, end - begin)))
    return pieces
