"""What a DRAM part sustains under one access pattern: bandwidth, latency, row hits, energy, and the active bound.

A pattern is written as ``sequential``, ``streams:16x256`` (16 streams in turns of 256 B), ``strided:256x22016`` (rows
of 256 B at a pitch of 22016 B, ``x128`` of them in a tile) or ``random:64``. The channels run it through the burst-
level kernel, in a closed loop (a number of accesses in flight) or paced at a share of peak; the first eighth of the
accesses warms up and is left out.

The bound is the data bus, or refresh, where the data and refresh take more than nine tenths of the data buses' time;
else what takes the largest share of the rest. Latency is from the controller's accept to the data at the controller's
user, with the part's controller and PHY pipeline, without the chip's fabric.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from leptonsim.chip.dram_channel import Mapping, channel_setup
from leptonsim.chip.dram_part import DramPart
from leptonsim.chip.dram_setup import BOUNDS, DramSetup, Stream
from leptonsim.errors import LeptonError

_PATTERN = re.compile(
    r"sequential|streams:(?P<count>\d+)(x(?P<turn>\d+))?"
    r"|strided:(?P<run>\d+)x(?P<pitch>\d+)(x(?P<rows>\d+))?|random(:(?P<piece>\d+))?"
)
TURN_BYTES = 256
TILE_ROWS = 128
RANDOM_BYTES = 64
FULL = 0.9
MOST_STREAMS = 256


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured; shares and rates are of all channels together, latencies of reads (0 without reads)."""

    bytes_per_s: float
    peak_bytes_per_s: int
    useful_share: float
    latency_mean_ps: int
    latency_p50_ps: int
    latency_p99_ps: int
    row_hit_rate: float
    accesses: int
    time_ps: int
    energy_pj_per_bit: dict[str, float]
    time_shares: dict[str, float]
    bound: str

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return {name: getattr(self, name) for name in self.__slots__}


def streams_of(
    pattern: str, access_bytes: int, capacity_bytes: int, reads: int = 1, writes: int = 0
) -> tuple[list[Stream], list[int]]:
    """Streams and turns of a pattern; ``reads`` turns to ``writes`` turns, which go to streams of their own.

    Raises LeptonError for a pattern that cannot be read.
    """
    match = _PATTERN.fullmatch(pattern)
    sizes = {name: int(text) for name, text in match.groupdict().items() if text} if match else {}
    if not match or 0 in sizes.values() or sizes.get("count", 1) > MOST_STREAMS:
        raise LeptonError(
            f"--pattern {pattern}: expects sequential, streams:COUNTxTURN_BYTES (at most {MOST_STREAMS}), "
            "strided:ROW_BYTESxPITCH_BYTES[xROWS] or random:BYTES, such as strided:256x22016"
        )
    if reads + writes < 1:
        raise LeptonError("a pattern needs reads or writes")
    if "run" in sizes and sizes["pitch"] < sizes["run"]:
        raise LeptonError(f"--pattern {pattern}: its pitch is less than a row")
    extent = sizes.get("piece", sizes.get("pitch", 1) * sizes.get("rows", TILE_ROWS))
    if extent > capacity_bytes:
        raise LeptonError(f"--pattern {pattern}: {extent} bytes do not fit {capacity_bytes >> 20} MiB of memory")
    count = sizes.get("count", 1)
    readers, writers = count if reads else 0, count if writes else 0
    turn = max(1, sizes.get("turn", TURN_BYTES) // access_bytes)
    streams = []
    for index in range(readers + writers):
        write = index >= readers
        # Streams begin in different rows and banks, wherever buffers happen to lie.
        base = index * 0x9E3779B1 * 4096 % capacity_bytes
        if "run" in sizes:
            run, pitch, rows = sizes["run"], sizes["pitch"], sizes.get("rows", TILE_ROWS)
            streams.append(Stream("tile", write, base, capacity_bytes, run, pitch, rows, turn))
        elif pattern.startswith("random"):
            piece = sizes.get("piece", RANDOM_BYTES)
            bursts = -(-piece // access_bytes)
            streams.append(Stream("random", write, 0, capacity_bytes, piece, turn_accesses=bursts, seed=index + 1))
        else:
            streams.append(Stream("linear", write, base, capacity_bytes, turn_accesses=turn))
    turns: list[int] = []
    for step in range(count):
        turns += [(step * reads + each) % readers for each in range(reads) if readers]
        turns += [readers + (step * writes + each) % writers for each in range(writes) if writers]
    return streams, turns


def measure(
    part: DramPart,
    mapping: Mapping,
    pattern: str,
    channels: int = 1,
    *,
    reads: int = 1,
    writes: int = 0,
    outstanding: int | None = None,
    load: float | None = None,
    accesses: int = 100_000,
) -> Measurement:
    """Run ``accesses`` accesses of ``pattern`` over ``channels`` channels (a power of two).

    ``outstanding`` accesses are in flight for each channel (default: twice what the queues hold); with ``load`` they
    are paced at that share of peak instead. Raises LeptonError for numbers or patterns that cannot be.
    """
    if channels < 1 or channels & (channels - 1) or channels > 64:
        raise LeptonError(f"{channels} channels: the address map splits bits, so give a power of two up to 64")
    if load is not None and not 0 < load <= 1.5:
        raise LeptonError(f"a load of {load:g}: expects a share of peak, above 0 and at most 1.5")
    if load is not None and outstanding is not None:
        raise LeptonError("either a load paces accesses or a number of outstanding ones does: give one of them")
    if mapping.interleave_bytes < part.access_bytes or mapping.interleave_bytes & (mapping.interleave_bytes - 1):
        least = f"a power of two from {part.access_bytes}, the bytes of a burst, on"
        raise LeptonError(f"an interleave of {mapping.interleave_bytes} bytes: expects {least}")
    if accesses < 8 or (outstanding is not None and outstanding < 1):
        raise LeptonError("expects at least 8 accesses, and at least one of them outstanding")
    window = outstanding * channels if outstanding else None
    setup = channel_setup(part, mapping, channels, window)
    if load is not None:
        ticks = setup.tick_hz * setup.access_bytes / (load * setup.peak_bytes_per_s)
        setup = replace(setup, interval=(max(1, round(ticks * 10**6)), 10**6), window=accesses)
    streams, turns = streams_of(pattern, setup.access_bytes, part.channel_bytes * channels, reads, writes)
    return _run(part, setup, streams, turns, accesses)


def _run(part: DramPart, setup: DramSetup, streams: list[Stream], turns: list[int], accesses: int) -> Measurement:
    from leptonsim.kernels.dram import DramSimulation

    simulation = DramSimulation(setup, streams, turns)
    simulation.run(accesses // 8)
    before, early = simulation.totals(), simulation.latencies()
    simulation.run(accesses - accesses // 8)
    after, late = simulation.totals(), simulation.latencies()
    counts = {name: after[name] - before[name] for name in after if name != "bounds"}
    bounds = [new - old for old, new in zip(before["bounds"], after["bounds"], strict=True)]
    early += [0] * (len(late) - len(early))
    histogram = [new - old for old, new in zip(early, late, strict=True)]
    done = counts["reads"] + counts["writes"]
    useful_share = after["useful_bytes_sent"] / (after["sent"] * setup.access_bytes)
    useful_bits = 8 * done * setup.access_bytes * useful_share
    time_ps = setup.ps(counts["tick"])
    total = max(1, sum(bounds))
    shares = {name: ticks / total for name, ticks in zip(BOUNDS, bounds, strict=True)}
    energy = device_energy_pj(part, setup, counts)
    return Measurement(
        bytes_per_s=useful_bits / 8 * 10**12 / time_ps,
        peak_bytes_per_s=setup.peak_bytes_per_s,
        useful_share=useful_share,
        latency_mean_ps=setup.ps(counts["read_latency"]) // max(1, counts["reads"]),
        latency_p50_ps=setup.ps(_quantile(histogram, 0.5)),
        latency_p99_ps=setup.ps(_quantile(histogram, 0.99)),
        row_hit_rate=counts["row_hits"] / max(1, counts["read_bursts"] + counts["write_bursts"]),
        accesses=done,
        time_ps=time_ps,
        energy_pj_per_bit={name: energy[name] / useful_bits for name in energy},
        time_shares=shares,
        bound=_bound(shares),
    )


def device_energy_pj(part: DramPart, setup: DramSetup, counts: dict[str, int]) -> dict[str, float]:
    """Energy of a run by event: the part's figures times the counts of ``DramSimulation.totals``."""
    energy, bits = part.energy, 8 * setup.access_bytes
    ranks = setup.channels * setup.lanes * setup.ranks
    # A refresh of one bank is one of so many that make an all-bank refresh.
    refresh_pj = energy.refresh_pj / (setup.groups * setup.banks_per_group if setup.refresh_mode == "bank" else 1)
    return {
        "activate": energy.activate_pj * counts["activates"],
        "read": energy.read_pj_per_bit * bits * counts["read_bursts"],
        "write": energy.write_pj_per_bit * bits * counts["write_bursts"],
        "io": energy.io_pj_per_bit * bits * (counts["read_bursts"] + counts["write_bursts"]),
        "refresh": refresh_pj * counts["refreshes"],
        "background": energy.background_mw * ranks * setup.ps(counts["tick"]) / 1000,
    }


def _quantile(histogram: Sequence[int], share: float) -> int:
    """The smallest latency that at least ``share`` of the reads do not exceed."""
    needed, seen = share * sum(histogram), 0
    for latency, count in enumerate(histogram):
        seen += count
        if seen >= needed and seen:
            return latency
    return 0


def _bound(shares: dict[str, float]) -> str:
    if shares["data_bus"] + shares["refresh"] > FULL:
        return max(("data_bus", "refresh"), key=lambda name: shares[name])
    return max((name for name in BOUNDS if name not in ("data_bus", "refresh")), key=lambda name: shares[name])
