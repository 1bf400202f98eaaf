"""Laws of energy: parts add up over components and time, sleep that is chosen well never costs, on random chips."""

import itertools
import json
import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from leptonsim.kernels.tiles import BLOCK_NAMES

from leptonsim.api import execute
from leptonsim.chip import energy_table, load_chip
from leptonsim.compiler.compile import compile
from leptonsim.errors import LeptonError
from leptonsim.machine.energy import AT_REST, DYNAMIC, energy_model
from leptonsim.machine.rest_energy import Spans
from leptonsim.model import load_model

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
GATINGS = ("none", "idle_detection", "idle_detection:200ns", "directed", "ideal")
GATED = (*BLOCK_NAMES, "sram_banks")
WAYS = st.fixed_dictionaries({block: st.sampled_from(GATINGS) for block in GATED})


def gated(chip, ways, **others):
    """The chip with a policy for each block."""
    return chip.with_({**{f"power.blocks.{block}.gating": way for block, way in ways.items()}, **others})


def program_of(data, laws):
    chip, (model, _) = data.draw(laws.chips()), data.draw(laws.models(most=3))
    try:
        return compile(chip, model)
    except LeptonError as error:
        if "no tile fits" not in str(error):
            raise
        assume(False)


@FEW
@given(data=st.data())
def test_directed_sleep_never_costs_more_than_none_nor_ideal_more_than_directed(laws, data):
    program = program_of(data, laws)
    arrivals = tuple(sorted(data.draw(st.lists(st.integers(0, 10**9), min_size=2, max_size=2))))
    results = [
        execute(
            replace(program, chip=gated(program.chip, dict.fromkeys(GATED, way))),
            requests=2,
            arrivals_ps=arrivals,
        )
        for way in ("none", "directed", "ideal")
    ]
    for before, after in itertools.pairwise(results):
        assert after.makespan_ps == before.makespan_ps
        assert after.energy_j <= before.energy_j * (1 + 1e-12)
        for block in BLOCK_NAMES:
            spent = [sum(result.blocks[block][f"{part}_j"] for part in AT_REST) for result in (before, after)]
            assert 0 <= spent[1] <= spent[0] * (1 + 1e-12)


@FEW
@given(data=st.data(), ways=WAYS, partial=st.booleans())
def test_blocks_add_up_to_components_whatever_sleeps(laws, data, ways, partial):
    program = program_of(data, laws)
    chip = gated(program.chip, ways, **{"power.blocks.partial_arrays": partial})
    result = execute(replace(program, chip=chip))
    for part in AT_REST:
        whole = math.fsum(block[f"{part}_j"] for block in result.blocks.values())
        assert whole == pytest.approx(result.energy_breakdown_j[part], rel=1e-12)
    assert min(result.energy_breakdown_j.values()) >= 0
    assert sum(result.energy_breakdown_j.values()) == pytest.approx(result.energy_j, rel=1e-12)
    for causes in result.time_ps.values():
        assert sum(causes.values()) == result.makespan_ps
    for block in result.blocks.values():
        assert sum(block["slept_ps"].values()) <= block["time_ps"] >= block["rested_ps"]
        off_ps = block["slept_ps"].get("off", 0)
        assert sum(block["slept_ps"].values()) - off_ps <= block["rested_ps"]
        if "banks" in block:
            times = {name: time for name, time in block["banks"].items() if name.endswith("_ps")}
            assert min(times.values()) >= 0
            assert sum(times.values()) == block["time_ps"]
            assert off_ps <= times["empty_ps"]
            assert times["holding_ps"] <= block["rested_ps"] <= times["holding_ps"] + times["empty_ps"]


@FEW
@given(
    ways=WAYS,
    lengths=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(1, 10**8), st.integers(1, 10**7)), max_size=20
    ),
    cuts=st.lists(st.integers(1, 10**9 - 1), max_size=4, unique=True),
)
def test_a_run_cut_into_spans_takes_the_same_energy(ways, lengths, cuts):
    """Rests one after the other, of any unit of any block (6: banks, two on a core), at one voltage and clock."""
    resting = energy_model(gated(load_chip("lepton-c1"), ways, **{"core.sram.banks": 2})).resting
    rows, at = [], defaultdict(int)
    for block, unit, gap, length in lengths:
        begin = at[block, unit] + gap
        at[block, unit] = begin + length
        rows.append((block, begin, begin + length, unit))
    end = max([10**9, *at.values()])
    rests = np.array(rows, dtype=np.int64).reshape(-1, 4)

    def energy(bounds):
        bounds = np.array(bounds, dtype=np.int64)
        rested = np.zeros((len(bounds) - 1, len(BLOCK_NAMES)), dtype=np.int64)
        for block, begin, until, _ in rows:
            if block < len(BLOCK_NAMES):
                rested[:, block] += np.diff(np.clip(bounds, begin, until))
        ones = np.ones(len(bounds) - 1)
        spans = Spans(bounds, rested, 0 * ones, 0.55 * ones, (10**9 * ones).astype(np.int64), ones)
        sleep = resting.sleep(spans, rests)
        total = resting.energy(spans, sleep).total()
        return {name: math.fsum(each) for name, each in total.parts.items()}, sleep

    whole, whole_sleep = energy([0, end])
    parts, parts_sleep = energy([0, *sorted(cuts), end])
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)
    assert (parts_sleep.saved_ps.sum(axis=0) == whole_sleep.saved_ps[0]).all()
    assert parts_sleep.off_at_rest_ps.sum() == whole_sleep.off_at_rest_ps[0]


@FEW
@given(data=st.data(), idle_ps=st.integers(10**6, 10**12))
def test_an_idle_chip_takes_the_power_of_its_idle_state_times_time(laws, data, idle_ps):
    program = program_of(data, laws)
    program = replace(program, chip=gated(program.chip, dict.fromkeys(BLOCK_NAMES, "none")))
    early, late = execute(program, arrivals_ps=(0,)), execute(program, arrivals_ps=(idle_ps,))
    power = energy_model(program.chip).resting.power
    idle_w = power.idle_w(power.nominal_v, program.chip.clocks.core_hz)
    assert late.energy_j - early.energy_j == pytest.approx(idle_w * idle_ps / 1e12, rel=1e-6)


@FEW
@given(data=st.data(), clock=st.sampled_from(["300 MHz", "700 MHz", "2 GHz"]))
def test_at_one_voltage_operations_and_bytes_take_the_same_energy_at_any_clock(laws, data, clock):
    program = program_of(data, laws)
    before = execute(program)
    after = execute(replace(program, chip=program.chip.with_({"clocks.core": clock})))
    for component in DYNAMIC:
        assert after.energy_breakdown_j[component] == pytest.approx(before.energy_breakdown_j[component], rel=1e-12)


@settings(FEW, max_examples=6)
@given(
    ways=WAYS,
    governor=st.sampled_from(["on_demand", "race_to_idle", "power_cap:40W/1ms"]),
    partial=st.booleans(),
    link=st.sampled_from(["L0", "L1"]),
)
def test_under_a_governor_segments_add_up_to_components_whatever_sleeps(ways, governor, partial, link):
    """As the JSON has them, the energy of changes and of their time included."""
    from leptonsim.model import load_model

    others = {"power.governor": governor, "power.blocks.partial_arrays": partial}
    others["power.transition"] = {"ramp": "10 us", "lock": "5 us", "energy": "1 uJ"}
    if ways["pcie"] == "none":
        others["pcie.idle_state"] = link
    chip = gated(load_chip("lepton-c1"), ways, **others)
    arrivals = tuple(range(0, 8 * 10**8, 4 * 10**8))
    result = execute(compile(chip, load_model("gemm:1024x1024x1024")), requests=2, arrivals_ps=arrivals)
    document = json.loads(result.to_json())
    segments = np.array(document["power"]["segments"], dtype=np.float64)
    series = segments[:, 5:] * (segments[:, 1:2] - segments[:, :1])
    assert (series >= 0).all()
    assert document["power"]["components"] == [*DYNAMIC, *AT_REST]
    for place, name in enumerate((*DYNAMIC, *AT_REST)):
        assert series[:, place].sum() / 1e12 == pytest.approx(document["energy_breakdown_j"][name], rel=1e-9)
    for block in document["blocks"].values():
        # banks that hold nothing may be off while their SRAM works
        slept_ps = sum(block["slept_ps"].values()) - block["slept_ps"].get("off", 0)
        assert slept_ps <= block["rested_ps"] <= block["time_ps"]


@FEW
@given(data=st.data(), requests=st.integers(1, 3), cold=st.booleans())
def test_operators_copies_and_blocks_add_up_to_the_run_and_no_mean_is_above_the_peak(laws, data, requests, cold):
    program = program_of(data, laws)
    result = execute(program, requests=requests, cold=cold)
    for name in DYNAMIC:
        steps_pj = math.fsum(step.energy_breakdown_pj.get(name, 0.0) for step in result.steps)
        copies_j = result.copies_breakdown_j.get(name, 0.0)
        whole_j = result.energy_breakdown_j[name]
        assert steps_pj * result.runs / 1e12 + copies_j == pytest.approx(whole_j, rel=1e-12)
    assert result.power_peak_w >= result.power_avg_w


@pytest.mark.parametrize("gating", ["none", "idle_detection:1us,20us", "directed", "ideal"])
@pytest.mark.parametrize("governor", ["fixed", "on_demand"])
def test_the_events_of_dram_sum_to_its_components(gating, governor):
    chip = load_chip("lepton-c1", [f"power.blocks.dram.gating={gating}", f"power.governor={governor}"])
    program = compile(chip, load_model("zoo:mobilenet-v2"))
    result = execute(program, requests=2, arrivals_ps=[0, 10**9])
    parts = dict(result.dram_energy_j)
    standby = [parts.pop("background"), parts.pop("refresh")]
    assert math.fsum(parts.values()) == pytest.approx(result.energy_breakdown_j["dram"], rel=1e-12)
    assert math.fsum(standby) == pytest.approx(result.energy_breakdown_j["standby"], rel=1e-12)
    assert min(*parts.values(), *standby) > 0
    if gating == "none":
        assert standby[1] == pytest.approx(energy_table(chip).dram.refresh_w * result.makespan_s, rel=1e-12)
