"""What the cores share: an optional level of SRAM, the network on the chip and the DRAM, as parameters.

The timing of the DRAM device is data of its standard (one file for each part in ``dram_parts/``); here is what a board
designer chooses.
"""

from typing import Annotated, Literal

from leptonsim.chip.declare import Part, param
from leptonsim.chip.scalars import Flag, Integer, Measure, Text
from leptonsim.chip.units import BANDWIDTH, CYCLES, LENGTH, SIZE, TIME, WIDTH


class SharedSram(Part):
    """A level of SRAM that all cores share."""

    size_bytes: Annotated[int, Measure(SIZE, "1 KiB", "64 GiB")] = param("size", "Capacity.")
    bandwidth_bytes_per_s: Annotated[int, Measure(BANDWIDTH, "1 MB/s", "1000 TB/s")] = param(
        "bandwidth",
        "Bandwidth of all cores together, each direction; with `power.uncore` at the highest clock of that, "
        "in proportion at lower ones.",
    )
    latency_ps: Annotated[int, Measure(TIME, "0 ps", "1 ms")] = param(
        "latency", "Time from a request at the core to its first byte."
    )


class Noc(Part):
    """The network that joins cores, shared SRAM, DRAM and PCIe."""

    topology: Literal["ring", "mesh", "crossbar"] = param("topology", "How the nodes are joined.")
    link_bytes_per_cycle: Annotated[int, Measure(WIDTH, "1 B/cycle", "64 KiB/cycle")] = param(
        "link", "Width of one link in one direction."
    )
    hop_cycles: Annotated[int, Measure(CYCLES, "0 cycles", "1000 cycles")] = param(
        "hop", "Core cycles through one router and link."
    )
    hop_length_mm: Annotated[float, Measure(LENGTH, "0.01 mm", "100 mm")] | None = param(
        "hop_length", "Wire from one router to the next, for its energy; none: from the area of the cores.", None
    )


class Mapping(Part):
    """How addresses are spread over channels, bank groups and banks."""

    interleave_bytes: Annotated[int, Measure(SIZE, "16 B", "1 MiB")] = param(
        "interleave", "Consecutive bytes that stay in one channel."
    )
    bank_groups: Literal["low", "high"] = param(
        "bank_groups", "Place of the bank group in the address: below the column (neighbours alternate) or above."
    )
    xor: Annotated[bool, Flag()] = param(
        "xor", "Whether channel and bank are hashed with row bits, against strides that hit few banks."
    )


class Dram(Part):
    """The memory outside the chip."""

    part: Annotated[
        str,
        Text(
            r"[A-Za-z0-9][A-Za-z0-9._-]*|.*\S\.ya?ml", "the name of a DRAM part, such as LPDDR5-6400, or of a YAML file"
        ),
    ] = param("part", "Standard and speed grade.")
    channels: Annotated[int, Integer(1, 1024)] = param(
        "channels", "Independent channels of the width that the standard defines."
    )
    capacity_bytes: Annotated[int, Measure(SIZE, "1 MiB", "16 TiB")] = param(
        "capacity", "Capacity of all channels together."
    )
    fabric_latency_ps: Annotated[int, Measure(TIME, "0 ps", "1 us")] = param(
        "latency", "PHY, network and fabric, on top of controller and device; 20 to 60 ns is usual (estimate)."
    )
    mapping: Mapping = param("mapping", "Address mapping.")
