"""How far a byte travels on the chip, and what that costs: from the area of the cores, or as the chip says."""

import itertools
import math

import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.chip.area import area, hop_length_mm
from leptonsim.chip.energy import energy_table
from leptonsim.fabric.noc import NocModel
from leptonsim.model import load_model

C1 = load_chip("lepton-c1")
WIRE_PJ_PER_BYTE_MM = 0.64
"""At 7 nm, as in leptonsim/chip/energy/noc.yaml."""


def way_mm(chip):
    """Mean length of the way of a byte between two cores."""
    return NocModel(chip.noc, chip.cores, chip.clocks.core_hz).hops * hop_length_mm(chip)[0]


def test_a_hop_is_the_side_of_a_tile_counted_by_hand():
    blocks = {block.name: block.area_mm2 for block in area(C1).blocks}
    interfaces = blocks.pop("DRAM interface") + blocks.pop("PCIe interface")
    rest = blocks.pop("rest of the die")
    cores = sum(blocks.values())
    tile_mm2 = (cores + rest * cores / (cores + interfaces)) / C1.cores
    length, source = hop_length_mm(C1)
    assert length == pytest.approx(math.sqrt(tile_mm2))
    assert source.startswith("estimate: side of a core's tile")


def test_a_crossbar_in_the_middle_is_a_side_of_all_tiles_away():
    crossbar = C1.with_({"noc.topology": "crossbar"})
    assert hop_length_mm(crossbar)[0] == pytest.approx(math.sqrt(C1.cores) * hop_length_mm(C1)[0])
    alone = {"cores": 1, "shared_sram": None}
    lengths = {hop_length_mm(C1.with_(alone | {"noc.topology": each}))[0] for each in ("ring", "mesh", "crossbar")}
    assert len(lengths) == 1


def test_the_mean_way_of_a_mesh_is_the_mean_distance_in_its_square():
    """Two points of a square of side a are 2 a / 3 apart on average, along the axes."""
    mesh = C1.with_({"noc.topology": "mesh", "cores": 64})
    side = math.sqrt(64) * hop_length_mm(mesh)[0]
    assert way_mm(mesh) == pytest.approx(2 / 3 * side)


@pytest.mark.parametrize(
    "further",
    [
        {"core.sram.size": "32 MiB"},
        {"shared_sram.size": "256 MiB"},
        {"core.tensor_core.rows": 512},
        {"process_nm": 16},
        {"noc.hop_length": "10 mm"},
    ],
)
def test_what_makes_cores_larger_makes_the_way_longer_and_dearer(further):
    chip = C1.with_(further)
    assert way_mm(chip) > way_mm(C1)
    assert energy_table(chip).noc_pj_per_byte_hop > energy_table(C1).noc_pj_per_byte_hop


@pytest.mark.parametrize("topology", ["ring", "mesh", "crossbar"])
def test_more_cores_are_further_apart(topology):
    chips = [C1.with_({"noc.topology": topology, "cores": n, "shared_sram": None}) for n in (4, 16, 64, 256)]
    for near, far in itertools.pairwise(chips):
        assert way_mm(near) < way_mm(far)


def test_interfaces_do_not_move_cores_apart():
    assert hop_length_mm(C1.with_({"dram.channels": 64, "pcie.lanes": 4})) == hop_length_mm(C1)


def test_a_length_of_ones_own_costs_its_wire_and_says_so():
    short, long = (C1.with_({"noc.hop_length": length}) for length in ("500 um", "2.5 mm"))
    tables = [energy_table(chip) for chip in (short, long)]
    assert tables[1].noc_pj_per_byte_hop - tables[0].noc_pj_per_byte_hop == pytest.approx(2 * WIRE_PJ_PER_BYTE_MM)
    assert "noc.hop_length of lepton-c1" in tables[0].sources["noc_hop"]


def test_energy_of_the_network_goes_with_hops_and_lengths():
    """Twice the wire at the same router is so much more energy of the network, and of its clock at rest."""
    runs = []
    for length in (4, 8):
        chip = C1.with_({"noc.hop_length": f"{length} mm"})
        result = simulate(chip, load_model("gemm:256x512x512"))
        runs.append((result.energy_breakdown_j, energy_table(chip).noc_pj_per_byte_hop))
    (near, near_pj), (far, far_pj) = runs
    assert far["noc"] / near["noc"] == pytest.approx(far_pj / near_pj)
    assert {name for name in near if not math.isclose(near[name], far[name])} == {"noc", "clock"}
