"""Energy per event: data in YAML with a source on every number, and the table of one chip."""

from leptonsim.chip.energy.table import EnergyTable, energy_table

__all__ = ["EnergyTable", "energy_table"]
