"""What is known of blocks at rest: spans of time with their conditions, what was slept in them, the energy of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.machine.blocks import BLOCKS, Beside
from leptonsim.machine.gating import Integers, Stays
from leptonsim.machine.spans import spread

Floats = npt.NDArray[np.float64]

DEPTHS = 3
"""States of sleep at most."""


@dataclass(frozen=True)
class Spans:
    """Spans of time, each at one voltage, clock and temperature, one after the other between ``bounds_ps``.

    ``bounds_ps`` int64 (spans + 1,); ``rested_ps`` int64 (spans, 6) as the machine counts; ``padding_ps`` (spans,):
    time in which arrays worked, over all cores, times the share of their cells with padding; ``voltage_v``,
    ``core_hz`` and ``heat`` (leakage over that at the temperature it is stated at) are (spans,), and so is what is
    ``beside`` the cores; None: as at the start.
    """

    bounds_ps: Integers
    rested_ps: Integers
    padding_ps: Floats
    voltage_v: Floats
    core_hz: Integers
    heat: Floats
    beside: Beside | None = None


@dataclass(frozen=True)
class Sleep:
    """What blocks slept in some spans of time; where banks may be off an SRAM's times and visits are its banks'.

    ``saved_ps`` int64 (spans, blocks, depths): time slept less what it cost; ``slept_ps`` and ``visits`` int64 (blocks,
    depths), over all spans. ``off_at_rest_ps`` int64 (spans,): time in which banks were off while their SRAM rested.
    """

    saved_ps: Integers
    slept_ps: Integers
    visits: Integers
    off_at_rest_ps: Integers

    @staticmethod
    def none(spans: int) -> Sleep:
        """Nothing slept yet."""
        shape = len(BLOCKS), DEPTHS
        saved = np.zeros((spans, *shape), dtype=np.int64)
        slept, visits = (np.zeros(shape, dtype=np.int64) for _ in range(2))
        return Sleep(saved, slept, visits, np.zeros(spans, dtype=np.int64))

    def add(self, block: int, depth: int, stays: Stays, cost_ps: int, bounds_ps: Integers, times: int = 1) -> None:
        """Sleep of one state, that ``times`` units had alike; each stay costs ``cost_ps``, unless it is free."""
        begin, end = stays.begin_ps, stays.end_ps
        paid = begin + (0 if stays.is_free else cost_ps)
        pays = paid <= end
        saved = self.saved_ps[:, block, depth]
        saved += times * spread(paid[pays], end[pays], bounds_ps)
        at = np.clip(np.searchsorted(bounds_ps, end[~pays], "left") - 1, 0, len(saved) - 1)
        np.add.at(saved, at, times * (end[~pays] - paid[~pays]))
        self.slept_ps[block, depth] += times * (end - begin).sum()
        self.visits[block, depth] += times * len(begin)


@dataclass(frozen=True)
class RestEnergy:
    """Energy in pJ by block, float64 (..., blocks) each, ``BLOCKS``: static, clocks at rest, standby of DRAM, and what
    of standby is refresh.
    """

    static_pj: Floats
    clock_pj: Floats
    standby_pj: Floats
    refresh_pj: Floats

    @property
    def parts(self) -> dict[str, Floats]:
        """By component, in the order of ``AT_REST``."""
        return {"clock": self.clock_pj, "standby": self.standby_pj, "static": self.static_pj}

    def total(self) -> RestEnergy:
        """Over all spans, each sum rounded once."""
        if len(self.static_pj) == 1:
            return RestEnergy(*(part[0].copy() for part in self._spans))
        # of parts that no block has the sum is known
        return RestEnergy(
            *(
                np.array([math.fsum(column.tolist()) if column.any() else 0.0 for column in part.T])
                for part in self._spans
            )
        )

    @property
    def _spans(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.static_pj, self.clock_pj, self.standby_pj, self.refresh_pj


def _awake() -> Sleep:
    found = Sleep.none(1)
    for part in (found.saved_ps, found.slept_ps, found.visits, found.off_at_rest_ps):
        part.flags.writeable = False
    return found


AWAKE = _awake()
"""No sleep in one span."""
