"""Every shipped part against arithmetic from its own figures: idle latencies, refresh, random accesses, bounds."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from leptonsim.kernels.dram import DramSimulation

from leptonsim.chip.dram_channel import channel_setup
from leptonsim.chip.dram_part import load_part, part_names
from leptonsim.chip.dram_setup import BOUNDS, FIELDS, Stream
from leptonsim.fabric.dram_bench import measure

HASHED = SimpleNamespace(interleave_bytes=256, bank_groups="low", xor=True)
PLAIN = SimpleNamespace(interleave_bytes=256, bank_groups="low", xor=False)


def next_row(setup):
    """How far apart two rows of one bank are, without a hash."""
    return 1 << next(low for field, low, _, _ in setup.address_map if FIELDS[field] == "row")


# JESD79-5B (4800B 40-39-39, 6400B 52-52-52, 16 Gb), JESD209-4 (read and write latency set A, 8 Gb for each channel):
# clocks of CL, CWL, RCD, RP, RAS, RRD of other groups, RRD of the same group, FAW, RTP, WR, REFI, RFC.
JEDEC = {
    "DDR5-4800": (40, 38, 39, 39, 77, 8, 12, 32, 18, 72, 9360, 708),
    "DDR5-6400": (52, 50, 52, 52, 103, 8, 16, 32, 24, 96, 12480, 944),
    "LPDDR4-3200": (28, 14, 29, 29, 68, 16, 16, 64, 12, 29, 6247, 448),
    "LPDDR4-4266": (36, 18, 39, 39, 90, 16, 16, 64, 16, 39, 8328, 598),
    "LPDDR4X-3733": (32, 16, 34, 34, 79, 19, 19, 75, 14, 34, 7287, 523),
    "LPDDR4X-4266": (36, 18, 39, 39, 90, 16, 16, 64, 16, 39, 8328, 598),
}
NAMES = ("tCL", "tCWL", "tRCDRD", "tRP", "tRAS", "tRRD_S", "tRRD_L", "tFAW", "tRTP", "tWR")


@pytest.mark.parametrize("name", JEDEC)
def test_timings_are_the_clocks_of_the_standard_s_speed_bin(name):
    part = load_part(name)
    found = [part.clocks("timings", each) for each in NAMES]
    found += [part.clocks("refresh", each) for each in ("tREFI", "tRFC")]
    assert tuple(found) == JEDEC[name]


def test_hbm3_is_as_wide_and_as_fast_as_its_standard_says():
    # JESD238A: 16 channels of 64 bits, two pseudo-channels each, bursts of eight; 819.2 GB/s a stack at 6.4 Gb/s.
    part = load_part("HBM3-6400")
    assert 16 * part.channel_bytes_per_s == 819_200_000_000
    assert (part.access_bytes, part.burst_clocks) == (32, 2)


@pytest.mark.parametrize("name", part_names())
def test_idle_latencies_are_those_of_the_data_sheet(name):
    part = load_part(name)
    setup = replace(channel_setup(part, PLAIN), refresh_interval=0)
    clocks = {each: part.clocks("timings", each) for each in ("tCL", "tRCDRD", "tRP")}
    # Each read starts long after the one before it: a closed row, a hit, another row of the same bank.
    starts = [0, 2000, 4000]
    addresses = [0, part.access_bytes, next_row(setup)]
    streams = [Stream(base=base, accesses=1, start_tick=start) for base, start in zip(addresses, starts, strict=True)]
    simulation = DramSimulation(setup, streams)
    simulation.run()
    done = [last - start for (_, last), start in zip(simulation.returned(), starts, strict=True)]
    hit = clocks["tCL"] + part.burst_clocks + part.clocks("controller", "latency")
    # A command of several slots counts from its last.
    slots = part.clocking.activate_slots - 1
    expected = [hit + clocks["tRCDRD"], hit, hit + clocks["tRCDRD"] + clocks["tRP"]]
    for found, least, late in zip(done, expected, (slots, part.clocking.column_slots - 1, slots), strict=True):
        assert least <= found <= least + late + 2


@pytest.mark.parametrize("name", part_names())
def test_random_bursts_reach_the_least_of_four_bounds(name):
    part = load_part(name)
    setup = channel_setup(part, HASHED)
    shape = part.organization
    banks = shape.ranks * shape.bank_groups * shape.banks_per_group
    slots = setup.act_slots + setup.pre_slots + (0 if setup.two_buses else setup.column_slots)
    # Shares of a pseudo-channel's data bus, by: activates, banks, command slots, the bus itself.
    bounds = [
        shape.ranks * setup.burst / max(setup.act_to_act_rank, setup.four_activates / 4),
        banks * setup.burst / setup.act_to_act,
        setup.burst / slots / shape.pseudo_channels,
        1.0,
    ]
    refreshed = 1 - setup.refresh_cycle / setup.refresh_interval
    found = measure(part, HASHED, f"random:{part.access_bytes}", accesses=20_000)
    share = found.bytes_per_s / found.peak_bytes_per_s
    # While refresh holds one rank another may go on, and queues are finite.
    assert 0.8 * min(bounds) * refreshed < share <= min(bounds)


@pytest.mark.parametrize("name", part_names())
def test_refresh_takes_its_share_of_an_idle_rank(name):
    setup = channel_setup(load_part(name), HASHED)
    end = 20 * setup.refresh_interval
    simulation = DramSimulation(setup, [Stream(accesses=1), Stream(accesses=1, start_tick=end)])
    simulation.run(until_tick=end)
    units = setup.lanes * setup.ranks
    assert simulation.totals()["refreshes"] == pytest.approx(20 * units, abs=units)


@pytest.mark.parametrize("name", part_names())
def test_textbook_cases_are_bound_by_what_the_textbook_says(name):
    part = load_part(name)
    row = next_row(channel_setup(part, PLAIN))

    def bound(pattern, mapping=HASHED, **options):
        return measure(part, mapping, pattern, accesses=8_000, **options).bound

    assert bound("sequential") in ("data_bus", "refresh")
    assert bound(f"strided:{part.access_bytes}x{row}x{part.organization.rows}", PLAIN) == "banks"
    assert bound(f"random:{part.access_bytes}", outstanding=1) == "outstanding"


def test_random_bursts_are_bound_by_the_scarcest_of_activates_and_commands():
    # GDDR6: tFAW far above four bursts. HBM3: activate and precharge take three row slots, two pseudo-channels share.
    assert measure(load_part("GDDR6-16"), HASHED, "random:32", accesses=20_000).bound == "activate_window"
    assert measure(load_part("LPDDR4-3200"), HASHED, "random:32", accesses=20_000).bound == "activate_window"
    assert measure(load_part("HBM3-5200"), HASHED, "random:32", accesses=20_000).bound == "command_bus"


@pytest.mark.parametrize("name", part_names())
def test_reads_and_writes_of_open_rows_are_bound_by_turnaround(name):
    part = load_part(name)
    setup = replace(channel_setup(part, PLAIN), refresh_interval=0)
    other_bank = 1 << next(low for field, low, _, _ in setup.address_map if FIELDS[field] == "bank")
    turn = max(1, 256 // part.access_bytes)
    streams = [
        Stream(write=write, base=base, span_bytes=256 * setup.groups, turn_accesses=turn, accesses=4000)
        for base, write in ((0, False), (other_bank, True))
    ]
    simulation = DramSimulation(setup, streams)
    simulation.run()
    bounds = dict(zip(BOUNDS, simulation.totals()["bounds"], strict=True))
    assert max((each for each in BOUNDS if each != "data_bus"), key=bounds.__getitem__) == "turnaround", bounds
