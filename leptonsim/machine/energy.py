"""Energy of a run: operations and bytes times energy per event, plus static power times time.

On-die events scale with the square of the voltage of the performance state; static power is the chip's own at nominal
voltage and scales with the voltage (its current taken as constant). DRAM and PCIe have supplies of their own. Constants
and sources: leptonsim.chip.energy.

Not modelled: clock power of idle engines, temperature, data-dependent switching.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leptonsim.chip.energy import EnergyTable, energy_table
from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import ProgramOperator
from leptonsim.compiler.routes import Route
from leptonsim.fabric.noc import NocModel

COMPONENTS = ("tensor_core", "accumulators", "vector_unit", "sram", "shared_sram", "noc", "dram", "pcie", "static")
"""Where energy goes, in the order in which it is summed."""


@dataclass(frozen=True)
class EnergyModel:
    """Energy per event of one chip at the voltage of its performance state."""

    chip: Chip
    table: EnergyTable
    hops: float
    static_w: float

    def operator_pj(self, operator: ProgramOperator, bytes_by_route: Mapping[Route, int]) -> dict[str, float]:
        """Dynamic energy of one execution of an operator, by component."""
        table = self.table
        total = {
            "tensor_core": operator.tensor_macs * table.mac_pj(operator.dtype) if operator.tensor_macs else 0.0,
            "accumulators": operator.accumulator_bytes * table.accumulator_pj_per_byte,
            "vector_unit": math.fsum(
                count * table.vector_pj[function] for function, count in sorted(operator.vector.items())
            ),
            "sram": operator.sram_read_bytes * table.sram_read_pj_per_byte
            + operator.sram_written_bytes * table.sram_write_pj_per_byte,
        }
        moved = self.bytes_pj(bytes_by_route)
        return {component: total.get(component, moved.get(component, 0.0)) for component in COMPONENTS[:-1]}

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

    def static_pj(self, time_ps: int) -> float:
        """Static energy of the whole chip over a time."""
        return self.static_w * time_ps


def energy_model(chip: Chip) -> EnergyModel:
    """The energy model of a chip in its performance state. Raises LeptonError if its memory has no energy data."""
    table = energy_table(chip)
    state = next((each for each in chip.power.states if each.name == chip.power.state), None)
    static_w = chip.power.static_w
    curve = chip.power.curve
    volts = state.voltage_v if state is not None else curve.voltage_v if curve is not None else table.voltage_v
    if volts != table.voltage_v:
        static_w *= volts / table.voltage_v
        table = table.at_voltage(volts)
    hops = NocModel(chip.noc, chip.cores, chip.clocks.core_hz).hops
    return EnergyModel(chip, table, hops, static_w)


def total_pj(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Components of several breakdowns, each the exact sum of its parts."""
    return {component: math.fsum(each.get(component, 0.0) for each in parts) for component in COMPONENTS}
