"""The commands on a small store, their pictures included."""

import pytest

from leptonsim.cli import group
from leptonsim.errors import LeptonError

SWEEP = """
name: small
chips: [lepton-e1]
models: ["gemm:64x64x64", "gemm:64x128x64"]
set:
  core.sram.size: {from: 1 MiB, to: 4 MiB, scale: log2}
  dram.channels: [1, 2, 4]
objectives: [latency_s, energy_j, area_mm2]
"""


@pytest.fixture
def store(explore):
    explore.run(SWEEP, store="small.db")
    return str(explore.folder / "small.db")


def run(capsys, *arguments):
    group.main(list(arguments), standalone_mode=False)
    return capsys.readouterr().out


def test_results_shows_a_table_and_exports(store, capsys, tmp_path):
    text = run(capsys, "results", store, "--sort", "latency_s", "--limit", "3")
    assert "3 rows" in text
    assert "dram.channels" in text
    assert run(capsys, "results", store, "--csv", "-").count("\n") == 19
    run(capsys, "results", store, "--json", str(tmp_path / "x.json"), "--columns", "key,latency_s")
    assert (tmp_path / "x.json").read_text().count('"latency_s"') == 18
    with pytest.raises(LeptonError, match="did you mean 'small'"):
        run(capsys, "results", store, "--sweep", "smal")
    with pytest.raises(LeptonError, match="did you mean 'latency_s'"):
        run(capsys, "results", store, "--columns", "latency")


def test_pareto_shows_the_front_of_each_workload_and_draws(store, capsys, tmp_path):
    pictures = [tmp_path / f"{name}.png" for name in ("front", "lines", "heat", "bars")]
    options = ["--plot", "--parallel", "--heat-map", "--sensitivity"]
    arguments = [item for pair in zip(options, map(str, pictures), strict=True) for item in pair]
    text = run(capsys, "pareto", store, *arguments)
    assert "gemm:64x64x64: " in text
    assert "Shares of variance" in text
    drawn = sorted(path.name for path in tmp_path.glob("*.png"))
    assert drawn == sorted(f"{path.stem}-{number}.png" for path in pictures for number in (1, 2))
    first = (tmp_path / "front-1.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    run(capsys, "pareto", store, *arguments)
    assert (tmp_path / "front-1.png").read_bytes() == first


def test_pareto_can_be_asked_for_two_objectives_and_one_model(store, capsys, tmp_path):
    for ending in ("svg", "pdf"):
        run(
            capsys,
            "pareto",
            store,
            "-o",
            "max throughput_per_s,area_mm2",
            "--model",
            "128",
            "--plot",
            str(tmp_path / f"x.{ending}"),
        )
        assert (tmp_path / f"x.{ending}").stat().st_size > 1000
    run(
        capsys,
        "pareto",
        store,
        "--model",
        "128",
        "--axes",
        "dram.channels,core.sram.size,area_mm2",
        "--heat-map",
        str(tmp_path / "h.png"),
    )
    for arguments, message in (
        (["-o", "latency_s"], "two results or more"),
        (
            ["--axes", "dram.channels,cores", "--heat-map", str(tmp_path / "h.png")],
            "cores is no parameter that differs",
        ),
        (["--plot", str(tmp_path / "x.bmp")], "written as .png, .svg or .pdf"),
        (["--model", "nothing"], "no workload"),
        (["--where", "latency_s > 1"], "no point was computed"),
    ):
        with pytest.raises(LeptonError, match=message):
            run(capsys, "pareto", store, *arguments)


def test_sweep_refuses_what_does_not_go_together(explore, capsys):
    file = explore.folder / "s.yaml"
    file.write_text(SWEEP)
    with pytest.raises(LeptonError, match="--workers is for this machine"):
        run(capsys, "sweep", str(file), "--scheduler", "tcp://127.0.0.1:1", "--workers", "2")
    explore.run(SWEEP, store="small.db")
    with pytest.raises(LeptonError, match="take another --store"):
        run(capsys, "sweep", str(file), "--store", str(explore.folder / "small.db"), "--fresh")
    with pytest.raises(LeptonError, match="no sweep is called 'nothing'"):
        run(capsys, "sweep", "nothing")
