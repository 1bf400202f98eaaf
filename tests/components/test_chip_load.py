import os
import pickle
import subprocess
import sys
from importlib import resources

import pytest

from leptonsim.chip import Chip, ChipError, energy_table, load_chip, shipped_chips


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


TRAPS = """\
extends: lepton-c1
name: 010
description: 12:30
software: {buffer_share: 5e-1}
core:
  tensor_core: {sparsity: [2:4, 1:2], rates: {int8: 1.}}
energy: {overrides: {mac_int8: 2e-1 pJ}}
power:
  state: on
  states:
    - {name: no, voltage: .5 V, core: 0.5 GHz}
    - {name: on, voltage: 0.6 V, core: 1e3 MHz}
"""


def test_yaml_1_1_does_not_interpret_values(tmp_path):
    file = tmp_path / "traps.yaml"
    file.write_text(TRAPS)
    chip = load_chip(file)
    assert chip.name == "010"
    assert chip.description == "12:30"
    assert chip.software.buffer_share == 0.5
    assert chip.core.tensor_core.sparsity == ("2:4", "1:2")
    assert chip.core.tensor_core.rates["int8"] == 1.0
    assert chip.energy.overrides.mac_int8 == 0.2
    assert [state.name for state in chip.power.states] == ["no", "on"]
    again = tmp_path / "again.yaml"
    again.write_text(chip.to_yaml())
    assert load_chip(again) == chip


@pytest.mark.parametrize("text", ["010", "0x10", "1_0", "1e1", "12:30", "true", "+4", "4.0", "''"])
def test_an_integer_is_written_plainly(tmp_path, text):
    file = tmp_path / "chip.yaml"
    file.write_text(f"extends: lepton-c1\ncores: {text}\n")
    with pytest.raises(ChipError, match="an integer from 1 to 1024"):
        load_chip(file)


def test_what_a_file_says_is_laid_upon_what_it_extends(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text("extends: lepton-c1\nname: base\ncore: {sram: {size: 4 MiB}}\n")
    top = tmp_path / "sub" / "top.yaml"
    top.write_text("extends: ../base.yaml\ncore: {sram: {banks: 16}, tensor_core: {sparsity: []}}\nshared_sram: null\n")
    chip, base = load_chip(top), load_chip("lepton-c1")
    assert chip.name == "base"
    assert (chip.core.sram.size_bytes, chip.core.sram.banks) == (4 * 2**20, 16)
    assert chip.core.tensor_core.sparsity == ()
    assert chip.shared_sram is None
    assert chip.core.dma == base.core.dma


def test_a_chip_cannot_be_changed_in_place():
    chip = load_chip("lepton-c1")
    with pytest.raises(ValueError, match="frozen"):
        chip.core.sram.size_bytes = 1


def test_the_digest_depends_on_content_alone(tmp_path):
    chip = load_chip("lepton-c1")
    rewritten = tmp_path / "other.yaml"
    rewritten.write_text(chip.to_yaml().replace("8 MiB", "8192 KiB").replace("1 GHz", "1000 MHz"))
    assert load_chip(rewritten).digest == chip.digest
    assert chip.with_({"cores": 5}).digest != chip.digest
    assert len({chip, load_chip(rewritten), chip.with_({"cores": 5})}) == 2


def test_importing_the_package_does_not_import_pydantic():
    code = "import sys, leptonsim.chip; sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_a_dram_part_may_be_a_family_or_a_file_beside_the_chip(tmp_path):
    assert load_chip("lepton-c1", ["dram.part=HBM3"]).dram.part == "HBM3"
    part = resources.files("leptonsim.chip.dram_parts") / "LPDDR5-6400.yaml"
    (tmp_path / "mine.yaml").write_text(part.read_text())
    file = tmp_path / "chip.yaml"
    file.write_text("extends: lepton-c1\ndram: {part: mine.yaml}\n")
    chip = load_chip(file)
    assert chip.dram.part == str(tmp_path / "mine.yaml")
    named = load_chip("lepton-c1")
    assert energy_table(chip).dram == energy_table(named).dram
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("mine.yaml", "chip.yaml"):
        (elsewhere / name).write_text((tmp_path / name).read_text())
    assert load_chip(elsewhere / "chip.yaml").digest == chip.digest
    (elsewhere / "mine.yaml").write_text(part.read_text() + "# another\n")
    assert load_chip(elsewhere / "chip.yaml").digest != chip.digest


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("LPDDR5-6300", "unknown DRAM part 'LPDDR5-6300'; did you mean 'LPDDR5-6400'?"),
        ("hbm3", "unknown DRAM part 'hbm3'; did you mean 'HBM3'?"),
        ("missing.yaml", "missing.yaml: cannot be read"),
        ("-", "expects the name of a DRAM part, such as LPDDR5-6400, or of a YAML file"),
    ],
)
def test_an_unknown_dram_part_is_told_at_its_place(tmp_path, part, says):
    file = tmp_path / "chip.yaml"
    file.write_text(f"extends: lepton-c1\ndram: {{part: {part}}}\n")
    with pytest.raises(ChipError, match=r"chip\.yaml:2:14: dram\.part: ") as caught:
        load_chip(file)
    assert says in str(caught.value)
