"""Figures of merit of a run, by hand."""

import json

import pytest
from click.testing import CliRunner

import leptonsim as ls
from leptonsim.cli.run import command
from leptonsim.errors import LeptonError
from leptonsim.result.merit import figures_of_merit


def test_figures_of_merit_by_hand():
    """Two requests of four samples, 8 J in all, 3 ms each, a billion multiply-accumulates each; 360 g for a kWh."""
    merit = figures_of_merit(8.0, 2, 8, 3e-3, 10**9, 360.0)
    assert merit == pytest.approx(
        {
            "energy_delay_product_js": 4.0 * 3e-3,
            "samples_per_j": 1.0,
            "operations_per_j": 2 * 2e9 / 8,
            "carbon_g_per_kwh": 360.0,
            "carbon_g_per_sample": 1e-4,
        }
    )
    assert figures_of_merit(8.0, 2, 8, 3e-3, 10**9, None)["carbon_g_per_sample"] is None


def test_a_sample_has_its_share_of_idle_energy():
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model("gemm:512x512x512"))
    busy, idle = ls.execute(program), ls.execute(program, arrivals_ps=[10**11])
    assert idle.merit["samples_per_j"] < busy.merit["samples_per_j"] / 10
    assert busy.merit["samples_per_j"] == pytest.approx(busy.throughput_per_s / busy.power_avg_w)
    assert busy.merit["operations_per_j"] == pytest.approx(2 * 512**3 / busy.energy_j)


def test_the_command_tells_the_carbon_of_a_sample():
    run = CliRunner().invoke(command, ["-c", "lepton-c1", "--carbon", "400", "--json", "-", "gemm:256x256x256"])
    assert run.exit_code == 0, run.output
    result = json.loads(run.output)
    assert result["merit"]["carbon_g_per_sample"] == pytest.approx(result["energy_per_sample_j"] / 3.6e6 * 400)
    page = CliRunner().invoke(command, ["-c", "lepton-c1", "--carbon", "400", "gemm:256x256x256"]).output
    assert "CO2 a sample" in page
    assert "energy x delay" in page


def test_negative_carbon_is_refused():
    program = ls.compile(ls.load_chip("lepton-c1"), ls.load_model("gemm:64x64x64"))
    with pytest.raises(LeptonError, match="at least 0"):
        ls.execute(program, carbon_g_per_kwh=-1.0)
