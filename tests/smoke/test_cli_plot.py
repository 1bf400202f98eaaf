"""Pictures and pages from the command line: written whole, asked for by name, refused before any work."""

import json
import subprocess
import sys

import pytest

from leptonsim.result.figures import kinds

GEMM = ("run", "--config", "lepton-c1", "gemm:64x64x64")


@pytest.fixture
def result(cli, tmp_path):
    assert cli(*GEMM, "--json", tmp_path / "result.json").code == 0
    return tmp_path / "result.json"


@pytest.mark.parametrize(("suffix", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plot_draws_a_saved_result_in_the_form_of_the_suffix(suffix, begin, cli, result, tmp_path):
    picture = tmp_path / f"out.{suffix}"
    assert cli("plot", result, "--kind", "sram", "-o", picture) == (0, f"{picture}\n", "")
    assert picture.read_bytes().startswith(begin)


def test_plot_is_called_after_its_kind_by_default(cli, result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("plot", result, "--kind", "timeline").code == 0
    assert (tmp_path / "timeline.png").exists()


def test_the_help_of_plot_names_every_kind(cli):
    out = " ".join(cli("plot", "--help").out.split())
    assert all(kind in out for kind in kinds())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--kind", "roofle"), "did you mean 'roofline'?"),
        (("-o", "out.gif"), ".png, .svg or .pdf"),
        (("-o", "none/out.png"), "does not exist"),
    ],
)
def test_plot_refuses_what_it_cannot_draw(arguments, expected, refused, result):
    assert expected in refused("plot", result, *arguments)


def test_plot_refuses_a_file_that_is_no_result(refused, tmp_path):
    (tmp_path / "other.json").write_text("{}")
    assert "not a result" in refused("plot", tmp_path / "other.json")


def test_run_draws_and_reports_beside_the_table(cli, tmp_path):
    files = {name: tmp_path / name for name in ("time.svg", "sram.png", "page.html", "result.json")}
    outputs = ("--plot", files["time.svg"], "--plot", f"sram={files['sram.png']}", "--report", files["page.html"])
    done = cli(*GEMM, *outputs, "--json", files["result.json"])
    assert done.code == 0
    assert done.out.startswith("gemm:64x64x64 on lepton-c1")
    assert "Time by cause" in files["time.svg"].read_text()
    assert files["sram.png"].read_bytes().startswith(b"\x89PNG")
    assert files["page.html"].read_text().startswith("<!DOCTYPE html>")
    assert json.loads(files["result.json"].read_text())["chip"] == "lepton-c1"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--plot", "tim=out.png"), "did you mean 'time'?"),
        (("--plot", "out.txt"), ".png, .svg or .pdf"),
        (("--plot", "none/out.png"), "does not exist"),
        (("--report", "none/out.html"), "does not exist"),
    ],
)
def test_run_refuses_a_picture_before_any_work(arguments, expected, refused):
    assert expected in refused(*GEMM, *arguments)


def test_a_run_without_pictures_does_not_import_matplotlib():

    script = (
        "import sys, contextlib\nfrom leptonsim.cli import main\n"
        "with contextlib.suppress(SystemExit): main(sys.argv[1:])\n"
        "assert not {'matplotlib', 'jinja2', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, *GEMM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
