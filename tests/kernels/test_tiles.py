"""The tile kernel and its plain-Python twin give the same integers, and refuse the same arguments."""

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leptonsim.kernels import tiles as kernel
from leptonsim.kernels.plain import tiles as plain

ONE = 65536
MACHINES = pytest.mark.parametrize("machine", [kernel.TileMachine, plain.TileMachine], ids=["kernel", "twin"])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_the_kernel_and_its_twin_agree_on_every_output(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    expected = tile_tools.drive(plain.TileMachine(**case.program), case)
    got = tile_tools.drive(kernel.TileMachine(**case.program), case)
    for name, value in expected.items():
        assert got[name] == value, name


def test_both_name_causes_events_engines_and_columns_alike() -> None:
    names = ("CAUSE_NAMES", "EVENT_NAMES", "ENGINE_NAMES", "JOB_FIELDS", "RUN_FIELDS", "STEP_FIELDS", "WORK_FIELDS")
    names += ("BLOCK_NAMES", "REST_FIELDS", "BANK_FIELDS")
    for name in names:
        assert getattr(kernel, name) == getattr(plain, name)


def long_program(route: Any, tiles: int, other_tiles: int) -> dict[str, Any]:
    """One core whose engines all work and wait at each tile, one whose vector unit never works, one without work."""
    run = [tiles, 600, 700, 40, 900, 300, 500]
    return {
        "runs": [run, [other_tiles, *run[1:5], 0, run[6]], [1, 0, 0, 0, 0, 0, 0]],
        "blocks": [[1, 0, 1], [1, 1, 2], [1, 2, 3]],
        "steps": [
            [0, 1, 4000, 2, 0, 0, 1, 1, 0, 0, 0, 0],
            [1, 2, 4000, 1, 0, 0, 1, 1, 0, 0, 0, 0],
            [2, 3, 0, 1, -1, -1, -1, -1, 0, 0, 0, 0],
        ],
        "cores": [0, 1, 2, 3],
        "dependencies": [],
        "routes": [route(1 << 23, 90_000, 1), route(1 << 22, 5_000, 0, 5, ((1, ONE), (0, ONE // 2)))],
        "capacities": [1 << 23, 1 << 23],
        "dram_mix": [1 << 23, 3 << 21],
        "operators": 1,
        "core_khz": 1_234_567,
        "setup_ps": 1_000,
        "copy_routes": (0, 0),
        "one_queue": False,
    }


def test_long_runs_forget_what_no_wait_can_reach_and_stay_equal(tile_tools: Any) -> None:
    case = tile_tools.Case(long_program(tile_tools.route, 300, 250), instances=2, launch_ps=1000, copy_in_bytes=100)
    machines = [kernel.TileMachine(**case.program), plain.TileMachine(**case.program)]
    got, expected = (tile_tools.drive(machine, case) for machine in machines)
    assert got == expected
    assert machines[0].log_segments < machines[1].log_segments // 2


def test_more_bytes_than_a_counter_of_64_bits_holds_stay_equal(tile_tools: Any) -> None:
    # 2^-32 byte wrap at 4 GiB served to one job; tiles of half a GiB, of which a wait sees milliseconds in parts.
    program = long_program(tile_tools.route, 30, 25)
    program["runs"][0][1:] = [1 << 29, 3 << 26, 40, 900, 300, 1 << 28]
    program["runs"][1][1:] = [1 << 28, 3 << 27, 40, 1 << 29, 0, 1 << 27]
    for step in program["steps"][:2]:
        step[2] = 3 << 29
    case = tile_tools.Case(program, instances=2)
    got, expected = (tile_tools.drive(module.TileMachine(**program), case) for module in (kernel, plain))
    assert got == expected
    assert expected["route_bytes"][0] > 1 << 34


def test_the_logs_of_a_long_run_stay_short_unless_an_engine_may_still_look_back(tile_tools: Any) -> None:
    program = long_program(tile_tools.route, 100_000, 1)
    early = kernel.TileMachine(**program)
    tile_tools.drive(early, tile_tools.Case(program))
    # The second core ended long before the first, and nobody knows yet what its next work would have waited for.
    assert early.log_segments > 100_000
    program["steps"][1] = program["steps"][2]
    never = kernel.TileMachine(**program)
    tile_tools.drive(never, tile_tools.Case(program))
    assert never.log_segments < 5 * 1024


def small_program(route: Any) -> dict[str, Any]:
    return {
        "runs": [[2, 10, 20, 5, 7, 3, 8], [1, 10, 20, 5, 7, 3, 8]],
        "blocks": [[1, 0, 1], [1, 1, 2]],
        "steps": [[0, 1, 100, 2, 0, 0, 0, 0, 0, 0, 1, 0], [1, 2, 100, 2, 0, 0, 0, 0, 0, 1, 2, 1]],
        "cores": [0, 1, 2],
        "dependencies": [4, 0],
        "routes": [route(1 << 22, 100, 1), route(1 << 22)],
        "capacities": [1 << 22, 1 << 22],
        "dram_mix": [1 << 22, 1 << 22],
        "operators": 2,
        "core_khz": 1_000_000,
        "setup_ps": 10,
        "copy_routes": (0, 1),
        "one_queue": False,
    }


REFUSED: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "a run of six columns": (("runs", slice(None)), [[2, 10, 20, 5, 7, 3]] * 2, "columns"),
    "a block of two columns": (("blocks", slice(None)), [[1, 0]] * 2, "columns"),
    "a step of eleven columns": (("steps", slice(None)), [[0, 1, 100, 2, 0, 0, 0, 0, 0, 0, 1]] * 2, "columns"),
    "a route of twelve columns": (("routes", slice(None)), [[1 << 22, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]], "columns"),
    "a clock that stands": (("core_khz",), 0, "clock"),
    "a clock beyond 1 THz": (("core_khz",), 10**9, "clock"),
    "a negative set-up time": (("setup_ps",), -1, "set-up"),
    "a set-up time of a second": (("setup_ps",), 10**12, "set-up"),
    "no core": (("cores",), [0], "cores"),
    "steps before the first core": (("cores", 0), 1, "cores"),
    "steps after the last core": (("cores", 2), 1, "cores"),
    "cores that overlap": (("cores",), [0, 2, 1, 2], "cores"),
    "a run without tiles": (("runs", 0, 0), 0, "run"),
    "negative bytes": (("runs", 0, 2), -1, "run"),
    "cycles above 2^30": (("runs", 0, 4), 1 << 30, "run"),
    "a block that repeats nothing": (("blocks", 0, 0), 0, "block"),
    "an empty block": (("blocks", 0, 2), 0, "block"),
    "a block with a run that is not there": (("blocks", 1, 2), 3, "block"),
    "a negative dependency": (("dependencies", 0), -1, "dependency"),
    "a dependency on the launch": (("dependencies", 0), 5, "dependency"),
    "a step without a block": (("steps", 0, 1), 0, "block"),
    "a step with a block that is not there": (("steps", 1, 1), 3, "block"),
    "a step with dependencies that are not there": (("steps", 1, 10), 3, "dependencies"),
    "a step with dependencies backwards": (("steps", 1, 9), 3, "dependencies"),
    "an operator that is not there": (("steps", 1, 11), 2, "operator"),
    "no accumulator": (("steps", 1, 3), 0, "accumulator"),
    "a route that is not there": (("steps", 0, 5), 2, "route"),
    "weights without a route": (("steps", 0, 4), -1, "route"),
    "activations without a route": (("steps", 0, 5), -1, "route"),
    "extras without a route": (("steps", 0, 6), -1, "route"),
    "outputs without a route": (("steps", 0, 7), -1, "route"),
    "tiles with and without tensor work": (("blocks", slice(None)), [[1, 0, 2], [1, 1, 2]], "mixes"),
    "less staging space than a tile needs": (("steps", 0, 2), 42, "stag"),
    "a standing port": (("routes", 0, 0), 0, "16 MB/s"),
    "a port beyond 16 PB/s": (("routes", 0, 0), 1 << 46, "16 PB/s"),
    "a negative latency": (("routes", 0, 1), -1, "latency"),
    "a pattern that no mix knows": (("routes", 0, 2), 2, "pattern"),
    "a route of kind busy": (("routes", 0, 3), 0, "kind"),
    "a route over five links": (("routes", 0, 4), 5, "links"),
    "a route over a link that is not there": (("routes", 0, 5), 2, "link"),
    "a negative share": (("routes", 0, 9), -1, "share"),
    "a share of 65 bytes for each": (("routes", 0, 9), 65 * ONE, "share"),
    "no link": (("capacities",), [], "link"),
    "a standing link": (("capacities", 1), 0, "16 MB/s"),
    "a link beyond 16 PB/s": (("capacities", 1), 1 << 46, "16 PB/s"),
    "a standing DRAM": (("dram_mix", 1), 0, "16 MB/s"),
    "three DRAM mixes": (("dram_mix",), [1 << 22] * 3, "power of two"),
    "a copy without a route": (("copy_routes",), (0, 2), "copies"),
}


@MACHINES
@pytest.mark.parametrize(("where", "value", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_program_is_refused_that_has(
    machine: Any, tile_tools: Any, where: tuple[Any, ...], value: Any, message: str
) -> None:
    program = small_program(tile_tools.route)
    machine(**program)
    if "mixes" in message:
        program["runs"][1][4] = 0
    target: Any = program
    for key in where[:-1]:
        target = target[key]
    target[where[-1]] = value
    with pytest.raises(ValueError, match=message):
        machine(**program)


@MACHINES
def test_many_cores_on_a_slow_link_are_refused_when_a_rate_could_be_zero(machine: Any, tile_tools: Any) -> None:
    program = small_program(tile_tools.route)
    program["steps"] = program["steps"][:1] * 60
    program["cores"] = list(range(61))
    program["dependencies"] = []
    program["steps"] = [[*step[:9], 0, 0, 0] for step in program["steps"]]
    program["capacities"] = program["dram_mix"] = [ONE, ONE]
    program["routes"][0][9] = 64 * ONE
    with pytest.raises(ValueError, match="share"):
        machine(**program)


@MACHINES
def test_calls_out_of_range_are_refused_and_change_nothing(machine: Any, tile_tools: Any) -> None:
    program = small_program(tile_tools.route)
    chip = machine(**program)
    chip.submit(1)
    chip.run(1000)
    table = copy.deepcopy(program["routes"])
    table[0][0] = 0
    refusals = [
        (lambda: chip.submit(0), "submit"),
        (lambda: chip.launch(2), "instance 2"),
        (lambda: chip.launch(-1), "instance -1"),
        (lambda: chip.input_ready(2), "instance 2"),
        (lambda: chip.log_host(1, 1000), "log_host"),
        (lambda: chip.copy(False, 0, 1), "copy"),
        (lambda: chip.copy(True, 1 << 30, 1), "copy"),
        (lambda: chip.run(999), "forward"),
        (lambda: chip.finish(-1), "in progress"),
        (lambda: chip.set_clock(-1), "clock"),
        (lambda: chip.set_clock(10**9), "clock"),
        (lambda: chip.set_clock(10**6, held=8), "block"),
        (lambda: chip.set_clock(10**6, routes=program["routes"][:1]), "as many routes"),
        (lambda: chip.set_clock(10**6, capacities=[1 << 22]), "as many routes, links"),
        (lambda: chip.set_clock(10**6, dram_mix=[]), "DRAM mixes"),
        (lambda: chip.set_clock(10**6, routes=table), "16 MB/s"),
        (lambda: chip.set_clock(10**6, capacities=[1 << 22, 0]), "16 MB/s"),
    ]
    for call, message in refusals:
        with pytest.raises(ValueError, match=message):
            call()
    chip.log_host(9, 1000)
    with pytest.raises(ValueError, match="forward"):
        chip.log_host(9, 999)
    chip.input_ready(0)
    chip.launch(0)
    chip.run(2000)
    with pytest.raises(ValueError, match="in progress"):
        chip.finish(2000)
    assert chip.run() == [("done", 0)]
    untouched = machine(**program)
    untouched.submit(1)
    untouched.run(1000)
    untouched.log_host(9, 1000)
    untouched.input_ready(0)
    untouched.launch(0)
    untouched.run(2000)
    untouched.run()
    assert tile_tools.outputs(chip) == tile_tools.outputs(untouched)


@MACHINES
def test_a_program_of_empty_tiles_is_done_at_the_instant_of_its_launch(machine: Any, tile_tools: Any) -> None:
    program = small_program(tile_tools.route)
    program["runs"] = [[3, 0, 0, 0, 0, 0, 0]] * 2
    chip = machine(**program)
    chip.submit(2)
    assert chip.run(500) == []
    for instance in (0, 1):
        chip.log_host(10, 500)
        chip.input_ready(instance, copied=False)
        chip.launch(instance)
    assert chip.run(500) == []
    assert chip.run() == [("done", 0), ("done", 1)]
    assert (chip.now_ps, chip.tiles, chip.next_ps()) == (500, 12, None)


@MACHINES
def test_a_program_that_was_not_launched_does_nothing(machine: Any, tile_tools: Any) -> None:
    chip = machine(**small_program(tile_tools.route))
    chip.submit(1)
    assert chip.run() == []
    assert (chip.now_ps, chip.tiles, chip.next_ps()) == (0, 0, None)


@MACHINES
def test_copies_queue_up_and_are_reported_in_order(machine: Any, tile_tools: Any) -> None:
    chip = machine(**small_program(tile_tools.route))
    reported: list[tuple[str, int]] = []
    for tag in range(100):
        chip.copy(tag % 3 == 0, 10 + tag, tag)
        if tag % 2:
            reported += chip.run()
    while events := chip.run():
        reported += events
    for parity in (True, False):
        tags = [tag for _, tag in reported if (tag % 3 == 0) is parity]
        assert tags == [tag for tag in range(100) if (tag % 3 == 0) is parity]
    assert sum(chip.route_bytes) == sum(10 + tag for tag in range(100))


def test_two_machines_in_one_process_do_not_disturb_each_other(tile_tools: Any) -> None:
    alone = []
    pair = []
    for _ in range(2):
        for machines in (alone, pair):
            chip = kernel.TileMachine(**small_program(tile_tools.route))
            chip.submit(1)
            chip.input_ready(0, copied=False)
            chip.launch(0)
            machines.append(chip)
    pair[1].set_clock(300_000)
    alone[1].set_clock(300_000)
    for chip in alone:
        while chip.run():
            pass
    while any(chip.next_ps() is not None or chip.now_ps == 0 for chip in pair):
        for chip in pair:
            chip.run(chip.now_ps + 777)
    for one, other in zip(alone, pair, strict=True):
        assert tile_tools.outputs(one) == tile_tools.outputs(other)


@MACHINES
def test_progress_counts_whole_cycles_and_bytes_of_what_is_in_flight(machine: Any, tile_tools: Any) -> None:
    """One tile: 1000 B at 1 B/ps, then 100 cycles of 1 ns, at half the clock from cycle 40 on; then 500 B out."""
    byte = 1 << 32
    program = {
        "runs": [[1, 1000, 0, 0, 100, 0, 500]],
        "blocks": [[1, 0, 1]],
        "steps": [[0, 1, 2000, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
        "cores": [0, 1],
        "dependencies": [],
        "routes": [tile_tools.route(byte, 0, 0, 4, ())],
        "capacities": [byte],
        "dram_mix": [],
        "operators": 1,
        "core_khz": 1_000_000,
        "setup_ps": 0,
        "copy_routes": (0, 0),
        "one_queue": False,
    }
    chip = machine(**program)
    work = np.full((2, 6), -1, dtype=np.int64)

    def done(until_ps: int) -> list[int]:
        chip.run(until_ps)
        chip.progress(work)
        return work[0].tolist()

    chip.submit()
    chip.launch(0)
    assert done(400) == [0, 0, 400, 0, 0, 0]
    assert done(1_000 + 40_000) == [40, 0, 1000, 0, 0, 0]
    chip.set_clock(500_000)
    assert done(1_000 + 40_000 + 10_999) == [45, 0, 1000, 0, 0, 0]
    assert done(1_000 + 40_000 + 120_000 + 7) == [100, 0, 1000, 0, 0, 7]
    assert done(1_000 + 40_000 + 120_000 + 900) == [100, 0, 1000, 0, 0, 500]
    chip.copy(False, 300, 0)
    chip.run(chip.now_ps + 100)
    chip.progress(work)
    assert work[1].tolist() == [0, 0, 100, 0, 0, 0]
    with pytest.raises(ValueError, match="a row for each operator"):
        chip.progress(np.zeros((1, 6), dtype=np.int64))
