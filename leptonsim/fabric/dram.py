"""DRAM as the fabric sees it: peak, efficiency for the mix of access patterns in flight, idle latency, energy.

Efficiency is what the burst-level kernel sustains on one channel when the patterns of the mix take turns, with its
queues kept full: banks, activate windows, turns between reads and writes, refresh and the address map have their say.
It is measured over whole refresh intervals after one to warm up, and remembered by part, mapping and mix.

One channel stands for all: requests are spread evenly by the interleave, so that a piece of n bytes is n / channels
on each, but at least an interleave granule. Not modelled here: a pitch that camps on few channels, for which the
pattern would have to say its pitch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

from leptonsim.chip.dram_channel import Mapping, channel_setup
from leptonsim.chip.dram_part import DramPart, load_part
from leptonsim.chip.dram_setup import DramSetup, Stream
from leptonsim.errors import LeptonError

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


@dataclass(frozen=True, slots=True)
class DramEnergy:
    """Energy of the part, for all channels together where it is a power."""

    activate_pj: float
    read_pj_per_byte: float
    write_pj_per_byte: float
    io_pj_per_byte: float
    background_w: float
    refresh_w: float

    def pj_per_byte(self, pattern: AccessPattern, activates_per_byte: float) -> float:
        """Energy of one byte that ``pattern`` moves with its share of activates, without background and refresh."""
        column = self.write_pj_per_byte if pattern.write else self.read_pj_per_byte
        return column + self.io_pj_per_byte + self.activate_pj * activates_per_byte


class _Channel(NamedTuple):
    """What all channels of a memory have alike: the name of the part and its ``Mapping``."""

    part: str
    interleave_bytes: int
    bank_groups: str
    xor: bool


class DramModel:
    """The memory of one chip; ``spec`` is the ``dram`` section of its YAML."""

    def __init__(self, spec: DramSpec) -> None:
        """Raises LeptonError when the part is unknown or there is no channel."""
        self.spec = spec
        self.part: DramPart = load_part(spec.part)
        if spec.channels < 1:
            raise LeptonError(f"dram.channels is {spec.channels}: at least one channel is needed")
        self.peak_bytes_per_s = self.part.channel_bytes_per_s * spec.channels

        mapping = spec.mapping
        self._channel = _Channel(spec.part, mapping.interleave_bytes, mapping.bank_groups, mapping.xor)
        self._efficiencies: dict[tuple[AccessPattern, ...], float] = {}

    @property
    def latency_ps(self) -> int:
        """An idle read of a closed row: controller, activate, column access, burst, fabric."""
        setup = _setup(self._channel)
        return setup.ps(setup.act_to_read + setup.read_latency) + self.spec.fabric_latency_ps

    @property
    def energy(self) -> DramEnergy:
        """Energy by event; powers are of all channels."""
        part, energy = self.part, self.part.energy
        ranks = part.organization.pseudo_channels * part.organization.ranks * self.spec.channels
        interval_ps = part.ps(part.clocks("refresh", "tREFI"))
        return DramEnergy(
            activate_pj=energy.activate_pj,
            read_pj_per_byte=8 * energy.read_pj_per_bit,
            write_pj_per_byte=8 * energy.write_pj_per_bit,
            io_pj_per_byte=8 * energy.io_pj_per_bit,
            background_w=ranks * energy.background_mw / 1000,
            refresh_w=ranks * energy.refresh_pj / interval_ps,
        )

    def energy_pj_per_byte(self, pattern: AccessPattern) -> float:
        """Energy of one byte that ``pattern`` alone asks for: activates, column access, I/O, unused bytes of bursts."""
        granule = max(self.part.access_bytes, self.spec.mapping.interleave_bytes)
        share = AccessPattern(pattern.kind, self._on_one_channel(pattern.run_bytes, granule), pattern.write)
        _, activates = _measure(self._channel, (share,), granule, self.part.channel_bytes)
        access = self.part.access_bytes
        moved = 1.0
        if pattern.kind != "sequential":
            moved = access * -(-share.run_bytes // access) / share.run_bytes
        return self.energy.pj_per_byte(pattern, 0.0) * moved + self.part.energy.activate_pj * activates

    def efficiency(self, mix: Iterable[AccessPattern]) -> float:
        """Useful bytes per byte of peak when the patterns of ``mix`` share the memory in equal parts; at most 1."""
        patterns = tuple(sorted(frozenset(mix)))
        found = self._efficiencies.get(patterns)
        if found is None:
            found = self._efficiencies[patterns] = self._efficiency(patterns) if patterns else 1.0
        return found

    def _efficiency(self, patterns: tuple[AccessPattern, ...]) -> float:
        granule = max(self.part.access_bytes, self.spec.mapping.interleave_bytes)
        shares = tuple(
            AccessPattern(each.kind, self._on_one_channel(each.run_bytes, granule), each.write) for each in patterns
        )
        return _measure(self._channel, shares, granule, self.part.channel_bytes)[0]

    def _on_one_channel(self, run_bytes: int, granule: int) -> int:
        """Contiguous bytes of a piece that one of the channels holds."""
        return max(1, min(run_bytes, max(granule, run_bytes // self.spec.channels)))


@lru_cache(maxsize=64)
def _setup(channel: _Channel) -> DramSetup:
    """One channel as the burst-level kernel takes it."""
    return channel_setup(load_part(channel.part), channel)


@lru_cache(maxsize=4096)
def _measure(
    channel: _Channel, patterns: tuple[AccessPattern, ...], granule: int, channel_bytes: int
) -> tuple[float, float]:
    """Useful share of peak, and activates for each useful byte, when patterns take turns on one channel."""
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
    return min(1.0, useful / most), (after["activates"] - before["activates"]) / useful


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
