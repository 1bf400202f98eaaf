import itertools

import pytest

from leptonsim.errors import LeptonError
from leptonsim.explore.area import area
from leptonsim.explore.design import Designer, value_at
from leptonsim.explore.spec import sweep_from_text


def designs(text, models="gemm:8x8x8"):
    designer = Designer(sweep_from_text(f'chips: [lepton-c1]\nmodels: ["{models}"]\n{text}', "s.yaml"))
    choices = itertools.product(*(range(each.size) for each in designer.dimensions))
    return [design for design in map(designer.design, choices) if design is not None]


def test_conditions_leave_out_what_they_reject():
    found = designs(
        "set:\n  core.tensor_core.rows: [16, 32]\n  core.tensor_core.cols: [16, 32]\n"
        "where: ['core.tensor_core.rows == core.tensor_core.cols', 'core.sram.size == 8 MiB', 'area_mm2 < 1000']\n"
    )
    assert [list(design.overrides.values()) for design in found] == [["16", "16"], ["32", "32"]]


def test_derived_values_follow_the_axes_and_each_other():
    (found,) = designs(
        "set: {core.tensor_core.cols: [64]}\n"
        "derive:\n  core.tensor_core.rows: core.tensor_core.cols // 2\n"
        "  core.sram.size: 64 KiB * core.tensor_core.rows\n"
        "  power.states.1.core: 0.5 * power.states.1.core\n  clocks.core: power.states.1.core\n"
    )
    assert found.error is None
    assert value_at(found.chip, "core.tensor_core.rows") == 32
    assert value_at(found.chip, "core.sram.size") == 2 << 20
    assert value_at(found.chip, "clocks.core") == 500_000_000


def test_a_design_that_cannot_be_built_is_kept_with_its_error():
    (small, large) = designs("set: {core.sram.size: [1 KiB, 8 MiB]}\n")
    assert small.chip is None
    assert "cannot hold two folds" in small.error
    assert "\n" not in small.error
    assert large.error is None


def test_a_derived_part_of_a_whole_says_what_to_do():
    (found,) = designs("derive: {core.tensor_core.rows: core.tensor_core.cols / 3}\n")
    assert "use round(), floor() or ceil()" in found.error


def test_designs_of_equal_area_fill_the_die_to_within_the_tolerance():
    found = designs(
        "set: {core.tensor_core.rows: [32, 64, 128]}\nderive: {core.tensor_core.cols: core.tensor_core.rows}\n"
        "equal_area: {target: 200 mm2, adjust: cores, tolerance: 15%}\n"
    )
    assert len(found) >= 2
    for design in found:
        mm2 = area(design.chip).total_mm2
        assert 170 <= mm2 <= 200
        assert area(design.chip.with_({"cores": design.chip.cores + 1})).total_mm2 > 200


def test_a_size_is_adjusted_to_an_area_too():
    (found,) = designs(
        "equal_area: {target: lepton-c1, adjust: core.sram.size, tolerance: 1%}\nset: {core.tensor_core.rows: [64]}\n"
    )
    assert found.chip.core.sram.size_bytes > 8 << 20


def test_a_path_that_is_not_there_is_an_error():
    (found,) = designs("where: ['power.states.9.core > 1']\n")
    assert "there are 3 entries" in found.error


def test_a_chip_that_does_not_load_is_told():
    with pytest.raises(LeptonError):
        designs("", models='gemm:8x8x8", "gemm:8x8x8')
