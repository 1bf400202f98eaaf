"""DRAM as the fabric sees it: peak, efficiency for the mix of access patterns in flight, latency, bus and rows used.

Efficiency is what the burst-level kernel sustains on one channel when the patterns of the mix take turns, with its
queues kept full: banks, activate windows, turns between reads and writes, refresh and the address map have their say.
It is measured over whole refresh intervals after one to warm up, and remembered by part, mapping and mix; so are the
bytes on the bus and the activates of rows that a byte takes.

One channel stands for all: requests are spread evenly by the interleave, so that a piece of n bytes is n / channels
on each, but at least an interleave granule. Not modelled here: a pitch that camps on few channels, for which the
pattern would have to say its pitch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from leptonsim.chip.dram_channel import Mapping, channel_setup
from leptonsim.chip.dram_part import DramPart, load_part
from leptonsim.chip.dram_setup import DramSetup, Stream
from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip.spec import Chip

Kind = Literal["sequential", "strided", "random"]

MEASURED_INTERVALS = 2
"""Refresh intervals over which efficiency is measured, after one to warm up."""

TILE_ROWS = 128
"""Rows of a strided tile, before it goes on to the right."""

PITCH_GRANULES = 43
"""Pitch of a strided tile in interleave granules: odd, so that rows spread over banks as most row lengths make them."""


class DramSpec(Protocol):
    """The ``dram`` section of a chip."""

    @property
    def part(self) -> str:
        """Name of a part, of a family, or path of a part's YAML file."""

    @property
    def channels(self) -> int:
        """Number of channels."""

    @property
    def capacity_bytes(self) -> int:
        """Bytes in all channels together."""

    @property
    def fabric_latency_ps(self) -> int:
        """Latency between the requester and the memory controller, both ways in sum."""

    @property
    def mapping(self) -> Mapping:
        """Address mapping."""


@dataclass(frozen=True, slots=True, order=True)
class AccessPattern:
    """What one requester does: ``run_bytes`` contiguous bytes at a time (of a stream: its turn), read or written."""

    kind: Kind
    run_bytes: int
    write: bool = False


class BusUse(NamedTuple):
    """What one byte that is asked for takes: bytes moved on the bus, whole bursts, and activates of rows."""

    moved_bytes: float
    activates: float


class _Channel(NamedTuple):
    """What all channels of a memory have alike: the name of the part, its data rate and its ``Mapping``."""

    part: str
    data_rate: int
    interleave_bytes: int
    bank_groups: str
    xor: bool


class DramModel:
    """The memory of one chip; ``spec`` is the ``dram`` section of its YAML.

    ``data_rate`` is the rate at which the part runs, its own unless said: timings that are times stay times.
    """

    def __init__(self, spec: DramSpec, data_rate: int | None = None) -> None:
        """Raises LeptonError when the part is unknown or there is no channel."""
        self.spec = spec
        own = load_part(spec.part)
        self.part: DramPart = own if data_rate is None else own.at_rate(data_rate)
        if spec.channels < 1:
            raise LeptonError(f"dram.channels is {spec.channels}: at least one channel is needed")
        self.peak_bytes_per_s = self.part.channel_bytes_per_s * spec.channels

        mapping = spec.mapping
        rate = self.part.clocking.data_rate
        self._channel = _Channel(spec.part, rate, mapping.interleave_bytes, mapping.bank_groups, mapping.xor)
        self._known: dict[tuple[AccessPattern, ...], tuple[float, float, float]] = {}

    @property
    def latency_ps(self) -> int:
        """An idle read of a closed row: controller, activate, column access, burst, fabric."""
        setup = _setup(self._channel)
        return setup.ps(setup.act_to_read + setup.read_latency) + self.spec.fabric_latency_ps

    def bus_use(self, pattern: AccessPattern) -> BusUse:
        """What a byte of ``pattern`` takes while the pattern has the memory to itself.

        Others beside it close its rows now and then: with shipped models that adds at most 2 % of activates.
        """
        _, moved, activates = self._measured((pattern,))
        return BusUse(moved, activates)

    def efficiency(self, mix: Iterable[AccessPattern]) -> float:
        """Useful bytes per byte of peak when the patterns of ``mix`` share the memory in equal parts; at most 1."""
        patterns = tuple(sorted(frozenset(mix)))
        return self._measured(patterns)[0] if patterns else 1.0

    def _measured(self, patterns: tuple[AccessPattern, ...]) -> tuple[float, float, float]:
        found = self._known.get(patterns)
        if found is None:
            found = self._known[patterns] = self._measure(patterns)
        return found

    def _measure(self, patterns: tuple[AccessPattern, ...]) -> tuple[float, float, float]:
        granule = max(self.part.access_bytes, self.spec.mapping.interleave_bytes)
        shares = tuple(
            AccessPattern(each.kind, self._on_one_channel(each.run_bytes, granule), each.write) for each in patterns
        )
        return _measure(self._channel, shares, granule, self.part.channel_bytes)

    def _on_one_channel(self, run_bytes: int, granule: int) -> int:
        """Contiguous bytes of a piece that one of the channels holds."""
        return max(1, min(run_bytes, max(granule, run_bytes // self.spec.channels)))


def start_rate(chip: Chip) -> int:
    """Transfers per second on each pin of a chip's memory at the start: those of the part unless a state says less."""
    memory = chip.power.memory
    return load_part(chip.dram.part).clocking.data_rate if memory is None else memory.start.data_rate


def memory_at_start(chip: Chip) -> DramModel:
    """The memory of a chip at the data rate at which it starts."""
    return DramModel(chip.dram, start_rate(chip))


@lru_cache(maxsize=64)
def _setup(channel: _Channel) -> DramSetup:
    """One channel as the burst-level kernel takes it."""
    return channel_setup(load_part(channel.part).at_rate(channel.data_rate), channel)


@lru_cache(maxsize=4096)
def _measure(
    channel: _Channel, patterns: tuple[AccessPattern, ...], granule: int, channel_bytes: int
) -> tuple[float, float, float]:
    """When patterns take turns on one channel: useful share of peak; bytes moved and activates for each useful byte."""
    from leptonsim.kernels.dram import DramSimulation

    setup = _setup(channel)
    streams = [
        stream_of(pattern, index, setup.access_bytes, granule, channel_bytes) for index, pattern in enumerate(patterns)
    ]
    simulation = DramSimulation(setup, streams)
    interval = setup.refresh_interval
    simulation.run(until_tick=interval)
    before = simulation.totals()
    simulation.run(until_tick=(1 + MEASURED_INTERVALS) * interval)
    after = simulation.totals()
    done = sum(after[name] - before[name] for name in ("reads", "writes"))
    useful = done * after["useful_bytes_sent"] / after["sent"]
    most = MEASURED_INTERVALS * interval * setup.lanes * setup.access_bytes / setup.burst
    moved = done * setup.access_bytes / useful
    return min(1.0, useful / most), moved, (after["activates"] - before["activates"]) / useful


def stream_of(pattern: AccessPattern, index: int, access: int, granule: int, channel_bytes: int) -> Stream:
    """The accesses of one requester on one channel; requesters begin in different rows and banks."""
    base = index * 0x9E3779B1 * granule % channel_bytes
    turn = max(1, granule // access)
    if pattern.kind == "sequential":
        return Stream("linear", pattern.write, base, channel_bytes, turn_accesses=turn)
    run = pattern.run_bytes
    # Accesses of a granule's worth of runs: a run may lie across the border of an access.
    turn = max(1, granule // max(run, access)) * -(-run // access)
    if pattern.kind == "random":
        return Stream("random", pattern.write, 0, channel_bytes, run, turn_accesses=turn, seed=index + 1)
    pitch = PITCH_GRANULES * max(granule, -(-run // granule) * granule)
    return Stream("tile", pattern.write, base, channel_bytes, run, pitch, TILE_ROWS, turn)
