"""Governors rank as they must, in energy over the same window: from deadline to deadline, idle time included."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest

import leptonsim as ls
from leptonsim.machine import governors
from leptonsim.machine.governors import Sample, on_demand, schedutil

COOL = "power.thermal=null"
COSTLY = "power.transition={ramp: 10 us, lock: 5 us, energy: 1 uJ}"
FASTEST = ("power.governor=fixed", "power.state=boost", "clocks.core=1.2 GHz")


@pytest.fixture(scope="module")
def resnet():
    return ls.load_model("zoo:resnet50")


def spent(model, period_us, *overrides, windows=3):
    """Energy of some windows, each with one request at its beginning, and the longest latency."""
    program = ls.compile(ls.load_chip("lepton-c1", [COOL, *overrides]), model)
    arrivals = [period_us * 10**6 * number for number in range(windows + 1)]
    result = ls.execute(program, requests=windows + 1, arrivals_ps=arrivals)
    record = result.power
    # power is constant between readings
    energy = np.append(0.0, np.cumsum(record.power_w * record.spans_ps))
    spent_pj = np.interp(arrivals[-1], np.append(0, record.times[:, 1]), energy)
    return float(spent_pj) / 1e12, max(result.request_times_ps) / 1e6


def fastest_j(model, period_us, *overrides, windows=3):
    """The same at the highest state all the time: the requests, and what the chip draws at rest between them."""
    program = ls.compile(ls.load_chip("lepton-c1", [COOL, *FASTEST, *overrides]), model)
    alone = ls.execute(program)
    idle_w = ls.execute(program, arrivals_ps=[10**12]).energy_j - alone.energy_j
    return windows * (alone.energy_j + idle_w * (period_us / 1e6 - alone.makespan_s))


@pytest.mark.parametrize("transition", [(), (COSTLY,)], ids=["free", "costly"])
@pytest.mark.parametrize("deadline_us", [335, 355, 380, 600, 3000])
def test_oracle_takes_no_more_than_deadline_and_that_no_more_than_the_highest_state(resnet, deadline_us, transition):
    oracle_j, oracle_us = spent(resnet, deadline_us, f"power.governor=oracle:{deadline_us}us", *transition)
    single_j, single_us = spent(resnet, deadline_us, f"power.governor=deadline:{deadline_us}us", *transition)
    assert oracle_j <= single_j * (1 + 1e-9)
    assert single_j <= fastest_j(resnet, deadline_us, *transition) * (1 + 1e-9)
    assert max(oracle_us, single_us) <= deadline_us


def test_between_two_states_the_oracle_finds_what_no_single_state_does(resnet):
    """The slowest state misses the deadline, so that ``deadline`` takes the next for all operators."""
    oracle_j, _ = spent(resnet, 380, "power.governor=oracle:380us")
    single_j, _ = spent(resnet, 380, "power.governor=deadline:380us")
    assert oracle_j < 0.97 * single_j


def test_where_no_state_meets_the_deadline_it_is_the_fastest(resnet):
    _, racing_us = spent(resnet, 3000, "power.governor=race_to_idle")
    for governor in ("oracle:100us", "deadline:100us"):
        _, late_us = spent(resnet, 3000, f"power.governor={governor}")
        assert late_us == pytest.approx(racing_us)


def test_memory_aware_saves_energy_on_llama_decode_at_under_2_percent_slowdown():
    llama = ls.load_model("zoo:llama-3-8b?seq=1&past=2048")
    aware = ls.simulate(ls.load_chip("lepton-c1", [COOL, "power.governor=memory_aware"]), llama)
    fast = ls.simulate(ls.load_chip("lepton-c1", [COOL, *FASTEST]), llama)
    assert aware.latency_s < 1.02 * fast.latency_s
    # even without what the faster one draws at rest until the slower is done
    assert aware.energy_j < fast.energy_j


STATES = "power.states=[{name: slow, voltage: 0.5 V, core: 500 MHz}, {name: fast, voltage: 0.55 V, core: 1 GHz}]"
GATED = [f"power.blocks.{block}.gating=ideal" for block in ("tensor_core", "vector_unit", "sram", "noc")]


def test_race_to_idle_and_slow_and_steady_cross_over_where_static_power_says():
    """Dynamic energy speaks for slow, leakage for a short time awake and a long one asleep.

    Both are measured at one static power. Static energy is proportional to it, so that both take the same where the
    dynamic energy that slow saves equals the static energy that it spends.
    """
    model = ls.load_model("gemm:2048x2048x2048")

    def parts_j(governor, static_w):
        chosen = [f"power.governor={governor}", f"power.static={static_w!r} W"]
        chip = ls.load_chip("lepton-c1", [COOL, STATES, "power.state=fast", *GATED, *chosen])
        result = ls.execute(ls.compile(chip, model), requests=3, arrivals_ps=[0, 2 * 10**9, 4 * 10**9])
        static_j = result.energy_breakdown_j["static"]
        return result.energy_j - static_j, static_j

    race, steady = parts_j("race_to_idle", 10.0), parts_j("powersave", 10.0)
    assert race[0] > steady[0]
    assert race[1] < steady[1]
    crossing_w = 10.0 * (race[0] - steady[0]) / (steady[1] - race[1])
    for static_w, racing_wins in ((0.95 * crossing_w, False), (1.05 * crossing_w, True)):
        assert (sum(parts_j("race_to_idle", static_w)) < sum(parts_j("powersave", static_w))) is racing_wins


def sample(busy, point):
    values = {"now_ps": 0, "interval_ps": 10**8, "point": point, "busy": busy, "waiting": busy > 0, "tensor": busy}
    return Sample(**values, vector=0.0, moved_bytes=0, power_w=1.0, die_c=40.0, highest=4)


class Five:
    """Five points of 200 MHz to 1 GHz, in steps of 200 MHz."""

    points = tuple(governors.OperatingPoint(str(number), 0.5, number * 200_000_000) for number in range(1, 6))
    start = 2


@pytest.mark.parametrize(
    ("busy", "point", "chosen"),
    [
        (0.95, 0, 4),  # above 90 %: the highest
        (0.88, 2, 2),  # between 85 and 90 %: as it is
        (0.80, 3, 3),  # 800 MHz x 0.80 / 0.875 = 731 MHz: 800
        (0.50, 4, 2),  # 1 GHz x 0.5 / 0.875 = 571 MHz: 600
        (0.10, 4, 0),
        (0.0, 4, 0),
    ],
)
def test_on_demand_follows_the_rule_of_devfreqs_simple_ondemand(busy, point, chosen):
    assert on_demand.govern(Five, "").choose(sample(busy, point)) == chosen


@pytest.mark.parametrize(
    ("busy", "point", "chosen"),
    [
        (1.0, 1, 2),  # 1.25 x 400 MHz: 600
        (0.8, 4, 4),  # 1.25 x 1 GHz x 0.8: 1 GHz
        (0.5, 4, 3),  # 625 MHz: 800
        (0.5, 1, 1),  # 250 MHz: 400
        (0.0, 4, 0),
    ],
)
def test_schedutil_takes_a_quarter_more_than_the_load_needs(busy, point, chosen):
    assert schedutil.govern(Five, "").choose(sample(busy, point)) == chosen


def test_a_governor_of_another_package_is_found_by_its_entry_point(resnet, monkeypatch):
    class Flipping:
        first = 0

        def choose(self, sample):
            return 2 if sample.point == 0 else 0

    class Module:
        @staticmethod
        def govern(setting, told):
            assert (told, len(setting.points)) == ("2", 3)
            return Flipping()

    entry = EntryPoint("flip_flop", "another.package", governors.__name__)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Module)
    monkeypatch.setattr(governors, "entry_points", lambda group: [entry] if group == governors.__name__ else [])
    result = ls.simulate(ls.load_chip("lepton-c1", [COOL, "power.governor=flip_flop:2"]), resnet, requests=4)
    assert result.power.changes == result.power.samples > 5
    assert "flip_flop" in governors.governor_names()
