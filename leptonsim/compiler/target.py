"""A chip as the compiler sees it: what a core can hold, what an engine can do in a cycle, what a link can carry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from leptonsim.chip.spec import Chip
from leptonsim.compiler.precision import RUN_BITS
from leptonsim.errors import LeptonError
from leptonsim.fabric.dram import AccessPattern, DramModel, memory_at_start
from leptonsim.kernels.plain.sram_conflicts import Scratchpad
from leptonsim.kernels.plain.systolic_array import Array
from leptonsim.kernels.systolic import array_of
from leptonsim.kernels.tiling import Tiler

STAGE_GRAIN = 16
"""Staging space is offered to the search in this many grades, so that equal operators share one search."""


def usable_sram_bytes(chip: Chip) -> int:
    """Bytes of a core's SRAM that tensors and tiles on their way may take together."""
    return int(chip.core.sram.size_bytes * chip.software.buffer_share)


class Target:
    """One chip and data type of the run. Raises LeptonError if the chip has no rate for the data type."""

    def __init__(self, chip: Chip, dtype: str | None = None) -> None:
        self.chip = chip
        self.dtype = dtype or chip.software.default_dtype
        rates = chip.core.tensor_core.rates
        if self.dtype not in RUN_BITS or self.dtype not in rates:
            raise LeptonError(f"data type {self.dtype}: {chip.name} has {', '.join(sorted(rates))}")
        self.cores = chip.cores
        self.sram_bytes = usable_sram_bytes(chip)
        self.shared_bytes = int(chip.shared_sram.size_bytes * chip.software.buffer_share) if chip.shared_sram else 0
        engines = chip.core.dma.engines
        self.weight_engines = max(1, engines // 2)
        self.activation_engines = max(1, engines - engines // 2)
        self.store_engines = engines
        self._tilers: dict[tuple[str, int, bool, int], Tiler] = {}
        self._arrays: dict[str, Array] = {}

    @property
    def one_queue(self) -> bool:
        """Whether a single DMA engine loads weights and activations in turn."""
        return self.chip.core.dma.engines == 1

    @cached_property
    def dram(self) -> DramModel:
        """The memory."""
        return memory_at_start(self.chip)

    @cached_property
    def stream_bytes_per_s(self) -> float:
        """What DRAM sustains for sequential reads."""
        return self.dram.peak_bytes_per_s * self.dram.efficiency([AccessPattern("sequential", 4096)])

    @cached_property
    def port_bytes_per_s(self) -> float:
        """What one DMA engine moves from DRAM: its port, or its accesses in flight over the latency."""
        dma = self.chip.core.dma
        in_flight = dma.outstanding * dma.access_bytes * 1e12 / self.dram.latency_ps
        return min(float(dma.port_bytes_per_cycle * self.chip.clocks.core_hz), in_flight)

    @cached_property
    def scratchpad(self) -> Scratchpad:
        """A core's SRAM as the array sees it: banks that each hold words as wide as the array reads in a cycle.

        Where banks have two ports, reads of the array and writes of the DMA pass side by side; with one, a
        write to the bank that is being read holds the array.
        """
        sram = self.chip.core.sram
        width = sram.read_bytes_per_cycle
        return Scratchpad(sram.banks, sram.ports, width, width, sram.write_bytes_per_cycle)

    def stage_grade(self, free_bytes: int) -> int:
        """Staging bytes offered to the search when ``free_bytes`` are free: rounded down, at least one grade."""
        grain = max(1, self.sram_bytes // STAGE_GRAIN)
        return max(grain, free_bytes // grain * grain)

    def array(self, dtype: str) -> Array:
        """The systolic array in ``dtype``."""
        if dtype not in self._arrays:
            self._arrays[dtype] = array_of(self.chip.core.tensor_core, dtype)
        return self._arrays[dtype]

    def tiler(self, dtype: str, stage_bytes: int, from_host: bool, sum_bits: int = 32) -> Tiler:
        """The search for products in ``dtype`` with so much staging space; weights from DRAM or from the host.

        The kernels count 32 bits for a sum: where it has fewer, the accumulators hold as many more of them.
        """
        key = (dtype, stage_bytes, from_host, sum_bits)
        if key not in self._tilers:
            chip, core = self.chip, self.chip.core
            self._tilers[key] = Tiler(
                self.array(dtype),
                self.scratchpad,
                cores=self.cores,
                arrays=core.tensor_core.count,
                accumulator_bytes=core.tensor_core.accumulator_size_bytes * core.tensor_core.count * 32 // sum_bits,
                stage_bytes=stage_bytes,
                core_khz=chip.clocks.core_hz // 1000,
                setup_ps=core.dma.setup_ps,
                latency_ps=self.dram.latency_ps,
                port_bytes_per_s=(
                    self.port_bytes_per_s * self.weight_engines,
                    self.port_bytes_per_s * self.activation_engines,
                    self.port_bytes_per_s * self.store_engines,
                ),
                dram_bytes_per_s=self.stream_bytes_per_s,
                host_bytes_per_s=self.host_bytes_per_s if from_host else 0.0,
                dram_access_bytes=self.dram.part.access_bytes,
                one_queue=self.one_queue,
            )
        return self._tilers[key]

    @cached_property
    def host_bytes_per_s(self) -> float:
        """What the PCIe link carries from the host."""
        from leptonsim.fabric.pcie import PcieLink

        return float(PcieLink(self.chip.pcie).read_bytes_per_s)

    @cached_property
    def _vector_rates(self) -> dict[str, float]:
        return dict(self.chip.core.vector_unit.rates.items())

    def vector_cycles(self, operations: Mapping[str, int]) -> float:
        """Cycles of one core's vector unit for so many operations of each function."""
        lanes, rates = self.chip.core.vector_unit.lanes, self._vector_rates
        return sum((count / (lanes * rates[function]) for function, count in operations.items()), 0.0)
