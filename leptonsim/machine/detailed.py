"""``--fidelity detailed``: every burst of the run through the burst-level DRAM kernel, and the times fed back.

The default run takes the efficiency of each mix of access patterns from a measurement of that mix in equal parts. Here
the machine first runs so, and tells how many bytes of each pattern moved under each mix. All of these are then sent as
bursts through all channels of the DRAM kernel, in the proportions that the run had, and the efficiencies that it
reaches replace the measured ones; the machine runs again with them, until no efficiency moves by more than ``SETTLED``.

Not modelled: the addresses of tensors (each pattern walks a region of its own), and what a mix leaves behind in queues
and open rows for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from leptonsim.chip.dram_channel import channel_setup
from leptonsim.chip.dram_setup import DramSetup, Stream
from leptonsim.compiler.program import Program
from leptonsim.fabric.dram import AccessPattern, DramModel, stream_of
from leptonsim.machine.links import Fabric, rate_of
from leptonsim.machine.machine import Machine, Record

SETTLED = 0.002
"""Change of an efficiency below which the times are taken as settled."""

MOST_ROUNDS = 4
FEWEST_BURSTS = 4096
"""A mix with fewer bursts than this is sent too, but keeps its efficiency: its time is latency, not bandwidth."""

MOST_TURNS = 64
"""Length of the cycle in which the patterns of a mix take turns, in proportion to their bytes."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What one pass through the DRAM kernel gave: capacities by mix (2^-32 byte/ps) and the bursts sent."""

    dram_mix: tuple[int, ...]
    bursts: int


def replay(
    fabric: Fabric, mix_bytes: np.ndarray[tuple[int, int], np.dtype[np.int64]], dram_mix: tuple[int, ...]
) -> Replay:
    """Send the bytes of every mix through the DRAM kernel.

    ``mix_bytes`` (mixes, routes) is the tile machine's count; ``dram_mix`` the capacities that the run used.
    """
    model = fabric.dram
    setup = _setup(model)
    capacities = list(dram_mix)
    bursts = 0
    for mask in range(1, len(capacities)):
        moved: dict[AccessPattern, int] = {}
        for route, size in zip(fabric.routes, mix_bytes[mask].tolist(), strict=True):
            if size and fabric.bit(route) & mask:
                pattern = fabric.patterns[fabric.bit(route).bit_length() - 1]
                moved[pattern] = moved.get(pattern, 0) + -(-size // route.receivers)
        if not moved:
            continue
        efficiency, sent = _send(model, setup, moved)
        bursts += sent
        if sent >= FEWEST_BURSTS:
            capacities[mask] = rate_of(model.peak_bytes_per_s * efficiency)
    return Replay(tuple(capacities), bursts)


def settled(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether no capacity moved by more than ``SETTLED``."""
    return all(abs(new - old) <= SETTLED * old for old, new in zip(before, after, strict=True))


def _setup(model: DramModel) -> DramSetup:
    """All channels of the memory; the kernel takes powers of two: other numbers are rounded up and share the bytes."""
    channels = 1 << (model.spec.channels - 1).bit_length()
    return channel_setup(model.part, model.spec.mapping, channels)


def _send(model: DramModel, setup: DramSetup, moved: Mapping[AccessPattern, int]) -> tuple[float, int]:
    """Efficiency and bursts when so many bytes of each pattern take turns."""
    from leptonsim.kernels.dram import DramSimulation

    granule = max(model.part.access_bytes, model.spec.mapping.interleave_bytes)
    capacity = model.part.channel_bytes * setup.channels
    streams: list[Stream] = []
    useful = 0
    for index, (pattern, size) in enumerate(sorted(moved.items())):
        stream = stream_of(pattern, index, setup.access_bytes, granule, capacity)
        each = setup.access_bytes
        if pattern.kind != "sequential":
            each = min(each, pattern.run_bytes)
        streams.append(replace(stream, accesses=max(1, -(-size // each))))
        useful += size
    simulation = DramSimulation(setup, streams, _turns([(s.accesses, s.turn_accesses) for s in streams]))
    simulation.run()
    sent = sum(stream.accesses for stream in streams)
    seconds = simulation.now / setup.tick_hz
    peak = setup.peak_bytes_per_s
    return min(1.0, useful / (seconds * peak)), sent


def _turns(streams: list[tuple[int, int]]) -> tuple[int, ...]:
    """A cycle in which every stream has turns in proportion to what it sends, spread evenly."""
    wanted = [accesses / turn for accesses, turn in streams]
    least = min(wanted)
    counts = [max(1, round(each / least)) for each in wanted]
    if sum(counts) > MOST_TURNS:
        counts = [max(1, round(each * MOST_TURNS / sum(counts))) for each in counts]
    places = sorted(((turn + 0.5) / count, index) for index, count in enumerate(counts) for turn in range(count))
    return tuple(index for _, index in places)


def execute_detailed(program: Program, requests: int, cold: bool, log_jobs: bool = False) -> Record:
    """Run a program at the DRAM efficiencies that its own bursts reach; the record counts the last pass's bursts."""
    machine = Machine(program)
    record = machine.execute(requests, cold)
    capacities = machine.fabric.dram_mix
    passed = replay(machine.fabric, machine.tiles.mix_bytes, capacities)
    for _ in range(MOST_ROUNDS):
        machine = Machine(program, passed.dram_mix, log_jobs)
        record = machine.execute(requests, cold)
        capacities = passed.dram_mix
        passed = replay(machine.fabric, machine.tiles.mix_bytes, capacities)
        if settled(capacities, passed.dram_mix):
            break
    return replace(record, dram_bursts=passed.bursts)
