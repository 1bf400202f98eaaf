"""When requests arrive, what they wait for then, and what idle time costs."""

import json
import math

import pytest
from click.testing import CliRunner

import leptonsim as ls
from leptonsim.cli.run import command
from leptonsim.errors import LeptonError
from leptonsim.machine.arrivals import arrival_times_ps
from leptonsim.machine.energy import energy_model


@pytest.fixture(scope="module")
def program():
    return ls.compile(ls.load_chip("lepton-c1"), ls.load_model("gemm:512x512x512"))


def test_poisson_arrivals_have_their_rate_and_come_from_their_seed():
    times = arrival_times_ps("poisson:1000/s", 4000, 7)
    gaps = [later - earlier for earlier, later in zip((0, *times), times, strict=False)]
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    # mean and standard deviation of an exponential are the same: both within 4 standard errors
    assert mean == pytest.approx(1e9, rel=4 / math.sqrt(4000))
    assert spread == pytest.approx(1e9, rel=8 / math.sqrt(4000))
    assert times == arrival_times_ps("poisson:1000/s", 4000, 7)
    assert times != arrival_times_ps("poisson:1000/s", 4000, 8)


def test_a_file_of_arrivals_gives_its_times(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text("who,time_s\na,0\nb,0.001\nc,0.0025\n")
    assert arrival_times_ps(str(path), None, 0) == (0, 10**9, 2_500_000_000)
    assert arrival_times_ps(str(path), 2, 0) == (0, 10**9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time_s\n0\nsoon\n", "trace.csv:3: time_s expects seconds"),
        ("time_s\n2\n1\n", "arrivals are in order"),
        ("when\n1\n", "no column is called time_s"),
        ("time_s\n", "0 arrivals"),
        ("time_s\n-1\n", "time_s expects seconds"),
    ],
)
def test_a_wrong_file_of_arrivals_is_refused(tmp_path, text, says):
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(LeptonError, match=says):
        arrival_times_ps(str(path), None, 0)


@pytest.mark.parametrize("text", ["poisson:0/s", "poisson:200", "poisson:fast/s", "nowhere.csv"])
def test_a_wrong_arrival_is_refused(text):
    with pytest.raises(LeptonError, match="--arrival"):
        arrival_times_ps(text, 3, 0)


def test_a_request_far_from_the_one_before_takes_as_long_as_one_alone(program):
    alone = ls.execute(program)
    spread = ls.execute(program, requests=3, arrivals_ps=(0, 10**10, 3 * 10**10))
    assert spread.request_times_ps == (alone.request_times_ps[0],) * 3
    assert spread.makespan_ps == 3 * 10**10 + alone.makespan_ps
    for causes in spread.time_ps.values():
        assert sum(causes.values()) == spread.makespan_ps


def test_requests_that_come_at_once_queue_and_their_latency_counts_from_their_arrival(program):
    together = ls.execute(program, requests=4, arrivals_ps=(0, 0, 0, 0))
    assert list(together.request_times_ps) == sorted(together.request_times_ps)
    assert together.request_times_ps[-1] == together.makespan_ps


def test_an_idle_chip_draws_static_power_clocks_and_standby(program):
    busy = ls.execute(program)
    late = ls.execute(program, arrivals_ps=(10**12,))
    idle_w = energy_model(program.chip).resting.power.idle_w(0.55, 10**9)
    assert late.energy_j - busy.energy_j == pytest.approx(idle_w * 1.0, rel=1e-9)
    assert late.energy_per_sample_j == late.energy_j


def test_idle_time_under_a_governor_is_the_idle_power_of_its_state():
    chip = ls.load_chip("lepton-c1", ["power.governor=race_to_idle", "power.thermal.leakage_per_kelvin=0 %/K"])
    model = ls.load_model("gemm:512x512x512")
    result = ls.execute(ls.compile(chip, model), arrivals_ps=(10**11,))
    # 0.1 s of which all but the first interval is at 0.48 V
    idle = [each for each in result.power.segments if each.to_ps <= 10**11 and each.voltage_v == 0.48]
    assert sum(each.to_ps - each.from_ps for each in idle) > 99 * 10**9
    for each in idle:
        assert sum(each.power_w) == pytest.approx(energy_model(chip).resting.power.idle_w(0.48, 700_000_000))


def test_the_command_takes_arrivals_and_power_options(tmp_path):
    trace, out = tmp_path / "trace.csv", tmp_path / "out.json"
    trace.write_text("time_s\n0\n0.002\n")
    arguments = ["--config", "lepton-c1", "--arrival", str(trace), "--governor", "on_demand", "--pstate", "eco"]
    result = CliRunner().invoke(command, [*arguments, "--ambient", "45", "--json", str(out), "gemm:256x256x256"])
    assert result.exit_code == 0, result.output
    assert "on_demand" in result.output
    assert '"requests": 2' in out.read_text()
    assert '"governor": "on_demand"' in out.read_text()


@pytest.mark.parametrize(
    ("option", "says"), [(["--pstate", "warp"], "no such state"), (["--ambient", "warm"], "ambient")]
)
def test_a_wrong_power_option_is_refused(option, says):
    result = CliRunner().invoke(command, ["--config", "lepton-c1", *option, "gemm:256x256x256"])
    assert isinstance(result.exception, LeptonError)
    assert says in str(result.exception)


def test_a_state_of_a_law_may_be_the_start(tmp_path):
    law = "power.curve={voltage: 0.55 V, threshold: 0.3 V, alpha: 1.3, lowest: 0.45 V, highest: 0.65 V, steps: 3}"
    chip = ["--config", "lepton-c1", "--set", "power.state=null", "--set", "power.states=[]", "--set", law]
    times = {}
    for state in ("450mV", "550mV", "650mV"):
        out = tmp_path / f"{state}.json"
        result = CliRunner().invoke(command, [*chip, "--pstate", state, "--json", str(out), "gemm:1024x1024x1024"])
        assert result.exit_code == 0, result.output
        times[state] = json.loads(out.read_text())["makespan_ps"]
    assert times["450mV"] > times["550mV"] > times["650mV"]
    refused = CliRunner().invoke(command, [*chip, "--pstate", "500mV", "gemm:16x16x16"])
    assert "known: 450mV, 550mV, 650mV" in str(refused.exception)
