"""Power, clock and temperature over time, for the JSON of a run whose operating point or temperature changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from leptonsim.machine.energy import COMPONENTS
from leptonsim.machine.governing import PowerRecord, Segment

MOST_PIECES = 500
"""Segments are joined with their neighbours until a result has at most about so many."""


def joined(segments: Sequence[Segment], most: int = MOST_PIECES) -> list[Segment]:
    """Neighbours at the same clock and voltage as one, with the same energy, in even groups of them; never a change."""
    size = -(-len(segments) // most)
    pieces: list[Segment] = []
    group: list[Segment] = []
    for segment in segments:
        same = group and (group[0].core_hz, group[0].voltage_v) == (segment.core_hz, segment.voltage_v)
        if group and (not same or len(group) == size):
            pieces.append(_one(group))
            group = []
        group.append(segment)
    return [*pieces, _one(group)] if group else pieces


def _one(group: Sequence[Segment]) -> Segment:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return first
    span = last.to_ps - first.from_ps
    watts = tuple(
        math.fsum(each.power_w[place] * (each.to_ps - each.from_ps) for each in group) / span
        for place in range(len(COMPONENTS))
    )
    return Segment(first.from_ps, last.to_ps, first.core_hz, first.voltage_v, last.die_c, watts)


def peak_w(record: PowerRecord) -> float:
    """The highest mean power of one segment."""
    return max((sum(segment.power_w) for segment in record.segments), default=0.0)


def core_cycles(record: PowerRecord) -> float:
    """Cycles of the core clock in the whole run."""
    return math.fsum(segment.core_hz * (segment.to_ps - segment.from_ps) for segment in record.segments) / 1e12


def power_block(record: PowerRecord) -> dict[str, Any]:
    """The part ``power`` of a result's JSON."""
    dies = [segment.die_c for segment in record.segments if segment.die_c is not None]
    return {
        "governor": record.governor,
        "samples": record.samples,
        "changes": record.changes,
        "residency_ps": record.residency_ps,
        "throttled_ps": record.throttled_ps,
        "die_max_c": _rounded(max(dies)) if dies else None,
        "die_end_c": _rounded(dies[-1]) if dies else None,
        "die_steady_c": None if record.steady_c is None else _rounded(record.steady_c),
        "components": list(COMPONENTS),
        "segments": [
            [
                segment.from_ps,
                segment.to_ps,
                segment.core_hz,
                segment.voltage_v,
                None if segment.die_c is None else _rounded(segment.die_c),
                *(_rounded(watts) for watts in segment.power_w),
            ]
            for segment in joined(record.segments)
        ],
    }


def _rounded(value: float) -> float:
    """Six significant digits: what a picture needs."""
    return float(f"{value:.6g}")
