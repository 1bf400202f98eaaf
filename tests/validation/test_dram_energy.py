"""Energy of a byte streamed from DRAM, standby included, against system figures that are published of its family.

Ranges in pJ/bit. HBM2, GDDR6, DDR4: Jouppi et al., ISCA 2021, Table 2 (250 to 450, 350 to 480 and 1300 pJ for 64 bits).
The others are typical figures of vendors and surveys, good to about 30 %.
"""

import pytest

from leptonsim.chip import energy_table, load_chip
from leptonsim.chip.dram_parts import dram_parts
from leptonsim.compiler.routes import dram_route
from leptonsim.fabric.dram import AccessPattern, DramModel
from leptonsim.machine.energy import energy_model

PUBLISHED = {
    "DDR4": (15, 22),
    "DDR5": (10, 16),
    "LPDDR4": (6.4, 8.0),
    "LPDDR4X": (4, 5),
    "LPDDR5": (3.5, 5),
    "GDDR6": (5.5, 7.5),
    "HBM2": (3.9, 7.0),
    "HBM2E": (3.9, 3.9),
    "HBM3": (3.5, 4.1),
}
SURVEY = 0.3
"""How far a survey's figure may be off."""


def streamed_pj_per_bit(part):
    chip = load_chip("lepton-c1", [f"dram.part={part}"])
    model = energy_model(chip)
    dram = DramModel(chip.dram)
    rate = dram.peak_bytes_per_s * dram.efficiency([AccessPattern("sequential", 4096)])
    moved = sum(model.dram_pj_per_byte(dram_route(False)).values())
    return (moved + energy_table(chip).dram.standby_w * 1e12 / rate) / 8


@pytest.mark.parametrize("part", dram_parts())
def test_a_streamed_bit_costs_what_is_published_of_the_family(part):
    least, most = PUBLISHED[part.partition("-")[0]]
    spare = 1 if least != most and part.startswith(("HBM2-", "GDDR6", "DDR4")) else 1 + SURVEY
    assert least / spare <= streamed_pj_per_bit(part) <= most * spare


def test_the_activates_of_hbm2_by_bytes_used_of_a_row_are_those_of_fine_grained_dram():
    """O'Connor et al., MICRO 2017: 909 pJ for each activate are 0.11 pJ/bit of a whole row of 1 KiB, 1.78 of 64 B."""
    model = energy_model(load_chip("lepton-t1", ["dram.part=HBM2-2000", "dram.mapping.interleave=256 B"]))
    whole = model.dram_pj_per_byte(dram_route(False))["activate"] / 8
    part = model.dram_pj_per_byte(dram_route(False, "random", 64))["activate"] / 8
    assert whole == pytest.approx(0.11, abs=0.03)
    assert part == pytest.approx(1.78, rel=0.05)
