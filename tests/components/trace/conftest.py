"""Traces read back, Perfetto's with its own message types."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as perfetto

import leptonsim as ls
from leptonsim.result.result import Result

BEGIN, END, COUNTER = (
    perfetto.TrackEvent.Type.Value(f"TYPE_{name}") for name in ("SLICE_BEGIN", "SLICE_END", "COUNTER")
)


@dataclass
class Slice:
    """A slice; what the format does not hold stays as it is here."""

    name: str
    kind: str
    begin: float
    end: float = -1
    notes: dict[str, Any] = field(default_factory=dict)
    leaving: list[int] = field(default_factory=list)
    arriving: list[int] = field(default_factory=list)


@dataclass
class Trace:
    """Slices and counters by the path of their track, such as "core 0/tensor"."""

    slices: dict[str, list[Slice]] = field(default_factory=lambda: defaultdict(list))
    counters: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))


def read_pftrace(path: Path) -> Trace:
    """Times in nanoseconds."""
    packets = perfetto.Trace.FromString(path.read_bytes()).packet
    texts: dict[str, dict[int, str]] = defaultdict(dict)
    tracks: dict[int, Any] = {}
    trace, before = Trace(), 0
    for packet in packets:
        assert packet.trusted_packet_sequence_id == 1
        if packet.HasField("interned_data"):
            assert packet.sequence_flags == 1
            for kind in ("event_categories", "event_names", "debug_annotation_names"):
                texts[kind] = {each.iid: each.name for each in getattr(packet.interned_data, kind)}
            values = packet.interned_data.debug_annotation_string_values
            texts["values"] = {each.iid: each.str.decode() for each in values}
        elif packet.HasField("track_descriptor"):
            tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        else:
            assert packet.sequence_flags == 2
            assert packet.timestamp >= before, "events are written by time"
            before = packet.timestamp
            add_event(trace, packet, tracks, texts)
    assert all(each.end >= 0 for slices in trace.slices.values() for each in slices)
    return trace


def add_event(trace: Trace, packet: Any, tracks: dict[int, Any], texts: dict[str, dict[int, str]]) -> None:
    event, track = packet.track_event, tracks[packet.track_event.track_uuid]
    parent = tracks[track.parent_uuid]
    path = f"{parent.name}/{track.name}" if parent.HasField("parent_uuid") else track.name
    if event.type == COUNTER:
        assert track.HasField("counter")
        trace.counters[path].append((packet.timestamp, event.double_counter_value))
    elif event.type == BEGIN:
        notes = {
            texts["debug_annotation_names"][note.name_iid]: texts["values"][note.string_value_iid]
            if note.HasField("string_value_iid")
            else note.int_value
            for note in event.debug_annotations
        }
        name, kind = texts["event_names"][event.name_iid], texts["event_categories"][event.category_iids[0]]
        flows = list(event.flow_ids), list(event.terminating_flow_ids)
        slices = trace.slices[f"{path} {event.track_uuid - 1}" if path == "requests" else path]
        assert not slices or slices[-1].end >= 0, "slices of one track do not overlap"
        slices.append(Slice(name, kind, packet.timestamp, -1, notes, *flows))
    else:
        assert event.type == END
        trace.slices[f"{path} {event.track_uuid - 1}" if path == "requests" else path][-1].end = packet.timestamp


def read_json(path: Path) -> Trace:
    """Times in microseconds, exact to the picosecond."""
    events = json.loads(path.read_text(encoding="ascii"))["traceEvents"]
    names = {}
    for event in events:
        if event["ph"] == "M" and event["name"].endswith("_name"):
            names[event["pid"], event["tid"] if event["name"] == "thread_name" else 0] = event["args"]["name"]
    trace = Trace()
    for event in events:
        process = "" if event["pid"] == 1 else names[event["pid"], 0] + "/"
        if event["ph"] == "X":
            thread = process + names[event["pid"], event["tid"]]
            thread += f" {event['tid']}" if thread == "requests" else ""
            found = Slice(event["name"], event["cat"], event["ts"], event["ts"] + event["dur"], event["args"])
            trace.slices[thread].append(found)
        elif event["ph"] == "C":
            ((_, value),) = event["args"].items()
            trace.counters[process + event["name"]].append((event["ts"], value))
        elif event["ph"] in "sf":
            thread = process + names[event["pid"], event["tid"]]
            (at,) = [each for each in trace.slices[thread] if each.begin == event["ts"]]
            (at.leaving if event["ph"] == "s" else at.arriving).append(event["id"] + 1)
    return trace


READERS = {"pftrace": read_pftrace, "json": read_json}
REQUESTS, COLD = 3, True


@pytest.fixture(scope="session")
def read_trace() -> Callable[[Path], Trace]:
    """read_trace(path) -> what the file holds."""
    return lambda path: READERS[path.suffix.removeprefix(".")](path)


@pytest.fixture(scope="module", params=["resnet50", "llama", "gemm"])
def run(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict[str, Trace]]:
    """A result, and its traces by suffix; of ResNet-50 three requests after the weights were copied."""
    chip, model, options = {
        "resnet50": (ls.load_chip("lepton-c1"), "zoo:resnet50", {"requests": REQUESTS, "cold": COLD}),
        "llama": (ls.load_chip("lepton-e1"), "zoo:llama-3-8b?seq=1&past=512", {}),
        "gemm": (ls.load_chip("lepton-t1"), "gemm:16x16x16", {}),
    }[request.param]
    program = ls.compile(chip, ls.load_model(model))
    traces = {}
    for suffix, read in READERS.items():
        path = tmp_path_factory.mktemp("traces") / f"run.{suffix}"
        result = ls.execute(program, trace=path, **options)
        traces[suffix] = read(path)
    return result, traces
