"""Readings of a governed run: rests one by one say the same as all rests at once, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leptonsim.kernels.tiles import BLOCK_NAMES

from leptonsim.chip import load_chip
from leptonsim.machine.energy import energy_model
from leptonsim.machine.gating import Choice, gating_names, judge_of, make_policy
from leptonsim.machine.known import Known, Span
from leptonsim.machine.resting import Spans
from leptonsim.machine.sleep import SleepState

GATINGS = ("none", "idle_detection", "idle_detection:200ns", "directed", "ideal")
STATES = (SleepState("light", 0.5, 0.5, 10, 20), SleepState("deep", 0.1, 0.1, 100, 200))


def chip(ways, **others):
    gating = {f"power.blocks.{block}.gating": way for block, way in ways.items()}
    return load_chip("lepton-c1").with_({**gating, "core.sram.banks": 2, **others})


@st.composite
def rests(draw):
    """Disjoint rests of the units of each block (two banks on each core), in the order in which they end."""
    rows = []
    for kind, units in enumerate([4, 4, 4, 1, 1, 1, 8]):
        for unit in range(units):
            at = 0
            for _ in range(draw(st.integers(0, 2))):
                at += draw(st.integers(1, 10**6))
                length = draw(st.integers(1, 10**6))
                rows.append((kind, at, at + length, unit))
                at += length
    return sorted(rows, key=lambda row: row[2])


@settings(max_examples=40, deadline=None)
@given(
    ways=st.fixed_dictionaries({block: st.sampled_from(GATINGS) for block in (*BLOCK_NAMES, "sram_banks")}),
    idle=st.sampled_from(["L0", "L1"]),
    partial=st.booleans(),
    rows=rests(),
    begin=st.integers(0, 10**6),
    length=st.integers(1, 3 * 10**6),
    heat=st.floats(0.5, 2),
    rested=st.lists(st.integers(0, 10**6), min_size=6, max_size=6),
)
def test_a_reading_says_what_one_span_says(ways, idle, partial, rows, begin, length, heat, rested):
    # a link has one or the other
    ways = ways if idle == "L0" else {**ways, "pcie": "none"}
    resting = energy_model(chip(ways, **{"pcie.idle_state": idle, "power.blocks.partial_arrays": partial})).resting
    rows = [row for row in rows if row[2] > begin and (row[0] < len(BLOCK_NAMES) or resting.banks)]
    span = Span(begin, begin + length, rested, 12345.6, 0.6, 1_100_000_000, heat)
    spans = Spans(
        np.array([begin, begin + length]), np.array([rested]), np.array([12345.6]), np.array([0.6]),
        np.array([1_100_000_000]), np.array([heat]),
    )  # fmt: skip
    energy = resting.energy(spans, resting.sleep(spans, np.array(rows, dtype=np.int64).reshape(-1, 4)))
    expected = tuple(float(part.sum()) for part in (energy.clock_pj, energy.standby_pj, energy.static_pj))
    assert Known(resting).energy_pj(span, rows) == expected


@settings(max_examples=100, deadline=None)
@given(way=st.sampled_from([*GATINGS, "idle_detection:5ps,150ps"]), length=st.integers(1, 1000))
def test_every_policy_says_of_one_rest_what_it_says_of_many(way, length):
    policy = make_policy("pcie", way, [Choice(state, 1 - state.static_share) for state in STATES])
    begin = 10**6
    several = policy.stays(np.array([begin]), np.array([begin + length]))
    expected = [
        (stays.state, int(since), int(until), stays.is_free)
        for stays in several
        for since, until in zip(stays.begin_ps, stays.end_ps, strict=True)
    ]
    assert [tuple(stay) for stay in judge_of(policy)(begin, begin + length)] == expected


@pytest.mark.parametrize("name", gating_names())
def test_a_policy_without_a_word_on_one_rest_is_asked_for_many(name):
    policy = make_policy("pcie", name, [Choice(state, 1 - state.static_share) for state in STATES])

    class Plain:
        sleeps, from_ps = policy.sleeps, policy.from_ps

        def stays(self, begin_ps, end_ps):
            return policy.stays(begin_ps, end_ps)

    for length in (10, 100, 1000):
        assert list(judge_of(Plain())(0, length)) == list(judge_of(policy)(0, length))
