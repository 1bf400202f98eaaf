"""Show the energy table of a chip with its sources: ``python -m leptonsim.chip.energy lepton-c1``."""

from __future__ import annotations

import sys

from leptonsim.chip.energy.table import EnergyTable, energy_table
from leptonsim.chip.load import load_chip
from leptonsim.errors import LeptonError


def lines(table: EnergyTable) -> list[str]:
    """One line for each constant: name, value at the table's voltage, unit, source."""
    rows = [(f"mac_{dtype}", energy, "pJ") for dtype, energy in table.mac.items()]
    rows += [(f"vector_{function}", energy, "pJ") for function, energy in table.vector_pj.items()]
    rows += [
        ("accumulator", table.accumulator_pj_per_byte, "pJ/B"),
        ("sram_read", table.sram_read_pj_per_byte, "pJ/B"),
        ("sram_write", table.sram_write_pj_per_byte, "pJ/B"),
        ("shared_sram", table.shared_sram_pj_per_byte, "pJ/B"),
        ("noc_hop", table.noc_pj_per_byte_hop, "pJ/B"),
        ("dram_streaming", table.dram_streaming_pj_per_byte, "pJ/B"),
        ("dram_random", table.dram_random_pj_per_byte, "pJ/B"),
        ("pcie", table.pcie_pj_per_byte, "pJ/B"),
    ]
    return [f"{name:<15}{energy:>9.3f} {unit:<5} {table.sources[name]}" for name, energy, unit in rows]


def main(arguments: list[str]) -> int:
    """Print the table of the chip named; the exit status."""
    try:
        source = arguments[0] if arguments else "lepton-c1"
        table = energy_table(load_chip(source))
    except LeptonError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{source} at {table.voltage_v:g} V ({table.sources['nominal_voltage']})")
    print("\n".join(lines(table)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
