"""The chip's way to the host, the host itself and the software between them, as parameters."""

from typing import Annotated, Literal

from leptonsim.chip.core import Dtype
from leptonsim.chip.declare import Part, param
from leptonsim.chip.scalars import Integer, Measure, Number
from leptonsim.chip.units import BANDWIDTH, RATE, SIZE, TIME


class Pcie(Part):
    """The link to the host.

    The default of ``link_layer_loss`` lies within pcie-bench's model (6.7 to 11.4 % by lanes and packet size;
    Neugebauer et al., SIGCOMM 2018) and is what plain pinned copies measured over x16 links of generations 3 to 5 come
    nearest to (12.0 to 12.9, 23.9 to 26.4 and 50 to 52.8 GB/s). Generation 6 has no such loss: its FLITs carry
    acknowledgement and flow control.
    """

    generation: Annotated[int, Integer(1, 6)] = param("generation", "PCI Express generation.")
    lanes: Annotated[Literal[1, 2, 4, 8, 16], Integer(1, 16)] = param("lanes", "Lanes in each direction.")
    mps_bytes: Annotated[int, Measure(SIZE, "64 B", "4 KiB")] = param("mps", "Maximum payload of a packet (MPS).")
    mrrs_bytes: Annotated[int, Measure(SIZE, "64 B", "4 KiB")] = param("mrrs", "Maximum size of a read request (MRRS).")
    rcb_bytes: Annotated[int, Measure(SIZE, "64 B", "128 B")] = param("rcb", "Read completion boundary.", 64)
    completions: Literal["mps", "rcb"] = param(
        "completions", "Where the host cuts its answers to reads: at MPS, or at each read completion boundary.", "mps"
    )
    address_bits: Annotated[Literal[32, 64], Integer(32, 64)] = param(
        "address_bits", "Width of the addresses in requests: headers of 12 B or of 16 B.", 64
    )
    link_layer_loss: Annotated[float, Number(least=0, most=0.5)] = param(
        "link_layer_loss", "Share of the link lost to acknowledgement, flow control and skip symbols.", 0.1
    )
    tags: Annotated[int, Integer(1, 4096)] = param("tags", "Read requests in flight.")
    round_trip_ps: Annotated[int, Measure(TIME, "0 ps", "1 ms")] = param(
        "round_trip", "From a read request to its first completion; 0.55 to 1 us is usual."
    )
    copies: Literal["device", "host"] = param(
        "copies", "Who moves the data of a copy: the device's DMA, or the host's cores by loads and stores.", "device"
    )
    idle_state: Literal["L0", "L0s", "L1", "L1.2"] = param(
        "idle_state", "Power state in which each copy finds the link; L0 is awake.", "L0"
    )


class Host(Part):
    """The processor that runs what the chip cannot."""

    rate_flop_per_s: Annotated[int, Measure(RATE, "1 Mflop/s", "1000 Tflop/s")] = param(
        "rate", "Arithmetic rate on operators that fall back to the host."
    )
    memory_bytes_per_s: Annotated[int, Measure(BANDWIDTH, "1 MB/s", "100 TB/s")] = param(
        "memory", "Memory bandwidth of the host."
    )
    latency_ps: Annotated[int, Measure(TIME, "0 ps", "1 s")] = param(
        "latency", "From the end of a step on the chip to the start of work on the host."
    )


class Software(Part):
    """Runtime and compiler."""

    launch_ps: Annotated[int, Measure(TIME, "0 ps", "1 s")] = param(
        "launch", "Driver and runtime time before each request."
    )
    buffer_share: Annotated[float, Number(over=0, most=1)] = param(
        "buffer_share", "Share of the SRAM that the compiler may fill."
    )
    default_dtype: Dtype = param("default_dtype", "Data type of tensors that the model holds in floating point.")
