"""What holds while no clock and no voltage changes: what is in force in all domains together.

For each condition that a run comes to it is worked out once what the meter and the tile machine take for it; from then
on a change is two assignments. Readings of the meter say which condition they were taken under, by number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.kernels.meter import Meter
from leptonsim.kernels.tiles import TileMachine
from leptonsim.machine.blocks import Beside
from leptonsim.machine.condition import Condition
from leptonsim.machine.domain import Domain
from leptonsim.machine.energy import io_at
from leptonsim.machine.idling import Idling
from leptonsim.machine.links import Fabric, Links
from leptonsim.machine.spending import Spending, Supplies

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Conditions:
    """``seen`` are the conditions of a run by number, in the order in which it came to them; ``now`` is in force, with
    ``links``, those of what stands still at the clock at which it rests. The domains are cores, uncore and memory;
    ``number`` is made of what they say is in force.

    ``work`` is what was done at each set of supplies, int64 (operators + 1, columns) as the meter counts it.
    """

    def __init__(
        self,
        domains: tuple[Domain, Domain | None, Domain],
        chip: Chip,
        spending: Spending,
        idling: Idling,
        fabric: Fabric,
        tiles: TileMachine,
        meter: Meter,
    ) -> None:
        self._chip, self._spending, self._idling, self._fabric = chip, spending, idling, fabric
        self._tiles, self._meter = tiles, meter
        self._use_point, self._use_clock, self._is_simple = meter.use_point, tiles.use_clock, idling.is_simple
        self._core, self._uncore, self._memory = domains
        self._is_alone = all(domain is None or domain.is_fixed for domain in domains[1:])
        self._known: dict[int | tuple[int, int, int], tuple[Condition, Any, Any, Links]] = {}
        self._clocks: dict[tuple[int, int, int, int], tuple[Any, Links]] = {}
        self.seen: list[Condition] = []
        self.work: dict[Supplies, Integers] = {}
        self.number: int | tuple[int, int, int] = -1
        self.follow()

    def follow(self) -> None:
        """What is in force in the domains is the condition from now on, for work in flight as for what follows."""
        if self._is_alone:
            number: int | tuple[int, int, int] = self._core.number
        else:
            number = self._core.number, 0 if self._uncore is None else self._uncore.number, self._memory.number
        if number == self.number:
            return
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._prepare()
        self.number = number
        self.now, point, clock, self.links = found
        self._use_point(point)
        self._use_clock(clock)
        if not self._is_simple:
            self._idling.use(self.now)

    def _prepare(self) -> tuple[Condition, Any, Any, Links]:
        """The condition, and what the meter and the tile machine take for it."""
        uncore = None if self._uncore is None else self._uncore.in_force
        core, memory = self._core.in_force, self._memory.in_force
        condition = Condition(core, uncore, memory)
        supplies = self._supplies(condition)
        if supplies not in self.work:
            self.work[supplies] = np.zeros(self._spending.pj.shape[1:], dtype=np.int64)
        point = self._meter.point_of(
            len(self.seen),
            core.clock_hz,
            condition.still,
            self._spending.scale(supplies),
            self.work[supplies],
            *self._idling.powers(core.voltage_v, core.idle_hz, condition.beside),
        )
        self.seen.append(condition)
        key = core.clock_hz, uncore.idle_hz if uncore else 0, memory.idle_hz, condition.held
        if key not in self._clocks:
            core_hz = core.clock_hz or core.idle_hz
            links = self._fabric.at(core_hz, uncore.idle_hz if uncore else None, memory.idle_hz)
            clock = self._tiles.clock_of(
                core.clock_hz // 1000, links.routes, links.capacities, links.dram_mix, condition.held
            )
            self._clocks[key] = clock, links
        return condition, point, *self._clocks[key]

    def _supplies(self, condition: Condition) -> Supplies:
        core, uncore, memory = condition
        start, io = self._chip.power.memory, 1.0
        if start is not None:
            io = io_at(self._chip, memory.voltage_v or None) / io_at(self._chip, start.start.voltage_v)
        return Supplies(core.voltage_v, None if uncore is None else uncore.voltage_v, io)

    def core_hz(self, condition: Integers) -> Integers:
        """int64 (n,): the core clock under conditions by number; 0 where it stands still."""
        return np.array([each.core.clock_hz for each in self.seen], dtype=np.int64)[condition]

    def core_v(self, condition: Integers) -> Floats:
        """float64 (n,): the cores' voltage."""
        return np.array([each.core.voltage_v for each in self.seen], dtype=np.float64)[condition]

    def core_idle_hz(self, condition: Integers) -> Integers:
        """int64 (n,): the clock at which the cores' domain rests."""
        return np.array([each.core.idle_hz for each in self.seen], dtype=np.int64)[condition]

    def beside(self, condition: Integers) -> Beside:
        """What blocks at rest need to know beside the cores, float64 (n,) each."""
        return Beside(*np.array([each.beside for each in self.seen], dtype=np.float64)[condition].T)

    def in_force(self, domain: str, condition: Integers) -> tuple[Integers, Floats]:
        """int64 and float64 (n,): clock (0: it stood still) and voltage of ``uncore`` or ``memory``."""
        found = [getattr(each, domain) for each in self.seen]
        clocks = np.array([each.clock_hz for each in found], dtype=np.int64)
        return clocks[condition], np.array([each.voltage_v for each in found], dtype=np.float64)[condition]
