"""Energy per event of one chip: constants of its process node, memory and link, its own overrides, all with sources.

On-die dynamic energy holds at the node's nominal voltage and scales with the square of the voltage; DRAM and PCIe have
supplies of their own. Static power is the chip's to state. Not modelled: which operands are zero (their share is the
chip's ``energy.activity``), temperature.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from leptonsim.chip.area import hop_length_mm
from leptonsim.chip.core import Dtype, VectorFunction
from leptonsim.chip.energy import data
from leptonsim.chip.energy.dram import DramEnergy, dram_energy
from leptonsim.chip.tree import ChipError

if TYPE_CHECKING:
    from leptonsim.chip.spec import Chip

ACCUMULATOR_ACCESS_BYTES = 64
"""An accumulator memory is as wide as its array: banks of this width side by side, accessed as CACTI's points are."""


@dataclass(frozen=True)
class EnergyTable:
    """Dynamic energy in pJ at ``voltage_v``.

    ``sources`` has one text for each constant, under the name that overrides it (``mac_bf16``, ``sram_read``), and for
    ``nominal_voltage``, ``clocked_share``, ``idle_share`` and ``power_gated_share``. ``clocked_share`` and
    ``idle_share`` are the dynamic power of a block that does nothing, with its clock and with it gated, as shares of
    its active power; ``power_gated_share`` is the leakage of a power-gated one as a share of its leakage. ``mac`` is
    at full ``activity`` of the operands.
    """

    mac: Mapping[str, float]
    vector_pj: Mapping[str, float]
    accumulator_pj_per_byte: float
    sram_read_pj_per_byte: float
    sram_write_pj_per_byte: float
    shared_sram_pj_per_byte: float
    noc_pj_per_byte_hop: float
    dram: DramEnergy
    pcie_pj_per_byte: float
    voltage_v: float
    activity: float
    clocked_share: float
    idle_share: float
    power_gated_share: float
    sources: Mapping[str, str]

    def mac_pj(self, dtype: str) -> float:
        """One multiply-accumulate with the cell's registers and clock, of operands of the chip's activity.

        Raises ChipError for an unknown data type.
        """
        if dtype not in self.mac:
            raise ChipError(f"no multiply-accumulate energy for data type {dtype!r}; known: {', '.join(self.mac)}")
        return self.mac[dtype] * (1 - (1 - self.clocked_share) * (1 - self.activity))

    def scaled(self, voltage_ratio: float, uncore_ratio: float | None = None) -> EnergyTable:
        """The table at ``voltage_ratio`` times its voltage: on-die dynamic energy goes with the square.

        Network and SRAM, but for the accumulators, are at ``uncore_ratio`` times it where they have a supply of their
        own.
        """
        square = voltage_ratio * voltage_ratio
        uncore = square if uncore_ratio is None else uncore_ratio * uncore_ratio
        return dataclasses.replace(
            self,
            mac={dtype: energy * square for dtype, energy in self.mac.items()},
            vector_pj={function: energy * square for function, energy in self.vector_pj.items()},
            accumulator_pj_per_byte=self.accumulator_pj_per_byte * square,
            sram_read_pj_per_byte=self.sram_read_pj_per_byte * uncore,
            sram_write_pj_per_byte=self.sram_write_pj_per_byte * uncore,
            shared_sram_pj_per_byte=self.shared_sram_pj_per_byte * uncore,
            noc_pj_per_byte_hop=self.noc_pj_per_byte_hop * uncore,
            voltage_v=self.voltage_v * voltage_ratio,
        )

    def at_voltage(self, voltage_v: float, uncore_v: float | None = None) -> EnergyTable:
        """The table at ``voltage_v``: what a performance state asks for; network and SRAM at ``uncore_v``, if given."""
        return self.scaled(voltage_v / self.voltage_v, None if uncore_v is None else uncore_v / self.voltage_v)


def energy_table(chip: Chip) -> EnergyTable:
    """The table of a chip at the nominal voltage of its node. Raises LeptonError for an unknown DRAM part."""
    node, tensor, overrides = chip.process_nm, chip.core.tensor_core, chip.energy.overrides
    sources: dict[str, str] = {}

    def constant(name: str, derive: Callable[..., data.Sourced], *arguments: object) -> float:
        given: float | None = getattr(overrides, name)
        if given is not None:
            sources[name] = f"energy.overrides.{name} of {chip.name}"
            return given
        value, sources[name] = derive(*arguments)
        return value

    banks = max(1, tensor.cols * 4 // ACCUMULATOR_ACCESS_BYTES)
    sram = chip.core.sram
    shared = chip.shared_sram.size_bytes if chip.shared_sram else chip.core.sram.size_bytes
    nominal_v, sources["nominal_voltage"] = data.nominal_voltage_v(node)
    clocked_share, sources["clocked_share"] = data.clocked_share()
    idle_share, sources["idle_share"] = data.idle_share()
    power_gated_share, sources["power_gated_share"] = data.power_gated_share()
    dram, dram_sources = dram_energy(chip)
    return EnergyTable(
        mac={dtype: constant(f"mac_{dtype}", data.mac_pj, dtype, node) for dtype in get_args(Dtype)},
        vector_pj={name: constant(f"vector_{name}", data.vector_pj, name, node) for name in get_args(VectorFunction)},
        accumulator_pj_per_byte=constant("accumulator", _both_ways, tensor.accumulator_size_bytes / banks, node),
        sram_read_pj_per_byte=constant(
            "sram_read", data.sram_pj_per_byte, sram.size_bytes, node, "read", sram.cell, sram.access_bytes
        ),
        sram_write_pj_per_byte=constant(
            "sram_write", data.sram_pj_per_byte, sram.size_bytes, node, "write", sram.cell, sram.access_bytes
        ),
        shared_sram_pj_per_byte=constant("shared_sram", _both_ways, shared, node),
        noc_pj_per_byte_hop=constant("noc_hop", _hop, chip),
        dram=dram,
        pcie_pj_per_byte=constant("pcie", data.pcie_pj_per_byte, chip.pcie.generation),
        voltage_v=nominal_v,
        activity=chip.energy.activity,
        clocked_share=clocked_share,
        idle_share=idle_share,
        power_gated_share=power_gated_share,
        sources={**sources, **dram_sources},
    )


def _hop(chip: Chip) -> data.Sourced:
    return data.noc_pj_per_byte_hop(chip.process_nm, *hop_length_mm(chip))


def _both_ways(size_bytes: float, node_nm: int) -> data.Sourced:
    """An SRAM whose reads and writes are counted together: the mean of the two."""
    read, source = data.sram_pj_per_byte(size_bytes, node_nm, "read")
    write, _ = data.sram_pj_per_byte(size_bytes, node_nm, "write")
    return (read + write) / 2, f"{source}; mean of read and write"
