"""Governors on the machine: energy, ranking, the cap, clock changes in mid-tile, and what may be told to each."""

import json
import math
import sys

import jsonschema
import numpy as np
import pytest
from leptonsim.kernels.pacing import Pace
from leptonsim.kernels.tiles import CAUSE_NAMES

import leptonsim as ls
from leptonsim.errors import LeptonError
from leptonsim.machine.energy import DYNAMIC, energy_model
from leptonsim.machine.governors import Sample, governor_names
from leptonsim.machine.machine import Machine
from leptonsim.machine.trials import at_point
from leptonsim.result.reference import schema

NO_LEAK = "power.thermal.leakage_per_kelvin=0 %/K"


@pytest.fixture(scope="module")
def resnet():
    return ls.load_model("zoo:resnet50")


def chip(*overrides, name="lepton-c1"):
    return ls.load_chip(name, list(overrides))


def run(model, *overrides, requests=4):
    return ls.simulate(chip(*overrides), model, requests=requests)


def series_j(result):
    return math.fsum(sum(each.power_w) * (each.to_ps - each.from_ps) for each in result.power.segments) / 1e12


def test_at_constant_voltage_samples_change_neither_time_nor_energy(resnet):
    plain = run(resnet, NO_LEAK)
    sampled = run(resnet, NO_LEAK, "power.heat=true", "power.interval=30 us")
    assert plain.power is None
    assert sampled.power.samples > 30
    assert sampled.makespan_ps == plain.makespan_ps
    assert sampled.request_times_ps == plain.request_times_ps
    assert sampled.energy_breakdown_j == pytest.approx(plain.energy_breakdown_j, rel=1e-12)
    for one, other in zip(sampled.steps, plain.steps, strict=True):
        assert one.energy_pj == pytest.approx(other.energy_pj, rel=1e-12)


@pytest.mark.parametrize("governor", ["on_demand", "power_cap:20W/1ms", "memory_aware", "deadline:1ms"])
@pytest.mark.parametrize("partial", ["false", "true"])
def test_energy_adds_up_over_components_operators_and_time(resnet, governor, partial):
    changes = "power.transition={ramp: 10 us, lock: 5 us, energy: 1 uJ}"
    result = run(resnet, f"power.governor={governor}", changes, f"power.blocks.partial_arrays={partial}")
    parts = result.energy_breakdown_j
    assert result.energy_j == math.fsum(parts.values())
    assert all(value >= 0 for value in parts.values())
    assert series_j(result) == pytest.approx(result.energy_j, rel=1e-12)
    for name in DYNAMIC:
        steps_j = math.fsum(step.energy_breakdown_pj.get(name, 0.0) for step in result.steps) * result.runs / 1e12
        assert steps_j + result.copies_breakdown_j.get(name, 0.0) == pytest.approx(parts[name], rel=1e-12)
    assert sum(result.power.residency_ps.values()) == result.makespan_ps


def test_a_fixed_state_under_a_governor_is_that_state_without(resnet):
    for governor, state in (("powersave", "eco"), ("power_cap:1kW", "boost")):
        governed = run(resnet, f"power.governor={governor}", NO_LEAK, requests=1)
        volts = {each.name: each for each in chip().power.states}[state]
        program = ls.compile(chip(NO_LEAK), resnet)
        fixed = ls.execute(_on(program, volts), requests=1)
        assert governed.makespan_ps == fixed.makespan_ps
        assert governed.energy_j == pytest.approx(fixed.energy_j, rel=1e-12)


def _on(program, state):
    from dataclasses import replace

    from leptonsim.machine.clocks import OperatingPoint

    return replace(program, chip=at_point(program.chip, OperatingPoint(state.name, state.voltage_v, state.core_hz)))


@pytest.mark.parametrize("governor", governor_names())
def test_the_json_of_every_governor_is_what_the_schema_says_and_the_same_twice(resnet, governor):
    told = {"power_cap": ":40W/1ms", "deadline": ":2ms", "oracle": ":2ms"}.get(governor, "")
    first, second = (run(resnet, f"power.governor={governor}{told}", "power.heat=true", requests=2) for _ in range(2))
    assert first.to_json() == second.to_json()
    jsonschema.Draft202012Validator(schema()).validate(json.loads(first.to_json()))
    assert max(first.bounds_ps.values()) <= first.makespan_ps


def highest_mean_w(result, window_ps):
    """Of all windows of a length, at the edges of segments: between them a window's energy is linear in its place."""
    ends = np.array([0] + [each.to_ps for each in result.power.segments])
    spent = [sum(each.power_w) * (each.to_ps - each.from_ps) for each in result.power.segments]
    energy = np.append(0.0, np.cumsum(spent))
    begins = np.concatenate([ends, ends - window_ps])
    begins = begins[(begins >= 0) & (begins + window_ps <= ends[-1])]
    assert len(begins) > 20
    return float(np.max(np.interp(begins + window_ps, ends, energy) - np.interp(begins, ends, energy))) / window_ps


CAPS = [(60, 1, "0 us"), (50, 2, "0 us"), (60, 5, "0 us"), (45, 5, "0 us"), (50, 2, "30 us")]


@pytest.mark.parametrize(("cap_w", "window_ms", "lock"), CAPS)
def test_over_any_window_of_its_length_the_average_stays_at_the_cap(cap_w, window_ms, lock):
    product = ls.load_model("gemm:4096x4096x4096")
    capped = f"power.governor=power_cap:{cap_w}W/{window_ms}ms"
    result = run(product, capped, f"power.transition.lock={lock}", requests=12)
    assert highest_mean_w(result, window_ms * 10**9) <= cap_w * (1 + 1e-9)
    assert result.power.changes > 2


@pytest.mark.parametrize("above", [1.001, 1.05, 1.15])
@pytest.mark.parametrize("name", ["gemm:1x4096x4096", "gemm:1024x1024x1024"])
def test_a_cap_a_little_above_what_the_lowest_state_draws_holds(name, above):
    """There a bound on that state is above the cap, so that a trial tells."""
    model, window_ps = ls.load_model(name), 2 * 10**9
    floor_w = highest_mean_w(run(model, "power.governor=powersave", requests=40), window_ps)
    result = run(model, f"power.governor=power_cap:{floor_w * above!r}W/2ms", requests=40)
    assert highest_mean_w(result, window_ps) <= floor_w * above * (1 + 1e-9)


def test_where_the_lowest_state_draws_more_than_the_cap_the_chip_stays_there(resnet):
    capped, lowest = (run(resnet, f"power.governor={name}") for name in ("power_cap:5W", "powersave"))
    assert capped.power.changes == 0
    assert capped.makespan_ps == lowest.makespan_ps


def test_a_cap_above_all_that_can_be_drawn_is_no_cap(resnet):
    free, capped = run(resnet, "power.governor=race_to_idle"), run(resnet, "power.governor=power_cap:1kW")
    assert capped.makespan_ps == free.makespan_ps


def test_a_deadline_takes_no_more_energy_than_the_highest_state_and_is_met(resnet):
    """Over the same window, idle included."""
    deadline_s = 1e-3
    slow = run(resnet, f"power.governor=deadline:{deadline_s * 1e3:g}ms", NO_LEAK, requests=1)
    fast = run(resnet, "power.governor=race_to_idle", NO_LEAK, requests=1)
    assert slow.latency_s <= deadline_s
    power = energy_model(chip()).resting.power
    base_w, top_w = power.idle_w(0.48, 700_000_000), power.idle_w(0.62, 1_200_000_000)
    slow_j = slow.energy_j + base_w * (deadline_s - slow.makespan_s)
    fast_j = fast.energy_j + top_w * (deadline_s - fast.makespan_s)
    assert slow_j < fast_j
    hasty = run(resnet, f"power.governor=deadline:{fast.latency_s * 1e6 + 1:.0f}us", NO_LEAK, requests=1)
    assert hasty.latency_s == pytest.approx(fast.latency_s)


def test_memory_aware_saves_energy_on_llama_decode_at_under_2_percent_slowdown():
    llama = ls.load_model("zoo:llama-3-8b?seq=1&past=256")
    fast = ls.simulate(chip("power.governor=race_to_idle"), llama)
    aware = ls.simulate(chip("power.governor=memory_aware"), llama)
    assert aware.latency_s < 1.02 * fast.latency_s
    assert aware.energy_j < fast.energy_j


def test_a_clock_change_in_mid_tile_equals_the_hand_calculation():
    """One product: at the sixth sample, 600 us in, the clock falls to 0.7."""
    model = ls.load_model("gemm:2048x2048x2048")
    program = ls.compile(chip(NO_LEAK, "power.governor=on_demand", "cores=1"), model)
    machine = Machine(program)
    control = machine.control
    assert control is not None
    control._core.governor = _Steps({6: 0})
    record = machine.execute(1)
    plain = Machine(ls.compile(chip(NO_LEAK, "cores=1"), model)).execute(1)
    assert record.power.changes == 1
    clocks = [each.core_hz for each in record.power.segments]
    assert set(clocks[:6]) == {1_000_000_000}
    assert set(clocks[6:]) == {700_000_000}
    assert record.power.segments[5].to_ps == 600_000_000
    assert record.makespan_ps > plain.makespan_ps
    # dynamic energy on the die: what was done before the change at 0.55 V, and the rest at 0.48 V
    costs, work = record.power.spending, record.power.work
    macs = {at.core_v: float((costs.pj[0] * done).sum()) for at, done in work.items()}
    whole = record.power.energy_pj(1)["tensor_core"]
    assert whole == pytest.approx(macs[0.55] + macs[0.48] * (0.48 / 0.55) ** 2, rel=1e-12)
    assert min(macs.values()) > 0


class _Steps:
    """A governor that goes to a point at a sample."""

    first = 1

    def __init__(self, points):
        self.points, self.samples = points, 0

    def choose(self, sample):
        self.samples += 1
        return self.points.get(self.samples, sample.point)


def test_a_transition_takes_its_time_to_the_picosecond_with_the_clock_standing_still(resnet):
    cost = "power.transition={ramp: 10 us, lock: 20 us, energy: 1 uJ}"
    program = ls.compile(chip("power.governor=on_demand", cost), resnet)
    machine = Machine(program)
    machine.control._core.governor = _Steps({2: 2})
    record = machine.execute(2)
    # 0.55 V to 0.62 V at 10 us for each volt, then the lock
    ramp, lock = (each for each in record.power.segments if each.core_hz == 0)
    assert (ramp.from_ps, ramp.to_ps, lock.to_ps) == (200_000_000, 200_700_000, 220_700_000)
    assert ramp.voltage_v == lock.voltage_v == 0.62
    assert record.power.residency_ps["change"] == 20_700_000
    transition = CAUSE_NAMES.index("transition")
    assert record.engine_time_ps[:-3, transition].tolist() == [20_700_000] * (record.engine_time_ps.shape[0] - 3)
    assert not record.engine_time_ps[-3:, transition].any()
    # all of the chip at rest, at the higher voltage and the lower clock, for nothing is copied at the time
    power = energy_model(chip()).resting.power
    for phase in (ramp, lock):
        leakage = math.exp(0.018 * (record.power.segments[1].die_c - 60))
        idle_w = float((power.static_w(0.62, leakage) + power.rest_w(0.62, 10**9)).sum())
        spent_w = 1e-6 / (ramp.to_ps - ramp.from_ps) * 1e12 if phase is ramp else 0.0
        assert sum(phase.power_w) == pytest.approx(idle_w + spent_w, rel=2e-3)


def test_heat_throttles_and_lets_go_with_hysteresis(resnet):
    """A die of hardly any capacity on a poor sink: at the highest state too hot, at the lowest cool."""
    hot = "power.thermal={r_die: 0.6 K/W, c_die: 0.0005 J/K, r_sink: 0.1 K/W, c_sink: 0.01 J/K, ambient: 40 degC, "
    hot += "throttle: 53 degC, hysteresis: 2 K, leakage_per_kelvin: 1.8 %/K}"
    result = run(resnet, "power.governor=race_to_idle", hot, requests=20)
    assert 0 < result.power.throttled_ps < result.makespan_ps
    dies = [each.die_c for each in result.power.segments]
    assert max(dies) < 60
    assert min(dies[len(dies) // 2 :]) > 45
    assert result.power.residency_ps["boost"] < result.makespan_ps / 2
    free = run(resnet, "power.governor=race_to_idle", requests=20)
    assert result.makespan_ps > free.makespan_ps


@pytest.mark.parametrize(
    ("governor", "says"),
    [
        ("powersafe", "did you mean 'powersave'"),
        ("power_cap", "power_cap takes a power"),
        ("power_cap:0W", "above zero"),
        ("power_cap:10W/150us", "whole intervals"),
        ("power_cap:much", "power_cap takes a power"),
        ("deadline:soon", "deadline takes a time"),
        ("deadline:0ms", "above zero"),
        ("oracle:-5ms", "above zero"),
        ("on_demand:fast", "takes nothing"),
        ("fixed:fast", "takes nothing"),
    ],
)
def test_a_governor_that_is_misnamed_or_mistold_is_refused(resnet, governor, says):
    with pytest.raises(LeptonError, match=says):
        run(resnet, f"power.governor={governor}")


def calls_of(run):
    """Calls of functions, Python's and compiled, while something runs."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        result = run()
    finally:
        sys.setprofile(None)
    return calls, result


def test_a_sample_costs_a_few_calls():
    """What a governor costs is counted, not timed: benchmarks/governor_cost.py has the times."""
    model = ls.load_model("zoo:llama-3-8b?seq=1&past=128")
    found = []
    for interval in ("200 us", "200 us", "100 us"):
        program = ls.compile(chip("power.governor=on_demand", f"power.interval={interval}"), model)
        found.append(calls_of(lambda program=program: ls.execute(program)))
    # the first run imports what it needs
    _, (few, coarse), (many, fine) = found
    more = fine.power.samples - coarse.power.samples
    assert more > 300
    # the governor's own and what it calls: the rest is a kernel's
    assert (many - few) / more < 4


def test_changes_are_told_of_few_operators_whatever_the_program():
    program = ls.compile(chip("power.governor=on_demand"), ls.load_model("zoo:llama-3-8b?seq=1&past=128"))
    machine = Machine(program)
    control, told = machine.control, []

    def read(changed, now_ps):
        told.append(changed)
        return control._meter.read(changed, now_ps)

    control._pace = Pace(machine.tiles, control._meter, read, Sample, program.chip.cores, 100_000_000, math.inf)
    machine.execute(1)
    assert len(program.operators) > 200
    assert len(told) > 500
    assert np.mean(told) < 5
