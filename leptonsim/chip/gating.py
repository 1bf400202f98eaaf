"""Blocks at rest, as parameters: their share of static power, when they sleep, and what sleep costs.

A block is an array, a vector unit or an SRAM of every core, the network with shared SRAM, the DRAM with its interface,
or the PCIe link; banks of SRAM that hold nothing can be off by themselves. What a block does while none uses it is a
policy: a file in machine/gating.
"""

from typing import Annotated

from leptonsim.chip.declare import Part, param
from leptonsim.chip.scalars import Flag, Measure, Number, Text
from leptonsim.chip.units import TIME

Gating = Annotated[
    str,
    Text(
        r"[A-Za-z0-9][A-Za-z0-9._-]*(:[^:\s]+)?",
        "the name of a policy, with what it is told after a colon: idle_detection:1us",
    ),
]
Share = Annotated[float, Number(least=0, most=1)] | None
_WHEN = "When it sleeps: none, idle_detection (after idle time), directed (the program knows), ideal."
_SHARE = "Share of `power.static`; none: by what the chip is made of."
WakeTime = Annotated[int, Measure(TIME, "0 ps", "1 ms")] | None
BreakEven = Annotated[int, Measure(TIME, "0 ps", "1 s")] | None
_WAKE = "Time in which it wakes up; none: that of the energy data."
_BREAK_EVEN = "Sleep that pays for going to sleep and waking up; none: that of the energy data."
_RESIDUAL = "Leakage asleep, as a share of leakage; none: that of the energy data."


class Block(Part):
    """A kind of block on the die."""

    gating: Gating = param("gating", _WHEN, "none")
    static_share: Share = param("static_share", _SHARE, None)
    wake_ps: WakeTime = param("wake", _WAKE, None)
    break_even_ps: BreakEven = param("break_even", _BREAK_EVEN, None)
    residual: Share = param("residual", _RESIDUAL, None)


class Banks(Part):
    """Banks of the cores' SRAM that hold nothing: off by themselves, without data."""

    gating: Gating = param("gating", "When they are off: none, idle_detection, directed, ideal.", "none")
    wake_ps: WakeTime = param("wake", _WAKE, None)
    break_even_ps: BreakEven = param("break_even", _BREAK_EVEN, None)
    residual: Share = param("residual", _RESIDUAL, None)


class Interface(Part):
    """A block with devices or a link outside the die; its states and their times are those of the standard."""

    gating: Gating = param("gating", _WHEN, "none")
    static_share: Share = param("static_share", _SHARE, None)


class Blocks(Part):
    """Blocks of the chip."""

    clock_gating: Annotated[bool, Flag()] = param(
        "clock_gating", "Whether the clock of a block that does nothing is stopped near its root.", True
    )
    partial_arrays: Annotated[bool, Flag()] = param(
        "partial_arrays", "Whether rows and columns of an array that hold padding are off while it works.", False
    )
    tensor_core: Block = param("tensor_core", "Arrays with their accumulators.", factory=Block)
    vector_unit: Block = param("vector_unit", "Vector units.", factory=Block)
    sram: Block = param("sram", "The cores' SRAM; asleep it keeps its data.", factory=Block)
    sram_banks: Banks = param(
        "sram_banks", "Banks of the cores' SRAM that hold nothing; off they lose what they held.", factory=Banks
    )
    noc: Block = param("noc", "The network on the chip with shared SRAM.", factory=Block)
    dram: Interface = param("dram", "DRAM and its interface: power-down, then self-refresh.", factory=Interface)
    pcie: Interface = param("pcie", "The link to the host: L0s, then L1, then L1.2.", factory=Interface)
