import json

import pytest

from leptonsim.cli.dram import command
from leptonsim.errors import LeptonError


def run(*options):
    from click.testing import CliRunner

    return CliRunner().invoke(command, [*options, "--accesses", "8000"], catch_exceptions=False)


def test_it_prints_bandwidth_latency_energy_and_the_bound():
    result = run("--part", "HBM2E", "--channels", "8", "--pattern", "strided:256x22016")
    assert result.exit_code == 0
    for word in ("HBM2E-3600 x 8", "GB/s", "p99", "row hits", "pJ/bit", "bound"):
        assert word in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_json_holds_what_is_printed_and_its_parts_add_up():
    figures = json.loads(run("--part", "DDR4-3200", "--mix", "2:1", "--json", "-").output)
    assert figures["part"] == "DDR4-3200"
    assert figures["bytes_per_s"] <= figures["peak_bytes_per_s"] == 25_600_000_000
    assert sum(figures["time_shares"].values()) == pytest.approx(1)
    assert figures["latency_p50_ps"] <= figures["latency_p99_ps"]


def test_the_sweep_is_a_picture_and_a_list(tmp_path):
    picture, figures = tmp_path / "sweep.png", tmp_path / "sweep.json"
    run("--part", "LPDDR5", "--sweep", str(picture), "--json", str(figures))
    assert picture.read_bytes().startswith(b"\x89PNG")
    swept = json.loads(figures.read_text())["sweep"]
    assert [one["load"] for one in swept] == sorted(one["load"] for one in swept)
    assert swept[0]["latency_mean_ps"] < swept[-1]["latency_mean_ps"]
    again = tmp_path / "again.png"
    run("--part", "LPDDR5", "--sweep", str(again))
    assert again.read_bytes() == picture.read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--part", "HBM9"), "no DRAM part 'HBM9'"),
        (("--part", "HBM3", "--pattern", "zigzag"), "--pattern zigzag: expects"),
        (("--part", "HBM3", "--pattern", "random:0"), "--pattern random:0: expects"),
        (("--part", "HBM3", "--pattern", "strided:256x128"), "its pitch is less"),
        (("--part", "HBM3", "--mix", "0:0"), "--mix 0:0: expects"),
        (("--part", "HBM3", "--channels", "6"), "a power of two"),
        (("--part", "HBM3", "--interleave", "100"), "interleave of 100 bytes: expects a power of two"),
        (("--part", "HBM3", "--load", "0.5", "--outstanding", "8"), "give one of them"),
        (("--part", "HBM3", "--pattern", "random:9000000000"), "do not fit 1024 MiB"),
        (("--part", "HBM3", "--pattern", "strided:256x9000000000"), "do not fit 1024 MiB"),
        (("--part", "HBM3", "--mix", "0:1", "--sweep", "never.png"), "latency of reads"),
    ],
)
def test_what_cannot_be_run_is_one_clear_error(options, message):
    with pytest.raises(LeptonError, match=message):
        run(*options)
