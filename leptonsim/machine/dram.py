"""DRAM as the fabric sees it: peak, efficiency for the mix of access patterns in flight, idle latency, energy.

Efficiency is the least of five bounds times the refresh factor: the data bus (with the turns between reads and writes
and the bytes of a burst that nobody asked for), the activate window (tRRD, tFAW), the command bus, the banks (tRC),
and the share of time that refresh leaves. Against 13 configurations of two cycle-level simulators this form is 0 to
11 % optimistic, 2.6 % in the median.

Not modelled here: which accesses meet in the controller's queues; the burst-level kernel (``leptonsim.kernels.dram``)
does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from leptonsim.chip.dram_part import DramPart, load_part
from leptonsim.errors import LeptonError

Kind = Literal["sequential", "strided", "random"]


class MappingSpec(Protocol):
    """How addresses spread over channels and banks."""

    @property
    def interleave_bytes(self) -> int:
        """Consecutive bytes that stay on one channel."""

    @property
    def bank_groups(self) -> str:
        """``low``: consecutive bursts go to other bank groups; ``high``: a row is read to its end first."""

    @property
    def xor(self) -> bool:
        """Whether bank bits are XORed with low row bits, so that power-of-two pitches spread."""


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
    def mapping(self) -> MappingSpec:
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


class DramModel:
    """The memory of one chip; ``spec`` is the ``dram`` section of its YAML."""

    def __init__(self, spec: DramSpec) -> None:
        """Raises LeptonError when the part is unknown or there is no channel."""
        self.spec = spec
        self.part: DramPart = load_part(spec.part)
        if spec.channels < 1:
            raise LeptonError(f"dram.channels is {spec.channels}: at least one channel is needed")
        self.peak_bytes_per_s = self.part.channel_bytes_per_s * spec.channels
        self._efficiency: dict[frozenset[AccessPattern], float] = {}

    @property
    def latency_ps(self) -> int:
        """An idle read of a closed row: controller, activate, column access, burst, fabric."""
        part = self.part
        clocks = (
            part.clocks("controller", "latency")
            + part.clocks("timings", "tRCDRD")
            + part.clocks("timings", "tCL")
            + part.burst_clocks
        )
        return part.ps(clocks) + self.spec.fabric_latency_ps

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
        """Energy of one byte asked for by ``pattern``: activate, column access, I/O, unused bytes of its bursts."""
        waste = 1 / self._useful(pattern)
        return self.energy.pj_per_byte(pattern, 0.0) * waste + self.part.energy.activate_pj * self._activates_per_byte(
            pattern
        )

    def efficiency(self, mix: Iterable[AccessPattern]) -> float:
        """Useful bytes per byte of peak when the patterns of ``mix`` share the memory in equal parts; in (0, 1)."""
        key = frozenset(mix)
        if key not in self._efficiency:
            self._efficiency[key] = self._bounds(key) if key else 1.0
        return self._efficiency[key]

    def _useful(self, pattern: AccessPattern) -> float:
        """Share of the bytes moved that were asked for."""
        access = self.part.access_bytes
        return pattern.run_bytes / (access * -(-pattern.run_bytes // access)) if pattern.kind != "sequential" else 1.0

    def _activates_per_byte(self, pattern: AccessPattern) -> float:
        row = self.part.organization.row_bytes
        if pattern.kind == "sequential":
            return 1 / row
        turn = max(1, pattern.run_bytes)
        per_bank = (
            self.part.access_bytes
            if self.spec.mapping.bank_groups == "low"
            else min(row, self.spec.mapping.interleave_bytes)
        )
        touched = (
            min(self.part.organization.bank_groups, -(-turn // per_bank))
            if self.spec.mapping.bank_groups == "low"
            else -(-turn // row)
        )
        return max(touched / turn, 1 / row)

    def _timing(self, name: str) -> int:
        return self.part.clocks("timings", name)

    def _bounds(self, mix: frozenset[AccessPattern]) -> float:
        part, shape, slots = self.part, self.part.organization, self.part.clocking
        clocks = self._timing
        lanes = shape.pseudo_channels
        share = 1 / len(mix)
        # Clocks that one useful byte takes on each resource of a pseudo-channel, summed over the mix.
        bursts = sum(share / (part.access_bytes * self._useful(pattern)) for pattern in mix)
        activates = sum(share * self._activates_per_byte(pattern) for pattern in mix)
        bus = bursts * max(part.burst_clocks, clocks("tCCD_S"))
        if self.spec.mapping.bank_groups == "high" and shape.bank_groups > 1:
            bus = bursts * max(part.burst_clocks, clocks("tCCD_L"))
        writes = sum(share for pattern in mix if pattern.write)
        if 0 < writes < 1:
            batch = max(1.0, part.controller.write_queue * (part.controller.drain_high - part.controller.drain_low))
            to_write = max(0, clocks("tCL") - clocks("tCWL")) + clocks("tRTW_gap")
            to_read = clocks("tCWL") + clocks("tWTR_L") - max(0, clocks("tCL") - part.burst_clocks) + part.burst_clocks
            bus += bursts * writes / batch * (to_write + max(0, to_read))
        window = activates * max(clocks("tRRD_S"), clocks("tFAW") / 4) / shape.ranks
        if slots.command_buses == "shared":
            command = lanes * (activates * (slots.activate_slots + slots.precharge_slots) + bursts * slots.column_slots)
        else:
            command = lanes * max(
                activates * (slots.activate_slots + slots.precharge_slots), bursts * slots.column_slots
            )
        row_cycle = clocks("tRAS") + clocks("tRP")
        banks = activates * row_cycle / (shape.ranks * shape.bank_groups * shape.banks_per_group)
        refresh = 1 - part.clocks("refresh", "tRFC") / part.clocks("refresh", "tREFI")
        peak_clocks = part.burst_clocks / part.access_bytes
        return refresh * peak_clocks / max(bus, window, command, banks)
