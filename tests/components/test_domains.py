"""Domains of voltage and clock beside the cores, on the machine: their governors, changes, and the energy of all."""

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from leptonsim.kernels.tiles import CAUSE_NAMES

import leptonsim as ls
from leptonsim.compiler.routes import dram_route
from leptonsim.errors import LeptonError
from leptonsim.machine.clocks import operating_points
from leptonsim.machine.energy import AT_REST, COMPONENTS, DYNAMIC, energy_model
from leptonsim.machine.foresight import most_w
from leptonsim.machine.governors import governor_names
from leptonsim.machine.links import NOC, SHARED, Fabric
from leptonsim.machine.machine import Machine
from leptonsim.machine.power_record import DomainRecord
from leptonsim.machine.spending import spending
from leptonsim.result.reference import schema

COOL = "power.thermal=null"
MEMORY = {
    "power.memory.states": "[{name: low, data_rate: 1600 MT/s, voltage: 0.3 V}, {name: mid, data_rate: 3200 MT/s, "
    "voltage: 0.3 V}, {name: high, data_rate: 6400 MT/s}]",
    "power.memory.transition": "{lock: 2 us, ramp: 20 us, energy: 1 uJ}",
}
UNCORE = {
    "power.uncore.states": "[{name: low, voltage: 0.48 V, clock: 600 MHz}, "
    "{name: high, voltage: 0.55 V, clock: 1 GHz}]",
    "power.uncore.state": "high",
    "power.uncore.transition": "{lock: 5 us, ramp: 10 us, energy: 2 uJ}",
}
CORE = {"power.transition": "{lock: 5 us, ramp: 10 us, energy: 3 uJ}"}
ANY_DOMAIN = ("fixed", "powersave", "race_to_idle", "on_demand", "schedutil")
TRANSITION = CAUSE_NAMES.index("transition")


def chip(*overrides, **values):
    changes = [f"{path}={value}" for path, value in {**MEMORY, **UNCORE, **CORE}.items()]
    return ls.load_chip("lepton-c1", [*changes, *overrides])


def governed(memory="fixed", uncore="fixed", core="fixed"):
    return f"power.memory.governor={memory}", f"power.uncore.governor={uncore}", f"power.governor={core}"


class Steps:
    """A governor that goes to a point at a sample."""

    def __init__(self, first, points):
        self.first, self.points, self.samples = first, points, 0

    def choose(self, sample):
        self.samples += 1
        return self.points.get(self.samples, sample.point)


def machine_of(program, memory=None, uncore=None, core=None):
    """A machine whose domains go to points at samples."""
    machine = Machine(program)
    control = machine.control
    for domain, points in ((control._memory, memory), (control._uncore, uncore), (control._core, core)):
        if points is not None:
            domain.governor = Steps(domain.point, points)
    return machine


@pytest.fixture(scope="module")
def product():
    return ls.load_model("gemm:2048x2048x2048")


def energy_of(result):
    return math.fsum(sum(each.power_w) * (each.to_ps - each.from_ps) for each in result.power.segments) / 1e12


ALL = [
    governed("on_demand", "schedutil", "power_cap:45W/1ms"),
    governed("race_to_idle", "race_to_idle", "race_to_idle"),
    governed("schedutil", "on_demand", "memory_aware"),
]


@pytest.mark.parametrize("governors", ALL)
@pytest.mark.parametrize(
    "others", [(), ("power.blocks.dram.gating=directed", "power.blocks.noc.gating=idle_detection")]
)
def test_energy_adds_up_over_components_operators_and_time_with_all_domains_changing(product, governors, others):
    program = ls.compile(chip(*governors, *others), product)
    result = ls.execute(program, requests=4, arrivals_ps=tuple(range(0, 4 * 10**9, 10**9)))
    power, parts = result.power, result.energy_breakdown_j
    assert power.changes + sum(each.changes for each in power.domains.values()) > 8
    assert all(each.changes > 0 for each in power.domains.values())
    assert result.energy_j == math.fsum(parts.values())
    assert min(parts.values()) >= 0
    assert energy_of(result) == pytest.approx(result.energy_j, rel=1e-9)
    series = np.array([np.array(each.power_w) * (each.to_ps - each.from_ps) for each in power.segments]).sum(axis=0)
    for place, name in enumerate(COMPONENTS[: len(DYNAMIC)]):
        assert series[place] / 1e12 == pytest.approx(parts[name], rel=1e-9)
    copies_j = math.fsum(power.spending.operators_pj(work, at)[-1].sum() for at, work in power.work.items()) / 1e12
    steps_j = math.fsum(step.energy_pj for step in result.steps) * 4 / 1e12
    assert steps_j + copies_j + math.fsum(parts[name] for name in AT_REST) == pytest.approx(result.energy_j, rel=1e-9)
    assert sum(result.dram_energy_j[event] for event in ("activate", "read", "write", "io")) == pytest.approx(
        parts["dram"], rel=1e-9
    )
    for residency in (power.residency_ps, *(each.residency_ps for each in power.domains.values())):
        assert sum(residency.values()) == result.makespan_ps
    for causes in result.time_ps.values():
        assert sum(causes.values()) == result.makespan_ps
    assert max(result.bounds_ps.values()) <= result.makespan_ps


def test_halving_the_time_between_readings_changes_neither_time_nor_energy(product):
    """The same changes at the same instants, read every 40 us and every 20 us."""
    found = []
    for interval, times in (("40 us", 1), ("20 us", 2)):
        program = ls.compile(
            chip(COOL, f"power.interval={interval}", *governed("on_demand", "on_demand", "on_demand")), product
        )
        plans = [
            {times * at: point for at, point in plan.items()} for plan in ({2: 0, 8: 2}, {3: 0, 9: 1}, {4: 0, 7: 2})
        ]
        record = machine_of(program, *plans).execute(1)
        found.append((record.makespan_ps, record.power.energy_pj(1), record.power.changes, record.power.samples))
    coarse, fine = found
    assert fine[0] == coarse[0]
    assert fine[1] == pytest.approx(coarse[1], rel=1e-12)
    assert fine[2] == coarse[2] == 2
    assert fine[3] > 1.9 * coarse[3]


def test_a_change_of_the_memory_takes_its_time_to_the_picosecond_while_computing_goes_on(product):
    """At 360 us, when activations and results move, from 6400 to 1600 MT/s: the clock first, 2 us, then 0.2 V of the
    interface at 20 us for each."""
    program = ls.compile(chip(COOL, "power.interval=40 us", *governed(memory="on_demand")), product)
    record = machine_of(program, memory={9: 0}).execute(1)
    plain = Machine(replace(program, chip=chip(COOL, "power.interval=40 us", *governed("powersave", core="on_demand"))))
    domain = record.power.domains["memory"]
    assert domain.residency_ps["change"] == 6_000_000
    assert domain.changes == 1
    still = [each for each, clock in zip(record.power.times.tolist(), domain.clock_hz, strict=True) if clock == 0]
    assert [each[:2] for each in still] == [[360_000_000, 362_000_000], [362_000_000, 366_000_000]]
    assert set(domain.voltage_v[domain.clock_hz == 0].tolist()) == {0.5}
    assert (domain.voltage_v[0], domain.voltage_v[-1]) == (0.5, 0.3)
    assert {hertz for _, _, hertz in record.power.times.tolist()} == {1_000_000_000}
    waits, busy = (record.engine_time_ps[:-3, column].reshape(-1, 5) for column in (TRANSITION, 0))
    # activations were on their way in every core
    assert waits[:, 1].tolist() == [6_000_000] * 4
    assert waits.max() <= 6_000_000
    # arrays lost none of their cycles to it, and computed what was there: 8 tiles of 16384 cycles each
    fixed = Machine(replace(program, chip=chip(COOL))).execute(1)
    assert busy[:, 2].tolist() == fixed.engine_time_ps[:-3, 0].reshape(-1, 5)[:, 2].tolist()
    assert fixed.makespan_ps < record.makespan_ps < plain.execute(1).makespan_ps


def test_an_interface_may_run_during_the_ramp_at_the_lower_rate(product):
    ramp = "power.memory.transition.run_during_ramp=true"
    program = ls.compile(chip(COOL, ramp, *governed(memory="on_demand")), product)
    domain = machine_of(program, memory={2: 0}).execute(1).power.domains["memory"]
    pieces = list(dict.fromkeys(zip(domain.clock_hz.tolist(), domain.voltage_v.tolist(), strict=True)))
    assert pieces == [(6_400_000_000, 0.5), (0, 0.5), (1_600_000_000, 0.5), (1_600_000_000, 0.3)]


def test_a_change_of_the_network_holds_what_moves_over_it_and_copies_go_on(product):
    """At 360 us, and during the copy of the inputs at 120 us: 5 us for the clock and 0.07 V at 10 us for each volt."""
    program = ls.compile(chip(COOL, "power.interval=40 us", *governed(uncore="on_demand")), product)
    for sample, waited_ps in ((9, 5_700_000), (3, 0)):
        record = machine_of(program, uncore={sample: 0}).execute(1)
        assert record.power.domains["uncore"].residency_ps["change"] == 5_700_000
        waits = record.engine_time_ps[:, TRANSITION]
        assert waits[1:-3:5].tolist() == [waited_ps] * 4
        assert not waits[-3:].any()


def test_a_change_of_the_memory_holds_copies(product):
    program = ls.compile(chip(COOL, "power.interval=40 us", *governed(memory="on_demand")), product)
    record = machine_of(program, memory={3: 1}).execute(1)
    assert record.engine_time_ps[-2, TRANSITION] == 6_000_000


def test_domains_that_may_change_and_do_not_change_nothing(product):
    still = "[{name: only, data_rate: 6400 MT/s}]"
    one = "[{name: only, voltage: 0.55 V, clock: 1 GHz}]"
    base = ["power.heat=true", "power.interval=50 us"]
    fixed = ls.load_chip("lepton-c1", [*base, "power.memory=null", "power.uncore={voltage: 0.55 V, clock: 1 GHz}"])
    others = ["power.memory.governor=on_demand", "power.uncore.governor=schedutil"]
    states = [f"power.memory={{states: {still}}}", f"power.uncore={{state: only, states: {one}}}"]
    before, after = (
        ls.simulate(each, product, requests=2) for each in (fixed, ls.load_chip("lepton-c1", base + states + others))
    )
    assert after.makespan_ps == before.makespan_ps
    assert after.energy_breakdown_j == pytest.approx(before.energy_breakdown_j, rel=1e-12)
    powers = [np.array([each.power_w for each in result.power.segments]) for result in (before, after)]
    np.testing.assert_allclose(powers[1], powers[0], rtol=1e-12)
    assert all(each.changes == 0 for each in after.power.domains.values())
    assert after.time_ps == before.time_ps


@pytest.mark.parametrize("clock", ["300 MHz", "2 GHz"])
def test_at_one_voltage_the_clock_of_the_network_does_not_change_the_energy_of_operations(product, clock):
    program = ls.compile(ls.load_chip("lepton-c1", ["power.uncore={voltage: 0.5 V, clock: 1 GHz}"]), product)
    before = ls.execute(program)
    after = ls.execute(replace(program, chip=program.chip.with_({"power.uncore.clock": clock})))
    for component in DYNAMIC:
        assert after.energy_breakdown_j[component] == pytest.approx(before.energy_breakdown_j[component], rel=1e-12)


def test_operations_of_network_and_sram_take_the_square_of_their_voltage(product):
    """Under a governor that lowers it at the start the same as fixed at the lower state."""
    program = ls.compile(chip(COOL), product)
    fixed = ls.execute(replace(program, chip=chip(COOL, "power.uncore.state=low")))
    low = ls.execute(replace(program, chip=chip(COOL, *governed(uncore="powersave"))))
    assert low.makespan_ps == fixed.makespan_ps
    assert low.energy_breakdown_j == pytest.approx(fixed.energy_breakdown_j, rel=1e-12)
    high = ls.execute(program)
    for component in ("sram", "noc"):
        expected = high.energy_breakdown_j[component] * (0.48 / 0.55) ** 2
        assert low.energy_breakdown_j[component] == pytest.approx(expected, rel=1e-12)


def test_a_memory_that_is_lowered_at_the_start_is_one_in_the_lower_state(product):
    program = ls.compile(chip(COOL), product)
    fixed = ls.execute(replace(program, chip=chip(COOL, "power.memory.state=low")))
    low = ls.execute(replace(program, chip=chip(COOL, *governed(memory="powersave"))))
    assert low.makespan_ps == fixed.makespan_ps
    assert low.energy_breakdown_j == pytest.approx(fixed.energy_breakdown_j, rel=1e-12)
    assert low.utilization["dram"] == pytest.approx(fixed.utilization["dram"], rel=1e-9)


def test_shared_sram_and_network_follow_their_clock():
    fabric = Fabric(chip(), (dram_route(False),))
    fast, slow = (fabric.at(10**9, hertz).capacities for hertz in (10**9, 6 * 10**8))
    for link in (NOC, SHARED):
        assert slow[link] == pytest.approx(0.6 * fast[link], rel=1e-6)


def test_every_burst_of_a_run_with_a_slow_memory_goes_through_the_kernel_at_its_rate(product):
    program = ls.compile(chip(COOL, "power.memory.state=low"), product)
    plain, detailed = (ls.execute(program, fidelity=name) for name in ("fast", "detailed"))
    assert detailed.events["dram_bursts"] > 0
    assert detailed.makespan_ps == pytest.approx(plain.makespan_ps, rel=0.05)
    with pytest.raises(LeptonError, match="fixed governor only"):
        ls.execute(ls.compile(chip(*governed(memory="on_demand")), product), fidelity="detailed")


def test_on_demand_memory_saves_energy_where_computing_binds():
    """ResNet-50 on one core, whose DRAM is at a third of its pins."""
    resnet = ls.load_model("zoo:resnet50")
    fixed, saving = (
        ls.simulate(chip("power.heat=true", "cores=1", *governed(memory=name)), resnet, requests=4)
        for name in ("fixed", "on_demand")
    )
    assert fixed.utilization["dram"] < 0.4
    assert saving.energy_j < 0.995 * fixed.energy_j
    assert saving.power.domains["memory"].changes > 0


def test_on_demand_memory_leaves_llama_decode_as_fast_as_it_was():
    llama = ls.load_model("zoo:llama-3-8b?seq=1&past=256")
    fixed, on_demand = (
        ls.simulate(chip("power.heat=true", *governed(memory=name)), llama) for name in ("fixed", "on_demand")
    )
    assert on_demand.latency_s < 1.02 * fixed.latency_s
    assert on_demand.energy_j < 1.001 * fixed.energy_j


def test_idle_memory_and_network_fall_to_their_lowest_state(product):
    program = ls.compile(chip(COOL, *governed("on_demand", "on_demand")), product)
    result = ls.execute(program, arrivals_ps=(5 * 10**9,))
    for domain in result.power.domains.values():
        assert domain.residency_ps["low"] > 0.7 * 5 * 10**9


@pytest.mark.parametrize("name", governor_names())
@pytest.mark.parametrize("domain", ["memory", "uncore"])
def test_every_governor_serves_any_domain_or_says_that_it_does_not(product, domain, name):
    told = {"power_cap": ":40W/1ms", "deadline": ":2ms", "oracle": ":2ms"}.get(name, "")
    program = ls.compile(chip(f"power.{domain}.governor={name}{told}"), product)
    if name not in ANY_DOMAIN:
        with pytest.raises(LeptonError, match=rf"power\.{domain}\.governor: {name} chooses states of the cores only"):
            ls.execute(program)
        return
    result = ls.execute(program)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(result.to_json()))
    assert (result.power is None) is (name == "fixed")
    assert result.to_json() == ls.execute(program).to_json()


@pytest.mark.parametrize(
    ("governor", "says"),
    [
        ("on_demant", "power.memory.governor: .*did you mean 'on_demand'"),
        ("on_demand:1", "power.memory.governor: .*nothing"),
    ],
)
def test_a_misnamed_governor_is_named_with_its_parameter(product, governor, says):
    with pytest.raises(LeptonError, match=says):
        ls.execute(ls.compile(chip(f"power.memory.governor={governor}"), product))


@pytest.mark.parametrize(("cap_w", "window_ms"), [(45, 1), (60, 2)])
def test_a_cap_holds_over_any_window_whatever_the_other_domains_do(cap_w, window_ms):
    model = ls.load_model("gemm:4096x4096x4096")
    program = ls.compile(chip(*governed("on_demand", "on_demand", f"power_cap:{cap_w}W/{window_ms}ms")), model)
    segments = ls.execute(program, requests=8).power.segments
    ends = np.array([0] + [each.to_ps for each in segments])
    energy = np.append(0, np.cumsum([sum(each.power_w) * (each.to_ps - each.from_ps) for each in segments]))
    begins = np.concatenate([ends, ends - window_ms * 10**9])
    begins = begins[(begins >= 0) & (begins + window_ms * 10**9 <= ends[-1])]
    spent = np.interp(begins + window_ms * 10**9, ends, energy) - np.interp(begins, ends, energy)
    assert spent.max() / (window_ms * 10**9) <= cap_w * (1 + 1e-9)


def test_no_reading_draws_more_than_the_bound_of_its_state_whatever_the_other_domains_do():
    model = ls.load_model("gemm:4096x4096x4096")
    program = ls.compile(chip("power.interval=20 us", *governed("on_demand", "on_demand", "on_demand")), model)
    machine = machine_of(program, core={30: 0, 80: 1, 120: 2, 180: 0})
    energy = energy_model(program.chip)
    points = operating_points(program.chip, energy.table.voltage_v)
    bounds = most_w(program, points, spending(program, energy), energy, machine.fabric)
    power = machine.execute(2).power
    assert power.changes == 4
    for each in power.segments:
        if each.core_hz:
            point = [point.clock_hz for point in points].index(each.core_hz)
            assert sum(each.power_w) <= bounds[point]


def test_the_load_of_the_memory_is_what_it_moves_of_what_it_could():
    """A product of one row streams its weights at what DRAM gives; while the chip waits nothing moves."""
    seen = []

    class Spy(Steps):
        def choose(self, sample):
            seen.append((sample.now_ps, sample.busy))
            return sample.point

    program = ls.compile(chip(COOL, *governed(memory="on_demand")), ls.load_model("gemm:1x8192x65536"))
    machine = Machine(program)
    machine.control._memory.governor = Spy(2, {})
    record = machine.execute(1, arrivals_ps=(10**9,))
    loads = [busy for now_ps, busy in seen if 1.5 * 10**9 < now_ps < record.makespan_ps - 10**9]
    assert len(loads) > 20
    assert min(loads) > 0.95
    assert {busy for now_ps, busy in seen if now_ps <= 10**9} == {0.0}


@pytest.mark.parametrize("governor", ["deadline:2ms", "oracle:2ms"])
def test_trials_of_the_cores_run_with_the_other_domains_as_at_the_start(product, governor):
    alone = ls.execute(ls.compile(chip(COOL, *governed(core=governor)), product))
    beside = Machine(
        ls.compile(chip(COOL, *governed("on_demand", "on_demand", governor)), product)
    ).control._core.governor
    chosen = Machine(ls.compile(chip(COOL, *governed(core=governor)), product)).control._core.governor
    assert beside == chosen
    assert alone.latency_s <= 2e-3


def test_heat_holds_back_the_cores_alone():
    hot = "power.thermal={r_die: 0.6 K/W, c_die: 0.0005 J/K, r_sink: 0.1 K/W, c_sink: 0.01 J/K, ambient: 40 degC, "
    hot += "throttle: 53 degC, hysteresis: 2 K, leakage_per_kelvin: 1.8 %/K}"
    resnet = ls.load_model("zoo:resnet50")
    result = ls.simulate(chip(hot, *governed("race_to_idle", "race_to_idle", "race_to_idle")), resnet, requests=20)
    assert 0 < result.power.throttled_ps < result.makespan_ps
    assert result.power.changes > 1
    for domain in result.power.domains.values():
        assert domain.changes == 1
        assert domain.residency_ps["high"] > 0.9 * result.makespan_ps


def test_pictures_summary_and_trace_show_the_clocks_of_domains_that_changed(product, tmp_path):
    from leptonsim.result.figures import power, states
    from leptonsim.result.summary import summary_rows

    program = ls.compile(chip(COOL, *governed(memory="on_demand", uncore="fixed")), product)
    result = ls.execute(program, trace=tmp_path / "trace.json")
    domain = result.to_dict()["power"]["domains"]["memory"]
    begins = [begin for begin, *_ in domain["pieces"]]
    assert begins == sorted(set(begins))
    assert begins[0] == 0
    assert domain["changes"] >= 1
    assert 0 in {clock for _, clock, _ in domain["pieces"]}
    for picture in (power, states):
        labels = [axes.get_ylabel() for axes in picture.draw(result).axes]
        assert "data rate (GT/s)" in labels
    bars = [text.get_text() for text in states.draw(result).axes[-1].get_yticklabels()]
    assert {"core base", "memory low", "memory change"} <= set(bars)
    assert dict(summary_rows(result))["memory governor"].startswith("on_demand: ")
    counters = [each for each in json.loads((tmp_path / "trace.json").read_text())["traceEvents"] if each["ph"] == "C"]
    assert {"memory clock", "memory voltage"} <= {each["name"] for each in counters}


def test_a_clock_that_changes_often_is_told_by_means_of_equal_parts():
    from leptonsim.result.governed import clock_pieces

    n = 1000
    times = np.column_stack([np.arange(n) * 10, np.arange(1, n + 1) * 10, np.ones(n, dtype=np.int64)])
    clock = np.where(np.arange(n) % 2, 100, 300)
    domain = DomainRecord("on_demand", clock, np.full(n, 0.5), {}, n)
    record = type("Record", (), {"times": times, "spans_ps": times[:, 1] - times[:, 0]})()
    assert clock_pieces(record, domain, 600) == [(10 * k, float(clock[k]), 0.5) for k in range(n)]
    assert clock_pieces(record, domain, 100) == [(100 * k, 200.0, 0.5) for k in range(100)]
