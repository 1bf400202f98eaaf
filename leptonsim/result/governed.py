"""Power, clock and temperature over time, for the JSON of a run whose operating point or temperature changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from leptonsim.machine.energy import COMPONENTS
from leptonsim.machine.power_record import DomainRecord, PowerRecord

MOST_PIECES = 500
"""Readings are joined with their neighbours until a result has at most about so many."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def joined(record: PowerRecord, most: int = MOST_PIECES) -> tuple[Integers, Floats]:
    """Neighbours as one, with the same energy: times and levels as of a ``PowerRecord``, fewer.

    Those at the same clock and voltage are joined in even groups, never over a change; where changes alone are more
    than twice ``most``, what lies within each of ``most`` equal parts of the run is joined, and its clock and voltage
    are means.
    """
    times, levels = record.times, record.levels
    if len(times) <= most:
        return times, levels
    size = -(-len(times) // most)
    changes = np.flatnonzero((np.diff(times[:, 2]) != 0) | (np.diff(levels[:, 0]) != 0)) + 1
    if len(changes) > 2 * most:
        end = int(times[-1, 1])
        part = (times[:, 0].astype(np.float64) * most / end).astype(np.int64)
        begins = np.flatnonzero(np.diff(part, prepend=-1))
    else:
        runs = np.concatenate([[0], changes])
        place = np.arange(len(times)) - np.repeat(runs, np.diff(np.append(runs, len(times))))
        begins = np.flatnonzero(place % size == 0)
    spans = record.spans_ps.astype(np.float64)
    total = np.add.reduceat(spans, begins)
    means = np.add.reduceat(levels * spans[:, None], begins) / total[:, None]
    lasts = np.append(begins[1:], len(times)) - 1
    means[:, 1] = levels[lasts, 1]
    clocks = np.add.reduceat(times[:, 2] * spans, begins) / total
    constant = np.maximum.reduceat(levels[:, 0], begins) == np.minimum.reduceat(levels[:, 0], begins)
    # a mean of equal numbers may differ from them in its last bit
    means[:, 0] = np.where(constant, levels[begins, 0], means[:, 0])
    return np.stack([times[begins, 0], times[lasts, 1], np.round(clocks).astype(np.int64)], axis=1), means


def peak_w(record: PowerRecord) -> float:
    """The highest mean power of one reading."""
    return float(record.power_w.max(initial=0.0))


def power_block(record: PowerRecord) -> dict[str, Any]:
    """The part ``power`` of a result's JSON."""
    dies = record.levels[:, 1]
    hot = bool(len(dies)) and not np.isnan(dies[-1])
    times, levels = joined(record)
    return {
        "governor": record.governor,
        "samples": record.samples,
        "changes": record.changes,
        "residency_ps": record.residency_ps,
        "throttled_ps": record.throttled_ps,
        "die_max_c": _rounded(float(dies.max())) if hot else None,
        "die_end_c": _rounded(float(dies[-1])) if hot else None,
        "die_steady_c": None if record.steady_c is None else _rounded(record.steady_c),
        "domains": {name: _domain_block(record, domain) for name, domain in record.domains.items()},
        "components": list(COMPONENTS),
        "segments": [
            [*time, _rounded(level[0]), _rounded(level[1]) if hot else None, *level[2:]]
            for time, level in zip(times.tolist(), levels.tolist(), strict=True)
        ],
    }


def _domain_block(record: PowerRecord, domain: DomainRecord) -> dict[str, Any]:
    """A domain beside the cores."""
    return {
        "governor": domain.governor,
        "changes": domain.changes,
        "residency_ps": domain.residency_ps,
        "pieces": [
            [begin, round(clock), _rounded(volts)] for begin, clock, volts in clock_pieces(record, domain, MOST_PIECES)
        ],
    }


def clock_pieces(record: PowerRecord, domain: DomainRecord, most: int) -> list[tuple[int, float, float]]:
    """When a domain's clock and voltage changed, and what they were from then on.

    Where these are more than twice ``most``, they are means over ``most`` equal parts of the run.
    """
    times, clocks, volts = record.times, domain.clock_hz, domain.voltage_v
    if not len(times):
        return []
    begins = np.flatnonzero(np.append(True, (np.diff(clocks) != 0) | (np.diff(volts) != 0)))
    if len(begins) > 2 * most:
        part = (times[:, 0].astype(np.float64) * most / int(times[-1, 1])).astype(np.int64)
        begins = np.flatnonzero(np.diff(part, prepend=-1))
        spans = record.spans_ps.astype(np.float64)
        total = np.add.reduceat(spans, begins)
        means = [np.add.reduceat(values * spans, begins) / total for values in (clocks, volts)]
    else:
        means = [clocks[begins].astype(np.float64), volts[begins]]
    return list(zip(times[begins, 0].tolist(), *(each.tolist() for each in means), strict=True))


def _rounded(value: float) -> float:
    """Six significant digits; not of powers, whose sum over time is the energy of the run."""
    return float(f"{value:.6g}")
