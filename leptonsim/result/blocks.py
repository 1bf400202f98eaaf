"""Blocks of the chip in a result: what each drew beside its operations, how long it rested, and in which states."""

from __future__ import annotations

from typing import Any

from leptonsim.machine.blocks import BLOCKS
from leptonsim.machine.machine import Record
from leptonsim.machine.resting import RestEnergy, Resting, Sleep


def blocks_of(resting: Resting, energy: RestEnergy, sleep: Sleep, record: Record) -> dict[str, dict[str, Any]]:
    """The part ``blocks`` of a result's JSON; times are sums over the units of a kind of block."""
    units = resting.power.units.astype(int).tolist()
    rested = [*record.rested_ps.tolist(), 0]
    found: dict[str, dict[str, Any]] = {}
    for index, block in enumerate(BLOCKS):
        states = resting.states.get(block, ())
        found[block] = {
            "units": units[index],
            "gating": "none" if block == "other" else getattr(resting.chip.power.blocks, block).gating,
            "static_j": float(energy.static_pj[index]) / 1e12,
            "clock_j": float(energy.clock_pj[index]) / 1e12,
            "standby_j": float(energy.standby_pj[index]) / 1e12,
            "time_ps": units[index] * record.makespan_ps,
            "rested_ps": rested[index],
            "slept_ps": {
                state.name: int(sleep.slept_ps[index, depth])
                for depth, state in enumerate(states)
                if sleep.visits[index, depth] or sleep.slept_ps[index, depth]
            },
            "sleeps": int(sleep.visits[index].sum()),
        }
    return found
