"""The energy table as rows for people: name, value, unit, source."""

from __future__ import annotations

from typing import NamedTuple

from leptonsim.chip.energy.table import EnergyTable


class Entry(NamedTuple):
    """One constant at the table's voltage; ``name`` is that which overrides it in the YAML."""

    name: str
    value: float
    unit: str
    source: str


def entries(table: EnergyTable) -> list[Entry]:
    """Every constant of a table, in the order of the overrides."""
    values = [(f"mac_{dtype}", table.mac_pj(dtype), "pJ") for dtype in table.mac]
    values += [(f"vector_{function}", energy, "pJ") for function, energy in table.vector_pj.items()]
    values += [
        ("accumulator", table.accumulator_pj_per_byte, "pJ/B"),
        ("sram_read", table.sram_read_pj_per_byte, "pJ/B"),
        ("sram_write", table.sram_write_pj_per_byte, "pJ/B"),
        ("shared_sram", table.shared_sram_pj_per_byte, "pJ/B"),
        ("noc_hop", table.noc_pj_per_byte_hop, "pJ/B"),
        ("dram_activate", table.dram.activate_pj, "pJ"),
        ("dram_read", table.dram.read_pj_per_byte, "pJ/B"),
        ("dram_write", table.dram.write_pj_per_byte, "pJ/B"),
        ("dram_io", table.dram.io_pj_per_byte, "pJ/B"),
        ("dram_background", table.dram.background_w, "W"),
        ("dram_refresh", table.dram.refresh_w, "W"),
        ("pcie", table.pcie_pj_per_byte, "pJ/B"),
    ]
    return [Entry(name, value, unit, table.sources[name]) for name, value, unit in values]
