"""The DRAM kernel against its plain twin, on setups and streams drawn at random, and against arithmetic by hand."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from leptonsim.kernels.dram import DramSimulation

from leptonsim.chip.dram_setup import FIELDS, DramSetup, Stream
from leptonsim.kernels.plain.dram import DramSimulation as Plain


def drawn_setup(draw: random.Random) -> DramSetup:
    shape = {
        "channel": draw.choice([1, 2]),
        "lane": draw.choice([1, 2]),
        "rank": draw.choice([1, 2]),
        "group": draw.choice([1, 2, 4]),
        "bank": draw.choice([1, 2, 4]),
        "row": 64,
        "column": draw.choice([4, 16]),
    }
    access = draw.choice([32, 64])
    order = list(shape)
    draw.shuffle(order)
    at, pieces = access.bit_length() - 1, []
    for name in order:
        bits = shape[name].bit_length() - 1
        if bits:
            pieces.append((FIELDS.index(name), at, bits, 0))
        at += bits
    hashes = ()
    if shape["group"] > 1 and draw.random() < 0.5:
        hashes = ((FIELDS.index("group"), FIELDS.index("row"), 1, shape["group"].bit_length() - 1),)
    burst = draw.choice([1, 2, 4])

    def between(low: int, high: int) -> int:
        return draw.randint(low, high)

    def pair(more: int) -> tuple[tuple[int, int], tuple[int, int]]:
        return (between(burst, burst + 2) + more, between(2, 12)), (between(4, 16), between(burst, burst + 2) + more)

    in_turn, posted = draw.random() < 0.5, draw.random() < 0.5
    write_queue = between(1, 8)
    high = between(1, write_queue)
    # Fewer writes in flight than start a drain would wait for ever.
    window = between(1 if posted or not in_turn else shape["channel"] * high, 40)
    return DramSetup(
        channels=shape["channel"],
        lanes=shape["lane"],
        ranks=shape["rank"],
        groups=shape["group"],
        banks_per_group=shape["bank"],
        rows=shape["row"],
        columns=shape["column"],
        access_bytes=access,
        address_map=tuple(pieces),
        xor_map=hashes,
        tick_hz=10**9,
        burst=burst,
        read_latency=between(3, 20),
        act_to_read=between(2, 12),
        act_to_write=between(2, 12),
        act_to_pre=between(5, 25),
        act_to_act=between(8, 35),
        act_to_act_rank=between(1, 5),
        act_to_act_group=between(1, 6),
        four_activates=between(4, 30),
        wide_window=draw.choice([0, 0, 100]),
        pre_to_act=between(2, 12),
        pre_to_pre=between(0, 3),
        read_to_pre=between(1, 6),
        write_to_pre=between(4, 20),
        same_group=pair(2),
        same_rank=pair(0),
        other_rank=pair(1),
        refresh_interval=draw.choice([0, 150, 300]),
        refresh_cycle=between(10, 60),
        refresh_mode=draw.choice(["rank", "lane", "bank"]),
        refresh_staggered=draw.random() < 0.5,
        refresh_one_precharge=draw.random() < 0.5,
        refresh_blocks_channel=draw.random() < 0.5,
        act_to_refresh=between(0, 30),
        pre_to_refresh=between(1, 12),
        activate_scope=draw.choice(["rank", "lane"]),
        two_buses=draw.random() < 0.5,
        act_slots=between(1, 3),
        column_slots=between(1, 2),
        pre_slots=between(1, 2),
        issue_align=draw.choice([1, 1, 2]),
        split_activate=draw.choice([0, 0, 5]),
        column_sync=draw.choice([0, 0, 1]),
        arbiter="bank_round_robin" if in_turn else "oldest_ready",
        read_queue=between(1, 8),
        write_queue=write_queue,
        bank_queue=between(1, 4) if in_turn else 0,
        row_hit_cap=draw.choice([0, 2, 4]),
        protect_hits=draw.choice(["none", "older", "all"]),
        age_cap=draw.choice([0, 20, 100]),
        drain_high=high,
        drain_low=between(0, high - 1),
        drain_idle=between(0, write_queue),
        posted_writes=in_turn and posted,
        merge_reads=draw.random() < 0.5,
        sends_per_tick=between(1, 2),
        window=window,
        interval=draw.choice([(0, 1), (0, 1), (between(1, 9), between(1, 3))]),
    )


def drawn_streams(draw: random.Random) -> list[Stream]:
    return [
        Stream(
            kind=draw.choice(["linear", "tile", "random"]),
            write=draw.random() < 0.4,
            base=draw.randrange(1 << 14) * 8,
            span_bytes=1 << draw.randint(12, 16),
            run_bytes=draw.choice([16, 32, 64, 100, 256]),
            pitch_bytes=draw.choice([256, 300, 1024]),
            tile_rows=draw.randint(1, 5),
            turn_accesses=draw.randint(1, 5),
            start_tick=draw.choice([0, 0, 50]),
            accesses=draw.randint(1, 60),
            seed=draw.randint(0, 99),
        )
        for _ in range(draw.randint(1, 4))
    ]


def case(seed: int) -> tuple[DramSetup, list[Stream], list[int]]:
    draw = random.Random(seed)
    setup, streams = drawn_setup(draw), drawn_streams(draw)
    return setup, streams, [draw.randrange(len(streams)) for _ in range(3)] + list(range(len(streams)))


@pytest.mark.parametrize("seed", range(60))
def test_the_kernel_equals_its_twin(seed):
    setup, streams, turns = case(seed)
    compiled, plain = DramSimulation(setup, streams, turns), Plain(setup, streams, turns)
    assert not compiled.run()
    assert not plain.run()
    assert compiled.totals() == plain.totals()
    assert compiled.latencies() == plain.latencies()
    assert compiled.returned() == plain.returned()
    assert compiled.now == plain.now


@pytest.mark.parametrize("seed", range(600, 620))
def test_the_kernel_equals_its_twin_under_a_long_mix_served_oldest_first(seed):
    setup, streams, _ = case(seed)
    setup = replace(setup, arbiter="oldest_ready", posted_writes=False)
    streams = [replace(each, accesses=4 * each.accesses) for each in streams]
    compiled, plain = DramSimulation(setup, streams), Plain(setup, streams)
    assert compiled.run(until_tick=4000) == plain.run(until_tick=4000)
    assert compiled.totals() == plain.totals()
    assert compiled.latencies() == plain.latencies()
    assert compiled.returned() == plain.returned()


@pytest.mark.parametrize("seed", range(100, 130))
def test_every_access_sent_is_done_once(seed):
    setup, streams, turns = case(seed)
    simulation = DramSimulation(setup, streams, turns)
    assert not simulation.run()
    totals = simulation.totals()
    asked = sum(stream.accesses for stream in streams)
    assert totals["reads"] + totals["writes"] == totals["sent"] == asked
    bursts = totals["read_bursts"] + totals["write_bursts"]
    assert bursts <= asked
    assert bursts == asked or setup.merge_reads
    assert [done for done, _ in simulation.returned()] == [stream.accesses for stream in streams]
    assert sum(simulation.latencies()) == totals["reads"]
    assert totals["activates"] >= bursts - totals["row_hits"]


@pytest.mark.parametrize("seed", range(200, 230))
def test_stopping_and_going_on_changes_nothing(seed):
    setup, streams, turns = case(seed)
    whole, pieces = DramSimulation(setup, streams, turns), DramSimulation(setup, streams, turns)
    whole.run()
    draw = random.Random(seed)
    while pieces.run(*draw.choice([(draw.randint(1, 9), None), (None, pieces.now + draw.randint(1, 50))])):
        pass
    assert pieces.totals() == whole.totals()
    assert pieces.latencies() == whole.latencies()


@pytest.mark.parametrize("seed", range(300, 330))
def test_the_data_bus_is_never_exceeded(seed):
    setup, streams, turns = case(seed)
    simulation = DramSimulation(setup, streams, turns)
    simulation.run()
    totals = simulation.totals()
    moved = (totals["read_bursts"] + totals["write_bursts"]) * setup.burst
    assert moved <= (totals["tick"] + setup.burst) * setup.channels * setup.lanes
    assert totals["bounds"][0] == moved


def ddr4() -> DramSetup:
    # JESD79-4C, DDR4-3200AA in clocks; one rank of four groups of four banks, a row of 128 bursts; no refresh.
    pieces = [(FIELDS.index("column"), 6, 7, 0), (FIELDS.index("group"), 13, 2, 0), (FIELDS.index("bank"), 15, 2, 0)]
    return DramSetup(
        channels=1,
        lanes=1,
        ranks=1,
        groups=4,
        banks_per_group=4,
        rows=1 << 16,
        columns=128,
        access_bytes=64,
        address_map=(*pieces, (FIELDS.index("row"), 17, 16, 0)),
        xor_map=(),
        tick_hz=1600 * 10**6,
        burst=4,
        read_latency=26,
        act_to_read=22,
        act_to_write=22,
        act_to_pre=52,
        act_to_act=74,
        act_to_act_rank=4,
        act_to_act_group=8,
        four_activates=34,
        wide_window=0,
        pre_to_act=22,
        pre_to_pre=1,
        read_to_pre=12,
        write_to_pre=44,
        same_group=((8, 12), (32, 8)),
        same_rank=((4, 12), (24, 4)),
        other_rank=((6, 12), (6, 6)),
        refresh_interval=0,
        refresh_cycle=560,
        window=1,
    )


ROW = 1 << 17
GROUP = 1 << 13


def latencies_of(addresses: list[int]) -> list[int]:
    """Latency of each of some reads, one at a time, in clocks."""
    streams = [Stream(base=address, accesses=1, span_bytes=64) for address in addresses]
    simulation = DramSimulation(ddr4(), streams)
    sums = [0]
    for _ in addresses:
        simulation.run(1)
        sums.append(simulation.totals()["read_latency"])
    return [after - before for before, after in pairwise(sums)]


def test_a_read_of_a_closed_row_takes_tRCD_and_CL_and_the_burst():
    assert latencies_of([0]) == [22 + 22 + 4]


def test_a_row_hit_takes_CL_and_the_burst():
    assert latencies_of([0, 64]) == [48, 26]


def test_a_row_conflict_waits_for_tRAS_then_takes_tRP_more():
    # The first read is done at 48, the next sent at 49; the row is closed at tRAS = 52, the data come 70 later.
    assert latencies_of([0, ROW]) == [48, 52 - 49 + 22 + 22 + 26]


def test_reads_of_one_bank_group_are_tCCD_L_apart_and_of_two_tCCD_S():
    one = DramSimulation(ddr4_with_window(64), [Stream(accesses=64)])
    one.run()
    # 22 to the first read, 63 more at tCCD_L, 26 to the last data; the clock shows the first tick not simulated.
    assert one.now == 22 + 63 * 8 + 26 + 1
    two = DramSimulation(
        ddr4_with_window(64), [Stream(accesses=32, span_bytes=2048), Stream(base=GROUP, accesses=32, span_bytes=2048)]
    )
    two.run()
    # The second group's row opens tRRD_S = 4 after the first's.
    assert two.now == 22 + 63 * 4 + 26 + 1


def ddr4_with_window(window: int) -> DramSetup:
    return replace(ddr4(), window=window, read_queue=64)


def test_four_activates_fill_the_window():
    setup = replace(ddr4(), window=16, act_to_act_rank=1, act_to_act_group=1)
    banks = [Stream(base=bank * GROUP, accesses=1, span_bytes=64) for bank in range(16)]
    simulation = DramSimulation(setup, banks)
    simulation.run()
    # Activates at 0 1 2 3, then tFAW = 34 after the one four before; the 16th at 3 * 34 + 3, and the read after it.
    assert simulation.totals()["activates"] == 16
    assert simulation.now >= 3 * 34 + 3 + 22 + 26


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 3}, "channels = 3 is not a power of two"),
        ({"window": 0}, "window"),
        ({"arbiter": "bank_round_robin", "posted_writes": True}, "bank_queue"),
        ({"arbiter": "bank_round_robin", "bank_queue": 4, "drain_idle": 9}, "writes drain when 9 wait"),
    ],
)
def test_a_setup_that_cannot_be_is_an_error(change, message):
    with pytest.raises(ValueError, match=message):
        DramSimulation(replace(ddr4(), **change), [Stream()])


def test_an_endless_stream_needs_an_end():
    with pytest.raises(ValueError, match="endless"):
        DramSimulation(ddr4(), [Stream()]).run()
    with pytest.raises(ValueError, match="at least one stream"):
        DramSimulation(ddr4(), [])
    with pytest.raises(ValueError, match="pitch is smaller"):
        DramSimulation(ddr4(), [Stream("tile", run_bytes=64, pitch_bytes=32)])


@pytest.mark.parametrize("seed", range(400, 430))
def test_streams_that_join_later_are_served_as_by_the_twin(seed):
    draw = random.Random(seed)
    setup, streams = drawn_setup(draw), drawn_streams(draw)
    compiled, plain = DramSimulation(setup, streams), Plain(setup, streams)
    for _ in range(6):
        stop = compiled.now + draw.choice([1, 5, 40, 400, 3000])
        count = draw.choice([None, None, draw.randint(1, 20)])
        assert compiled.run(count, stop) == plain.run(count, stop)
        assert compiled.totals() == plain.totals()
        assert compiled.returned() == plain.returned()
        start = draw.choice([0, compiled.now, compiled.now + draw.randint(0, 300)])
        joining = replace(drawn_streams(draw)[0], start_tick=start)
        assert compiled.add(joining) == plain.add(joining)
    compiled.run()
    plain.run()
    assert compiled.totals() == plain.totals()


@pytest.mark.parametrize("seed", range(500, 520))
def test_the_same_streams_in_two_batches_give_the_same_end(seed):
    draw = random.Random(seed)
    setup = drawn_setup(draw)
    streams = sorted((replace(each, start_tick=50 * n) for n, each in enumerate(drawn_streams(draw) * 3)), key=start_of)
    whole, batches = DramSimulation(setup, streams), DramSimulation(setup, streams[:2])
    whole.run()
    for stream in streams[2:]:
        batches.run(until_tick=stream.start_tick)
        batches.add(stream)
    batches.run()
    assert batches.returned() == whole.returned()
    assert batches.latencies() == whole.latencies()
    assert {**batches.totals(), "tick": 0} == {**whole.totals(), "tick": 0}


def start_of(stream: Stream) -> int:
    return stream.start_tick


def test_no_stream_joins_an_order_of_turns_that_was_given():
    with pytest.raises(ValueError, match="order of turns was given"):
        DramSimulation(ddr4(), [Stream(accesses=1)], [0]).add(Stream(accesses=1))
