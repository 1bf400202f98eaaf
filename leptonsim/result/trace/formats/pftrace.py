"""Perfetto's own format: TrackEvents in protobuf, with names and texts interned.

Its clock counts nanoseconds. Begin and end of a slice are both rounded down, so that what follows without overlap in
picoseconds does in nanoseconds; what is shorter than a nanosecond may show no length. ``time_ps`` of a slice is exact.

Numbers of fields: protos/perfetto/trace/ in the Perfetto project (trace_packet, track_event, track_descriptor,
counter_descriptor, debug_annotation, interned_data). Events are written by time, at one instant ends before begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from leptonsim.result.trace import protobuf as pb
from leptonsim.result.trace.model import NOTHING, Counter, Integers, Slices, Timeline, Track

PS_PER_NS = 1000
_END_RANK, _COUNTER_RANK, _BEGIN_RANK = 0, 1, 2
_CHUNK = 1 << 14
"""Packets that are placed at once, so that their indices stay in a processor's cache."""
_PACKET = 1
_TIMESTAMP, _SEQUENCE, _TRACK_EVENT, _INTERNED, _SEQUENCE_FLAGS, _DESCRIPTOR = 8, 10, 11, 12, 13, 60
_CLEARED, _NEEDS_STATE = 1, 2
_EVENT_ANNOTATIONS, _EVENT_TYPE, _EVENT_NAME, _EVENT_TRACK, _EVENT_CATEGORY = 4, 9, 10, 11, 3
_EVENT_DOUBLE, _EVENT_FLOW, _EVENT_TERMINATING_FLOW = 44, 47, 48
_BEGIN, _END, _COUNTER = 1, 2, 4
_UUID, _NAME, _PARENT, _COUNTER_DESCRIPTOR, _CHILD_ORDERING, _RANK = 1, 2, 5, 8, 11, 12
_EXPLICIT = 3
_UNIT, _UNIT_NAME, _SIZE_BYTES = 3, 6, 3
_ANNOTATION_NAME, _ANNOTATION_INT, _ANNOTATION_TEXT = 1, 4, 17
_CATEGORIES, _EVENT_NAMES, _ANNOTATION_NAMES, _ANNOTATION_TEXTS = 1, 2, 3, 29
_IID, _IID_TEXT = 1, 2
_LENGTH_BYTES = 3
"""Bytes of the two lengths of a packet with flows, whose number differs."""


def encode(timeline: Timeline) -> bytes:
    """The file: interned texts, tracks, then all events by time."""
    annotations = sorted({name for group in timeline.slices for name in (*group.numbers, *group.texts)})
    names = {name: index + 1 for index, name in enumerate(annotations)}
    head = [_interned(timeline, names)]
    head += [_descriptor(index, track) for index, track in enumerate(timeline.tracks)]
    packets: list[_Packets] = []
    for group in timeline.slices:
        if len(group.track):
            packets += [_begins(group, names), _ends(group)]
    packets += [_values(counter) for counter in timeline.counters]
    return b"".join(head) + _by_time(packets).tobytes()


@dataclass(frozen=True, slots=True)
class _Packets:
    """Packets that begin equally long, a row each; at one instant those of lower ``rank`` come first.

    ``tail_of`` says, ascending, which packet each row of ``tails`` is appended to.
    """

    time_ps: Integers
    rank: int
    rows: pb.Octets
    tail_of: Integers = field(default_factory=lambda: NOTHING)
    tails: pb.Octets = field(default_factory=lambda: np.zeros((0, 0), dtype=np.uint8))


def _by_time(packets: list[_Packets]) -> pb.Octets:
    """All packets one after the other, by time."""
    times = np.concatenate([each.time_ps for each in packets])
    ranks = np.repeat([each.rank for each in packets], [len(each.time_ps) for each in packets])
    sizes = np.concatenate(
        [
            each.rows.shape[1] + each.tails.shape[1] * np.bincount(each.tail_of, minlength=len(each.rows))
            for each in packets
        ]
    )
    order = np.lexsort((ranks, times))
    begins = np.empty(len(order), dtype=np.int64)
    begins[order] = np.cumsum(sizes[order]) - sizes[order]
    found = np.empty(int(sizes.sum()), dtype=np.uint8)
    first = 0
    for each in packets:
        own = begins[first : first + len(each.rows)]
        first += len(each.rows)
        for at in range(0, len(own), _CHUNK):
            some = own[at : at + _CHUNK]
            found[some[:, None] + np.arange(each.rows.shape[1])] = each.rows[at : at + _CHUNK]
        # tails of one packet follow each other
        turn = np.arange(len(each.tail_of)) - np.searchsorted(each.tail_of, each.tail_of)
        where = own[each.tail_of] + each.rows.shape[1] + turn * each.tails.shape[1]
        found[where[:, None] + np.arange(each.tails.shape[1])] = each.tails
    return found


def _interned(timeline: Timeline, names: dict[str, int]) -> bytes:
    """All texts, under the same number wherever they are used."""
    entries = []
    for index, content in enumerate(timeline.texts):
        entry = pb.integer(_IID, index + 1) + pb.text(_IID_TEXT, content)
        entries += [pb.nested(field, entry) for field in (_CATEGORIES, _EVENT_NAMES, _ANNOTATION_TEXTS)]
    for name, number in names.items():
        entries.append(pb.nested(_ANNOTATION_NAMES, pb.integer(_IID, number), pb.text(_IID_TEXT, name)))
    state = pb.integer(_SEQUENCE, 1) + pb.integer(_SEQUENCE_FLAGS, _CLEARED)
    return pb.nested(_PACKET, state, pb.nested(_INTERNED, *entries))


def _descriptor(index: int, track: Track) -> bytes:
    parts = [pb.integer(_UUID, index + 1), pb.text(_NAME, track.name)]
    if track.parent is not None:
        parts += [pb.integer(_PARENT, track.parent + 1), pb.integer(_RANK, index)]
    if track.unit == "bytes":
        parts.append(pb.nested(_COUNTER_DESCRIPTOR, pb.integer(_UNIT, _SIZE_BYTES)))
    elif track.unit is not None:
        parts.append(pb.nested(_COUNTER_DESCRIPTOR, pb.text(_UNIT_NAME, track.unit)))
    parts.append(pb.integer(_CHILD_ORDERING, _EXPLICIT))
    return pb.nested(_PACKET, pb.integer(_SEQUENCE, 1), pb.nested(_DESCRIPTOR, *parts))


def _packet_head(time_ps: Integers) -> list[pb.Octets]:
    state = pb.integer(_SEQUENCE, 1) + pb.integer(_SEQUENCE_FLAGS, _NEEDS_STATE)
    return [*pb.integers(_TIMESTAMP, time_ps // PS_PER_NS), pb.repeated(state, len(time_ps))]


def _packets(time_ps: Integers, rank: int, event: list[pb.Octets]) -> _Packets:
    """Packets of events that are all equally long."""
    parts = pb.messages(_PACKET, [*_packet_head(time_ps), *pb.messages(_TRACK_EVENT, event)])
    return _Packets(time_ps, rank, pb.rows(parts))


def _begins(group: Slices, names: dict[str, int]) -> _Packets:
    count = len(group.track)
    event = [
        pb.repeated(pb.integer(_EVENT_TYPE, _BEGIN), count),
        *pb.integers(_EVENT_TRACK, group.track + 1),
        *pb.integers(_EVENT_CATEGORY, group.kind + 1),
        *pb.integers(_EVENT_NAME, group.name + 1),
    ]
    for values, number, kind, shift in (
        *((group.texts[name], names[name], _ANNOTATION_TEXT, 1) for name in group.texts),
        *((group.numbers[name], names[name], _ANNOTATION_INT, 0) for name in group.numbers),
    ):
        named = pb.repeated(pb.integer(_ANNOTATION_NAME, number), count)
        event += pb.messages(_EVENT_ANNOTATIONS, [named, *pb.integers(kind, values + shift)])
    tails = [
        pb.rows(pb.fixed64s(number, ends[:, 1] + 1))
        for ends, number in ((group.leaving, _EVENT_FLOW), (group.arriving, _EVENT_TERMINATING_FLOW))
    ]
    of = np.concatenate([group.leaving[:, 0], group.arriving[:, 0]])
    if not len(of):
        return _packets(group.begin_ps, _BEGIN_RANK, event)
    # the flows of a slice come last, and both lengths before them take the same bytes whatever their number
    by_slice = np.argsort(of, kind="stable")
    extra = tails[0].shape[1] * np.bincount(of, minlength=count)
    inner = [pb.repeated(pb.key(_TRACK_EVENT, pb.LENGTH), count), pb.varints(extra + pb.width(event), _LENGTH_BYTES)]
    body = [*_packet_head(group.begin_ps), *inner, *event]
    lengths = pb.varints(extra + pb.width(body), _LENGTH_BYTES)
    parts = [pb.repeated(pb.key(_PACKET, pb.LENGTH), count), lengths, *body]
    return _Packets(group.begin_ps, _BEGIN_RANK, pb.rows(parts), of[by_slice], np.concatenate(tails)[by_slice])


def _ends(group: Slices) -> _Packets:
    kind = pb.repeated(pb.integer(_EVENT_TYPE, _END), len(group.track))
    return _packets(group.end_ps, _END_RANK, [kind, *pb.integers(_EVENT_TRACK, group.track + 1)])


def _values(counter: Counter) -> _Packets:
    head = pb.integer(_EVENT_TYPE, _COUNTER) + pb.integer(_EVENT_TRACK, counter.track + 1)
    event = [pb.repeated(head, len(counter.time_ps)), *pb.doubles(_EVENT_DOUBLE, counter.values)]
    return _packets(counter.time_ps, _COUNTER_RANK, event)
