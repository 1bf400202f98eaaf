"""Energy of DRAM: of each event, and what its devices draw without any; the part's own, or what the chip says instead.

How many activates a byte takes is for the burst-level kernel to say: see ``leptonsim.fabric.dram``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leptonsim.chip.dram_part import load_part

if TYPE_CHECKING:
    from leptonsim.chip.spec import Chip


@dataclass(frozen=True, slots=True)
class DramEnergy:
    """Energy of one event in pJ; powers are of all devices of the chip's memory, with rows open and the clock running.

    ``io_pj_per_byte`` is of both PHYs and the wires, for each byte moved either way.
    """

    activate_pj: float
    read_pj_per_byte: float
    write_pj_per_byte: float
    io_pj_per_byte: float
    background_w: float
    refresh_w: float

    @property
    def standby_w(self) -> float:
        """What the devices draw without being accessed."""
        return self.background_w + self.refresh_w


def dram_energy(chip: Chip) -> tuple[DramEnergy, dict[str, str]]:
    """The energy of a chip's DRAM, and where each constant is from, by the name that overrides it.

    Raises LeptonError for an unknown part.
    """
    part, given = load_part(chip.dram.part), chip.energy.overrides
    energy, ranks = part.energy, part.organization.ranks * chip.dram.channels
    # a refresh command is sent to each pseudo-channel
    refreshes = ranks * part.organization.pseudo_channels * part.clock_hz / part.clocks("refresh", "tREFI")
    known = {
        "dram_activate": ("activate_pj", energy.activate_pj),
        "dram_read": ("read_pj_per_bit", 8 * energy.read_pj_per_bit),
        "dram_write": ("write_pj_per_bit", 8 * energy.write_pj_per_bit),
        "dram_io": ("io_pj_per_bit", 8 * energy.io_pj_per_bit),
        "dram_background": ("background_mw", ranks * energy.background_mw / 1e3),
        "dram_refresh": ("refresh_pj", refreshes * energy.refresh_pj / 1e12),
    }
    values, sources = [], {}
    for name, (field, value) in known.items():
        own: float | None = getattr(given, name)
        values.append(value if own is None else own)
        is_estimate = field in energy.estimates and not energy.source.startswith("estimate")
        told = f"{part.name}: {'estimate; ' if is_estimate else ''}{energy.source}"
        sources[name] = told if own is None else f"energy.overrides.{name} of {chip.name}"
    return DramEnergy(*values), sources
