"""The Trace Event Format of Chrome's tracing, as JSON: for viewers other than Perfetto's, and for people.

Times are microseconds with six decimals, so that they are exact to the picosecond. A process stands for the chip and
one for each core, a thread for each track. Source of the format: "Trace Event Format", the Chromium project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from leptonsim.result.trace.model import Slices, Timeline

_EVENTS_BEGIN, _EVENTS_END = '{"displayTimeUnit":"ns","traceEvents":[\n', "\n]}\n"
Event = tuple[int, str]
"""Its time in picoseconds, and itself as JSON."""


def encode(timeline: Timeline) -> bytes:
    """The file. Metadata come first, then all events by time."""
    events: list[Event] = []
    places = _places(timeline)
    texts = [json.dumps(text) for text in timeline.texts]
    for group in timeline.slices:
        events += _slices(group, places, texts)
    events += _flows(timeline, places)
    for counter in timeline.counters:
        process, _ = places[counter.track]
        track = timeline.tracks[counter.track]
        name, unit = json.dumps(track.name), json.dumps(track.unit)
        for at, value in zip(counter.time_ps.tolist(), counter.values.tolist(), strict=True):
            number = int(value) if value.is_integer() else value
            event = f'{{"ph":"C","pid":{process},"ts":{_us(at)},"name":{name},"args":{{{unit}:{number}}}}}'
            events.append((at, event))
    events.sort(key=lambda event: event[0])
    lines = [*_names(timeline, places), *(text for _, text in events)]
    return (_EVENTS_BEGIN + ",\n".join(lines) + _EVENTS_END).encode("ascii")


def _us(time_ps: int) -> str:
    return f"{time_ps // 10**6}.{time_ps % 10**6:06d}"


def _places(timeline: Timeline) -> list[tuple[int, int]]:
    """Process and thread of each track: a track below the first one that has tracks of its own is a process."""
    parents = {track.parent for track in timeline.tracks}
    processes: dict[int, int] = {}
    places = []
    for index, track in enumerate(timeline.tracks):
        if index in parents:
            processes[index] = len(processes) + 1
            places.append((processes[index], 0))
        else:
            places.append((processes[track.parent] if track.parent is not None else 0, index))
    return places


def _names(timeline: Timeline, places: list[tuple[int, int]]) -> Iterator[str]:
    for track, (process, thread) in zip(timeline.tracks, places, strict=True):
        if track.unit is not None:
            continue
        what = "thread" if thread else "process"
        head = f'{{"ph":"M","pid":{process},"tid":{thread},'
        yield f'{head}"name":"{what}_name","args":{{"name":{json.dumps(track.name)}}}}}'
        yield f'{head}"name":"{what}_sort_index","args":{{"sort_index":{thread or process}}}}}'


def _slices(group: Slices, places: list[tuple[int, int]], texts: list[str]) -> Iterator[Event]:
    columns = [values.tolist() for values in group.numbers.values()]
    columns += [[texts[index] for index in values.tolist()] for values in group.texts.values()]
    pattern = ",".join(f'"{name}":%s' for name in (*group.numbers, *group.texts))
    rows = zip(*columns, strict=True)
    fixed = (group.track, group.begin_ps, group.end_ps, group.name, group.kind)
    for track, begin, end, name, kind, row in zip(*(values.tolist() for values in fixed), rows, strict=True):
        process, thread = places[track]
        yield (
            begin,
            (
                f'{{"ph":"X","pid":{process},"tid":{thread},"ts":{_us(begin)},"dur":{_us(end - begin)},'
                f'"name":{texts[name]},"cat":{texts[kind]},"args":{{{pattern % row}}}}}'
            ),
        )


def _flows(timeline: Timeline, places: list[tuple[int, int]]) -> Iterator[Event]:
    """Where each flow leaves and arrives, bound to the slices around it."""
    for group in timeline.slices:
        for ends, phase in ((group.leaving, '"ph":"s"'), (group.arriving, '"ph":"f","bp":"e"')):
            tracks, begins = group.track[ends[:, 0]], group.begin_ps[ends[:, 0]]
            for track, at, flow in zip(
                *(np.asarray(each).tolist() for each in (tracks, begins, ends[:, 1])), strict=True
            ):
                process, thread = places[track]
                where = f'"pid":{process},"tid":{thread},"ts":{_us(at)}'
                yield at, f'{{{phase},"id":{flow},{where},"name":"dependency","cat":"dependency"}}'
