import itertools
import math

import pytest

from leptonsim.chip import load_chip, shipped_chips
from leptonsim.chip.area.model import cell_um2, data, sram_mm2
from leptonsim.chip.dram_parts import dram_families
from leptonsim.errors import LeptonError
from leptonsim.explore.area import area, die_cost
from leptonsim.explore.area.cost import dies_per_wafer, murphy_yield


@pytest.mark.parametrize("name", shipped_chips())
def test_blocks_add_up_and_carry_source_and_uncertainty(name):
    found = area(load_chip(name))
    assert found.total_mm2 == pytest.approx(sum(block.area_mm2 for block in found.blocks))
    assert 0 < found.uncertainty_mm2 < found.total_mm2
    for block in found.blocks:
        assert block.area_mm2 > 0
        assert block.source
        assert 0 < block.uncertainty < 1


@pytest.mark.parametrize(
    ("change", "block"),
    [
        ({"core.tensor_core.rows": 256}, "tensor cores"),
        ({"core.vector_unit.lanes": 1024}, "vector units"),
        ({"core.sram.size": "16 MiB"}, "SRAM"),
        ({"shared_sram.size": "64 MiB"}, "shared SRAM"),
        ({"dram.channels": 32}, "DRAM interface"),
        ({"pcie.lanes": 8}, "PCIe interface"),
        ({"noc.link": "128 B/cycle"}, "network"),
        ({"core.tensor_core.accumulator_size": "4 MiB"}, "accumulators"),
        ({"core.dma.port": "128 B/cycle"}, "DMA"),
    ],
)
def test_a_parameter_changes_its_block_and_the_rest_in_proportion(change, block):
    chip = load_chip("lepton-c1")
    before = {each.name: each.area_mm2 for each in area(chip).blocks}
    after = {each.name: each.area_mm2 for each in area(chip.with_(change)).blocks}
    changed = {name for name in before if not math.isclose(before[name], after[name])}
    assert changed == {block, "rest of the die"}
    assert (after[block] > before[block]) == ("pcie.lanes" not in change)


def test_a_smaller_node_is_smaller_in_logic_and_sram_but_not_in_phys():
    chip = load_chip("lepton-c1")
    by_node = [
        {each.name: each.area_mm2 for each in area(chip.with_({"process_nm": node})).blocks}
        for node in (45, 22, 16, 12, 7, 5)
    ]
    for larger, smaller in itertools.pairwise(by_node):
        assert smaller["tensor cores"] < larger["tensor cores"]
        assert smaller["SRAM"] < larger["SRAM"]
    assert by_node[-1]["PCIe interface"] > 16 * data("phy")["pcie"][4]["phy_mm2"]


def test_sram_passes_through_cacti_at_its_points_and_grows_with_capacity():
    factor = data("sram")["macro_factor"]["value"]
    assert sram_mm2(1 << 20, 22) == pytest.approx(0.94637 * factor)
    assert sram_mm2(1 << 20, 7) == pytest.approx(0.94637 * factor * 0.027 / 0.092)
    sizes = [sram_mm2(1 << power, 7) for power in range(10, 33)]
    assert sizes == sorted(sizes)


def test_a_cell_is_as_large_as_its_costliest_data_type_at_its_rate():
    # Two operands that stay, one that moves on, and the sum, in flip-flops of 4.522 um2.
    int8 = 282 + 137 + (3 * 8 + 32) * 4.522
    assert cell_um2({"int8": 1}) == pytest.approx(int8)
    assert cell_um2({"int8": 1, "bf16": 1, "fp32": 0.25}) == pytest.approx(867 + 4184 + (3 * 16 + 32) * 4.522)
    assert cell_um2({"int8": 32, "bf16": 1}) == pytest.approx(32 * int8)
    assert cell_um2({"int8": 1}, operands_staying=1) == pytest.approx(int8 - 8 * 4.522)


def test_a_second_weight_buffer_takes_area():
    chip = load_chip("lepton-c1")
    single = chip.with_({"core.tensor_core.schedule": "single"})
    assert area(single).total_mm2 < area(chip).total_mm2


@pytest.mark.parametrize("node_nm", [22, 32, 45])
def test_sram_before_the_macro_is_what_cacti_gives_at_every_point(node_nm):
    known = data("sram")
    for kib, mm2 in known["mm2"][node_nm].items():
        assert sram_mm2(kib << 10, node_nm) == pytest.approx(mm2 * known["macro_factor"]["value"])


def test_dies_and_yield_follow_their_formulas():
    # 100 mm2 on 300 mm: 706.86 - 66.64; A D = 0.09: ((1 - e^-0.09) / 0.09)^2.
    assert dies_per_wafer(100, 300) == 640
    assert murphy_yield(1.0, 0.09) == pytest.approx(((1 - math.exp(-0.09)) / 0.09) ** 2)
    cost = die_cost(100, 7)
    assert cost.cost_usd == pytest.approx(9346 / (640 * murphy_yield(1.0, 0.09)))
    assert die_cost(200, 7).cost_usd > 2 * cost.cost_usd
    assert die_cost(900, 7) is None


def test_every_family_of_dram_has_an_interface():
    assert set(dram_families()) <= set(data("phy")["dram"])


def test_an_unknown_family_is_told(tmp_path, monkeypatch):
    import leptonsim.chip.area.model as model

    class Part:
        standard = "HMC"

    monkeypatch.setattr(model, "load_part", lambda part: Part())
    with pytest.raises(LeptonError, match="interface of HMC"):
        area(load_chip("lepton-c1"))
