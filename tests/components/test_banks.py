"""Banks of SRAM: what they hold, when those that hold nothing are off, and what that saves, counted by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leptonsim.kernels.tiles import BLOCK_NAMES

import leptonsim as ls
from leptonsim.machine.banks import tensor_bytes
from leptonsim.machine.energy import energy_model
from leptonsim.machine.machine import Machine
from leptonsim.machine.rest_energy import Spans
from leptonsim.machine.resting import ASLEEP, OFF
from leptonsim.machine.sleep import bank_off, sleep_states
from leptonsim.result.figures.sram import draw
from leptonsim.result.from_record import make_result

SRAM, BANK = BLOCK_NAMES.index("sram"), len(BLOCK_NAMES)
POLICIES = ("none", "idle_detection:2ps", "idle_detection", "directed", "ideal")


def chip(*overrides):
    return ls.load_chip("lepton-c1", list(overrides))


def gated(banks, sram="none"):
    return [f"power.blocks.sram_banks.gating={banks}", f"power.blocks.sram.gating={sram}"]


def slept(policy, begin, end, wake, break_even):
    """Begin, end, and what is paid for one rest under a policy."""
    name, _, told = policy.partition(":")
    if name == "ideal":
        return begin, end, 0
    if name == "directed" and end - begin > wake + break_even:
        return begin, end - wake, break_even
    after = int(told.removesuffix("ps")) if told else break_even
    if name == "idle_detection" and end - begin > after:
        return begin + after, end, break_even
    return None


@st.composite
def rests(draw):
    """Times at rest of two cores' SRAMs, and without data of the three banks of each: disjoint, unit by unit."""
    rows = []
    for kind, units in ((SRAM, 2), (BANK, 6)):
        for unit in range(units):
            cuts = sorted(draw(st.lists(st.integers(0, 60), max_size=8, unique=True)))
            rows += [(kind, since, until, unit) for since, until in zip(cuts[::2], cuts[1::2], strict=False)]
    return np.array(sorted(rows, key=lambda row: row[2]), dtype=np.int64).reshape(-1, 4)


@settings(max_examples=150, deadline=None)
@given(rows=rests(), banks=st.sampled_from(POLICIES[1:]), sram=st.sampled_from(POLICIES), cut=st.integers(1, 59))
def test_every_picosecond_of_a_bank_is_awake_or_asleep_or_off(rows, banks, sram, cut):
    """Bank by bank: off where its policy says, asleep in what is left of its core's rests."""
    times = ["sram_banks.wake=3 ps", "sram_banks.break_even=4 ps", "sram.wake=2 ps", "sram.break_even=5 ps"]
    told = [*gated(banks, sram), "cores=2", "core.sram.banks=3", *(f"power.blocks.{each}" for each in times)]
    resting = energy_model(chip(*told)).resting
    saved, visits, off_at_rest = {ASLEEP: 0, OFF: 0}, {ASLEEP: 0, OFF: 0}, 0
    for bank in range(6):
        of_core = [row for row in rows.tolist() if row[0] == SRAM and row[3] == bank // 3]
        is_at_rest = np.zeros(61, dtype=bool)
        for _, since, until, _ in of_core:
            is_at_rest[since:until] = True
        is_off = np.zeros(61, dtype=bool)
        for row in rows.tolist():
            found = slept(banks, row[1], row[2], 3, 4) if row[0] == BANK and row[3] == bank else None
            if found:
                is_off[found[0] : found[1]] = True
                saved[OFF] += found[1] - found[0] - found[2]
                visits[OFF] += 1
        off_at_rest += int((is_off & is_at_rest).sum())
        for _, since, until, _ in of_core:
            edges = [at for at in range(since, until + 1) if at in (since, until) or is_off[at] != is_off[at - 1]]
            for begin, end in itertools.pairwise(edges):
                found = None if is_off[begin] else slept(sram, begin, end, 2, 5)
                if found:
                    saved[ASLEEP] += found[1] - found[0] - found[2]
                    visits[ASLEEP] += 1
    for bounds in ([0, 60], [0, cut, 60]):
        ones = np.ones(len(bounds) - 1)
        spans = Spans(
            np.array(bounds), np.zeros((len(ones), 6), dtype=np.int64), ones, ones, ones.astype(np.int64), ones
        )
        sleep = resting.sleep(spans, rows)
        assert {depth: sleep.saved_ps[:, SRAM, depth].sum() for depth in saved} == saved
        assert {depth: sleep.visits[SRAM, depth] for depth in saved} == visits
        assert sleep.off_at_rest_ps.sum() == off_at_rest


def record_of(*overrides, arrivals_ps=None, model="gemm:16x16x16", requests=1):
    program = ls.compile(chip(*overrides), ls.load_model(model))
    record = Machine(program).execute(requests, arrivals_ps=arrivals_ps)
    return record, make_result(program, record, requests)


def test_banks_that_never_hold_anything_save_their_leakage_and_their_clock_at_rest():
    """One small tile on one core of 32 banks of 256 KiB. A tenth of 8 MiB is not the compiler's: three banks and 0.2 of
    a fourth, in which the tile has room. The other 28 are off from the first picosecond until they have to wake."""
    idle = {"arrivals_ps": (10**9,)}
    _, awake = record_of("cores=1", **idle)
    record, result = record_of("cores=1", *gated("directed"), **idle)
    assert result.makespan_ps == awake.makespan_ps
    assert awake.sram_peak_bytes < 4 * (256 << 10) - (8 << 20) // 10
    power, state = energy_model(chip("cores=1")).resting.power, bank_off(chip())
    static_w = power.static_w(0.55)[SRAM] * 28 / 32
    clock_w = power.rest_w(0.55, 10**9)[SRAM] * 28 / 32
    off_ps = result.makespan_ps - state.wake_ps
    # the copy of the outputs ends the run: the SRAM rests while they wake
    at_rest_ps = int(record.rested_ps[SRAM]) - state.wake_ps
    saved_pj = static_w * (1 - state.static_share) * (off_ps - state.break_even_ps) + clock_w * at_rest_ps
    assert (awake.energy_j - result.energy_j) * 1e12 == pytest.approx(saved_pj, rel=1e-9)
    assert result.blocks["sram"]["slept_ps"] == {"off": 28 * off_ps}
    assert result.blocks["sram"]["sleeps"] == 28
    assert result.blocks["sram"]["banks"] == {
        "gating": "directed",
        "bank_bytes": 256 << 10,
        "accessed_ps": 4 * (result.makespan_ps - int(record.rested_ps[SRAM])),
        "holding_ps": 4 * int(record.rested_ps[SRAM]),
        "empty_ps": 28 * result.makespan_ps,
    }
    assert [step.sram_banks_off for step in result.steps] == pytest.approx([28], rel=1e-4)


def test_the_others_sleep_meanwhile_and_no_leakage_is_saved_twice():
    idle = {"arrivals_ps": (10**9,)}
    _, awake = record_of("cores=1", **idle)
    record, result = record_of("cores=1", *gated("ideal", "ideal"), **idle)
    power = energy_model(chip("cores=1")).resting.power
    static_w, rested_ps = power.static_w(0.55)[SRAM], int(record.rested_ps[SRAM])
    (asleep,), off = sleep_states(chip(), "sram"), bank_off(chip())
    left_pj = static_w * (
        28 / 32 * off.static_share * result.makespan_ps
        + 4 / 32 * (result.makespan_ps - rested_ps + asleep.static_share * rested_ps)
    )
    assert result.blocks["sram"]["static_j"] * 1e12 == pytest.approx(left_pj, rel=1e-9)
    assert result.blocks["sram"]["clock_j"] == 0 < awake.blocks["sram"]["clock_j"]
    assert result.blocks["sram"]["slept_ps"] == {"sleep": 4 * rested_ps, "off": 28 * result.makespan_ps}


def test_a_job_waits_for_the_bank_that_it_fills_to_the_picosecond():
    """The tiles of a product need one bank more than those that are never off: the load that reaches it waits."""
    program = ls.compile(chip("cores=1"), ls.load_model("gemm:16x512x384"))
    told = chip("cores=1", *gated("idle_detection:1ns"), "power.blocks.sram_banks.wake=3 us")
    awake, off = (make_result(each, Machine(each).execute(1), 1) for each in (program, replace(program, chip=told)))
    assert off.blocks["sram"]["sleeps"] == 28 + 1  # one before it was filled, and after
    assert off.makespan_ps - awake.makespan_ps == 3_000_000
    times = [result.time_ps["core0.weights"] for result in (awake, off)]
    assert times[1]["busy"] - times[0]["busy"] == 3_000_000


def test_tensors_in_sram_come_with_their_maker_and_leave_with_their_last_reader():
    program = ls.compile(chip(), ls.load_model("zoo:resnet50"))
    taken = tensor_bytes(program)
    held = np.cumsum(taken[:, 0]) - np.append(0, np.cumsum(taken[:, 1])[:-1])
    assert held.tolist() == [operator.sram_resident_bytes for operator in program.operators]
    assert taken[:, 0].sum() == taken[:, 1].sum() > 0


def test_tensors_of_operators_without_steps_come_and_go_with_the_next():
    program = ls.compile(chip(), ls.load_model("zoo:resnet50"))
    whole = tensor_bytes(program)
    last = len(program.operators) - 1
    for gone in (3, last):
        kept = replace(program, steps=program.steps[program.steps[:, 11] != gone])
        place = gone + 1 if gone < last else gone - 1
        expected = whole.copy()
        expected[place] += whole[gone]
        expected[gone] = 0
        assert tensor_bytes(kept).tolist() == expected.tolist()


def test_the_picture_of_sram_shows_banks_off_where_they_may_be():
    _, awake = record_of("cores=1")
    _, result = record_of("cores=1", *gated("directed"))
    names = [[text.get_text() for text in draw(each).legends[0].get_texts()] for each in (awake, result)]
    assert names == [["tensors", "tiles on their way"], ["tensors", "tiles on their way", "banks off, on average"]]
    band = draw(result).axes[0].collections[-1].get_paths()[0].get_extents()
    # 28 banks of 256 KiB hang from 8 MiB
    assert (band.ymin, band.ymax) == pytest.approx((1, 8), rel=1e-3)
