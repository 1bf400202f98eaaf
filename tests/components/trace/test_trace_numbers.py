"""The numbers of a trace are those of the result."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from leptonsim.kernels.tiles import ENGINE_NAMES

from leptonsim.machine.energy import AT_REST

UNIT_PS = {"pftrace": 1000, "json": 10**6}


def test_the_slices_of_an_engine_sum_to_its_busy_time(run: Any) -> None:
    result, traces = run
    for trace in traces.values():
        for core in range(result.program.chip.cores):
            for engine in ENGINE_NAMES:
                slices = trace.slices[f"core {core}/{engine}"]
                assert sum(each.notes["time_ps"] for each in slices) == result.time_ps[f"core{core}.{engine}"]["busy"]
        for track, engine in (("PCIe in", "pcie_in"), ("PCIe out", "pcie_out"), ("host", "host")):
            assert sum(each.notes["time_ps"] for each in trace.slices[track]) == result.time_ps[engine]["busy"]


@pytest.mark.parametrize("suffix", UNIT_PS)
def test_what_is_drawn_is_what_is_said_and_nothing_overlaps(run: Any, suffix: str) -> None:
    result, traces = run
    unit = UNIT_PS[suffix]
    for slices in traces[suffix].slices.values():
        for each in slices:
            # pftrace rounds both ends down to a nanosecond, JSON is exact but for what a float cannot hold
            slack = unit if suffix == "pftrace" else 1
            assert abs((each.end - each.begin) * unit - each.notes["time_ps"]) < slack
        for one, following in pairwise(slices):
            assert one.end <= following.begin + (0 if suffix == "pftrace" else 1e-6)
        assert slices[-1].end * unit <= result.makespan_ps + 1


def test_both_formats_hold_the_same_slices_flows_and_counters(run: Any) -> None:
    _, traces = run
    one, other = traces["pftrace"], traces["json"]
    assert set(one.counters) == set(other.counters)
    for path, values in one.counters.items():
        assert [value for _, value in values] == pytest.approx([value for _, value in other.counters[path]])
    assert {path for path, found in one.slices.items() if found} == {
        path for path, found in other.slices.items() if found
    }
    for path, slices in one.slices.items():
        for a, b in zip(slices, other.slices[path], strict=True):
            assert (a.name, a.kind, a.notes) == (b.name, b.kind, b.notes)
            assert (sorted(a.leaving), sorted(a.arriving)) == (sorted(b.leaving), sorted(b.arriving))
            assert a.begin == int(b.begin * 1e6 + 0.5) // 1000


def test_operators_follow_each_other_as_in_the_result(run: Any) -> None:
    result, traces = run
    for trace in traces.values():
        shown = [
            (each.name, each.kind, each.notes["time_ps"], each.notes["bound_by"], each.notes["macs"])
            for each in trace.slices["operators, first run"]
        ]
        assert shown == [
            (step.name, step.kind, step.time_ps, step.bound_by, step.macs) for step in result.steps if step.time_ps
        ]


def test_every_request_is_shown_with_its_latency(run: Any) -> None:
    result, traces = run
    for trace in traces.values():
        requests = [each for path, slices in trace.slices.items() if path.startswith("requests") for each in slices]
        assert sorted(each.notes["request"] for each in requests) == list(range(result.requests))
        latencies = {each.notes["request"]: each.notes["time_ps"] for each in requests}
        assert tuple(latencies[request] for request in range(result.requests)) == result.request_times_ps
        by_request = {
            each.notes["request"] for path, slices in trace.slices.items() if "core" in path for each in slices
        }
        assert by_request == set(range(result.requests))


def test_the_bytes_of_slices_and_of_the_bandwidth_are_those_of_the_result(run: Any) -> None:
    result, traces = run
    program = result.program
    for suffix, trace in traces.items():
        for name, side in (("DRAM read", "read"), ("DRAM written", "written")):
            points = trace.counters[name]
            times = np.array([at for at, _ in points]) * UNIT_PS[suffix] / 1e12
            moved = (np.diff(times) * np.array([value for _, value in points[:-1]])).sum() * 1e9
            # a bin's ends are rounded to nanoseconds; bytes for several receivers to whole bytes
            assert moved == pytest.approx(result.bytes["dram"][side], rel=2e-2 if result.makespan_ps < 10**8 else 1e-3)
        slices = [each for found in trace.slices.values() for each in found]
        inwards = sum(each.notes["bytes"] for each in trace.slices["PCIe in"])
        weights = program.memory.weights_bytes if result.requests > 1 else 0
        assert inwards == result.requests * program.memory.input_bytes + weights
        assert sum(each.notes["bytes"] for each in trace.slices["PCIe out"]) == (
            result.requests * program.memory.output_bytes
        )
        assert all(each.notes["jobs"] >= 1 for each in slices if "jobs" in each.notes)


def test_power_peaks_where_the_result_says(run: Any) -> None:
    result, traces = run
    for trace in traces.values():
        total = [value for _, value in trace.counters["power, total"]]
        if result.requests == 1:
            assert max(total) == pytest.approx(result.power_peak_w, rel=1e-9)
        parts = [name for name in trace.counters if name.startswith("power, ") and name != "power, total"]
        at_rest = [f"power, {name}" for name in AT_REST]
        assert set(at_rest) <= set(parts)
        assert total[-1] == pytest.approx(sum(trace.counters[name][0][1] for name in at_rest))


def test_staging_space_is_empty_at_the_end_and_never_above_the_peak(run: Any) -> None:
    result, traces = run
    for trace in traces.values():
        for core in range(result.program.chip.cores):
            levels = [value for _, value in trace.counters[f"core {core}/SRAM staging"]]
            assert levels[-1] == 0
            assert 0 <= min(levels) <= max(levels) <= result.sram_peak_bytes


def test_flows_go_forward_from_a_step_to_one_that_depends_on_it(run: Any) -> None:
    result, traces = run
    trace = traces["pftrace"]
    slices = [each for found in trace.slices.values() for each in found]
    leaving = {flow: each for each in slices for flow in each.leaving}
    arriving = {flow: each for each in slices for flow in each.arriving}
    assert set(leaving) == set(arriving)
    assert len(leaving) == sum(len(each.leaving) for each in slices), "a flow has one beginning and one end"
    for flow, source in leaving.items():
        assert source.end <= arriving[flow].begin
        assert source.notes["request"] == arriving[flow].notes["request"]
    copies = [each for each in trace.slices["PCIe in"] if each.name == "inputs"]
    assert all(each.leaving for each in copies)
    if len(result.steps) > 1:
        names = {(source.name, arriving[flow].name) for flow, source in leaving.items() if source.kind != "copy"}
        order = {step.name: index for index, step in enumerate(result.steps)}
        assert names
        assert all(order[source] < order[target] for source, target in names)
        # every step but those that begin on inputs alone is waited for or waits
        assert {target for _, target in names} >= {step.name for step in result.steps[1:] if step.engine == "tensor"}
