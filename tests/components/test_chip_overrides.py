"""``--set path=value``, on a file and on a chip in memory, is the same as writing it in the file."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from leptonsim.chip import ChipError, load_chip
from leptonsim.chip.spec import build
from leptonsim.chip.tree import read

C1 = load_chip("lepton-c1")


def set_in(tree, path, value):
    *way, last = path.split(".")
    for step in way:
        tree = tree[int(step)] if isinstance(tree, list) else tree.setdefault(step, {})
    tree[last] = value


CHANGES = {
    "cores": st.integers(1, 64),
    "clocks.core": st.sampled_from(["1 GHz", "1000 MHz"]),
    "core.tensor_core.rows": st.sampled_from([16, 32, 64, 128, 256]),
    "core.tensor_core.rates.bf16": st.sampled_from([0.5, 1, 2.0]),
    "core.tensor_core.sparsity": st.sampled_from([[], ["1:4"]]),
    "core.sram.size": st.sampled_from(["4 MiB", "16 MiB", "12345678 B"]),
    "core.sram.banks": st.integers(1, 64),
    "dram.channels": st.sampled_from([1, 2, 32]),
    "dram.mapping.xor": st.booleans(),
    "pcie.lanes": st.sampled_from([1, 8, 16]),
    "pcie.rcb": st.sampled_from(["64 B", "128 B"]),
    "power.states.0.voltage": st.sampled_from(["0.45 V", "480 mV"]),
    "shared_sram.size": st.sampled_from(["1 MiB", "64 MiB"]),
    "software.buffer_share": st.floats(0.5, 1.0),
    "energy.overrides.mac_bf16": st.sampled_from(["1 pJ", "0.25 pJ"]),
}


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=CHANGES))
def test_a_changed_chip_equals_one_loaded_from_the_changed_file(tmp_path_factory, changes):
    tree = yaml.safe_load(C1.to_yaml())
    for path, value in changes.items():
        set_in(tree, path, value)
    file = tmp_path_factory.mktemp("chip") / "changed.yaml"
    file.write_text(yaml.safe_dump(tree, sort_keys=False))
    changed = C1.with_(changes)
    assert changed == load_chip(file)
    assert changed == load_chip("lepton-c1", changes)
    assert changed.with_({}) == changed
    assert (changed == C1) == (changed.to_yaml() == C1.to_yaml())


def test_a_change_leaves_the_chip_it_was_made_from_alone():
    before = C1.to_yaml()
    wide = C1.with_({"core.sram.size": "16 MiB"})
    wider = wide.with_({"core.sram.banks": 64, "power.states.0.core": "650 MHz"})
    assert (C1.core.sram.size_bytes, wide.core.sram.size_bytes) == (2**23, 2**24)
    assert (wide.core.sram.banks, wider.core.sram.banks) == (32, 64)
    assert (wide.power.states[0].core_hz, wider.power.states[0].core_hz) == (700_000_000, 650_000_000)
    assert C1.to_yaml() == before


def test_a_value_may_be_a_mapping_a_list_or_null():
    chip = C1.with_(["shared_sram=null", "power.states=[]", "power.state=null", "clocks.core=1.3 GHz"])
    assert (chip.shared_sram, chip.power.states, chip.clocks.core_hz) == (None, (), 1_300_000_000)
    chip = chip.with_(
        ["shared_sram={size: 1 MiB, bandwidth: 1 TB/s, latency: 10 ns}", "core.tensor_core.sparsity=[1:2]"]
    )
    assert chip.shared_sram is not None
    assert chip.shared_sram.latency_ps == 10_000
    assert chip.core.tensor_core.sparsity == ("1:2",)


def test_the_last_of_two_settings_of_one_path_wins():
    assert C1.with_(["cores=2", "cores=3"]).cores == 3


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("core.sram.bank=6", "--set core.sram.bank=6: unknown path; did you mean 'core.sram.banks'?"),
        ("core.tensr_core.rows=64", "--set core.tensr_core.rows=64: unknown path; did you mean 'core.tensor_core'?"),
        ("rows=64", "--set rows=64: unknown path; did you mean 'core.tensor_core.rows'?"),
        ("cores.rows=64", "--set cores.rows=64: unknown path; cores is a single value"),
        ("core.tensor_core.rates.int9=1", "--set core.tensor_core.rates.int9=1: unknown path; did you mean 'int8'?"),
        ("power.states.9.core=1 GHz", "--set power.states.9.core=1 GHz: power.states has 3 entries, counted from 0"),
        ("extends=x", "--set extends=x: unknown path; known: name, description, process_nm, clocks, cores, core, "
         "shared_sram, noc, dram, pcie, power, energy, host, software"),
        ("cores", "--set cores: expects path=value, such as core.tensor_core.rows=64"),
        ("=3", "--set =3: expects path=value, such as core.tensor_core.rows=64"),
        ("cores=abc", "--set cores=abc: cores: expects an integer from 1 to 1024, not 'abc'"),
        ("cores=", "--set cores=: cores: missing; expects an integer from 1 to 1024 (number of cores, all alike)"),
        (
            "core.sram.size=512 MHz",
            "--set core.sram.size=512 MHz: core.sram.size: "
            "'512 MHz' is a frequency where a size belongs, such as 512 KiB",
        ),
        (
            "noc={topology: ring, hop: 2 cycles, linc: 3}",
            "--set noc={topology: ring, hop: 2 cycles, linc: 3}: noc.linc: unknown key; did you mean 'link'?",
        ),
    ],
)  # fmt: skip
def test_a_wrong_override_is_named_as_it_was_given(override, line):
    with pytest.raises(ChipError) as from_file:
        load_chip("lepton-c1", [override])
    with pytest.raises(ChipError) as in_memory:
        C1.with_([override])
    assert line in str(from_file.value).splitlines()
    assert str(in_memory.value) == str(from_file.value)


def test_wrong_overrides_and_a_wrong_file_are_told_together(tmp_path):
    file = tmp_path / "chip.yaml"
    file.write_text("extends: lepton-c1\ncores: 0\n")
    with pytest.raises(ChipError) as caught:
        load_chip(file, ["core.sram.bank=3", "core.sram.size=3", "coers=2"])
    assert len(str(caught.value).splitlines()) == 4


def test_a_rule_broken_by_an_override_is_told_where_the_other_side_stands():
    with pytest.raises(
        ChipError, match=r"lepton-c1\.yaml:\d+:\d+: clocks\.core: 1 GHz, but power\.state 'eco' runs at 700 MHz"
    ):
        load_chip("lepton-c1", ["power.state=eco"])


NULLS = {"shared_sram": st.none(), "power.thermal": st.none(), "power.blocks": st.none(), "energy": st.none()}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional={**CHANGES, **NULLS}), min_size=1, max_size=3))
def test_sections_kept_from_the_chip_before_make_the_chip_that_its_text_makes(steps):
    """Changes on top of changes reuse what did not change; reading the whole text anew gives the same."""
    chip = C1
    for changes in steps:
        # a section that was removed cannot be given back in part
        removed = {path for path, value in changes.items() if value is None}
        changes = {path: value for path, value in changes.items() if path.partition(".")[0] not in removed - {path}}
        try:
            chip = chip.with_(changes)
        except ChipError:
            continue
    anew = build(read(chip.to_yaml(), "chip.yaml")[0])
    assert anew.model_dump() == chip.model_dump()
    assert anew.digest == chip.digest
    assert chip.canonical == json.dumps(chip.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
