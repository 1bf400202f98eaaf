"""A chip that cannot be used is refused with its place, the rule and the nearest right word."""

import pytest

GEMM = "gemm:64x64x64"

DOCUMENTS = {
    "an empty file": ("", "is empty"),
    "a truncated file": ("name: mine\ncore: {tensor_core: {rows", ":3:1: not valid YAML"),
    "a file that is no mapping": ("only words", ":1:1: a chip is a mapping"),
    "a tab": ("name: mine\n\tcores: 2\n", ":2:1: not valid YAML"),
    "a misspelt key": ("name: mine\nextends: lepton-c1\ncoers: 2\n", ":3:1: coers: unknown key; did you mean 'cores'?"),
    "a duplicate key": ("name: mine\nextends: lepton-c1\ncores: 2\ncores: 3\n", ":4:1: cores: given twice"),
    "a size for a frequency": (
        "name: mine\nextends: lepton-c1\nclocks: {core: 512 MB}\n",
        ":3:16: clocks.core: '512 MB' is a size where a frequency belongs",
    ),
    "a size of zero": ("name: mine\nextends: lepton-c1\ncore: {sram: {size: 0 MiB}}\n", ":3:21: core.sram.size: 0 MiB"),
    "a negative size": (
        "name: mine\nextends: lepton-c1\ncore: {sram: {size: -8 MiB}}\n",
        ":3:21: core.sram.size: -8 MiB is out of range",
    ),
    "no rows": ("name: mine\nextends: lepton-c1\ncore: {tensor_core: {rows: 0}}\n", "core.tensor_core.rows: 0"),
    "a missing section": ("name: mine\n", "missing"),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_bad_chip_file_is_refused_with_its_place(case, refused, tmp_path):
    text, expected = DOCUMENTS[case]
    chip = tmp_path / "mine.yaml"
    chip.write_text(text)
    message = refused("run", "--config", chip, GEMM)
    assert message.startswith(f"{chip}")
    assert expected in message


def test_several_mistakes_are_told_at_once(refused, tmp_path):
    chip = tmp_path / "mine.yaml"
    chip.write_text("name: mine\nextends: lepton-c1\ncoers: 2\nclocks: {core: 512 MB}\n")
    message = refused("run", "--config", chip, GEMM)
    assert "'cores'" in message
    assert "clocks.core" in message


def test_a_binary_file_is_no_chip(refused, tmp_path):
    chip = tmp_path / "mine.yaml"
    chip.write_bytes(b"\x08\x07\x12\xff\xfe\x00")
    assert "not text" in refused("run", "--config", chip, GEMM)


def test_an_unknown_chip_suggests_the_nearest(refused):
    assert "did you mean 'lepton-c1'?" in refused("run", "--config", "lepton-cl", GEMM)


def test_a_missing_config_names_the_shipped_chips(refused):
    message = refused("run", GEMM)
    assert "--config" in message
    assert all(chip in message for chip in ("lepton-c1", "lepton-e1", "lepton-t1"))


def test_a_missing_chip_file_and_a_folder_are_refused(refused, tmp_path):
    assert "no such file" in refused("run", "--config", tmp_path / "none.yaml", GEMM)
    assert "a folder" in refused("run", "--config", tmp_path, GEMM)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("core.sram.sze=1 MiB", "did you mean 'core.sram.size'?"),
        ("clocks.core=512 MB", "a size where a frequency belongs"),
        ("cores=0", "cores"),
        ("cores", "--set cores"),
    ],
)
def test_a_bad_change_of_a_chip_is_refused(change, expected, refused):
    assert expected in refused("run", "--config", "lepton-c1", "--set", change, GEMM)
