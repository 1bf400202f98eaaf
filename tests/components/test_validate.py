"""``leptonsim validate``: recognising files, records, summaries, errors for the user, and the command."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from leptonsim.chip.load import configs_folder
from leptonsim.cli.validate import command
from leptonsim.errors import LeptonError
from leptonsim.validate import validate
from leptonsim.validate.engine import load_engine, shipped_engines
from leptonsim.validate.kind import kind_of, kinds
from leptonsim.validate.table import read_table

SYSTOLIC = ["design", "repo", "dataflow", "rows", "cols", "dtype", "M", "K", "N", "measure", "cycles", "convention"]
# Serial, 2 folds of 2 * 4 + 4 + 5 - 2 cycles: 30.
SERIAL = ["own_sa_ws", "own", "WS", "4", "4", "int8xint8->int32", "5", "8", "4", "total|serial", "30", "-"]


def changed(**cells):
    return [cells.get(name, cell) for name, cell in zip(SYSTOLIC, SERIAL, strict=True)]


@pytest.fixture
def file(tmp_path):
    def write(*rows, header=SYSTOLIC):
        path = tmp_path / "rows.csv"
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])
        return path

    return write


@pytest.fixture
def engine(tmp_path):
    """The engine of our own array with some text replaced, as a file."""

    def write(old, new):
        text = (configs_folder() / "validation" / "own_ws.yaml").read_text()
        assert old in text
        path = tmp_path / "engine.yaml"
        path.write_text(text.replace(old, new))
        return path

    return write


def test_kinds_are_found_in_their_folder_and_recognise_their_own_files(file):
    names = [kind.name for kind in kinds()]
    assert {"systolic", "scalesim", "pcie_model"} <= set(names)
    assert kind_of(read_table(file(SERIAL))).name == "systolic"


def test_a_record_has_prediction_measurement_error_and_the_rows_own_columns(file):
    record = validate(file(changed(cycles="40"))).records[0].as_dict()
    assert record["quantity"] == "cycles"
    assert (record["predicted"], record["measured"], record["error"]) == (30, 40, 30 / 40 - 1)
    assert (record["status"], record["reason"]) == ("ok", "")
    assert record["design"] == "own_sa_ws"
    assert record["cycles"] == "40"


def test_a_row_that_is_not_predicted_says_why(file):
    report = validate(file(changed(design="gemmini_full_16x16", measure="2 x LOOP_WS back-to-back"), SERIAL))
    record = report.records[0].as_dict()
    assert (record["status"], record["predicted"], record["error"]) == ("skipped", None, None)
    assert "data movement" in record["reason"]
    assert sum(report.skipped().values()) == 1


@pytest.mark.parametrize("cells", [{"design": "tpu_v9"}, {"measure": "total|sideways"}])
def test_an_unknown_design_or_measure_is_skipped_by_its_name(file, cells):
    reason = validate(file(changed(**cells))).records[0].reason
    assert (cells.get("design") or "sideways") in reason


def test_a_summary_is_worked_out_by_hand(file):
    # Predicted 30 each; errors 0, +20 %, -25 %, 0.
    report = validate(file(SERIAL, changed(cycles="25"), changed(cycles="40"), SERIAL))
    summary = report.summary()
    assert list(summary) == ["own_sa_ws WS", "all"]
    found = summary["all"]
    assert (found.rows, found.predicted, found.exact) == (4, 4, 2)
    assert found.median_abs_error == pytest.approx(0.1)
    assert found.mean_abs_error == pytest.approx(0.45 / 4)
    assert found.p90_abs_error == pytest.approx(0.25)
    assert found.bias == pytest.approx(-0.05 / 4)
    assert (found.worst, found.worst_line) == (pytest.approx(-0.25), 4)


def test_editing_the_engine_changes_the_prediction(file, engine):
    slower = engine("  schedule: double\n", "  schedule: double\n  pipeline_stages: 3\n")
    # A serial fold passes the added stages each time.
    assert [record.predicted for record in validate(file(SERIAL), slower).records] == [36]


def test_a_word_of_the_engine_changes_what_a_measure_means(file, engine):
    single = engine("{word: serial, set: {schedule: serial}}", "{word: serial, set: {schedule: single}}")
    assert validate(file(SERIAL), single).records[0].predicted == 2 * (4 + 5) + 4 + 4 - 2


def test_a_chip_can_run_the_rows_at_their_own_size(file):
    rows = file(changed(measure="total|doublebuf-overlap|wavefront-load|fullarray"))
    assert validate(rows, "lepton-c1").records[0].predicted == 4 + 5 + 5 + 4 + 4 - 2


def test_a_chips_rate_of_the_rows_type_counts(file, engine):
    halved = engine("{int8: 1}", "{int8: 0.5}")
    assert validate(file(SERIAL), halved).records[0].predicted == 2 * (2 * 4 + 4 + 10 - 2)


def test_every_shipped_engine_reads():
    assert [engine.name for engine in shipped_engines()] == sorted(engine.name for engine in shipped_engines())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("schedule: double\n", "schedule: twice\n", r"engine.yaml:9:\d+: tensor_core.schedule: .*twice"),
        (
            "  load: skewed\n",
            "  laod: skewed\n",
            r"engine.yaml:10:3: tensor_core.laod: unknown key; did you mean 'load'",
        ),
        ("{word: total}", "{wrod: total}", r"engine.yaml:\d+:\d+: measures.0.wrod: unknown key; did you mean 'word'"),
        ("source: ", "sources: ", r"engine.yaml:3:1: sources: unknown key"),
    ],
)
def test_a_wrong_engine_is_refused_where_it_is_wrong(engine, old, new, says):
    with pytest.raises(LeptonError, match=says):
        load_engine(engine(old, new))


def test_an_unknown_configuration_names_the_nearest(file):
    with pytest.raises(LeptonError, match="did you mean 'gemmini'"):
        validate(file(SERIAL), "gemini")
    with pytest.raises(LeptonError, match=r"nowhere\.yaml: no such file"):
        validate(file(SERIAL), "nowhere.yaml")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"rows": "0"}, r"rows\.csv:3: rows: expects a whole number of at least 1, not '0'"),
        ({"M": "five"}, r"rows\.csv:3: M: expects a whole number"),
        ({"cycles": "nan"}, r"rows\.csv:3: cycles: expects a number above 0"),
        ({"M": "9" * 30}, r"rows\.csv:3: .*"),
        ({"dtype": "fp64xfp64->fp64"}, r"rows\.csv:3: tensor_core\.rates: no rate for fp64 \(it has: int8\)"),
        ({"dataflow": "XS"}, r"rows\.csv:3: dataflow: expects one of WS, IS, OS, not 'XS'"),
    ],
)
def test_a_bad_row_is_refused_at_its_line(file, cells, says):
    with pytest.raises(LeptonError, match=says):
        validate(file(SERIAL, changed(**cells)))


def test_a_bad_file_is_refused(file, tmp_path):
    with pytest.raises(LeptonError, match=r"absent.csv: cannot be read: No such file"):
        validate(tmp_path / "absent.csv")
    with pytest.raises(LeptonError, match="header is of no known kind"):
        validate(file(["1"], header=["a"]))
    with pytest.raises(LeptonError, match="'a' is there twice"):
        validate(file(["1", "2"], header=["a", "a"]))
    with pytest.raises(LeptonError, match=r"rows\.csv:2: 1 cells, but the header names 12"):
        validate(file(["own_sa_ws"]))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(LeptonError, match="file is empty"):
        validate(tmp_path / "empty.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LeptonError, match="not UTF-8"):
        validate(tmp_path / "binary.csv")
    with pytest.raises(LeptonError, match="cannot be read"):
        validate(tmp_path)


def test_the_command_prints_a_table_and_writes_json_and_a_picture(file, tmp_path):
    out, picture = tmp_path / "out.json", tmp_path / "out.png"
    result = CliRunner().invoke(command, [str(file(SERIAL)), "--json", str(out), "--plot", str(picture)])
    assert (result.exit_code, result.exception) == (0, None)
    assert "own_sa_ws WS" in result.output
    written = json.loads(out.read_text())
    assert written["summary"]["all"]["exact"] == 1
    assert written["rows"][0]["predicted"] == 30
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_json_to_standard_output_stands_alone(file):
    result = CliRunner().invoke(command, [str(file(SERIAL)), "--json", "-"])
    assert json.loads(result.stdout)["rows"][0]["status"] == "ok"


def test_an_output_that_cannot_be_written_is_refused(file, tmp_path):
    result = CliRunner().invoke(command, [str(file(SERIAL)), "--json", str(tmp_path / "no" / "out.json")])
    assert isinstance(result.exception, LeptonError)


def test_the_same_file_gives_the_same_bytes(file, tmp_path):
    rows = str(file(SERIAL, changed(cycles="25")))
    for name in ("one", "two"):
        paths = [str(tmp_path / f"{name}.{suffix}") for suffix in ("json", "png")]
        CliRunner().invoke(command, [rows, "--json", paths[0], "--plot", paths[1]], catch_exceptions=False)
    for suffix in ("json", "png"):
        assert Path(tmp_path, f"one.{suffix}").read_bytes() == Path(tmp_path, f"two.{suffix}").read_bytes()


@pytest.mark.parametrize(("limit", "code"), [("25%", 0), ("0.2", 1), ("5%", 1), ("5", 2), ("much", 2)])
def test_the_command_fails_above_a_limit(file, limit, code):
    rows = str(file(SERIAL, changed(cycles="40")))
    assert CliRunner().invoke(command, [rows, "--fail-above", limit]).exit_code == code


def test_nothing_predicted_does_not_pass_a_limit(file):
    result = CliRunner().invoke(command, [str(file(changed(design="tpu_v9"))), "--fail-above", "5%"])
    assert result.exit_code == 1


def test_a_configuration_that_has_no_say_is_named(tmp_path):
    reference = Path(__file__).parent.parent.parent / "benchmarks" / "reference" / "pcie_model.csv"
    few = tmp_path / "few.csv"
    few.write_text("".join(reference.read_text().splitlines(keepends=True)[:3]))
    result = CliRunner().invoke(command, [str(few), "--config", "lepton-c1"])
    assert result.exit_code == 0
    assert "lepton-c1 is not used" in result.output
