"""The JSON schema and the reference page say what the loader does."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from leptonsim.chip import ChipError, json_schema, load_chip, shipped_chips
from leptonsim.chip.declare import parameters
from leptonsim.chip.reference import reference_markdown
from leptonsim.chip.spec import Chip

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def shipped(name):
    return yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("name", shipped_chips())
def test_a_shipped_chip_is_valid_as_written_and_as_rewritten(name):
    VALIDATOR.validate(shipped(name))
    VALIDATOR.validate(yaml.safe_load(load_chip(name).to_yaml()))


def test_a_chip_that_extends_another_may_leave_things_out():
    VALIDATOR.validate({"extends": "lepton-c1", "core": {"sram": {"size": "4 MiB"}}, "shared_sram": None})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cores", 0),
        ("cores", "four"),
        ("core.sram.size", 8),
        ("core.sram.size", "8 MHz"),
        ("core.sram.size", "8"),
        ("core.sram.sise", "8 MiB"),
        ("core.tensor_core.dataflow", "sideways"),
        ("core.tensor_core.rates", {"int9": 1}),
        ("core.tensor_core.rates", {"int8": 0}),
        ("core.tensor_core.sparsity", ["two of four"]),
        ("dram.mapping.xor", "yes"),
        ("power.states", [{"name": "a"}]),
        ("energy", {"overrides": {"sram_read": "3 pJ"}}),
        ("name", None),
        ("noc", None),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(path, value, tmp_path):
    tree = copy.deepcopy(shipped("lepton-c1"))
    *way, last = path.split(".")
    section = tree
    for step in way:
        section = section[step]
    section[last] = value
    assert not VALIDATOR.is_valid(tree)
    file = tmp_path / "chip.yaml"
    file.write_text(yaml.safe_dump(tree))
    with pytest.raises(ChipError, match=rf"chip\.yaml:\d+:\d+: {re.escape(path)}"):
        load_chip(file)


@pytest.mark.parametrize("path", ["name", "noc", "core.dma.setup", "shared_sram.size", "power.tdp"])
def test_what_is_missing_is_refused(path):
    tree = shipped("lepton-c1")
    *way, last = path.split(".")
    section = tree
    for step in way:
        section = section[step]
    del section[last]
    assert not VALIDATOR.is_valid(tree)


def test_every_parameter_has_a_description_and_a_type():
    def walk(part, path):
        for name, parameter in parameters(part).items():
            assert parameter.description.endswith("."), (path, name)
            assert parameter.expects(), (path, name)
            if parameter.shape == "section":
                walk(parameter.type, (*path, name))

    walk(Chip, ())


def test_the_reference_page_is_the_generated_one():
    committed = (ROOT / "docs" / "chip-reference.md").read_text()
    assert committed == reference_markdown(), "run: python -m leptonsim.chip.reference > docs/chip-reference.md"


def test_the_modules_print_schema_and_page():
    for module, expected in [
        ("schema", json.dumps(json_schema(), indent=2) + "\n"),
        ("reference", reference_markdown()),
    ]:
        command = [sys.executable, "-m", f"leptonsim.chip.{module}"]
        assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout == expected
