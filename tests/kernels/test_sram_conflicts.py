"""Waits for banks: the kernel against its twin, and both against a scratchpad played through cycle by cycle."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leptonsim.chip.load import load_chip
from leptonsim.kernels import sram_conflicts
from leptonsim.kernels.plain import sram_conflicts as plain
from leptonsim.kernels.plain.sram_conflicts import Scratchpad

count = st.integers(1, 64)
scratchpads = st.builds(Scratchpad, count, st.integers(1, 3), count, st.integers(1, 2048), st.integers(1, 2048))
amounts = st.integers(0, 100_000)


@given(scratchpads, st.integers(0, 5_000), amounts, amounts)
@settings(max_examples=400, deadline=None)
def test_the_kernel_equals_its_twin(scratchpad, interval, read_bytes, write_bytes):
    expected = plain.sram_stall_cycles(scratchpad, interval, read_bytes, write_bytes)
    assert sram_conflicts.sram_stall_cycles(scratchpad, interval, read_bytes, write_bytes) == expected
    assert expected >= 0


def played_through(banks, side_by_side, interval, writes, seed):
    """Cycles that an array waits which reads ``side_by_side`` single-ported banks a cycle, against random writes."""
    draw = random.Random(seed)
    due = sorted(draw.randrange(interval) for _ in range(writes))
    cycle = read = waited = 0
    while read < interval:
        reading = {(read * side_by_side + lane) % banks for lane in range(side_by_side)}
        hit = False
        while due and due[0] <= cycle:
            due.pop(0)
            hit = hit or draw.randrange(banks) in reading
        waited += hit
        read += not hit
        cycle += 1
    return waited


@pytest.mark.parametrize(("banks", "side_by_side", "writes"), [(32, 4, 100), (32, 16, 100), (8, 2, 200), (16, 15, 60)])
def test_expected_waits_are_those_of_a_scratchpad_played_through(banks, side_by_side, writes):
    interval, width = 1000, 16
    mean = sum(played_through(banks, side_by_side, interval, writes, seed) for seed in range(40)) / 40
    scratchpad = Scratchpad(banks, 1, width, banks * width, width)
    expected = plain.sram_stall_cycles(scratchpad, interval, interval * side_by_side * width, writes * width)
    # Writes that fall into one cycle share a wait, which the expected number ignores: 5 % at a tenth of the cycles.
    assert mean == pytest.approx(expected, rel=0.12)


@given(scratchpads, st.integers(1, 5_000), amounts, amounts)
@settings(max_examples=100, deadline=None)
def test_more_ports_or_fewer_writes_never_make_it_wait_longer(scratchpad, interval, read_bytes, write_bytes):
    def waits(pad, writes):
        return plain.sram_stall_cycles(pad, interval, read_bytes, writes)

    here = waits(scratchpad, write_bytes)
    assert waits(scratchpad._replace(ports=scratchpad.ports + 1), write_bytes) <= here
    assert waits(scratchpad, write_bytes // 2) <= here


def test_reads_that_fit_two_ports_beside_the_writes_never_wait():
    assert plain.sram_stall_cycles(Scratchpad(4, 2, 16, 64, 64), 100, 6400, 6400) == 0


def test_the_scratchpad_of_a_chip_shares_its_width_among_its_banks():
    scratchpad = plain.scratchpad_of(load_chip("lepton-c1", ["core.sram.ports=2"]).core.sram)
    assert scratchpad == Scratchpad(32, 2, 16, 512, 256)


@pytest.mark.parametrize("kernel", [sram_conflicts, plain])
def test_what_cannot_be_is_refused(kernel):
    with pytest.raises(ValueError, match="at least 1"):
        kernel.sram_stall_cycles(Scratchpad(0, 1, 16, 64, 64), 10, 10, 10)
    with pytest.raises(ValueError, match="at least 0"):
        kernel.sram_stall_cycles(Scratchpad(4, 1, 16, 64, 64), 10, -1, 10)
