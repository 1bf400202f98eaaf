"""Energy of a run: operations and bytes times energy per event, and what blocks draw for resting and leaking.

On-die events scale with the square of the voltage of the performance state. DRAM and PCIe have supplies of their own;
a byte of DRAM costs other than in the table where the memory runs at a lower rate or voltage.
While an array works, its cells that multiply nothing (they fill, drain, hold padding, or wait for weights) still take
their clock. Constants and sources: leptonsim.chip.energy; blocks at rest: leptonsim.machine.resting.

Not modelled: which bits toggle (their share is the chip's ``energy.activity``).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leptonsim.chip.dram_part import load_part
from leptonsim.chip.energy import EnergyTable, energy_table
from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import ProgramOperator
from leptonsim.compiler.routes import Route
from leptonsim.fabric.noc import NocModel
from leptonsim.machine.resting import Resting
from leptonsim.machine.sleep import background_at, dram_standby_w

DYNAMIC = ("tensor_core", "accumulators", "vector_unit", "sram", "shared_sram", "noc", "dram", "pcie")
"""Components whose energy operations and bytes take."""

AT_REST = ("clock", "standby", "static")
"""Components whose energy blocks take: clocks at rest, DRAM that is not accessed, leakage and interfaces."""

COMPONENTS = (*DYNAMIC, *AT_REST)
"""Where energy goes, in the order in which it is summed."""


@dataclass(frozen=True)
class EnergyModel:
    """Energy per event of one chip in its states of the start; ``nominal`` is its table as it is without states."""

    chip: Chip
    nominal: EnergyTable
    table: EnergyTable
    hops: float
    static_w: float
    resting: Resting

    def operator_pj(
        self, operator: ProgramOperator, bytes_by_route: Mapping[Route, int], array_cycles: int
    ) -> dict[str, float]:
        """Dynamic energy of one execution of an operator, by component; the arrays of all cores work ``array_cycles``,
        summed.
        """
        table = self.table
        total = {
            "tensor_core": self._arrays_pj(operator, array_cycles) if operator.tensor_macs else 0.0,
            "accumulators": operator.accumulator_bytes * table.accumulator_pj_per_byte,
            "vector_unit": math.fsum(
                count * table.vector_pj[function] for function, count in sorted(operator.vector.items())
            ),
            "sram": operator.sram_read_bytes * table.sram_read_pj_per_byte
            + operator.sram_written_bytes * table.sram_write_pj_per_byte,
        }
        moved = self.bytes_pj(bytes_by_route)
        return {component: total.get(component, moved.get(component, 0.0)) for component in DYNAMIC}

    @functools.cached_property
    def _cells(self) -> tuple[int, dict[str, float]]:
        """Cells of one core's arrays, and their rates by data type."""
        array = self.chip.core.tensor_core
        return array.count * array.rows * array.cols, dict(array.rates.items())

    def _arrays_pj(self, operator: ProgramOperator, array_cycles: int) -> float:
        """Products, and the clock of cells that have none while their array works; not of those that are off."""
        cells, rates = self._cells
        table, dtype = self.table, operator.dtype
        rate, cell_cycles = rates[dtype], float(array_cycles * cells)
        if self.resting.is_partial:
            cell_cycles *= operator.cells_share
        idle = max(0.0, cell_cycles - operator.tensor_macs / rate)
        return operator.tensor_macs * table.mac_pj(dtype) + idle * rate * table.clocked_share * table.mac[dtype]

    def bytes_pj(self, bytes_by_route: Mapping[Route, int]) -> dict[str, float]:
        """Energy of bytes delivered over routes, by component."""
        parts: dict[str, list[float]] = {"shared_sram": [], "noc": [], "dram": [], "pcie": []}
        table = self.table
        for route, size in sorted(bytes_by_route.items()):
            hops = 1.0 if route.receivers > 1 else self.hops
            if route.end != "local":
                parts["noc"].append(size * hops * table.noc_pj_per_byte_hop)
            if route.end in ("dram", "copy"):
                access = "random" if route.access == "random" else "streaming"
                parts["dram"].append(size / route.receivers * table.dram_pj_per_byte(access))
            if route.end in ("host", "copy"):
                parts["pcie"].append(size / route.receivers * table.pcie_pj_per_byte)
            if route.end == "shared":
                parts["shared_sram"].append(size / route.receivers * table.shared_sram_pj_per_byte)
        return {component: math.fsum(each) for component, each in parts.items()}


def energy_model(chip: Chip) -> EnergyModel:
    """The energy model of a chip in its performance state. Raises LeptonError if its memory has no energy data."""
    table = nominal = energy_table(chip)
    state = next((each for each in chip.power.states if each.name == chip.power.state), None)
    curve = chip.power.curve
    volts = state.voltage_v if state is not None else curve.voltage_v if curve is not None else table.voltage_v
    resting = Resting(chip, table, volts)
    uncore, memory = chip.power.uncore, chip.power.memory
    if memory is not None:
        extra = dram_extra_pj(chip, table, memory.start.data_rate, memory.start.voltage_v)
        table = dataclasses.replace(
            table,
            dram_streaming_pj_per_byte=table.dram_streaming_pj_per_byte + extra,
            dram_random_pj_per_byte=table.dram_random_pj_per_byte + extra,
        )
    if volts != table.voltage_v or uncore is not None:
        table = table.at_voltage(volts, None if uncore is None else uncore.start.voltage_v)
    hops = NocModel(chip.noc, chip.cores, chip.clocks.core_hz).hops
    return EnergyModel(chip, nominal, table, hops, float(resting.power.static_w(volts).sum()), resting)


def dram_extra_pj(chip: Chip, table: EnergyTable, data_rate: int, voltage_v: float | None = None) -> float:
    """What a byte of DRAM costs at a data rate and a voltage of its interface beyond the table, which has the part's.

    The table's energy has the background power of the time in which the pins move a byte at the part's own rate; at a
    lower one this takes longer, at less power. The energy of I/O goes with the square of the interface's voltage.
    """
    part, background_w = load_part(chip.dram.part), dram_standby_w(chip)[0]
    clock = data_rate / part.clocking.data_rate
    own_pj = background_w / (chip.dram.channels * part.channel_bytes_per_s) * 1e12
    extra = own_pj * (float(background_at(clock)) / clock - 1.0)
    own_v = part.energy.io_voltage_v
    if voltage_v is not None and own_v is not None:
        both = table.dram_streaming_pj_per_byte, table.dram_random_pj_per_byte
        extra -= min(8 * part.energy.io_pj_per_bit, *both) * (1.0 - (voltage_v / own_v) ** 2)
    return extra


def total_pj(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Components of several breakdowns, each the exact sum of its parts."""
    return {component: math.fsum([each.get(component, 0.0) for each in parts]) for component in COMPONENTS}
