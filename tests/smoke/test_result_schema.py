"""The JSON of every result is what its schema says, and its parts add up."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from leptonsim.kernels.tiles import CAUSE_NAMES, ENGINE_NAMES

import leptonsim as ls
from leptonsim.chip import shipped_chips
from leptonsim.result.reference import reference_markdown, schema

SCHEMA = schema()
MODELS = ("zoo:resnet50", "zoo:bert-base", "zoo:llama-3-8b?seq=1&past=128")


@pytest.fixture(scope="module")
def models():
    return {name: ls.load_model(name) for name in MODELS}


@pytest.fixture(scope="module")
def results(models):
    return {
        (chip, name): json.loads(ls.simulate(ls.load_chip(chip), model, requests=2).to_json())
        for chip in shipped_chips()
        for name, model in models.items()
    }


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("chip", shipped_chips())
def test_a_result_is_what_the_schema_says(chip, name, results):
    jsonschema.Draft202012Validator(SCHEMA).validate(results[chip, name])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("chip", shipped_chips())
def test_the_parts_of_a_result_add_up(chip, name, results):
    result = results[chip, name]
    for causes in result["time_ps"].values():
        assert sum(causes.values()) == result["makespan_ps"]
    assert math.fsum(result["energy_breakdown_j"].values()) == result["energy_j"]
    cycles = result["tensor_cycles"]
    assert sum(value for part, value in cycles.items() if part != "busy") == cycles["busy"]
    assert max(result["bounds_ps"].values()) <= result["makespan_ps"]
    assert sum(step["time_ps"] for step in result["steps"]) == max(step["end_ps"] for step in result["steps"])
    assert sum(step["macs"] for step in result["steps"]) == result["macs"]


def test_simpy_events_are_fewer_than_the_steps(results):
    for result in results.values():
        assert 0 < result["events"]["kernel_wakes"] <= result["events"]["simpy"] <= result["events"]["steps"]


def test_simpy_events_do_not_grow_with_the_bytes():
    chip = ls.load_chip("lepton-c1")
    small, large = (ls.simulate(chip, ls.load_model(f"zoo:resnet50?size={size}")) for size in (224, 448))
    assert large.bytes["pcie"]["read"] == 4 * small.bytes["pcie"]["read"]
    assert large.events["simpy"] == small.events["simpy"]


def test_the_schema_knows_every_cause_and_engine():
    assert tuple(SCHEMA["$defs"]["causes"]["properties"]) == CAUSE_NAMES
    (pattern,) = SCHEMA["properties"]["time_ps"]["patternProperties"]
    assert all(name in pattern for name in ENGINE_NAMES)


def test_the_schema_is_a_schema_and_every_field_has_a_description():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def fields(schema, path):
        for name, field in schema.get("properties", {}).items():
            yield f"{path}.{name}", field
            yield from fields(field, f"{path}.{name}")
            yield from fields(field.get("items", {}), f"{path}.{name}[]")

    assert [path for path, field in fields(SCHEMA, "") if not (field.get("description") or "$ref" in field)] == []


def test_a_field_that_the_schema_does_not_know_is_refused(results):
    result = {**results["lepton-c1", "zoo:resnet50"], "latency": 1}
    with pytest.raises(jsonschema.ValidationError, match="latency"):
        jsonschema.Draft202012Validator(SCHEMA).validate(result)


def test_the_page_of_results_is_made_from_the_schema():
    page = Path(__file__).parents[2] / "docs" / "results.md"
    made = "made by: python -m leptonsim.result.reference > docs/results.md"
    assert page.read_text(encoding="utf-8") == reference_markdown(), made
