import pytest

from leptonsim.errors import LeptonError
from leptonsim.explore.design import Designer
from leptonsim.explore.spec import load_sweep, shipped_sweeps, sweep_from_text

HEAD = 'chips: [lepton-c1]\nmodels: ["gemm:8x8x8"]\n'


def axis(text):
    return sweep_from_text(f"{HEAD}set:\n  {text}\n", "s.yaml").axes[0]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("core.tensor_core.rows: [16, 32]", ("16", "32")),
        ("core.sram.size: {from: 1 MiB, to: 9 MiB, scale: log2}", ("1 MiB", "2 MiB", "4 MiB", "8 MiB")),
        ("core.sram.size: {from: 1 MiB, to: 2 MiB, step: 512 KiB}", ("1 MiB", "1.5 MiB", "2 MiB")),
        ("clocks.core: {from: 1 GHz, to: 1.2 GHz, step: 100 MHz}", ("1 GHz", "1.1 GHz", "1.2 GHz")),
        ("software.buffer_share: {from: 0.5, to: 0.9, step: 0.1}", ("0.5", "0.6", "0.7", "0.8", "0.9")),
        ("pcie.round_trip: {from: 1 us, to: 100 us, scale: log10, count: 3}", ("1 us", "10 us", "100 us")),
        ("power.states.1.voltage: {from: 0.5 V, to: 0.6 V, count: 3}", ("0.5 V", "0.55 V", "0.6 V")),
        ("dram.part: [HBM3, LPDDR5]", ("HBM3", "LPDDR5")),
        ("core.tensor_core.rows: 64", ("64",)),
    ],
)
def test_axes_list_the_values_that_are_written(text, values):
    assert axis(text).values == values


def test_a_range_without_steps_takes_any_value_between():
    span = axis("core.sram.size: {from: 1 MiB, to: 4 MiB}")
    assert span.values == ()
    assert (span.at(0.0), span.at(0.5), span.at(1.0)) == ("1 MiB", "2.5 MiB", "4 MiB")
    assert axis("core.sram.size: {from: 1 MiB, to: 4 MiB, scale: log10}").at(0.5) == "2 MiB"


def test_a_section_is_swept_as_a_whole():
    values = axis(
        "noc: [{topology: mesh, link: 64 B/cycle, hop: 1 cycle}, {topology: ring, link: 8 B/cycle, hop: 2 cycles}]"
    ).values
    assert [value["topology"] for value in values] == ["mesh", "ring"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chip: [a]", r"s.yaml:1:1: chip: unknown key; did you mean 'chips'\?"),
        (
            f"{HEAD}set: {{core.tensor_core.row: [1]}}",
            r"s.yaml:3:7: set.core.tensor_core.row: unknown path; did you mean",
        ),
        (f"{HEAD}set:\n  core.tensor_core.rows: [16, 9 MiB]", r"s.yaml:4:31: .*expects an integer from 1"),
        (f"{HEAD}set:\n  core.sram.size: {{from: 4 MiB, to: 1 MiB}}", r"s.yaml:4:19: .*is not below"),
        (f"{HEAD}set:\n  core.sram.size: {{from: 4 MiB, until: 1 GiB}}", r"s.yaml:4:33: .*unknown key; .*"),
        (f"{HEAD}set:\n  dram.part: {{from: HBM2, to: HBM3}}", r"dram.part is not a number; give a list"),
        (
            f"{HEAD}where: ['core.tensor_core.row == 1']",
            r"s.yaml:3:9: where.0: core.tensor_core.row is not known here; .*'core.tensor_core.rows'",
        ),
        (f"{HEAD}where: ['1 +']", r"s.yaml:3:9: where.0: '1 \+' is not an expression"),
        (f"{HEAD}objectives: [latency]", r"s.yaml:3:14: objectives.0: .*did you mean 'latency_s'"),
        (f"{HEAD}constraints: ['power_w < 75']", r"power_w is not known here; did you mean 'power_"),
        (f"{HEAD}sample: {{method: nsga3}}", r"s.yaml:3:18: sample.method: expects one of .*did you mean 'nsga2'"),
        (f"{HEAD}mapping: mine", r"s.yaml:3:10: mapping: expects one of own, kept"),
        (f"{HEAD}dtype: [bf61]", r"s.yaml:3:9: dtype.0: .*did you mean 'bf16'"),
        (f"{HEAD}batch: [0]", r"s.yaml:3:9: batch.0: 0 is out of range"),
        (f"{HEAD}equal_area: {{target: 300}}", r"s.yaml:3:13: equal_area: expects \{target"),
        (f"{HEAD}derive: {{core.tensor_core.cols: exec(1)}}", r"calls exec"),
        (
            "chips: [lepton-c2]\nmodels: [a.onnx]",
            r"s.yaml:1:9: chips.0: no chip or file is called 'lepton-c2'; did you mean",
        ),
        ("chips: [lepton-c1]\nmodels: [a.onnx]", r"s.yaml:2:10: models.0: no file"),
        ("chips: [lepton-c1]", r"models: missing"),
        ("[1]", r"s.yaml:1:1: a sweep is a mapping such as"),
        (f"{HEAD}set: {{cores: [1]}}\nset: {{cores: [2]}}", r"s.yaml:4:1: set: given twice"),
    ],
)
def test_mistakes_are_told_at_their_place(text, message):
    with pytest.raises(LeptonError, match=message):
        sweep_from_text(text, "s.yaml")


def test_all_mistakes_are_told_at_once():
    with pytest.raises(LeptonError) as told:
        sweep_from_text(f"{HEAD}batch: [0]\nmapping: mine\nnonsense: 1\n", "s.yaml")
    assert len(str(told.value).splitlines()) == 3


def test_a_model_can_be_bound_to_sizes(tmp_path):
    text = (
        "chips: [lepton-c1]\nmodels:\n- {source: 'zoo:bert-base', bind: {seq: 128}, label: short}\n"
        "- {source: 'gemm:8x8x8', shape: {a: 8x8}}\n"
    )
    models = sweep_from_text(text, "s.yaml", tmp_path).models
    assert [model.label for model in models] == ["short", "gemm:8x8x8[a=8x8]"]
    assert models[0].dims == (("seq", 128),)


def test_every_shipped_sweep_loads_and_has_designs():
    assert shipped_sweeps()
    for name in shipped_sweeps():
        designer = Designer(load_sweep(name))
        first = next(
            design
            for design in (designer.design(choice) for choice in _corners(designer.dimensions))
            if design is not None
        )
        assert first.error is None, f"{name}: {first.error}"


def _corners(dimensions):
    import itertools

    return itertools.product(*((0.0, 1.0) if each.size is None else range(each.size) for each in dimensions))
