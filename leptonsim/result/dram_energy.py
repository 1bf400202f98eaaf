"""Energy of DRAM by event: what the components ``dram`` and ``standby`` of a breakdown are made of."""

from __future__ import annotations

import math

from leptonsim.compiler.program import Program
from leptonsim.machine.energy import DRAM_EVENTS, EnergyModel
from leptonsim.machine.machine import Record
from leptonsim.machine.rest_energy import RestEnergy


def dram_energy_j(program: Program, record: Record, model: EnergyModel, resting: RestEnergy) -> dict[str, float]:
    """Joules of a whole run: activates, reads, writes, interface; background and refresh."""
    spent = []
    for route, size in zip(program.routes, record.route_bytes.tolist(), strict=True):
        if size and route.end in ("dram", "copy"):
            each = model.dram_pj_per_byte(route)
            spent.append({event: size / route.receivers * each[event] for event in DRAM_EVENTS})
    refresh_pj = math.fsum(resting.refresh_pj)
    found = {event: math.fsum(part[event] for part in spent) for event in DRAM_EVENTS}
    found["io"] += 0.0 if record.power is None else record.power.io_extra_pj
    found |= {"background": max(0.0, math.fsum(resting.standby_pj) - refresh_pj), "refresh": refresh_pj}
    return {event: value / 1e12 for event, value in found.items()}
