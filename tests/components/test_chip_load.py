import pickle

import pytest

from leptonsim.chip import Chip, ChipError, load_chip, shipped_chips


@pytest.mark.parametrize("name", shipped_chips())
def test_a_shipped_chip_loads_and_survives_its_own_yaml(name, tmp_path):
    chip = load_chip(name)
    file = tmp_path / "again.yaml"
    file.write_text(chip.to_yaml())
    again = load_chip(file)
    assert (again, again.digest, hash(again)) == (chip, chip.digest, hash(chip))
    assert pickle.loads(pickle.dumps(chip)) == chip


def test_attributes_carry_inner_units():
    chip = load_chip("lepton-c1")
    assert isinstance(chip, Chip)
    assert chip.clocks.core_hz == 1_000_000_000
    assert chip.core.sram.size_bytes == 8 * 2**20
    assert chip.core.dma.setup_ps == 50_000


def test_an_unknown_name_lists_the_shipped_chips():
    with pytest.raises(ChipError, match=r"did you mean 'lepton-c1'\?"):
        load_chip("lepton-c2")
