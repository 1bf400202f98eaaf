"""Energy of a run: operations and bytes times energy per event, and what blocks draw for resting and leaking.

A byte to or from DRAM takes its share of the activates that the burst-level kernel counts for its access pattern, the
column path and the interface for all that its bursts move. What DRAM draws awake, whatever it does, is standby.

On-die events scale with the square of the voltage of the performance state, the interface of DRAM with that of its own
supply, where the memory's states say one. The rest of DRAM, and PCIe, have supplies that do not change.
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
from leptonsim.compiler.routes import Route, pattern_of
from leptonsim.fabric.dram import AccessPattern, DramModel
from leptonsim.fabric.noc import NocModel
from leptonsim.machine.resting import Resting

DYNAMIC = ("tensor_core", "accumulators", "vector_unit", "sram", "shared_sram", "noc", "dram", "pcie")
"""Components whose energy operations and bytes take."""

AT_REST = ("clock", "standby", "static")
"""Components whose energy blocks take: clocks at rest, DRAM's background and refresh, leakage and interfaces."""

DRAM_EVENTS = ("activate", "read", "write", "io")
"""What the component ``dram`` is made of: rows opened and closed, arrays and column path, interface."""

COMPONENTS = (*DYNAMIC, *AT_REST)
"""Where energy goes, in the order in which it is summed."""


@dataclass(frozen=True)
class EnergyModel:
    """Energy per event of one chip in its states of the start."""

    chip: Chip
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
                parts["dram"].append(size / route.receivers * math.fsum(self.dram_pj_per_byte(route).values()))
            if route.end in ("host", "copy"):
                parts["pcie"].append(size / route.receivers * table.pcie_pj_per_byte)
            if route.end == "shared":
                parts["shared_sram"].append(size / route.receivers * table.shared_sram_pj_per_byte)
        return {component: math.fsum(each) for component, each in parts.items()}

    @functools.cached_property
    def _dram(self) -> DramModel:
        """At the part's own rate: how many activates a byte takes hardly depends on the rate."""
        return DramModel(self.chip.dram)

    def dram_pj_per_byte(self, route: Route) -> dict[str, float]:
        """Energy in pJ of one byte that a route takes to or from DRAM, by event; ``DRAM_EVENTS``."""
        dram, (access, run_bytes, write) = self.table.dram, pattern_of(route)
        use = self._dram.bus_use(AccessPattern(access, run_bytes, write))
        return {
            "activate": use.activates * dram.activate_pj,
            "read": 0.0 if write else use.moved_bytes * dram.read_pj_per_byte,
            "write": use.moved_bytes * dram.write_pj_per_byte if write else 0.0,
            "io": use.moved_bytes * dram.io_pj_per_byte,
        }


def energy_model(chip: Chip) -> EnergyModel:
    """The energy model of a chip in its states of the start. Raises LeptonError for an unknown DRAM part."""
    table = energy_table(chip)
    state = next((each for each in chip.power.states if each.name == chip.power.state), None)
    curve = chip.power.curve
    volts = state.voltage_v if state is not None else curve.voltage_v if curve is not None else table.voltage_v
    resting = Resting(chip, table, volts)
    uncore, memory = chip.power.uncore, chip.power.memory
    if memory is not None:
        io_pj = table.dram.io_pj_per_byte * io_at(chip, memory.start.voltage_v)
        table = dataclasses.replace(table, dram=dataclasses.replace(table.dram, io_pj_per_byte=io_pj))
    if volts != table.voltage_v or uncore is not None:
        table = table.at_voltage(volts, None if uncore is None else uncore.start.voltage_v)
    hops = NocModel(chip.noc, chip.cores, chip.clocks.core_hz).hops
    return EnergyModel(chip, table, hops, float(resting.power.static_w(volts).sum()), resting)


def io_at(chip: Chip, voltage_v: float | None) -> float:
    """Energy of DRAM's interface at a voltage over that at the part's own: its square; 1 where either is not said."""
    own_v = load_part(chip.dram.part).energy.io_voltage_v
    return 1.0 if voltage_v is None or own_v is None else (voltage_v / own_v) ** 2


def total_pj(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Components of several breakdowns, each the exact sum of its parts."""
    return {component: math.fsum([each.get(component, 0.0) for each in parts]) for component in COMPONENTS}
