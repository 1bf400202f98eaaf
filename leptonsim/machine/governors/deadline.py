"""``deadline:5ms``: the state with the least energy, from deadline to deadline, among those that meet it.

Every state is tried on one request before the run. What counts is the energy of the request and of the idle time at
the lowest state until the deadline, so that a fast state with a long rest can win where static power is high. Where no
state meets the deadline it is the fastest. While there is no work the chip rests at the lowest state.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.chip.units import TIME
from leptonsim.errors import LeptonError
from leptonsim.machine.governors import Governor, Sample, Setting


@dataclass(frozen=True)
class Deadline:
    """One state for work, the lowest for rest."""

    first: int

    def choose(self, sample: Sample) -> int:
        """The chosen point while a request is being worked on."""
        return self.first if sample.waiting else 0


def govern(setting: Setting, told: str) -> Governor:
    """Try every point on one request."""
    try:
        deadline_ps = int(TIME.parse(told))
    except LeptonError as error:
        raise LeptonError(f"power.governor: deadline takes a time, as in deadline:5ms: {error}") from None
    tried = [setting.measure(point) for point in range(len(setting.points))]
    in_time = [point for point, found in enumerate(tried) if found.latency_ps <= deadline_ps]
    if not in_time:
        return Deadline(min(range(len(tried)), key=lambda point: tried[point].latency_ps))
    rest_w = setting.static_w[0]
    return Deadline(
        min(
            in_time,
            key=lambda point: tried[point].energy_pj + rest_w * (deadline_ps - tried[point].latency_ps),
        )
    )
