"""leptonsim run --trace."""

import json

import pytest

RUN = ("run", "--config", "lepton-c1")


@pytest.mark.parametrize("suffix", ["pftrace", "json"])
def test_a_trace_is_written_beside_the_table(suffix, cli, tmp_path):
    code, out, _ = cli(*RUN, "--trace", tmp_path / f"out.{suffix}", "gemm:64x64x64")
    assert code == 0
    assert "latency" in out
    assert [path.name for path in tmp_path.iterdir()] == [f"out.{suffix}"]


def test_a_trace_and_json_of_the_same_run_can_both_be_had(cli, tmp_path):
    _, out, _ = cli(*RUN, "--json", "-", "--trace", tmp_path / "out.json", "gemm:64x64x64")
    busy = json.loads(out)["time_ps"]["core0.tensor"]["busy"]
    events = json.loads((tmp_path / "out.json").read_text())["traceEvents"]
    slices = [event for event in events if event["ph"] == "X" and (event["pid"], event["name"]) == (2, "gemm")]
    assert busy in [event["args"]["time_ps"] for event in slices]


def test_a_trace_in_a_format_that_does_not_exist_is_refused_before_any_work(refused, tmp_path):
    assert "ends in .json or .pftrace" in refused(*RUN, "--trace", tmp_path / "out.txt", "none.onnx")
    assert "does not exist" in refused(*RUN, "--trace", tmp_path / "no" / "out.json", "none.onnx")
