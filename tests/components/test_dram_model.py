"""DRAM as the fabric sees it, held against published figures of its parts and against bounds of physics."""

from types import SimpleNamespace

import pytest

from leptonsim.chip.dram_channel import channel_setup
from leptonsim.chip.dram_part import load_part, part_names
from leptonsim.errors import LeptonError
from leptonsim.fabric.dram import AccessPattern, DramModel
from leptonsim.fabric.dram_bench import measure

MAPPING = SimpleNamespace(interleave_bytes=256, bank_groups="low", xor=True)


def model(part: str, channels: int = 8, **mapping: object) -> DramModel:
    return DramModel(
        SimpleNamespace(
            part=part,
            channels=channels,
            capacity_bytes=1 << 33,
            fabric_latency_ps=20_000,
            mapping=SimpleNamespace(**{**vars(MAPPING), **mapping}),
        )
    )


STREAM, WRITES = AccessPattern("sequential", 4096), AccessPattern("sequential", 4096, True)


@pytest.mark.parametrize("name", part_names())
def test_a_stream_comes_within_five_points_of_what_refresh_leaves(name):
    part = load_part(name)
    left = 1 - part.clocks("refresh", "tRFC") / part.clocks("refresh", "tREFI")
    assert left - 0.05 < model(name).efficiency([STREAM]) <= 1


@pytest.mark.parametrize("name", part_names())
def test_no_mix_beats_its_easiest_part(name):
    dram = model(name)
    hard = AccessPattern("random", 64)
    mixed = dram.efficiency([STREAM, hard])
    assert dram.efficiency([hard]) - 0.03 < mixed < dram.efficiency([STREAM]) + 0.03
    assert dram.efficiency([STREAM, WRITES]) < dram.efficiency([STREAM])


def test_bytes_of_a_burst_that_nobody_asked_for_are_lost():
    dram = model("DDR4-3200")
    quarter, whole = AccessPattern("random", 16), AccessPattern("random", 64)
    assert dram.efficiency([quarter]) == pytest.approx(dram.efficiency([whole]) / 4, rel=0.05)
    assert dram.bus_use(quarter).moved_bytes == 4 * dram.bus_use(whole).moved_bytes == 4
    assert dram.bus_use(quarter).activates == pytest.approx(4 * dram.bus_use(whole).activates, rel=0.05)


def test_a_stream_opens_each_row_about_once_and_random_bursts_one_each():
    dram, row = model("DDR4-3200"), load_part("DDR4-3200").organization.row_bytes
    assert 1 / row <= dram.bus_use(STREAM).activates < 1.5 / row
    assert dram.bus_use(STREAM).moved_bytes == 1
    assert dram.bus_use(AccessPattern("random", 64)).activates == pytest.approx(1 / 64, rel=0.05)


def test_bank_groups_above_the_column_cost_ddr4_a_third():
    # MODELS, measured: DDR4-3200 streams at 0.66 of peak bank after bank, at 0.955 with bank groups interleaved.
    assert model("DDR4-3200", bank_groups="high").efficiency([STREAM]) == pytest.approx(0.66, abs=0.06)
    assert model("DDR4-3200").efficiency([STREAM]) == pytest.approx(0.955, abs=0.01)


def test_the_idle_latency_is_that_of_a_closed_row():
    # JESD79-4C, DDR4-3200AA: tRCD 22, CL 22, burst 4 clocks of 0.625 ns; the controller takes 10 ns, the fabric 20.
    assert model("DDR4-3200").latency_ps == (22 + 22 + 4 + 16) * 625 + 20_000


def test_the_efficiency_is_a_pure_function_of_the_set():
    first, second = model("LPDDR5-6400"), model("LPDDR5-6400")
    mix = [STREAM, AccessPattern("strided", 256), WRITES]
    assert first.efficiency(mix) == second.efficiency(reversed(mix)) == first.efficiency(mix + mix)
    assert first.efficiency([]) == 1.0


def test_an_unknown_part_and_no_channel_are_errors():
    with pytest.raises(LeptonError, match="did you mean"):
        model("LPDDR5-6401")
    with pytest.raises(LeptonError, match="at least one channel"):
        model("LPDDR5-6400", channels=0)


PAIRS = [
    ("DDR4-2400", "DDR4-3200"),
    ("DDR5-4800", "DDR5-6400"),
    ("LPDDR4-3200", "LPDDR4-4266"),
    ("LPDDR4X-3733", "LPDDR4X-4266"),
    ("LPDDR5-5500", "LPDDR5-6400"),
    ("GDDR6-14", "GDDR6-16"),
    ("HBM2-2000", "HBM2-2400"),
    ("HBM2E-3200", "HBM2E-3600"),
    ("HBM3-5200", "HBM3-6400"),
]


@pytest.mark.parametrize(("slow", "fast"), PAIRS)
@pytest.mark.parametrize("pattern", ["sequential", "strided:256x22016", "random:64", "streams:16x256"])
def test_a_faster_part_is_never_slower(slow, fast, pattern):
    rates = [measure(load_part(name), MAPPING, pattern, accesses=20_000).bytes_per_s for name in (slow, fast)]
    assert rates[1] >= 0.995 * rates[0]


@pytest.mark.parametrize("name", ["DDR4-3200", "LPDDR5-6400", "HBM2-2000"])
@pytest.mark.parametrize("pattern", ["sequential", "strided:256x22016", "random:64"])
def test_a_wider_bus_is_never_slower(name, pattern):
    part = load_part(name)
    shape = part.organization
    wider = shape.model_copy(
        update={"data_width_bits": 2 * shape.data_width_bits, "row_bytes": 2 * shape.row_bytes, "rows": shape.rows // 2}
    )
    rates = [
        measure(each, MAPPING, pattern, accesses=20_000).bytes_per_s
        for each in (part, part.model_copy(update={"organization": wider}))
    ]
    assert rates[1] >= 0.995 * rates[0]


@pytest.mark.parametrize("name", part_names())
@pytest.mark.parametrize("pattern", ["sequential", "random:64"])
def test_no_pattern_beats_the_pins_or_what_is_outstanding(name, pattern):
    part = load_part(name)
    found = measure(part, MAPPING, pattern, outstanding=4, accesses=4_000)
    assert found.bytes_per_s <= found.peak_bytes_per_s
    # Little's law: four accesses in flight, each at least as long as a row hit takes.
    setup = channel_setup(part, MAPPING)
    fastest = setup.read_latency * 1e12 / setup.tick_hz
    assert found.bytes_per_s <= 4 * part.access_bytes * 1e12 / fastest
    assert found.latency_mean_ps >= 0.999 * fastest
    assert sum(found.time_shares.values()) == pytest.approx(1)


def test_the_bound_is_named():
    ddr4, hbm = load_part("DDR4-3200"), load_part("HBM2-2000")
    high = SimpleNamespace(interleave_bytes=256, bank_groups="high", xor=True)
    assert measure(ddr4, MAPPING, "sequential").bound == "data_bus"
    assert measure(ddr4, high, "sequential").bound == "bank_groups"
    assert measure(hbm, MAPPING, "sequential", outstanding=2).bound == "outstanding"
    assert measure(load_part("GDDR6-16"), MAPPING, "random:32").bound == "activate_window"


def test_hbm2_energy_is_in_the_published_range():
    # MODELS: HBM2 3.9 to 7.0 pJ/bit in all (Jouppi et al., ISCA 2021), more for random accesses.
    stream = measure(load_part("HBM2-2000"), MAPPING, "sequential", channels=8)
    assert 3.9 < sum(stream.energy_pj_per_bit.values()) < 7.0
    random = measure(load_part("HBM2-2000"), MAPPING, "random:32", channels=8)
    assert random.energy_pj_per_bit["activate"] > 10 * stream.energy_pj_per_bit["activate"]
