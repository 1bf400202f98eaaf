"""The PCI Express link at packet level, in closed form: the bytes a copy puts on the wire, and the time they take.

Each direction carries lanes x GT/s x encoding / 8 bytes a second, less what acknowledgements, flow control and skip
symbols take (``link_layer_loss``). Data travel as packets: a write is cut at the maximum payload (MPS) and each piece
bears a header; a read sends requests of at most MRRS bytes one way and gets completions the other way, cut at MPS or,
by hosts that answer cache line by cache line, at the read completion boundary (RCB). Reads are also bound by the
requests that may be in flight: tags x MRRS for each round trip.

"h2d" is host to device, "d2h" device to host. Copies are driven by the device's DMA (h2d: reads, d2h: posted writes) or
by the host's cores (h2d: stores gathered into cache lines, d2h: uncached loads one at a time).

Generation 6 sends FLITs of 256 B that hold 236 B of packets; acknowledgement, flow control, CRC and sequence numbers
are inside the other 20 B, so that no link-layer loss is charged and a packet has only its header.

Not modelled: replays, flow-control credits running out, ordering against other traffic, address translation misses,
switches.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip.host import Pcie

Direction = Literal["h2d", "d2h"]
Initiator = Literal["device", "host"]
LinkState = Literal["L0", "L0s", "L1", "L1.2"]

PS_PER_S = 10**12

EXIT_LATENCY_PS = {"L0": 0, "L0s": 1_000_000, "L1": 10_000_000, "L1.2": 100_000_000}
"""Time to leave a power state of the link. Estimates, within what devices report in their link capabilities: below
0.064 to 4 us for L0s, 1 to 64 us for L1, and some 100 us for L1.2, which powers the reference clock up again."""

SHORT_ADDRESS_BYTES = 4
"""What a request's header saves with an address of 32 bits."""

CPU_LINE_BYTES = 64
"""A host core's stores to the device leave as write-combined cache lines, one packet each; its loads fetch one line."""


@dataclass(frozen=True, slots=True)
class Generation:
    """Signalling of one generation, and the bytes that a packet has beside its payload.

    Headers are 16 B (requests, 64-bit addresses) and 12 B (completions). Up to generation 5 each packet also has 4 B of
    framing with its sequence number and 4 B of CRC (generations 1 and 2: 2 B of framing symbols, 2 B of sequence
    number). PCI Express Base Specification, transaction and data link layers.
    """

    transfers_per_s: int
    encoding: Fraction
    request_bytes: int
    completion_bytes: int
    flit: bool


GENERATIONS = {
    1: Generation(2_500_000_000, Fraction(8, 10), 24, 20, False),
    2: Generation(5_000_000_000, Fraction(8, 10), 24, 20, False),
    3: Generation(8_000_000_000, Fraction(128, 130), 24, 20, False),
    4: Generation(16_000_000_000, Fraction(128, 130), 24, 20, False),
    5: Generation(32_000_000_000, Fraction(128, 130), 24, 20, False),
    6: Generation(64_000_000_000, Fraction(236, 256), 16, 12, True),
}


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up; b > 0."""
    return -(-a // b)


@dataclass(frozen=True, slots=True)
class Packets:
    """How transfers are cut, and what each packet adds; all in bytes."""

    payload: int
    """Largest payload of a write (MPS)."""
    request: int
    """Largest read request (MRRS)."""
    completion: int
    """Largest completion: MPS or RCB."""
    request_overhead: int
    completion_overhead: int

    def write_bytes(self, size_bytes: int) -> int:
        """Bytes on the wire of a posted write."""
        return size_bytes + self.request_overhead * ceil_div(size_bytes, self.payload)

    def completion_bytes(self, size_bytes: int) -> int:
        """Bytes on the wire of the answers to a read."""
        return size_bytes + self.completion_overhead * ceil_div(size_bytes, self.completion)

    def read_request_bytes(self, size_bytes: int) -> int:
        """Bytes on the wire of the requests of a read, against the direction of its data."""
        return self.request_overhead * ceil_div(size_bytes, self.request)

    def write_share(self, size_bytes: int) -> Fraction:
        """Payload per byte of the link in back-to-back writes of one size."""
        return Fraction(size_bytes, self.write_bytes(size_bytes))

    def read_share(self, size_bytes: int) -> Fraction:
        """The same for reads; either direction may be the one that is full."""
        return Fraction(size_bytes, max(self.completion_bytes(size_bytes), self.read_request_bytes(size_bytes)))

    def duplex_share(self, size_bytes: int) -> Fraction:
        """The same for reads and as many writes at once, each: requests share a direction with the writes."""
        with_requests = self.write_bytes(size_bytes) + self.read_request_bytes(size_bytes)
        return Fraction(size_bytes, max(with_requests, self.completion_bytes(size_bytes)))


class PcieLink:
    """One link; rates are whole bytes a second (rounded down), times whole picoseconds (rounded up).

    Raises LeptonError for a generation that is not known, or sizes and counts below 1.
    """

    def __init__(self, spec: Pcie) -> None:
        if spec.generation not in GENERATIONS:
            known = ", ".join(str(each) for each in GENERATIONS)
            raise LeptonError(f"pcie.generation: {spec.generation} is not one of {known}")
        for field in ("lanes", "mps_bytes", "mrrs_bytes", "rcb_bytes", "tags"):
            if getattr(spec, field) < 1:
                raise LeptonError(f"pcie.{field.removesuffix('_bytes')}: {getattr(spec, field)} is below 1")
        self.spec = spec
        generation = GENERATIONS[spec.generation]
        raw = generation.transfers_per_s * generation.encoding * spec.lanes / 8
        loss = Fraction(0) if generation.flit else Fraction(str(spec.link_layer_loss))
        self.raw_bytes_per_s = int(raw)
        """Each direction, after encoding."""
        self.link_bytes_per_s = int(raw * (1 - loss))
        """Each direction, after the link layer: what packets with their headers have."""
        narrow = generation.request_bytes - SHORT_ADDRESS_BYTES
        self.packets = Packets(
            payload=spec.mps_bytes,
            request=spec.mrrs_bytes,
            completion=spec.rcb_bytes if spec.completions == "rcb" else spec.mps_bytes,
            request_overhead=narrow if spec.address_bits == 32 else generation.request_bytes,
            completion_overhead=generation.completion_bytes,
        )

    @cached_property
    def write_bytes_per_s(self) -> int:
        """Device-to-host copies by the device's posted writes, long and alone."""
        return self.effective_bytes_per_s(self._long_bytes, "d2h")

    @cached_property
    def read_bytes_per_s(self) -> int:
        """Host-to-device copies by the device's reads, long and alone."""
        return self.effective_bytes_per_s(self._long_bytes, "h2d")

    def copy_bytes_per_s(self, direction: Direction) -> int:
        """Long copies alone, driven as the chip says."""
        return self.effective_bytes_per_s(self._long_bytes, direction, self.spec.copies)

    def copy_latency_ps(self, direction: Direction) -> int:
        """Latency of a copy driven as the chip says, which finds the link in the power state that the chip says."""
        return self.latency_ps(direction, self.spec.copies, self.spec.idle_state)

    @property
    def duplex_bytes_per_s(self) -> int:
        """Long copies both ways at once: bytes a second each way."""
        return self.effective_duplex_bytes_per_s(self._long_bytes)

    @property
    def in_flight_bytes_per_s(self) -> int | None:
        """What tags x MRRS in flight allow reads; None where the round trip takes no time."""
        if self.spec.round_trip_ps == 0:
            return None
        return self.spec.tags * self.spec.mrrs_bytes * PS_PER_S // self.spec.round_trip_ps

    def effective_bytes_per_s(self, size_bytes: int, direction: Direction, initiator: Initiator = "device") -> int:
        """Bytes a second of back-to-back transfers of ``size_bytes`` (at least 1), one direction at a time."""
        if initiator == "host":
            return self._host_bytes_per_s(size_bytes, direction)
        if direction == "d2h":
            return int(self.link_bytes_per_s * self.packets.write_share(size_bytes))
        return self._bound_reads(int(self.link_bytes_per_s * self.packets.read_share(size_bytes)))

    def effective_duplex_bytes_per_s(self, size_bytes: int) -> int:
        """Bytes a second each way when the device reads and writes transfers of ``size_bytes`` at once."""
        return self._bound_reads(int(self.link_bytes_per_s * self.packets.duplex_share(size_bytes)))

    def latency_ps(self, direction: Direction, initiator: Initiator = "device", state: LinkState = "L0") -> int:
        """From the start of a transfer to its first byte at the other end, the link first leaving ``state``.

        What asks and is answered takes the round trip; what is posted takes half of it (0.3 to 0.4 us of 0.55 to
        1 us have been measured).
        """
        asked = (direction == "h2d") == (initiator == "device")
        return EXIT_LATENCY_PS[state] + (self.spec.round_trip_ps if asked else ceil_div(self.spec.round_trip_ps, 2))

    def wire_bytes(
        self, size_bytes: int, direction: Direction, initiator: Initiator = "device"
    ) -> dict[Direction, int]:
        """Bytes that a transfer puts on each direction of the wire, headers and requests included."""
        packets = self.packets if initiator == "device" else self._host_packets
        if (direction == "h2d") == (initiator == "device"):
            against: Direction = "d2h" if direction == "h2d" else "h2d"
            return {direction: packets.completion_bytes(size_bytes), against: packets.read_request_bytes(size_bytes)}
        return {"h2d": 0, "d2h": 0, direction: packets.write_bytes(size_bytes)}

    def copy_time_ps(
        self,
        size_bytes: int,
        direction: Direction,
        initiator: Initiator = "device",
        state: LinkState = "L0",
        software_ps: int = 0,
    ) -> int:
        """Time of one copy that has the link to itself: software, latency, and its bytes at the effective rate.

        A driver that submits a copy takes 5 to 7 us of ``software_ps``. An empty copy takes the software's time only.
        """
        if size_bytes <= 0:
            return software_ps
        on_wire = max(self.wire_bytes(size_bytes, direction, initiator).values())
        streaming = ceil_div(on_wire * PS_PER_S, self.link_bytes_per_s)
        if (direction == "h2d") == (initiator == "device"):
            tags, request = (self.spec.tags, self.spec.mrrs_bytes) if initiator == "device" else (1, CPU_LINE_BYTES)
            # Every full set of requests in flight waits for the one before it.
            rounds = ceil_div(size_bytes, tags * request) - 1
            streaming = max(streaming, rounds * self.spec.round_trip_ps)
        return software_ps + self.latency_ps(direction, initiator, state) + streaming

    @property
    def _long_bytes(self) -> int:
        """A transfer long enough that its last packets are full: nothing is lost at its end."""
        return self.packets.payload * self.packets.request * self.packets.completion

    @property
    def _host_packets(self) -> Packets:
        own = self.packets
        return Packets(CPU_LINE_BYTES, CPU_LINE_BYTES, CPU_LINE_BYTES, own.request_overhead, own.completion_overhead)

    def _bound_reads(self, rate: int) -> int:
        bound = self.in_flight_bytes_per_s
        return rate if bound is None else min(rate, bound)

    def _host_bytes_per_s(self, size_bytes: int, direction: Direction) -> int:
        packets = self._host_packets
        if direction == "h2d":
            return int(self.link_bytes_per_s * packets.write_share(size_bytes))
        rate = int(self.link_bytes_per_s * packets.read_share(size_bytes))
        if self.spec.round_trip_ps == 0:
            return rate
        return min(rate, size_bytes * PS_PER_S // (ceil_div(size_bytes, CPU_LINE_BYTES) * self.spec.round_trip_ps))
