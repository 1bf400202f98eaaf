"""What blocks at rest take in the time since the last reading, while some of them sleep: as far as it is known.

Each rest that ended in this time, or goes on, is held against every rule of its block. A rule that fits its length says
from when to when it was slept, in which state, and what that costs before it saves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DEPTHS = 3


class Rule(NamedTuple):
    """A row of the rules."""

    block: int
    state: int
    above_ps: int
    upto_ps: int
    from_ps: int
    until_ps: int
    wake_ps: int
    cost_ps: int

    def saved_ps(self, rest_begin_ps: int, rest_end_ps: int, begin_ps: int, end_ps: int) -> int:
        """What a rest saves between two instants: negative, at its end, where it is too short for what it costs."""
        if not self.above_ps < rest_end_ps - rest_begin_ps <= self.upto_ps:
            return 0
        until_ps = rest_end_ps - self.wake_ps if self.until_ps < 0 else rest_begin_ps + self.until_ps
        paid_ps = rest_begin_ps + self.from_ps + self.cost_ps
        if paid_ps > until_ps:
            return until_ps - paid_ps
        return max(0, min(until_ps, end_ps) - max(paid_ps, begin_ps))


RULE_FIELDS = Rule._fields


class RestMeter:
    """See ``kernels/rest_meter.pyx`` for the parameters."""

    def __init__(
        self,
        rules: Integers,
        left_static: Floats,
        left_rest: Floats,
        units: Floats,
        *,
        standby: int,
        partial: int = -1,
        waits: tuple[int, int] = (-1, -1),
    ) -> None:
        self._rules = [Rule(*row) for row in np.reshape(rules, (-1, len(RULE_FIELDS))).tolist()]
        self._left_static, self._left_rest, self._units = left_static, left_rest, units
        self._standby, self._partial, self._waits = standby, partial, waits
        blocks = len(units)
        self._rested_then = [0] * blocks
        self.now_ps = 0
        if not 1 <= blocks <= 16:
            raise ValueError("RestMeter: 1 to 16 kinds of blocks")
        if left_static.shape != (blocks, DEPTHS) or left_rest.shape != (blocks, DEPTHS):
            raise ValueError("RestMeter: three states of sleep for each kind of block")
        if not 0 <= standby < blocks or not -1 <= partial < blocks:
            raise ValueError("RestMeter: there is no such block")
        if not -1 <= waits[0] < blocks or not min(waits[0], 0) <= waits[1] < DEPTHS:
            raise ValueError("RestMeter: there is no such block or state to wait in")
        order = [rule.block for rule in self._rules]
        if order != sorted(order) or any(not (0 <= r.block < blocks and 0 <= r.state < DEPTHS) for r in self._rules):
            raise ValueError("RestMeter: rules are in the order of blocks, and name blocks and states that exist")

    def attach(self, tiles: Any, meter: Any) -> None:
        """The tile machine and the meter of ``read``."""
        self._tiles, self._meter, self._seen = tiles, meter, 0

    def use(self, powers: Floats, core_hz: int) -> None:
        """What is in force from now on: ``powers`` as for ``energy_pj``, and the core clock."""
        self._powers, self._core_hz = powers, max(1, core_hz)

    def read(self, changed: int, now_ps: int) -> None:
        """Have the meter close a reading until ``now_ps``, of which ``changed`` rows tell."""
        meter = self._meter
        if now_ps <= self.now_ps:
            return
        meter.gather(changed)
        rests = self._tiles.rests(self._seen, True)
        self._seen += len(self._tiles.rests(self._seen))
        padding_ps = meter.open_counts[0] * 1e12 / self._core_hz if self._partial >= 0 else 0.0
        heat = meter.heat_factor
        meter.close(now_ps, *self.energy_pj(now_ps, rests, len(rests), meter.rested, padding_ps, self._powers, heat))

    def energy_pj(
        self,
        now_ps: int,
        rests: Integers,
        n: int,
        rested_ps: Integers,
        padding_ps: float,
        powers: Floats,
        heat: float,
    ) -> tuple[float, float, float]:
        """Energy since the last reading: of clocks at rest, of standby, and static."""
        blocks = len(self._units)
        if powers.shape != (3, blocks) or len(rested_ps) > blocks:
            raise ValueError("energy_pj: three powers for each kind of block, and how long each rested")
        if not 0 <= n <= len(rests) or rests.shape[1] != 4 or now_ps < self.now_ps:
            raise ValueError("energy_pj: rests have 4 columns, and time goes forward")
        if self._waits[0] >= len(rested_ps):
            raise ValueError("energy_pj: how long the block rested that waits in a state")
        if any(not 0 <= block < blocks for block in rests[:n, 0].tolist()):
            raise ValueError("energy_pj: there is no such block")
        saved = [[0] * DEPTHS for _ in range(blocks)]
        for block, since_ps, until_ps, _ in rests[:n].tolist():
            for rule in self._rules:
                if rule.block == block:
                    saved[block][rule.state] += rule.saved_ps(since_ps, until_ps, self.now_ps, now_ps)
        until_now = rested_ps.tolist() + [0] * (blocks - len(rested_ps))
        rested = [now - then for now, then in zip(until_now, self._rested_then, strict=True)]
        # standby is drawn at work too
        rested[self._standby] = now_ps - self.now_ps
        if self._waits[0] >= 0:
            saved[self._waits[0]][self._waits[1]] += until_now[self._waits[0]] - self._rested_then[self._waits[0]]
        clock = standby = static = 0.0
        for block, (leakage, steady, rest_w) in enumerate(powers.T.tolist()):
            units = float(self._units[block])
            on = now_ps - self.now_ps - self._weighted(self._left_static[block], saved[block]) / units
            if block == self._partial:
                on -= (1 - float(self._left_static[block, 0])) * padding_ps / units
            static += (leakage * heat + steady) * on
            taken = rest_w * (rested[block] - self._weighted(self._left_rest[block], saved[block])) / units
            if block == self._standby:
                standby += taken
            else:
                clock += taken
        self._rested_then, self.now_ps = until_now, now_ps
        return clock, standby, static

    @staticmethod
    def _weighted(left: Floats, saved: list[int]) -> float:
        return sum(((1 - share) * time for share, time in zip(left.tolist(), saved, strict=True)), 0.0)
