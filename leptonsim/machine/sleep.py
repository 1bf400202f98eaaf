"""States in which a block sleeps: what it still draws, how long it takes to wake, and when sleep pays.

Blocks on the die have one, in which their supply is switched off (an SRAM's is lowered, so that it keeps its data; one
bank of it may be off, and loses what it held).
DRAM has power-down and self-refresh, the PCIe link L0s, L1 and L1.2. Data and sources: chip/energy/idle.yaml; a chip's
``power.blocks`` overrides those of blocks on the die.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.chip.dram_part import load_part
from leptonsim.chip.energy import data
from leptonsim.chip.energy.dram import dram_energy
from leptonsim.chip.gating import Banks, Block
from leptonsim.chip.report import near
from leptonsim.chip.spec import Chip
from leptonsim.errors import LeptonError
from leptonsim.fabric.pcie import EXIT_LATENCY_PS
from leptonsim.kernels.tiles import BLOCK_NAMES

Numbers = float | npt.NDArray[np.float64]

ON_DIE = BLOCK_NAMES[:4]
"""Blocks whose supply is that of the cores; the interfaces to DRAM and PCIe have supplies of their own."""


@dataclass(frozen=True, slots=True)
class SleepState:
    """``static_share`` is what is left of static power, ``rest_share`` of what the block draws for resting awake; of
    that, ``refresh_share`` is what is left of the refresh of DRAM.

    Sleep of ``break_even_ps`` saves as much as going to sleep and waking up costs.
    """

    name: str
    static_share: float
    rest_share: float
    wake_ps: int
    break_even_ps: int
    refresh_share: float = 1.0


def sleep_states(chip: Chip, block: str) -> tuple[SleepState, ...]:
    """The states of a block, from the lightest to the deepest. Raises LeptonError for an unknown DRAM family."""
    if block == "dram":
        return _dram(chip)
    if block == "pcie":
        return _pcie()
    return (_gated("sleep" if block == "sram" else "gated", block, getattr(chip.power.blocks, block)),)


def background_at(clock: Numbers) -> Numbers:
    """Background power of DRAM where its clock is ``clock`` times that of its own rate, over that there: linear."""
    share: float = data.idle()["dram_clock"]["share"]
    return 1.0 - share + share * clock


def bank_off(chip: Chip) -> SleepState:
    """The state of a bank of SRAM that is off; shares are those of one bank."""
    return _gated("off", "sram_bank", chip.power.blocks.sram_banks)


def _gated(name: str, block: str, given: Block | Banks) -> SleepState:
    known = data.idle()["gated"][block]
    residual = known.get("residual", data.power_gated_share()[0])
    return SleepState(
        name,
        residual if given.residual is None else given.residual,
        0.0,
        math.ceil(known["wake_ns"] * 1000) if given.wake_ps is None else given.wake_ps,
        math.ceil(known["break_even_ns"] * 1000) if given.break_even_ps is None else given.break_even_ps,
    )


def _dram(chip: Chip) -> tuple[SleepState, ...]:
    part, families, interface = load_part(chip.dram.part), data.idle()["dram"], data.idle()["dram_interface"]
    if part.standard not in families:
        raise LeptonError(
            f"power.blocks.dram.gating: nothing is known of the sleep of {part.standard!r}; "
            f"{near(part.standard, families)} Or let it be none"
        )
    family = families[part.standard]
    dram, _ = dram_energy(chip)
    power_down_w = dram.background_w * family["power_down"] + dram.refresh_w
    left = power_down_w / dram.standby_w if dram.standby_w else 1.0
    exits = data.idle()["off_chip_break_even"]["exits"]
    down_ps = math.ceil(family["tXP_ns"] * 1000)
    refreshed_ps = part.ps(part.clocks("refresh", "tRFC")) + math.ceil(family["tXS_over_tRFC_ns"] * 1000)
    return (
        SleepState("power_down", interface["power_down"], left, down_ps, exits * down_ps),
        SleepState(
            "self_refresh",
            interface["self_refresh"],
            family["self_refresh"],
            refreshed_ps,
            exits * refreshed_ps,
            refresh_share=family["self_refresh"],
        ),
    )


def _pcie() -> tuple[SleepState, ...]:
    shares, exits = data.idle()["pcie"], data.idle()["off_chip_break_even"]["exits"]
    return tuple(
        SleepState(name, shares[name], 0.0, EXIT_LATENCY_PS[name], exits * EXIT_LATENCY_PS[name])
        for name in ("L0s", "L1", "L1.2")
    )
