"""States of the memory clock: what a part is at a lower rate, what it carries, what it costs, and what is refused."""

from dataclasses import replace

import pytest

import leptonsim as ls
from leptonsim.chip.dram_part import CLOCKED, load_part, part_names
from leptonsim.errors import LeptonError
from leptonsim.fabric.dram import AccessPattern, DramModel
from leptonsim.machine.energy import energy_model, io_at
from leptonsim.machine.sleep import background_at

STATES = "[{name: low, data_rate: 1600 MT/s, voltage: 0.3 V}, {name: high, data_rate: 6400 MT/s}]"
COOL = "power.thermal=null"


def chip(*overrides, states=STATES, name="lepton-c1"):
    return ls.load_chip(name, [COOL, f"power.memory={{states: {states}}}", *overrides])


@pytest.mark.parametrize("name", part_names())
def test_at_a_lower_rate_times_stay_times_and_turns_of_the_bus_stay_clocks(name):
    part = load_part(name)
    step = part.clocking.transfers_per_clock
    slow = part.at_rate(part.clocking.data_rate // 2 // step * step)
    assert slow.channel_bytes_per_s == pytest.approx(part.channel_bytes_per_s / 2, rel=0.01)
    for timing in type(part.timings).model_fields:
        if timing.startswith("t"):
            before, after = (each.clocks("timings", timing) for each in (part, slow))
            own = getattr(part.timings, timing)
            if timing in CLOCKED and not own.time_ps:
                assert after == before
            else:
                # never shorter than it was by more than what JEDEC rounds off, nor a clock longer; or its least clocks
                time_ps, least_ps = before * 1e12 / part.clock_hz, own.clocks * 1e12 / slow.clock_hz
                period_ps = 1e12 / slow.clock_hz
                exact_ps = float(own.time_ps) if own.time_ps else time_ps
                assert exact_ps - 0.027 * period_ps <= after * period_ps < max(exact_ps + period_ps, least_ps + 1)


def test_a_part_at_a_lower_rate_by_hand():
    """LPDDR5-6400 counts clocks of 1.25 ns, of 2.5 ns at half of its rate: RL of 17 is 21.25 ns, tRCD 18 ns."""
    slow = load_part("LPDDR5-6400").at_rate(3_200_000_000)
    assert slow.clock_hz == 400_000_000
    found = {name: slow.clocks("timings", name) for name in ("tCL", "tRCDRD", "tCCD_S", "tCCD_L", "tWTR_S", "tFAW")}
    assert found == {"tCL": 9, "tRCDRD": 8, "tCCD_S": 2, "tCCD_L": 4, "tWTR_S": 4, "tFAW": 8}
    assert slow.clocks("refresh", "tREFI") == 1563  # 3.906 us, rounded up
    assert load_part("LPDDR5-6400").at_rate(6_400_000_000) is load_part("LPDDR5-6400")
    for rate in (0, 6_400_000_008, 3_200_000_001):
        with pytest.raises(ValueError, match="does not run at"):
            load_part("LPDDR5-6400").at_rate(rate)


@pytest.mark.parametrize("pattern", [AccessPattern("sequential", 4096), AccessPattern("random", 64)])
def test_a_lower_rate_carries_less_and_answers_no_sooner(pattern):
    spec = chip().dram
    models = [DramModel(spec, rate * 10**6) for rate in (800, 1600, 3200, 4800, 6400)]
    carried = [model.peak_bytes_per_s * model.efficiency([pattern]) for model in models]
    assert carried == sorted(carried)
    latencies = [model.latency_ps for model in models]
    assert latencies == sorted(latencies, reverse=True)
    assert models[-1].latency_ps == DramModel(spec).latency_ps


@pytest.mark.parametrize("model", ["gemm:64x8192x8192", "zoo:resnet50", "zoo:llama-3-8b?seq=1&past=64"])
def test_a_lower_state_is_never_faster(model):
    program = ls.compile(chip(), ls.load_model(model))
    rates = (1600, 3200, 4800, 6400)
    chips = [chip(states=f"[{{name: only, data_rate: {rate} MT/s}}]") for rate in rates]
    times = [ls.execute(replace(program, chip=each)).makespan_ps for each in chips]
    assert times == sorted(times, reverse=True)


def test_a_state_at_the_rate_of_the_part_changes_nothing():
    model = ls.load_model("zoo:resnet50")
    plain, stated = (
        ls.simulate(each, model) for each in (ls.load_chip("lepton-c1", [COOL, "power.memory=null"]), chip())
    )
    assert stated.makespan_ps == plain.makespan_ps
    assert stated.energy_breakdown_j == plain.energy_breakdown_j


def test_the_interface_takes_the_square_of_its_voltage_and_background_falls_with_the_clock():
    program = ls.compile(chip(), ls.load_model("gemm:64x8192x8192"))
    high, low = (ls.execute(replace(program, chip=chip(f"power.memory.state={name}"))) for name in ("high", "low"))
    assert io_at(chip(), 0.3) == pytest.approx(0.36)
    before, after = high.dram_energy_j, low.dram_energy_j
    assert after["io"] == pytest.approx(before["io"] * 0.36, rel=1e-12)
    for event in ("read", "write"):
        assert after[event] == pytest.approx(before[event], rel=1e-12)
    # times each run took, and 45 % of background that go with the clock
    assert background_at(0.25) == pytest.approx(0.55 + 0.45 / 4)
    watts = [result.dram_energy_j["background"] / result.makespan_s for result in (high, low)]
    assert watts[1] == pytest.approx(watts[0] * (0.55 + 0.45 / 4), rel=1e-9)
    refresh = [result.dram_energy_j["refresh"] / result.makespan_s for result in (high, low)]
    assert refresh[1] == pytest.approx(refresh[0], rel=1e-9)


def test_the_table_of_energies_is_that_of_the_state():
    fast, slow = (energy_model(chip(f"power.memory.state={name}")).table for name in ("high", "low"))
    assert slow.dram.io_pj_per_byte == pytest.approx(0.36 * fast.dram.io_pj_per_byte)
    assert slow.dram.activate_pj == fast.dram.activate_pj


def text_of(memory, uncore="null"):
    lines = ls.load_chip("lepton-c1", [COOL, "power.memory=null"]).to_yaml().splitlines()
    at = lines.index("power:")
    return "\n".join([*lines[: at + 1], f"  memory: {memory}", f"  uncore: {uncore}", *lines[at + 1 :]]), at + 2


@pytest.mark.parametrize(
    ("memory", "column", "says"),
    [
        ("{states: [{name: a, data_rate: 8000 MT/s}]}", 42, "8 GT/s is above the 6.4 GT/s of LPDDR5-6400"),
        ("{states: [{name: a, data_rate: 1600.000001 MT/s}]}", 42, "whole number of command clocks"),
        ("{states: [{name: a, data_rate: 1600 MT/s, voltage: 0.6 V}]}", 62, "0.6 V is above the 0.5 V"),
        ("{states: []}", 20, "at least one state"),
        ("{state: hihg, states: [{name: high, data_rate: 1600 MT/s}]}", 19, "did you mean 'high'"),
        ("{states: [{name: a, data_rate: 1 GHz}]}", 42, "a frequency where a data rate belongs"),
        (
            "{states: [{name: a, data_rate: 1600 MT/s}, {name: a, data_rate: 3200 MT/s}]}",
            61,
            "is the name of two states",
        ),
    ],
)
def test_states_that_the_part_cannot_have_are_refused_with_their_place(tmp_path, memory, column, says):
    text, line = text_of(memory)
    path = tmp_path / "chip.yaml"
    path.write_text(text)
    with pytest.raises(LeptonError, match=says) as caught:
        ls.load_chip(path)
    assert f"{path}:{line}:{column}" in str(caught.value)


def test_a_voltage_on_a_part_that_does_not_say_its_own_is_refused():
    with pytest.raises(LeptonError, match="HBM3-6400 does not say the supply"):
        ls.load_chip("lepton-t1", ["power.memory.states=[{name: a, data_rate: 3200 MT/s, voltage: 0.3 V}]"])


@pytest.mark.parametrize(
    ("uncore", "says"),
    [
        ("{governor: fixed}", "give voltage and clock, or states and state"),
        ("{voltage: 0.5 V, clock: 1 GHz, state: base}", "power.uncore.states is empty"),
        ("{states: [{name: a, voltage: 0.5 V, clock: 1 GHz}]}", "say at which state it starts"),
        ("{state: b, states: [{name: a, voltage: 0.5 V, clock: 1 GHz}]}", "unknown state 'b'"),
        ("{voltage: 0.5 V, state: a, states: [{name: a, voltage: 0.5 V, clock: 1 GHz}]}", "leave out"),
    ],
)
def test_an_uncore_has_states_or_one_voltage_and_clock(uncore, says):
    with pytest.raises(LeptonError, match=says):
        ls.load_chip("lepton-c1", [f"power.uncore={uncore}"])
