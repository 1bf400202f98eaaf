"""Dynamic power over time: each operator's energy over the time in which the engines that spend it are at work.

The energy of products and accumulators is spread over the operator's time on the tensor cores, that of vector
operations over its time on the vector units, that of memories and networks over the time of its transfers and its
engines together. Within these spans power is taken as constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from leptonsim.compiler.program import Program
from leptonsim.kernels.tiles import ENGINE_NAMES
from leptonsim.machine.machine import Record
from leptonsim.result.step import Step

_SPENDERS = {
    "tensor_core": ("tensor",),
    "accumulators": ("tensor",),
    "vector_unit": ("vector",),
    "shared_sram": ("weights", "activations", "store"),
    "noc": ("weights", "activations", "store"),
    "dram": ("weights", "activations", "store"),
    "pcie": ("weights", "activations", "store"),
    "sram": ENGINE_NAMES,
}
Piece = tuple[int, int, str, float]
"""From, to (picoseconds), component, watts."""


def power_over_time(program: Program, record: Record, dynamic: Sequence[Mapping[str, float]]) -> list[Piece]:
    """Pieces of constant dynamic power in the first run; ``dynamic`` is each operator's energy in pJ by component."""
    owner = program.steps[:, 11]
    count = len(program.operators)
    first = np.full((count, len(ENGINE_NAMES)), np.iinfo(np.int64).max)
    last = np.full((count, len(ENGINE_NAMES)), -1, dtype=np.int64)
    spans = record.step_span_ps
    np.minimum.at(first, owner, np.where(spans[:, :, 0] < 0, np.iinfo(np.int64).max, spans[:, :, 0]))
    np.maximum.at(last, owner, spans[:, :, 1])
    begins, ends = first.tolist(), last.tolist()
    pieces: list[Piece] = []
    for index, energies in enumerate(dynamic):
        for component, energy in energies.items():
            if energy <= 0:
                continue
            engines = [ENGINE_NAMES.index(name) for name in _SPENDERS[component]]
            busy = [engine for engine in engines if ends[index][engine] >= 0] or [
                engine for engine in range(len(ENGINE_NAMES)) if ends[index][engine] >= 0
            ]
            begin = min(begins[index][engine] for engine in busy)
            end = max(ends[index][engine] for engine in busy)
            pieces.append((begin, end, component, energy / max(1, end - begin)))
    return pieces


def step_pieces(steps: Iterable[Step]) -> list[Piece]:
    """The same pieces from the steps of a result: what ``power_over_time`` gives, read back."""
    pieces: list[Piece] = []
    for step in steps:
        for component, energy in step.energy_breakdown_pj.items():
            spans = [step.spans_ps[name] for name in _SPENDERS[component] if name in step.spans_ps]
            spans = spans or list(step.spans_ps.values())
            begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
            pieces.append((begin, end, component, energy / max(1, end - begin)))
    return pieces


def peak_w(pieces: Sequence[Piece]) -> float:
    """The highest sum of powers at one instant."""
    edges = sorted([(begin, power) for begin, _, _, power in pieces] + [(end, -power) for _, end, _, power in pieces])
    peak = level = 0.0
    for _, change in edges:
        level += change
        peak = max(peak, level)
    return peak
