"""leptonsim compare."""

import json
import os

import pytest

RUN = ("run", "--config", "lepton-c1")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Paths of results: ResNet-50 on a chip, on one with twice the cores, on another one; and of one operator."""
    import leptonsim as ls

    folder = tmp_path_factory.mktemp("results")
    for name, chip, sets, model in (
        ("a", "lepton-c1", [], "zoo:resnet50"),
        ("b", "lepton-c1", ["cores=8"], "zoo:resnet50"),
        ("c", "lepton-e1", [], "zoo:resnet50"),
        ("d", "lepton-c1", [], "gemm:64x64x64"),
    ):
        ls.simulate(ls.load_chip(chip, sets), ls.load_model(model)).save(folder / f"{name}.json")
    return {name: folder / f"{name}.json" for name in "abcd"}


def test_two_results_are_shown_side_by_side(results, cli):
    code, out, _ = cli("compare", results["a"], results["b"])
    assert code == 0
    assert "cores: 4 -> 8" in out
    latency = next(line for line in out.splitlines() if line.startswith("latency"))
    before, after = (json.loads(results[name].read_text())["latency_s"] for name in "ab")
    shown = [f"{before * 1e6:.0f}", "us", f"{after * 1e6:.0f}", "us", f"{after / before - 1:+.1%}"]
    assert latency.split() == ["latency", *shown]


@pytest.mark.parametrize("names", ["ab", "ad", "abc", "abcd", "aaaaaaa"])
@pytest.mark.parametrize("options", [(), ("--verbose",)], ids=["short", "verbose"])
def test_any_number_of_results_is_readable_at_80_columns(names, options, results, cli):
    code, out, _ = cli("compare", *options, *(results[name] for name in names))
    assert code == 0
    for line in out.splitlines():
        assert line.isascii()
        assert "\x1b" not in line
        assert line == line.rstrip()
        # a path is one word, and is not broken
        assert len(line) <= 80 or str(results["a"].parent) in line


def test_names_that_would_break_a_line_do_not(results, cli, tmp_path):
    for name, time in (("before", 10**6), ("after", 10**7)):
        document = json.loads(results["d"].read_text())
        step = document["steps"][0]
        names = ["n" * 300, "<script>alert(1)</script>", "two\nlines\x1b[31m", "twice", "twice"]
        document["steps"] = [{**step, "name": name, "time_ps": time * (at + 1)} for at, name in enumerate(names)]
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    code, out, _ = cli("compare", tmp_path / "before.json", tmp_path / "after.json", "--plot", tmp_path / "out.png")
    assert code == 0
    table = out.splitlines()[-5:]
    assert [line.split()[0] for line in table] == [
        "twice",
        "twice",
        "two?lines?[31m",
        "<script>alert(1)</script>",
        table[4].split()[0],
    ]
    assert " #2 " in table[0]
    assert table[4].startswith("..nnnn")
    assert "\x1b" not in out


def test_json_agrees_with_the_results(results, cli):
    code, out, _ = cli("compare", "--json", "-", "--fail-if", "latency>+1000%", results["a"], results["b"])
    assert code == 0
    found = json.loads(out)
    before, after = (json.loads(results[name].read_text()) for name in "ab")
    for metric in found["metrics"]:
        for value, document in zip(metric["values"], (before, after), strict=True):
            for part in metric["field"].split("."):
                document = document[part]
            assert value == document
    assert [each["file"] for each in found["files"]] == [str(results["a"]), str(results["b"])]
    times = {each["name"]: each["times_ps"] for each in found["operators"]}
    assert times == {
        one["name"]: [one["time_ps"], other["time_ps"]]
        for one, other in zip(before["steps"], after["steps"], strict=True)
    }
    assert [verdict["broken"] for verdict in found["limits"]] == [False]


def test_the_same_files_give_the_same_bytes(results, cli, tmp_path):
    for name in ("1", "2"):
        assert cli("compare", "--json", tmp_path / f"{name}.json", results["a"], results["c"]).code == 0
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_a_broken_limit_is_exit_code_1_and_named(results, cli):
    code, out, _ = cli("compare", results["a"], results["c"], "--fail-if", "latency>+5%", "--fail-if", "energy>+500%")
    assert code == 1
    broken = [line for line in out.splitlines() if line.startswith("broken: ")]
    assert len(broken) == 1
    assert broken[0].startswith("broken: latency>+5% by ")
    assert cli("compare", results["a"], results["a"], "--fail-if", "latency>+5%").code == 0
    assert cli("compare", "--json", "-", results["a"], results["c"], "--fail-if", "latency>+5%").code == 1


def test_files_that_are_no_results_are_exit_code_2(results, refused, tmp_path):
    (tmp_path / "text.json").write_text("not json")
    (tmp_path / "other.json").write_text('{"schema": "other"}')
    assert "no JSON" in refused("compare", results["a"], tmp_path / "text.json")
    assert "not a result" in refused("compare", results["a"], tmp_path / "other.json")
    assert os.strerror(2) in refused("compare", results["a"], tmp_path / "none.json")
    assert "two results at least" in refused("compare", results["a"])
    assert "did you mean 'latency'" in refused("compare", results["a"], results["b"], "--fail-if", "latncy>+5%")


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_picture_is_in_the_form_of_its_suffix(suffix, magic, results, cli, tmp_path):
    assert cli("compare", "--plot", tmp_path / f"out.{suffix}", results["a"], results["d"]).code == 0
    assert (tmp_path / f"out.{suffix}").read_bytes().startswith(magic)


def test_the_picture_is_always_the_same_and_names_every_file(results, cli, tmp_path):
    for name in ("1", "2"):
        assert cli("compare", "--plot", tmp_path / f"{name}.svg", *map(results.get, "acd")).code == 0
    drawn = (tmp_path / "1.svg").read_text()
    assert drawn == (tmp_path / "2.svg").read_text()
    assert all(f"{name}.json" in drawn for name in "acd")


def test_a_picture_in_another_form_is_refused(results, refused, tmp_path):
    assert ".png, .svg or .pdf" in refused("compare", "--plot", tmp_path / "out.gif", results["a"], results["b"])
