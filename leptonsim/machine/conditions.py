"""What holds while no clock and no voltage changes: what is in force in all domains together.

For each condition that a run comes to it is worked out once what the meter and the tile machine take for it; from then
on a change is two assignments. Readings of the meter say which condition they were taken under, by number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.kernels.meter import Meter
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.domain import InForce
from leptonsim.machine.idling import Idling
from leptonsim.machine.links import Fabric
from leptonsim.machine.spending import Spending

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Condition(NamedTuple):
    """What is in force in each domain."""

    core: InForce


class Conditions:
    """``seen`` are the conditions of a run by number, in the order in which it came to them; ``now`` is in force.

    ``work`` is what was done at each voltage, int64 (operators + 1, columns) as the meter counts it.
    """

    def __init__(self, spending: Spending, idling: Idling, fabric: Fabric, tiles: TileMachine, meter: Meter) -> None:
        self._spending, self._idling, self._fabric = spending, idling, fabric
        self._tiles, self._meter = tiles, meter
        self._known: dict[Condition, tuple[Any, Any]] = {}
        self.seen: list[Condition] = []
        self.now: Condition | None = None
        self.work: dict[float, Integers] = {}

    def use(self, condition: Condition) -> None:
        """A condition from now on, for work in flight as for what follows."""
        if condition == self.now:
            return
        if condition not in self._known:
            self._known[condition] = self._prepare(condition)
        self.now = condition
        point, clock = self._known[condition]
        self._meter.use_point(point)
        if clock is None:
            self._tiles.pause()
        else:
            self._tiles.use_clock(clock)

    def _prepare(self, condition: Condition) -> tuple[Any, Any]:
        """What the meter and the tile machine take for a condition."""
        core_hz, voltage_v, idle_hz = condition.core
        if voltage_v not in self.work:
            self.work[voltage_v] = np.zeros(self._spending.pj.shape[1:], dtype=np.int64)
        # DRAM draws its standby at all times, at work as at rest; the link goes on while the clock stands still
        rests = np.array(
            [block == "dram" or (core_hz == 0 and block != "pcie") for block in BLOCK_NAMES], dtype=np.uint8
        )
        point = self._meter.point_of(
            len(self.seen),
            core_hz,
            rests,
            self._spending.scale(voltage_v),
            self.work[voltage_v],
            *self._idling.powers(voltage_v, idle_hz),
        )
        self.seen.append(condition)
        if core_hz == 0:
            return point, None
        links = self._fabric.at(core_hz)
        return point, self._tiles.clock_of(core_hz // 1000, links.routes, links.capacities)

    @property
    def core_hz(self) -> Integers:
        """int64 (conditions,): the core clock by number; 0 where it stands still."""
        return np.array([each.core.clock_hz for each in self.seen], dtype=np.int64)

    @property
    def core_idle_hz(self) -> Integers:
        """int64 (conditions,): the clock at which the cores' domain rests."""
        return np.array([each.core.idle_hz for each in self.seen], dtype=np.int64)

    @property
    def core_v(self) -> Floats:
        """float64 (conditions,): the cores' voltage."""
        return np.array([each.core.voltage_v for each in self.seen], dtype=np.float64)
