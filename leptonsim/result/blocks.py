"""Blocks of the chip in a result: what each drew beside its operations, how long it rested, and in which states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from leptonsim.machine.banks import bank_bytes
from leptonsim.machine.blocks import BLOCKS
from leptonsim.machine.machine import Record
from leptonsim.machine.rest_energy import RestEnergy, Sleep
from leptonsim.machine.resting import Resting


def blocks_of(resting: Resting, energy: RestEnergy, sleep: Sleep, record: Record) -> dict[str, dict[str, Any]]:
    """The part ``blocks`` of a result's JSON; times are sums over the units of a kind of block.

    Where banks of SRAM may be off, they are its units.
    """
    units = resting.units.tolist()
    rested = (np.append(record.rested_ps, 0) * (resting.units // resting.power.units.astype(np.int64))).tolist()
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
    if resting.banks:
        gating = resting.chip.power.blocks.sram_banks.gating
        sizes = {"gating": gating, "bank_bytes": bank_bytes(resting.chip)}
        found["sram"]["banks"] = {**sizes, **resting.bank_times(record.rests, record.makespan_ps)._asdict()}
    return found


def banks_off(resting: Resting, record: Record, times_ps: Sequence[int]) -> list[float]:
    """Of each operator, how many of one core's banks were off while it added to the first run, on average."""
    if not resting.banks:
        return [0.0] * len(times_ps)
    found: list[float] = resting.banks_off(record.rests, np.cumsum([0, *times_ps])).tolist()
    return found
