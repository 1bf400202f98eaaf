"""A saved result says what the run said, and a file that is none is refused with what to do."""

import copy
import json
import math

import numpy as np
import pytest

import leptonsim as ls
from leptonsim.result import checking
from leptonsim.result.hints import low_utilization
from leptonsim.result.load import load_result


@pytest.fixture(scope="module")
def result():
    return ls.simulate(ls.load_chip("lepton-c1"), ls.load_model("zoo:resnet50"), requests=2)


@pytest.fixture
def saved(result, tmp_path):
    result.save(tmp_path / "result.json")
    return load_result(tmp_path / "result.json")


def test_a_saved_result_has_the_attributes_of_the_run(result, saved):
    for name in saved.document:
        if name not in ("schema", "warnings"):
            assert getattr(saved, name) == getattr(result, name)
    assert (saved.samples, saved.makespan_s) == (result.samples, result.makespan_s)
    assert saved.to_json() == result.to_json()


def test_a_saved_result_cannot_be_changed(saved):
    with pytest.raises(AttributeError):
        saved.batch = 3
    with pytest.raises(AttributeError, match="has no 'latency'"):
        _ = saved.latency


def test_every_step_is_on_a_line_of_its_own(result):
    lines = [line.strip().rstrip(",") for line in result.to_json().splitlines() if line.startswith('  {"name"')]
    assert [json.loads(line)["name"] for line in lines] == [step.name for step in result.steps]


def test_the_spans_and_energies_of_steps_are_those_of_the_step(result):
    for step in result.steps:
        assert min(begin for begin, _ in step.spans_ps.values()) == step.start_ps
        assert max(end for _, end in step.spans_ps.values()) == step.end_ps
        assert math.fsum(step.energy_breakdown_pj.values()) == step.energy_pj
        assert step.sram_resident_bytes <= result.program.memory.sram_peak_bytes
    assert max(step.sram_resident_bytes for step in result.steps) == result.program.memory.sram_peak_bytes
    assert max(step.sram_resident_bytes + step.sram_staging_bytes for step in result.steps) <= result.sram_peak_bytes
    assert max(step.shared_sram_resident_bytes for step in result.steps) == result.memory["shared_sram_peak_bytes"]


def test_no_operator_is_faster_than_the_peaks(result):
    for step in result.steps:
        if step.macs and "tensor" in step.spans_ps:
            begin, end = step.spans_ps["tensor"]
            assert step.macs <= result.peaks["macs_per_s"][step.dtype] * (end - begin) / 1e12
    assert sum(step.bytes for step in result.steps) <= result.peaks["dram_bytes_per_s"] * result.makespan_s


def test_a_row_of_the_dataframe_is_an_operator(result, saved):
    table = saved.to_dataframe()
    assert list(table["name"]) == [step.name for step in result.steps]
    assert table["time_ps"].sum() == sum(step.time_ps for step in result.steps)
    energies = table.filter(like="energy_breakdown_pj.").sum(axis=1)
    np.testing.assert_allclose(energies, table["energy_pj"])
    assert table["spans_ps.tensor.end"].max() == max(step.spans_ps.get("tensor", (0, 0))[1] for step in result.steps)
    assert table.equals(result.to_dataframe())


def test_without_pandas_the_dataframe_says_how_to_get_it(result, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ls.LeptonError, match=r"pip install 'leptonsim\[pandas\]'"):
        result.to_dataframe()


def test_a_notebook_shows_figures_and_costliest_operators_as_text(result, saved):
    page = result._repr_html_()
    assert page == saved._repr_html_()
    assert "resnet50 on lepton-c1" in page
    costliest = max(result.steps, key=lambda step: step.time_ps)
    assert costliest.name in page
    document = copy.deepcopy(result.to_dict())
    for step in document["steps"]:
        step["name"] = "<script>alert(1)</script>"
    hostile = saved.__class__(document, tuple(saved.steps[0].__class__(**step) for step in document["steps"]))
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "no JSON"),
        ("[1, 2", "no JSON"),
        ("[" * 100000, "no JSON"),
        ("[]", "not a result"),
        ("{}", "not a result"),
        ('{"schema": "leptonsim-result-0"}', "another version"),
        ('{"schema": "leptonsim-program-2"}', "a compiled program"),
        ('{"schema": "leptonsim-result-1"}', "must contain"),
    ],
)
def test_a_file_that_is_no_result_is_refused(content, expected, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ls.LeptonError, match=expected) as caught:
        load_result(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_damaged_field_is_named(result, tmp_path):
    document = copy.deepcopy(result.to_dict())
    document["steps"][7]["waits_ps"]["busy"] = "much"
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ls.LeptonError, match=r"steps\[7\]\.waits_ps\.busy: must be integer"):
        load_result(path)


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (
            {"tensor": 0.06, "macs": 0.001},
            "nothing on the chip is used for 10% of the run (most: tensor, 6.0%); 90% of",
        ),
        ({"tensor": 0.5, "macs": 0.01}, "busy 50% of the run but reach 1.0% of their peak"),
        ({"tensor": 0.5, "macs": 0.01, "dram": 0.8}, None),
        ({"tensor": 0.5, "macs": 0.3}, None),
        ({"pcie_in": 0.9}, None),
    ],
)
def test_a_run_that_hardly_uses_the_chip_says_so_and_why(used, expected):
    shares = dict.fromkeys(("tensor", "vector", "dram", "pcie_in", "pcie_out", "macs"), 0.0)
    warnings = low_utilization(shares | used, {"core0.tensor": {"busy": 10, "launch": 90}}, tensor_works=True)
    assert len(warnings) == (expected is not None)
    assert expected is None or expected in warnings[0]


def places(part, path=()):
    """Paths of everything in a document; of a list the first two."""
    yield path
    if isinstance(part, dict):
        for name in part:
            yield from places(part[name], (*path, name))
    elif isinstance(part, list):
        for index in range(min(2, len(part))):
            yield from places(part[index], (*path, index))


def put(part, path, value):
    """A document with another value at a path; "gone" leaves it out."""
    if not path:
        return value
    changed = copy.copy(part)
    if value == "gone" and len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = put(part[path[0]], path[1:], value)
    return changed


def accepts(validate, document):
    try:
        validate(document)
    except ValueError:
        return False
    return True


def test_the_quick_check_refuses_exactly_what_the_schema_refuses(governed):
    import fastjsonschema

    schema, whole = checking._schema(), governed.to_dict()
    power = {**whole["power"], "segments": whole["power"]["segments"][:2]}
    document = {**whole, "steps": whole["steps"][:2], "chip_parameters": {}, "power": power}
    full, quick = fastjsonschema.compile(schema), fastjsonschema.compile(checking.lean(schema))
    cases = [(path, wrong) for path in places(document) for wrong in (None, -1, "text", {"more": 1}, "gone")]
    verdicts = [
        (accepts(full, changed), accepts(quick, changed)) for changed in (put(document, *case) for case in cases)
    ]
    assert [case for case, (one, other) in zip(cases, verdicts, strict=True) if one != other] == []
    assert sum(not one for one, _ in verdicts) > 500


def test_a_missing_file_and_bytes_are_refused(tmp_path):
    with pytest.raises(ls.LeptonError, match="cannot be read"):
        load_result(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ls.LeptonError, match="no JSON"):
        load_result(tmp_path / "bytes.json")
