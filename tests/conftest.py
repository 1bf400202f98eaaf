"""A check that the kernels are compiled; programs for the tile machine, drawn at random, and a host that drives one.

Quantities come from short lists of round numbers as often as from ranges, so that several things happen at one
picosecond.
"""

import heapq
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import accumulate, count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

BYTE = 1 << 32  # one byte per picosecond in units of 2^-32
ONE = 65536

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """An edited kernel is not compiled by itself: tests of the old one would tell nothing."""
    stale = []
    for source in sorted((ROOT / "kernels").glob("*.pyx")):
        compiled = ROOT / "leptonsim" / "kernels" / f"{source.stem}{EXTENSION_SUFFIXES[0]}"
        parts = [source, *(ROOT / "kernels" / source.stem).glob("*.pxi")]
        if not compiled.exists() or compiled.stat().st_mtime < max(part.stat().st_mtime for part in parts):
            stale.append(source.name)
    if stale:
        raise pytest.UsageError(f"{', '.join(stale)}: newer than compiled; run: python setup.py build_ext --inplace")


def route(port_rate: int, latency_ps: int = 0, pattern: int = 0, kind: int = 4, uses: tuple = ((0, ONE),)) -> list[int]:
    links = [link for link, _ in uses] + [0] * (4 - len(uses))
    shares = [share for _, share in uses] + [0] * (4 - len(uses))
    return [port_rate, latency_ps, pattern, kind, len(uses), *links, *shares]


@dataclass
class Case:
    """Arguments of a machine, and what the host does to it."""

    program: dict[str, Any]
    instances: int = 1
    launch_ps: int = 0
    copy_in_bytes: int = 0
    copy_out_bytes: int = 0
    stops_ps: list[int] = field(default_factory=list)
    clocks: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    pauses: list[tuple[int, int]] = field(default_factory=list)
    holds: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    watched: list[int] = field(default_factory=list)


def amount(high: int, *round_numbers: int) -> st.SearchStrategy[int]:
    return st.sampled_from(round_numbers) | st.integers(0, high)


@st.composite
def fabrics(draw: Any, n_routes: int, n_links: int, patterns: int, is_shared: bool = True) -> dict[str, Any]:
    rate = st.sampled_from([BYTE // 1024, BYTE // 512, BYTE // 64]) | st.integers(BYTE // 1500, BYTE // 30)
    uses = st.lists(st.tuples(st.integers(0, n_links - 1), st.sampled_from([ONE, ONE, ONE // 2, 3 * ONE])), max_size=3)
    routes = []
    for _ in range(n_routes):
        latency, kind = draw(amount(300_000, 0, 100_000)), draw(st.sampled_from([4, 5, 6]))
        pattern = draw(st.integers(0, 2**patterns - 1))
        routes.append(route(draw(rate), latency, pattern, kind, tuple(draw(uses)) if is_shared else ()))
    capacities = draw(st.lists(rate, min_size=n_links, max_size=n_links))
    mix = draw(st.lists(rate, min_size=2**patterns, max_size=2**patterns)) if patterns else []
    return {"routes": routes, "capacities": capacities, "dram_mix": mix}


@st.composite
def programs(draw: Any, max_cores: int = 4, max_steps: int = 3, is_shared: bool = True) -> dict[str, Any]:
    """Programs that end: a step depends on steps at earlier positions only, of any core."""
    positions = [draw(st.integers(0 if core else 1, max_steps)) for core in range(draw(st.integers(1, max_cores)))]
    n_routes, n_links, patterns = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    operators = 2 * max_steps
    places = [(core, position) for core, count in enumerate(positions) for position in range(count)]
    runs, blocks, steps, dependencies = [], [], [], []
    size = amount(4000, 0, 1024, 1024, 2048)
    cycles = amount(4000, 0, 1000, 1000)
    for _, position in places:
        has_tensor = draw(st.booleans())
        first_block, least = len(blocks), [0, 0, 0]
        for _ in range(draw(st.integers(1, 2))):
            first_run = len(runs)
            for _ in range(draw(st.integers(1, 2))):
                w, a, x, o = (draw(size) for _ in range(4))
                tensor = max(draw(cycles), 1) if has_tensor else 0
                runs.append([draw(st.integers(1, 4)), w, a, x, tensor, draw(cycles), o])
                least = [max(least[0], w), max(least[1], a), max(least[2], x + o)]
            blocks.append([draw(st.integers(1, 2)), first_run, len(runs)])
        routes = [draw(st.integers(0, n_routes - 1)) for _ in range(4)]
        stage = sum(least) + draw(st.sampled_from([0, 0, 1, 2048, 5000, 100000]))
        earlier = [2 * p + side for p in range(position) for side in (0, 1)]
        earlier += [operators + index for index, (_, p) in enumerate(places) if p < position]
        tokens = draw(st.lists(st.sampled_from([*earlier, operators + len(places)]), max_size=3))
        first = len(dependencies)
        dependencies += tokens
        rest = [draw(st.integers(0, 1)), first, len(dependencies), 2 * position + draw(st.integers(0, 1))]
        steps.append([first_block, len(blocks), stage, draw(st.integers(1, 3)), *routes, *rest])
    return {
        "runs": runs,
        "blocks": blocks,
        "steps": steps,
        "cores": [0, *accumulate(positions)],
        "dependencies": dependencies,
        **draw(fabrics(n_routes, n_links, patterns, is_shared)),
        "operators": operators,
        "core_khz": draw(st.sampled_from([1_000_000, 500_000, 1_500_000, 333_333])),
        "setup_ps": draw(st.sampled_from([0, 0, 50_000, 77])),
        "copy_routes": (0, n_routes - 1),
        "one_queue": draw(st.booleans()),
        "log_jobs": draw(st.booleans()),
        **(draw(sleeping(n_routes)) if is_shared else {}),
        **draw(banked(operators)),
    }


@st.composite
def banked(draw: Any, operators: int) -> dict[str, Any]:
    """Banks of SRAM, of a size that few tiles fill or many, and what tensors take of them; most often none."""
    if draw(st.booleans()):
        return {}
    length = st.just(-1) | amount(3_000_000, 0, 1_000, 1_000_000)
    count, kept_bytes = draw(st.sampled_from([1, 2, 5, 16])), draw(amount(3000, 0))
    told = [count, draw(amount(3000, 1, 1024)) or 1, kept_bytes, draw(length), draw(amount(500_000, 0)), draw(length)]
    return {"banks": told, "tensor_bytes": draw(tensors(operators))}


@st.composite
def tensors(draw: Any, operators: int) -> list[list[int]]:
    """What tensors take with each operator and leave with it or a later one."""
    sizes = [[0, 0] for _ in range(operators)]
    for maker in range(operators):
        size = draw(amount(3000, 0))
        sizes[maker][0] += size
        sizes[draw(st.integers(maker, operators - 1))][1] += size
    return sizes


@st.composite
def sleeping(draw: Any, n_routes: int) -> dict[str, Any]:
    """Which blocks routes use, when blocks sleep, and which rests are remembered; most often nothing sleeps."""
    if draw(st.booleans()):
        return {}
    length = amount(3_000_000, 0, 1_000, 1_000_000)
    sleeps = []
    for _ in range(6):
        after = sorted(draw(st.lists(length, max_size=3)))
        row = [number for each in after for number in (each, draw(amount(500_000, 0, 1_000)))]
        sleeps.append(row + [-1] * (6 - len(row)))
    return {
        "route_blocks": [draw(st.integers(0, 7)) for _ in range(n_routes)],
        "sleeps": sleeps,
        "rests_from_ps": [draw(st.just(-1) | length) for _ in range(6)],
    }


@st.composite
def cases(draw: Any, max_cores: int = 4) -> Case:
    """A program, some requests, stops at any instant, clocks that stand still, and changes of the clock and rates."""
    program = draw(programs(max_cores))
    instant = st.integers(0, 100_000_000) | st.integers(0, 100).map(lambda n: 1_000_000 * n)
    patterns = len(program["dram_mix"]).bit_length() - 1 if program["dram_mix"] else 0
    change = fabrics(len(program["routes"]), len(program["capacities"]), patterns)
    case = Case(program, draw(st.integers(1, 3)), draw(amount(20_000_000, 0, 1_000_000)))
    case.copy_in_bytes, case.copy_out_bytes = draw(amount(3000, 0, 1024)), draw(amount(3000, 0, 1024))
    case.stops_ps = draw(st.lists(instant, max_size=6))
    for at in draw(st.lists(instant, max_size=2)):
        kept = draw(st.sets(st.sampled_from(["routes", "capacities", "dram_mix"])))
        fabric = {name: rows for name, rows in draw(change).items() if name not in kept}
        case.clocks.append((at, {"core_khz": draw(st.sampled_from([2_000_000, 250_000, 999_999])), **fabric}))
    case.pauses = draw(st.lists(st.tuples(instant, amount(3_000_000, 0, 1_000_000)), max_size=3))
    for at, length in draw(st.lists(st.tuples(instant, amount(3_000_000, 0, 1_000_000)), max_size=3)):
        clock = {"core_khz": draw(st.sampled_from([0, 1_000_000, 750_000])), "held": draw(st.integers(0, 7))}
        if draw(st.booleans()):
            clock["capacities"] = draw(change)["capacities"]
        case.holds.append((at, length, clock))
        if "route_blocks" not in program:
            n_routes = len(program["routes"])
            program["route_blocks"] = draw(st.lists(st.integers(0, 7), min_size=n_routes, max_size=n_routes))
    case.watched = draw(st.lists(st.integers(0, program["operators"] - 1), max_size=3))
    return case


def drive(machine: Any, case: Case) -> dict[str, Any]:
    """Run a case to its end; what happened and when, and all accounts."""
    agenda: list[tuple[int, int, str, Any]] = []
    trace: list[Any] = []
    completed = host_free_ps = 0
    work, told, change = (np.zeros((case.program["operators"] + 1, 6), dtype=np.int64) for _ in range(3))
    rows = np.zeros(len(work), dtype=np.int64)
    rested = np.zeros(6, dtype=np.int64)
    machine.tell_changes(rows, change, rested)
    machine.watch(case.watched)
    order = count()

    def plan(at_ps: int, action: str, what: Any = None) -> None:
        heapq.heappush(agenda, (at_ps, next(order), action, what))

    def request(instance: int) -> None:
        nonlocal host_free_ps
        if case.copy_in_bytes:
            machine.copy(False, case.copy_in_bytes, instance)
        else:
            machine.input_ready(instance, copied=False)
        machine.log_host(10, max(machine.now_ps, host_free_ps))
        host_free_ps = max(machine.now_ps, host_free_ps) + case.launch_ps
        plan(host_free_ps, "launch", instance)

    for at in case.stops_ps:
        plan(at, "stop")
    for at, clock in case.clocks:
        plan(at, "clock", clock)
    for at, length in case.pauses:
        plan(at, "pause")
        plan(at + length, "clock", {"core_khz": case.program["core_khz"]})
    for at, length, clock in case.holds:
        plan(at, "clock", clock)
        plan(at + length, "clock", {"core_khz": case.program["core_khz"]})
    machine.submit(case.instances)
    for instance in range(min(case.instances, 2)):
        request(instance)
    while True:
        while agenda and agenda[0][0] == machine.now_ps:
            _, _, action, what = heapq.heappop(agenda)
            if action == "launch":
                machine.log_host(9, machine.now_ps)
                machine.launch(what)
            elif action == "clock":
                machine.set_clock(**what)
            elif action == "pause":
                machine.pause()
        events = machine.run(agenda[0][0] if agenda else -1)
        machine.progress(work)
        changed = machine.changes()
        np.add.at(told, rows[:changed], change[:changed])
        assert told.tolist() == work.tolist(), "changes do not add up to progress"
        assert rested.tolist() == machine.rested_ps().tolist()
        rest = (machine.rested_ps().tolist(), machine.rests(0, True).tolist(), machine.banks_empty_ps())
        mix = np.asarray(machine.mix_bytes).tolist()
        trace.append((machine.now_ps, events, machine.next_ps(), machine.tiles, work.tolist(), rest, mix))
        # what is done at the same instant as its copy no longer waits for it
        for name, value in sorted(events, key=lambda event: event[0] != "done"):
            if name == "copied" and completed <= value < 1000:  # a program may not need its inputs, and be done before
                machine.input_ready(value)
            elif name == "done":
                completed += 1
                if case.copy_out_bytes:
                    machine.copy(True, case.copy_out_bytes, 1000 + value)
                if value + 2 < case.instances:
                    request(value + 2)
        if not events and not agenda:
            break
    assert completed == case.instances
    end_ps = max(at for at, events, *_ in trace if events)
    machine.finish(end_ps)
    return {
        "trace": trace,
        "end_ps": end_ps,
        "wakes": machine.wakes,
        "rests": machine.rests().tolist(),
        **outputs(machine),
    }


def outputs(machine: Any) -> dict[str, Any]:
    names = (
        "engine_time_ps",
        "step_time_ps",
        "step_span_ps",
        "moving_time_ps",
        "route_bytes",
        "mix_bytes",
        "peak_staging_bytes",
        "step_staging_bytes",
        "least_free_bytes",
        "jobs",
        "staging",
    )
    return {name: np.asarray(getattr(machine, name)).tolist() for name in names}


@pytest.fixture(scope="session")
def tile_tools() -> SimpleNamespace:
    """What tests of the tile machine share."""
    return SimpleNamespace(
        cases=cases, programs=programs, fabrics=fabrics, drive=drive, outputs=outputs, route=route, Case=Case
    )
