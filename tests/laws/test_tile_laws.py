"""Laws of the tile machine that hold for any program."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leptonsim.kernels.tiles import TileMachine

ONE = 65536
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

WEIGHTS, ACTIVATIONS, TENSOR, VECTOR, STORE = range(5)
MOVED = ((1, 4, WEIGHTS), (2, 5, ACTIVATIONS), (3, 6, ACTIVATIONS), (6, 7, STORE))  # run column, step column, engine


def tiles_of(program: dict[str, Any], step: list[int]) -> list[list[int]]:
    blocks = program["blocks"][step[0] : step[1]]
    runs = [run for times, first, end in blocks for run in program["runs"][first:end] * times]
    return [run for run in runs for _ in range(run[0])]


def finish_time(tools: Any, program: dict[str, Any], instances: int = 1) -> int:
    return tools.drive(TileMachine(**program), tools.Case(program, instances))["end_ps"]


def unlimited(program: dict[str, Any]) -> dict[str, Any]:
    """The same ports on a fabric without limits."""
    return {**program, "routes": [[*row[:4], 0, *row[5:]] for row in program["routes"]]}


def link_bytes(program: dict[str, Any], route_bytes: list[int]) -> list[float]:
    loads = [0.0] * len(program["capacities"])
    for row, size in zip(program["routes"], route_bytes, strict=True):
        for link, share in zip(row[5 : 5 + row[4]], row[9:], strict=False):
            loads[link] += size * share / ONE
    return loads


@quick
@given(data=st.data())
def test_the_causes_of_every_engine_sum_to_the_end(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    result = tile_tools.drive(TileMachine(**case.program), case)
    times = np.array(result["engine_time_ps"])
    assert (times >= 0).all()
    assert (times.sum(axis=1) == result["end_ps"]).all()
    # The bytes' share of the time that DMA engines are busy; and what belongs to steps is what cores did.
    moving, cores = np.array(result["moving_time_ps"]), len(case.program["cores"]) - 1
    dma = [e for e in range(5 * cores) if e % 5 in (WEIGHTS, ACTIVATIONS, STORE)] + [5 * cores + 1, 5 * cores + 2]
    assert (moving[dma].sum(axis=1) == times[dma, 0]).all()
    by_core = times[: 5 * cores, :-1].reshape(cores, 5, -1).sum(axis=0)
    assert (np.array(result["step_time_ps"])[:, :, :-1].sum(axis=0) == by_core).all()


@quick
@given(data=st.data())
def test_the_logged_jobs_of_an_engine_sum_to_its_busy_time_and_never_overlap(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    case.program["log_jobs"] = True
    machine = TileMachine(**case.program)
    result = tile_tools.drive(machine, case)
    jobs = np.array(result["jobs"], dtype=np.int64).reshape(-1, 8)
    cores = len(case.program["cores"]) - 1
    for engine, causes in enumerate(result["engine_time_ps"]):
        mine = jobs[jobs[:, 0] == engine]
        begin, end = mine[:, 4], mine[:, 5]
        # the host has no jobs, it launches
        assert (end - begin).sum() == (causes[0] if engine != 5 * cores else 0)
        assert (begin < end).all()
        assert (end[:-1] <= begin[1:]).all()
    moved = np.bincount(jobs[:, 3] + 1, jobs[:, 7], minlength=len(case.program["routes"]) + 1)
    assert moved[0] == 0
    assert moved[1:].tolist() == result["route_bytes"]
    staging = np.array(result["staging"], dtype=np.int64).reshape(-1, 3)
    for core, peak in enumerate(result["peak_staging_bytes"]):
        levels = staging[staging[:, 0] == core]
        # within one instant more may have been held than after it
        assert levels[:, 2].max(initial=0) <= peak
        assert (np.diff(levels[:, 1]) > 0).all()
        assert not len(levels) or levels[-1, 2] == 0


@quick
@given(data=st.data())
def test_while_the_clock_stands_every_engine_of_a_core_that_has_work_left_is_in_transition(
    tile_tools: Any, data: Any
) -> None:
    case = data.draw(tile_tools.cases())
    case.clocks, case.holds, case.program["log_jobs"] = [], [], True
    at = 0
    pauses = []
    for gap, length in data.draw(st.lists(st.tuples(st.integers(1, 3_000_000), st.integers(1, 10**6)), max_size=4)):
        pauses.append((at + gap, length))
        at += gap + length
    case.pauses = pauses
    machine = TileMachine(**case.program)
    result = tile_tools.drive(machine, case)
    cores = len(case.program["cores"]) - 1
    for row in result["engine_time_ps"][: 5 * cores]:
        until = result["end_ps"] - row[-1]
        assert row[-2] == sum(length for begin, length in pauses if begin < until)
    assert not np.array(result["engine_time_ps"])[5 * cores :, -2].any()
    for engine, _, _, _, begin, end, _, _ in result["jobs"]:
        if engine < 5 * cores:
            assert all(end <= pause or begin >= pause + length for pause, length in pauses)


@quick
@given(data=st.data())
def test_stopping_and_resuming_anywhere_changes_no_picosecond(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    stopped = tile_tools.drive(TileMachine(**case.program), case)
    case.stops_ps = []
    through = tile_tools.drive(TileMachine(**case.program), case)
    reported = [[(at, events) for at, events, *_ in result.pop("trace") if events] for result in (stopped, through)]
    assert reported[0] == reported[1]
    assert stopped.pop("wakes") >= through.pop("wakes")
    assert stopped == through


@quick
@given(data=st.data())
def test_stopping_at_every_event_and_one_before_changes_no_picosecond(tile_tools: Any, data: Any) -> None:
    program = data.draw(tile_tools.programs(max_cores=2, max_steps=2))
    machines = []
    for is_stepped in (False, True):
        machine = TileMachine(**program)
        machine.submit(1)
        machine.input_ready(0, copied=False)
        machine.launch(0)
        events = machine.run(1)
        while is_stepped and not events:
            machine.run(max(machine.next_ps() - 1, machine.now_ps))
            machine.run(machine.now_ps + 1)
            events = machine.run(machine.now_ps + 1)
        events = events or machine.run()
        machines.append((machine.now_ps, events, tile_tools.outputs(machine)))
    assert machines[0] == machines[1]


@quick
@given(data=st.data())
def test_time_is_at_least_each_engines_least_work_and_each_links_bytes(tile_tools: Any, data: Any) -> None:
    program = data.draw(tile_tools.programs())
    instances = data.draw(st.integers(1, 3))
    result = tile_tools.drive(TileMachine(**program), tile_tools.Case(program, instances))
    routes = program["routes"]
    for core, (begin, end) in enumerate(zip(program["cores"], program["cores"][1:], strict=False)):
        least = [0.0] * 5
        for step in program["steps"][begin:end]:
            for tile in tiles_of(program, step):
                least[TENSOR] += tile[4] * 1e9 / program["core_khz"]
                least[VECTOR] += tile[5] * 1e9 / program["core_khz"]
                for column, route, engine in MOVED:
                    queue = WEIGHTS if program["one_queue"] and engine != STORE else engine
                    if tile[column]:
                        least[queue] += program["setup_ps"] + tile[column] * 2**32 / routes[step[route]][0]
        for engine, time_ps in enumerate(least):
            busy_ps = result["engine_time_ps"][5 * core + engine][0]
            assert time_ps * instances <= busy_ps * (1 + 1e-9)
            assert busy_ps <= result["end_ps"]
    for link, load in enumerate(link_bytes(program, result["route_bytes"])):
        capacity = max(program["dram_mix"]) if program["dram_mix"] and link == 0 else program["capacities"][link]
        assert load * 2**32 <= capacity * result["end_ps"] * (1 + 1e-9)


@quick
@given(data=st.data())
def test_every_byte_of_the_program_is_delivered_once_for_each_instance(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    result = tile_tools.drive(TileMachine(**case.program), case)
    expected = [0] * len(case.program["routes"])
    tiles = 0
    for step in case.program["steps"]:
        for tile in tiles_of(case.program, step):
            tiles += case.instances
            for column, route, _ in MOVED:
                expected[step[route]] += case.instances * tile[column]
    copy_in, copy_out = case.program["copy_routes"]
    expected[copy_in] += case.instances * case.copy_in_bytes
    expected[copy_out] += case.instances * case.copy_out_bytes
    assert result["route_bytes"] == expected
    assert result["trace"][-1][3] == tiles


@quick
@given(data=st.data())
def test_staging_never_exceeds_what_the_steps_may_use(tile_tools: Any, data: Any) -> None:
    case = data.draw(tile_tools.cases())
    result = tile_tools.drive(TileMachine(**case.program), case)
    cores = case.program["cores"]
    for begin, end, peak in zip(cores, cores[1:], result["peak_staging_bytes"], strict=False):
        steps = case.program["steps"][begin:end]
        assert peak <= max((step[2] for step in steps), default=0)
        needs = [sum(tile[c] for c in (1, 2, 3, 6)) for step in steps for tile in tiles_of(case.program, step)]
        assert peak >= max(needs, default=0)
        assert all(most <= step[2] for most, step in zip(result["step_staging_bytes"][begin:end], steps, strict=True))
    assert min(result["least_free_bytes"], default=0) >= 0


@quick
@given(data=st.data())
def test_without_sharing_more_is_never_slower(tile_tools: Any, data: Any) -> None:
    program = data.draw(tile_tools.programs(is_shared=False))
    instances = data.draw(st.integers(1, 3))
    before = finish_time(tile_tools, program, instances)
    more = {**program, "steps": [list(step) for step in program["steps"]]}
    which = data.draw(st.sampled_from(["rate", "latency", "clock", "setup", "stage", "accumulators"]))
    if which == "rate":
        faster = data.draw(st.integers(0, len(program["routes"]) - 1))
        more["routes"] = [list(row) for row in program["routes"]]
        more["routes"][faster][0] += data.draw(st.integers(1, 1 << 24))
    elif which == "latency":
        more["routes"] = [[row[0], row[1] // 2, *row[2:]] for row in program["routes"]]
    elif which == "clock":
        more["core_khz"] += data.draw(st.integers(1, 1_000_000))
    elif which == "setup":
        more["setup_ps"] //= 2
    else:
        step = data.draw(st.sampled_from(more["steps"]))
        step[2 if which == "stage" else 3] += data.draw(st.integers(1, 5000))
    assert finish_time(tile_tools, more, instances) <= before


@quick
@given(data=st.data())
def test_sharing_costs_at_most_the_time_that_each_link_alone_needs(tile_tools: Any, data: Any) -> None:
    program = data.draw(tile_tools.programs())
    program["dram_mix"] = []
    program["routes"] = [[*row[:2], 0, *row[3:]] for row in program["routes"]]
    instances = data.draw(st.integers(1, 2))
    result = tile_tools.drive(TileMachine(**program), tile_tools.Case(program, instances))
    alone = finish_time(tile_tools, unlimited(program), instances)
    loads = link_bytes(program, result["route_bytes"])
    needed = [load * 2**32 / capacity for load, capacity in zip(loads, program["capacities"], strict=True)]
    # Ends are rounded up to the picosecond, rates down to 2^-32 byte/ps.
    jobs = 5 * result["trace"][-1][3]
    assert max(alone, *needed) <= result["end_ps"] + jobs
    assert result["end_ps"] <= (alone + sum(needed)) * (1 + 1e-4) + jobs
