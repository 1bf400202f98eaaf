"""What is wrong with a chip's file is told at file:line:column, all at once, with what to do."""

import pytest

from leptonsim.chip import ChipError, load_chip
from leptonsim.errors import LeptonError


def messages(tmp_path, text, overrides=()):
    """The lines of the error that loading ``text`` raises, without the folder of the file."""
    file = tmp_path / "chip.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ChipError) as caught:
        load_chip(file, overrides)
    assert isinstance(caught.value, LeptonError)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


BASE = "extends: lepton-c1\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "core:\n  tensor_core:\n    rowz: 64\n",
            "chip.yaml:4:5: core.tensor_core.rowz: unknown key; did you mean 'rows'?",
        ),
        ("pcei: 3\n", "chip.yaml:2:1: pcei: unknown key; did you mean 'pcie'?"),
        (
            "software: {frobnicate: 1}\n",
            "chip.yaml:2:12: software.frobnicate: unknown key; known: launch, buffer_share, default_dtype",
        ),
        (
            "core: {tensor_core: {rates: {int9: 1}}}\n",
            "chip.yaml:2:30: core.tensor_core.rates.int9: unknown key; did you mean 'int8'?",
        ),
        ("cores: 0\n", "chip.yaml:2:8: cores: 0 is out of range: an integer from 1 to 1024"),
        ("cores: 2.5\n", "chip.yaml:2:8: cores: expects an integer from 1 to 1024, not '2.5'"),
        ("cores: [4]\n", "chip.yaml:2:8: cores: expects an integer from 1 to 1024, not a list"),
        ("cores: {n: 4}\n", "chip.yaml:2:8: cores: expects an integer from 1 to 1024, not a mapping"),
        (
            "clocks: {core: 512 MB}\n",
            "chip.yaml:2:16: clocks.core: '512 MB' is a size where a frequency belongs, such as 1.2 GHz",
        ),
        (
            "core:\n  sram:\n    size: 8192\n",
            "chip.yaml:4:11: core.sram.size: '8192' has no unit: a size belongs here, such as 512 KiB",
        ),
        (
            "core: {dma: {access: 0.3 B}}\n",
            "chip.yaml:2:22: core.dma.access: '0.3 B' is not a whole number of bytes (nothing is rounded silently)",
        ),
        (
            "core: {sram: {size: 8 TiB}}\n",
            "chip.yaml:2:21: core.sram.size: 8 TiB is out of range: a size from 1 KiB to 4 GiB",
        ),
        (
            "noc: {topology: rings}\n",
            "chip.yaml:2:17: noc.topology: expects one of ring, mesh, crossbar, not 'rings'; did you mean 'ring'?",
        ),
        ("noc: ring\n", "chip.yaml:2:6: noc: expects a mapping of topology, link, hop, hop_length, not 'ring'"),
        ("pcie: {lanes: 3}\n", "chip.yaml:2:15: pcie.lanes: expects one of 1, 2, 4, 8, 16, not 3"),
        (
            "dram: {mapping: {xor: yes}}\n",
            "chip.yaml:2:23: dram.mapping.xor: expects true or false, not 'yes'",
        ),
        (
            "power: {states: {name: a}}\n",
            "chip.yaml:2:17: power.states: expects a list, not a mapping",
        ),
        (
            "core: {tensor_core: {sparsity: ['2-4']}}\n",
            "chip.yaml:2:33: core.tensor_core.sparsity.0: expects a pattern \"N:M\", such as 2:4, not '2-4'",
        ),
        (
            "energy: {overrides: {mac_bf17: 1 pJ}}\n",
            "chip.yaml:2:22: energy.overrides.mac_bf17: unknown key; did you mean 'mac_bf16'?",
        ),
        (
            "energy: {overrides: {sram_read: 1 pJ}}\n",
            "chip.yaml:2:33: energy.overrides.sram_read: "
            "'1 pJ' is an energy where an energy per byte belongs, such as 3.5 pJ/B",
        ),
        ("name: ''\n", "chip.yaml:2:7: name: expects a name of letters, digits, dots and dashes, not ''"),
        ("cores: ~\n", "chip.yaml:2:1: cores: missing; expects an integer from 1 to 1024 (number of cores, all alike)"),
        (
            "<<: {cores: 3}\n",
            "chip.yaml:2:1: <<: unknown key; known: name, description, process_nm, clocks, cores, core, "
            "shared_sram, noc, dram, pcie, power, energy, host, software",
        ),
    ],
)
def test_one_mistake_is_told_in_one_line(tmp_path, text, line):
    assert messages(tmp_path, BASE + text) == [line]


@pytest.mark.parametrize(
    ("text", "start", "contains"),
    [
        (
            "software: {default_dtype: int4}\n",
            "chip.yaml:2:27: software.default_dtype:",
            "add it to core.tensor_core.rates",
        ),
        ("clocks: {core: 2 GHz}\n", "chip.yaml:2:16: clocks.core:", "power.state 'base' runs at 1 GHz"),
        ("power: {state: bas}\n", "chip.yaml:2:16: power.state:", "did you mean 'base'?"),
        (
            "core: {tensor_core: {sparsity: ['4:2']}}\n",
            "chip.yaml:2:33: core.tensor_core.sparsity.0:",
            "N:M needs N below M",
        ),
        ("power: {state: null}\n", "", "say at which state the chip starts"),
        (
            "power:\n  states:\n" + 2 * "  - {name: base, voltage: 1 V, core: 1 GHz}\n",
            "chip.yaml:5:12: power.states.1.name:",
            "two states",
        ),
        (
            "core: {tensor_core: {accumulator_size: 256 B}}\n",
            "chip.yaml:2:40: core.tensor_core.accumulator_size:",
            "128 columns x 4 B = 512 B",
        ),
        ("core: {sram: {size: 64 KiB}}\n", "chip.yaml:2:21: core.sram.size:", "two folds of bf16 weights"),
        ("core: {dma: {port: 1 KiB/cycle}}\n", "chip.yaml:2:20: core.dma.port:", "wider than the SRAM behind it"),
        ("pcie: {mps: 300 B}\n", "chip.yaml:2:13: pcie.mps:", "not a power of two"),
        ("power: {static: 80 W}\n", "chip.yaml:2:17: power.static:", "leaves nothing of the 75.0 W"),
        ("power: {thermal: {ambient: 90 degC}}\n", "", "not above the air"),
        ("process_nm: 3\n", "chip.yaml:2:13: process_nm:", "from 5 to 45"),
        ("core: {vector_unit: {rates: {exp: null}}}\n", "", "no rate for exp"),
    ],
)
def test_a_broken_rule_between_parameters_names_both_sides(tmp_path, text, start, contains):
    (line,) = messages(tmp_path, BASE + text)
    assert line.startswith(start)
    assert contains in line


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_the_file(tmp_path):
    text = """\
extends: lepton-c1
cores: many
core:
  tensor_core: {rows: 0, cols: 128, cols: 64}
  sram: {size: 8 MHz, bank: 3}
dram:
  part: [LPDDR5-6400]
noc: &link {topology: star}
pcie: *link
"""
    lines = messages(tmp_path, text)
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in lines] == [
        "chip.yaml:2:8 cores",
        "chip.yaml:4:23 core.tensor_core.rows",
        "chip.yaml:4:37 core.tensor_core.cols",
        "chip.yaml:5:16 core.sram.size",
        "chip.yaml:5:23 core.sram.bank",
        "chip.yaml:7:9 dram.part",
        "chip.yaml:8:23 noc.topology",
        "chip.yaml:9:7 pcie",
    ]
    assert "given twice; the first is at line 4, column 26" in lines[2]
    assert "aliases (*name) are not read here" in lines[7]


def test_several_broken_rules_are_told_at_once(tmp_path):
    lines = messages(tmp_path, BASE + "clocks: {core: 2 GHz}\npcie: {mps: 300 B, mrrs: 400 B}\n")
    assert [line.split(": ")[1] for line in lines] == ["clocks.core", "pcie.mps", "pcie.mrrs"]


def test_what_is_missing_is_told_at_the_section_that_lacks_it(tmp_path):
    chip = load_chip("lepton-e1")
    lines = chip.to_yaml().splitlines()
    kept = [line for line in lines if not line.startswith(("  hop:", "process_nm:"))]
    at = next(index for index, line in enumerate(kept, 1) if line == "noc:")
    assert messages(tmp_path, "\n".join(kept)) == [
        "chip.yaml:1:1: process_nm: missing; expects an integer from 5 to 45 "
        "(process node in nanometres; it selects the energy table)",
        f"chip.yaml:{at}:1: noc.hop: missing; expects a number of cycles from 0 cycles to 1000 cycles "
        "(core cycles through one router and link)",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"- a\n- b\n", "chip.yaml:1:1: a chip is a mapping such as `name: my-chip`, not a list"),
        (b"just text", "chip.yaml:1:1: a chip is a mapping such as `name: my-chip`, not a single value"),
        (b"name: x\ncores: [1, 2\n", "not valid YAML"),
        (b"name: x\n\tcores: 3\n", "chip.yaml:2:1: not valid YAML: found a tab character"),
        (bytes(range(256)), "not text: byte 128 is not UTF-8"),
        (b"name: \x00", "not a YAML text"),
        (b"a: " + b"[" * 100_000, "nested more than 16 levels deep"),
        (b"x" * 2_000_000, "larger than 1048576 bytes"),
        (b"extends: chip.yaml\n", "extends itself: chip.yaml -> chip.yaml"),
        (b"extends: lepton-c2\n", "chip.yaml:1:10: extends: no chip is called 'lepton-c2'; did you mean 'lepton-c1'?"),
        (b"extends: other.yaml\n", "chip.yaml:1:10: extends: other.yaml: no such file; did you mean"),
        (b"extends: [lepton-c1]\n", "chip.yaml:1:10: extends: expects the name of a chip or the path of a file"),
        (b"extends: lepton-c1\n---\nextends: lepton-e1\n", "chip.yaml:2:1: a second document starts here"),
        (b"extends: lepton-c1\n[1, 2]: 3\n", "chip.yaml:2:1: a key is plain text, not a list"),
    ],
)
def test_a_file_that_is_no_chip_is_told_in_one_line(tmp_path, content, says):
    (line,) = messages(tmp_path, content)
    assert says in line


def test_a_folder_a_missing_file_and_an_unknown_name_are_told_apart(tmp_path):
    (tmp_path / "lepton.yaml").write_text("name: x\n")
    for source, says in [
        (tmp_path, "a folder, not a chip's YAML file"),
        (tmp_path / "leptons.yaml", "no such file; did you mean 'lepton.yaml'?"),
        (tmp_path / "no" / "such.yaml", "no such file"),
        ("lepton_c1", "no chip is called 'lepton_c1'; did you mean 'lepton-c1'? Shipped chips: lepton-c1,"),
        ("zzz", "no chip is called 'zzz'; Shipped chips: lepton-c1,"),
        ("", "no chip is called ''"),
    ]:
        with pytest.raises(ChipError) as caught:
            load_chip(source)
        assert says in str(caught.value)


def test_mistakes_in_an_extended_file_name_that_file(tmp_path):
    (tmp_path / "base.yaml").write_text("extends: lepton-c1\ncores: 0\nclocks: {core: 1 GHz}\n")
    lines = messages(tmp_path, "extends: base.yaml\nclocks: {core: 1 GB}\n")
    assert [line.split(": ")[0] for line in lines] == ["base.yaml:2:8", "chip.yaml:2:16"]


def test_a_cycle_of_extends_is_an_error_that_shows_the_cycle(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: chip.yaml\n")
    (line,) = messages(tmp_path, "extends: a.yaml\n")
    assert "extends itself: chip.yaml -> a.yaml -> chip.yaml" in line
