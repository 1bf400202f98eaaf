"""Blocks at rest: what they draw, when they sleep, and what that costs and saves, counted by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from leptonsim.kernels.tiles import BLOCK_NAMES

import leptonsim as ls
from leptonsim.chip import energy_table
from leptonsim.chip.dram_part import load_part
from leptonsim.chip.energy.dram import dram_energy
from leptonsim.errors import LeptonError
from leptonsim.fabric.pcie import EXIT_LATENCY_PS
from leptonsim.machine.blocks import BLOCKS, static_shares
from leptonsim.machine.energy import AT_REST, energy_model
from leptonsim.machine.gating import Choice, gating_names, make_policy
from leptonsim.machine.machine import Machine
from leptonsim.machine.sleep import SleepState, sleep_states
from leptonsim.machine.spans import spread
from leptonsim.result.from_record import make_result

GATED = SleepState("gated", 0.1, 0.0, 30, 100)
LIGHT, DEEP = SleepState("light", 0.5, 0.5, 10, 20), SleepState("deep", 0.1, 0.1, 100, 200)
ON_DIE = BLOCK_NAMES[:4]


def chip(*overrides, name="lepton-c1"):
    return ls.load_chip(name, list(overrides))


def policy(text, *states):
    return make_policy("sram", text, [Choice(state, 1 - state.static_share) for state in states])


def slept(text, rests, *states):
    """(state, begin, end, is free) of all sleep."""
    begin, end = (np.array(side, dtype=np.int64) for side in zip(*rests, strict=True))
    return sorted(
        (stays.state, since, until, stays.is_free)
        for stays in policy(text, *states).stays(begin, end)
        for since, until in zip(stays.begin_ps.tolist(), stays.end_ps.tolist(), strict=True)
    )


def all_gated(name, *blocks):
    return [f"power.blocks.{block}.gating={name}" for block in blocks or BLOCK_NAMES]


# ---- policies


def test_the_policies_are_the_files_of_the_folder():
    assert gating_names() == ["directed", "ideal", "idle_detection", "none"]


def test_no_policy_sleeps_never():
    assert slept("none", [(0, 10**12)], GATED) == []
    assert policy("none", GATED).sleeps == ()
    assert policy("none", GATED).from_ps is None


def test_idle_detection_sleeps_from_its_idle_time_on_and_makes_the_next_job_wait():
    assert slept("idle_detection:50ps", [(0, 50), (100, 151), (1000, 3000)], GATED) == [
        (0, 150, 151, False),
        (0, 1050, 3000, False),
    ]
    assert policy("idle_detection:50ps", GATED).sleeps == ((50, 30),)


def test_idle_detection_without_a_time_waits_for_the_break_even_time():
    assert policy("idle_detection", GATED).sleeps == ((100, 30),)
    assert policy("idle_detection", LIGHT, DEEP).sleeps == ((20, 10), (200, 100))


def test_idle_detection_goes_on_to_the_deeper_state_and_pays_for_that_one_alone():
    assert slept("idle_detection", [(0, 120), (1000, 2000)], LIGHT, DEEP) == [
        (0, 20, 120, False),
        (0, 1020, 1200, True),
        (1, 1200, 2000, False),
    ]


def test_directed_sleeps_at_once_where_it_pays_and_is_awake_in_time():
    rests = [(0, 130), (1000, 1131), (5000, 9000)]
    assert slept("directed", rests, GATED) == [(0, 1000, 1101, False), (0, 5000, 8970, False)]
    assert policy("directed", GATED).sleeps == ()


def test_directed_takes_the_state_that_saves_most():
    # light saves 0.5 (t - 30), deep 0.9 (t - 300): equal at t = 637.5
    assert slept("directed", [(0, 637)], LIGHT, DEEP) == [(0, 0, 627, False)]
    assert slept("directed", [(0, 638)], LIGHT, DEEP) == [(1, 0, 538, False)]


def test_ideal_sleeps_all_of_every_rest_in_the_deepest_state_for_nothing():
    assert slept("ideal", [(0, 1), (10, 500)], LIGHT, DEEP) == [(1, 0, 1, True), (1, 10, 500, True)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "idle_detecton",
            "power.blocks.sram.gating: no policy is called 'idle_detecton'; did you mean 'idle_detection'",
        ),
        ("idle_detection:soon", "power.blocks.sram.gating: idle_detection takes idle times"),
        ("idle_detection:1us,2us", "told 2 times for 1 states"),
        ("directed:1us", "directed takes nothing"),
        ("ideal:1us", "ideal takes nothing"),
        ("none:1us", "none takes nothing"),
    ],
)
def test_a_wrong_policy_is_refused_with_what_to_do(text, says):
    with pytest.raises(LeptonError, match=says):
        policy(text, GATED)


def test_idle_times_of_several_states_rise():
    with pytest.raises(LeptonError, match="rising order"):
        policy("idle_detection:2us,1us", LIGHT, DEEP)


def test_intervals_are_spread_over_spans_to_the_picosecond():
    bounds = np.array([0, 10, 20, 40])
    found = spread(np.array([0, 5, 9, 12, 38]), np.array([10, 25, 11, 13, 60]), bounds)
    assert found.tolist() == [10 + 5 + 1, 10 + 1 + 1, 5 + 2]


# ---- powers


def test_static_power_divides_over_blocks_by_what_they_are_made_of():
    shares = dict(zip(BLOCKS, static_shares(chip()).tolist(), strict=True))
    assert math.fsum(shares.values()) == pytest.approx(1, rel=1e-12)
    # 4 x (128 x 128 cells and 2 MiB of accumulators); 4 x 512 lanes; 4 x 8 MiB; 4 x 64 B/cycle and 32 MiB;
    # 204.8 GB/s; 16 lanes of 16 GT/s with 128b/130b: 31.5 GB/s
    watts = {
        "tensor_core": 4 * (16384 * 82.9e-6 + 2 * 0.1892),
        "vector_unit": 4 * 512 * 464e-6,
        "sram": 32 * 0.1892,
        "noc": 4 * 64 * 1.5e-3 + 32 * 0.1892,
        "dram": 204.8 * 3.71e-3,
        "pcie": 16 * 16 * 128 / 130 / 8 * 30.6e-3,
    }
    for block, each in watts.items():
        assert shares[block] == pytest.approx(0.55 * each / sum(watts.values()), rel=1e-6)
    assert shares["other"] == pytest.approx(0.45)


def test_a_share_that_is_told_leaves_the_rest_in_proportion():
    before = static_shares(chip())
    after = static_shares(chip("power.blocks.sram.static_share=0.5"))
    sram = BLOCKS.index("sram")
    assert after[sram] == 0.5
    others = np.delete(after, sram) / np.delete(before, sram)
    assert others == pytest.approx(np.full(6, 0.5 / (1 - before[sram])))


def test_shares_above_the_whole_are_refused():
    with pytest.raises(LeptonError, match="static_share"):
        chip("power.blocks.sram.static_share=0.6", "power.blocks.noc.static_share=0.6")


def test_leakage_grows_with_voltage_and_heat_and_interfaces_do_not():
    power = energy_model(chip("power.leakage_per_volt=2.5")).resting.power
    low, high = power.static_w(0.6), power.static_w(0.7, heat=1.3)
    ratio = dict(zip(BLOCKS, (high / low).tolist(), strict=True))
    for block in (*ON_DIE, "other"):
        assert ratio[block] == pytest.approx(0.7 / 0.6 * math.exp(2.5 * 0.1) * 1.3)
    assert ratio["dram"] == ratio["pcie"] == 1
    assert power.static_w(0.8).sum() == pytest.approx(10)


def test_a_resting_array_draws_its_share_of_the_power_of_all_its_cells():
    """At 0.55 V and 1 GHz: 15 % of the arrays' 46 W and the accumulators' 1 W where the clock is gated, else 32 %."""
    table = energy_table(chip()).at_voltage(0.55)
    full_w = 4 * (16384 * table.mac["bf16"] + 128 * 8 * table.accumulator_pj_per_byte) / 1e3
    gated = energy_model(chip()).resting.power.rest_w(0.55, 10**9)[0]
    free = energy_model(chip("power.blocks.clock_gating=false")).resting.power.rest_w(0.55, 10**9)[0]
    assert 46 < full_w < 48
    assert gated == pytest.approx(0.15 * full_w)
    assert free == pytest.approx(0.32 * full_w)


# ---- states


def test_dram_sleeps_by_its_part_and_family():
    down, refresh = sleep_states(chip(), "dram")
    assert (down.name, refresh.name) == ("power_down", "self_refresh")
    assert down.wake_ps == 7_500  # tXP
    part = load_part("LPDDR5-6400")
    assert refresh.wake_ps == part.ps(part.clocks("refresh", "tRFC")) + 7_500  # tXSR
    assert abs(refresh.wake_ps - 217_500) < 1_250  # tRFC of 210 ns in whole clocks
    energy, _ = dram_energy(chip())
    assert down.rest_share == pytest.approx((0.17 * energy.background_w + energy.refresh_w) / energy.standby_w)
    assert down.refresh_share == 1
    assert refresh.rest_share == refresh.refresh_share == 0.12


def test_every_family_of_dram_parts_can_sleep():
    from leptonsim.chip.dram_parts import dram_parts

    for part in dram_parts():
        states = sleep_states(chip(f"dram.part={part}"), "dram")
        assert 0 < states[1].rest_share < states[0].rest_share < 1
        assert states[0].wake_ps < states[1].wake_ps


def test_the_link_sleeps_in_its_states_with_their_exit_latencies():
    states = sleep_states(chip(), "pcie")
    assert [state.name for state in states] == ["L0s", "L1", "L1.2"]
    assert [state.wake_ps for state in states] == [EXIT_LATENCY_PS[state.name] for state in states]
    assert states[0].static_share > states[1].static_share > states[2].static_share


def test_what_the_chip_says_of_a_block_replaces_the_data():
    told = chip("power.blocks.noc.wake=7 ns", "power.blocks.noc.break_even=1 us", "power.blocks.noc.residual=0.5")
    (state,) = sleep_states(told, "noc")
    assert (state.wake_ps, state.break_even_ps, state.static_share) == (7_000, 1_000_000, 0.5)
    assert sleep_states(chip(), "sram")[0].static_share == 0.25  # it keeps its data


# ---- runs


def record_of(*overrides, arrivals_ps=None, model="gemm:512x512x512"):
    """One product on a machine: its record and its result."""
    program = ls.compile(chip(*overrides), ls.load_model(model))
    record = Machine(program).execute(1, arrivals_ps=arrivals_ps)
    return record, make_result(program, record, 1)


@pytest.mark.parametrize("block", BLOCK_NAMES)
def test_directed_sleep_saves_what_the_rests_are_worth(block):
    """A millisecond of idle time and all the rests of a product: each by itself, in the state that is best for it."""
    idle = (10**9,)
    record, result = record_of(f"power.blocks.{block}.gating=directed", arrivals_ps=idle)
    _, awake = record_of(arrivals_ps=idle)
    assert result.makespan_ps == awake.makespan_ps
    model, index = energy_model(result.program.chip), BLOCK_NAMES.index(block)
    units = result.blocks[block]["units"]
    static_w = model.resting.power.static_w(0.55)[index] / units
    rest_w = model.resting.power.rest_w(0.55, 10**9)[index] / units
    saved_j, visits = 0.0, 0
    for _, begin, end, _ in record.rests.tolist():
        gains = [
            (static_w * (1 - state.static_share) + rest_w * (1 - state.rest_share))
            * (end - begin - state.wake_ps - state.break_even_ps)
            for state in model.resting.states[block]
        ]
        saved_j += max(0.0, *gains) / 1e12
        visits += max(gains) > 0
    assert visits == result.blocks[block]["sleeps"] >= units
    assert awake.energy_j - result.energy_j == pytest.approx(saved_j, rel=1e-9)
    assert saved_j > 0.5e-3 * static_w  # half a unit asleep for that millisecond at the least


def test_an_array_that_wakes_up_takes_its_time_to_the_picosecond():
    """One tile: the array waits for its operands, sleeps, and makes all that follows later by its waking."""
    one = {"model": "gemm:16x16x16"}
    _, awake = record_of("cores=1", **one)
    wakes = [f"power.blocks.tensor_core.{name}" for name in ("gating=idle_detection:1ns", "wake=3 us")]
    _, asleep = record_of("cores=1", *wakes, **one)
    assert asleep.makespan_ps - awake.makespan_ps == 3_000_000
    times = [result.time_ps["core0.tensor"] for result in (awake, asleep)]
    assert times[1]["busy"] == times[0]["busy"]
    assert times[1]["latency"] - times[0]["latency"] == 3_000_000
    assert asleep.blocks["tensor_core"]["sleeps"] == 2  # before the tile and after it


def test_dram_in_self_refresh_delays_the_first_load_by_its_exit():
    slow_launch = ("software.launch=1 ms", "cores=1")
    _, awake = record_of(*slow_launch)
    _, asleep = record_of(*slow_launch, "power.blocks.dram.gating=idle_detection:100us,200us")
    exit_ps = sleep_states(chip(), "dram")[1].wake_ps
    assert asleep.makespan_ps - awake.makespan_ps == exit_ps
    rested_ps = asleep.blocks["dram"]["rested_ps"]
    assert asleep.blocks["dram"]["slept_ps"]["power_down"] == 100_000_000
    assert 0.75 * 10**9 < asleep.blocks["dram"]["slept_ps"]["self_refresh"] < rested_ps - 200_000_000


def test_a_link_in_l1_delays_the_copy_of_the_outputs_by_its_exit():
    _, awake = record_of("software.launch=1 ms")
    _, asleep = record_of("software.launch=1 ms", "power.blocks.pcie.gating=idle_detection:1us,20us")
    assert asleep.makespan_ps - awake.makespan_ps == EXIT_LATENCY_PS["L1"]
    static_w = energy_model(chip()).resting.power.static_w(0.55)[BLOCK_NAMES.index("pcie")]
    block = asleep.blocks["pcie"]
    slept = block["slept_ps"]
    assert slept["L0s"] == 19_000_000
    # L0s leaves 60 %, L1 20 %; what going to L1 and back costs is twice its exit latency of what L1 saves
    expected = block["time_ps"] - 0.4 * slept["L0s"] - 0.8 * (slept["L1"] - 20_000_000)
    assert block["static_j"] == pytest.approx(static_w * expected / 1e12)


def test_a_link_that_rests_in_a_state_draws_what_is_left_of_its_power():
    awake, resting = (
        ls.simulate(chip(f"pcie.idle_state={state}"), ls.load_model("gemm:512x512x512")) for state in ("L0", "L1")
    )
    block = resting.blocks["pcie"]
    assert block["slept_ps"] == {"L1": block["rested_ps"]}
    static_w = energy_model(chip()).resting.power.static_w(0.55)[BLOCK_NAMES.index("pcie")]
    expected = static_w * (block["time_ps"] - 0.8 * block["rested_ps"]) / 1e12
    assert block["static_j"] == pytest.approx(expected)
    assert awake.blocks["pcie"]["slept_ps"] == {}


def test_a_state_of_the_link_and_a_policy_for_it_exclude_each_other():
    with pytest.raises(LeptonError, match=r"pcie.idle_state"):
        chip("pcie.idle_state=L1", "power.blocks.pcie.gating=directed")


def test_cells_with_padding_cost_nothing_in_partial_arrays():
    """K = 64 and N = 64 on 128 x 128 cells: a quarter of the array works, three quarters can be off."""
    model = ls.load_model("gemm:4096x64x64")
    whole, partial = (
        ls.simulate(chip(f"power.blocks.partial_arrays={on}", "cores=1"), model) for on in ("false", "true")
    )
    (operator,) = partial.program.operators
    assert operator.cells_share == 0.25
    table, chip_model = energy_table(chip()).at_voltage(0.55), energy_model(chip("cores=1"))
    cycles = operator.tensor_cycles
    off = 0.75 * 16384 * cycles
    clock_j = off * table.clocked_share * table.mac["bf16"] / 1e12
    dynamic = whole.energy_breakdown_j["tensor_core"] - partial.energy_breakdown_j["tensor_core"]
    assert dynamic == pytest.approx(clock_j)
    static_w = chip_model.resting.power.static_w(0.55)[0]
    leaks = whole.blocks["tensor_core"]["static_j"] - partial.blocks["tensor_core"]["static_j"]
    assert leaks == pytest.approx(static_w * 0.965 * 0.75 * cycles / 1e9)
    assert partial.makespan_ps == whole.makespan_ps


def test_zeros_leave_a_cell_its_clock():
    full, half, none = (energy_table(chip(f"energy.activity={activity}")).mac_pj("bf16") for activity in (1, 0.5, 0))
    assert none == pytest.approx(0.32 * full)
    assert half == pytest.approx(0.66 * full)
    assert full == energy_table(chip()).mac["bf16"]


def test_blocks_sum_to_the_components_of_rest():
    for governor in ("fixed", "on_demand"):
        result = ls.simulate(
            chip(*all_gated("idle_detection:500ns"), f"power.governor={governor}"), ls.load_model("zoo:resnet50")
        )
        for name in AT_REST:
            parts = math.fsum(block[f"{name}_j"] for block in result.blocks.values())
            assert parts == pytest.approx(result.energy_breakdown_j[name], rel=1e-12)
        for block in result.blocks.values():
            assert sum(block["slept_ps"].values()) <= block["rested_ps"] <= block["time_ps"]


UNCORE = ("power.uncore.voltage=0.6 V", "power.uncore.clock=1 GHz")


def test_network_and_sram_with_a_supply_of_their_own_keep_their_energy_in_every_state():
    program = ls.compile(chip(*UNCORE), ls.load_model("zoo:bert-base"))
    results = {}
    for state, clock in (("eco", "700 MHz"), ("boost", "1.2 GHz")):
        at = program.chip.with_({"power.state": state, "clocks.core": clock})
        results[state] = ls.execute(replace(program, chip=at)).energy_breakdown_j
    for component in ("sram", "shared_sram", "noc"):
        assert results["eco"][component] == results["boost"][component]
    square = (0.48 / 0.62) ** 2
    assert results["eco"]["vector_unit"] == pytest.approx(square * results["boost"]["vector_unit"])
    power = energy_model(program.chip).resting.power
    low, high = power.static_w(0.48), power.static_w(0.62)
    ratio = dict(zip(BLOCKS, (low / high).tolist(), strict=True))
    assert ratio["sram"] == ratio["noc"] == 1
    assert ratio["tensor_core"] == pytest.approx(0.48 / 0.62)


def test_under_a_governor_the_uncore_is_what_it_is_without():
    model, told = ls.load_model("zoo:resnet50"), (*UNCORE, "power.thermal.leakage_per_kelvin=0 %/K")
    plain = ls.simulate(chip(*told), model)
    sampled = ls.simulate(chip(*told, "power.heat=true"), model)
    assert sampled.energy_breakdown_j == pytest.approx(plain.energy_breakdown_j, rel=1e-12)


@pytest.mark.parametrize("text", ["idle_detection", "directed", "ideal"])
def test_a_policy_without_rules_comes_to_the_same_as_one_with(text, monkeypatch):
    """What a third party's policy saves is worked out by another way, at every reading."""

    class Unruled:
        def __init__(self, policy):
            self.sleeps, self.from_ps, self.stays = policy.sleeps, policy.from_ps, policy.stays

    def run():
        return ls.simulate(
            chip("power.governor=power_cap:20W", "power.thermal.c_sink=0.01 J/K", *all_gated(text)),
            ls.load_model("zoo:resnet50"),
            requests=6,
        )

    ruled = run()
    monkeypatch.setattr("leptonsim.machine.resting.make_policy", lambda *given: Unruled(make_policy(*given)))
    unruled = run()
    assert [each.die_c for each in unruled.power.segments] == pytest.approx(
        [each.die_c for each in ruled.power.segments], rel=1e-12
    )
    assert unruled.makespan_ps == ruled.makespan_ps
    assert len(unruled.power.segments) > 10


def test_directed_takes_the_state_that_saves_most_at_every_length():
    choices = [Choice(LIGHT, 3.0), Choice(DEEP, 7.0), Choice(SleepState("other", 0.3, 0.3, 50, 60), 4.0)]
    rules = make_policy("dram", "directed", choices).rules
    for rest in range(1000):
        gains = [each.saved_w * (rest - each.state.break_even_ps - each.state.wake_ps) for each in choices]
        best = [gains.index(max(gains))] if max(gains) > 0 else []
        assert [rule.state for rule in rules if rule.above_ps < rest <= (rule.upto_ps or rest)] == best
