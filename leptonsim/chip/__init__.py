"""The hardware: what a chip is, and how it is read from YAML.

``load_chip`` gives an immutable ``Chip``; its parameters are declared once, in the modules named after the sections of
the YAML. Names are imported when they are first asked for, so that a command which needs no chip does not pay for
pydantic.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leptonsim.chip.energy.table import EnergyTable, energy_table
    from leptonsim.chip.load import load_chip, shipped_chips
    from leptonsim.chip.schema import json_schema
    from leptonsim.chip.spec import Chip
    from leptonsim.chip.tree import ChipError

__all__ = ["Chip", "ChipError", "EnergyTable", "energy_table", "json_schema", "load_chip", "shipped_chips"]

_HOME = {
    "Chip": "spec",
    "ChipError": "tree",
    "EnergyTable": "energy.table",
    "energy_table": "energy.table",
    "json_schema": "schema",
    "load_chip": "load",
    "shipped_chips": "load",
}


def __getattr__(name: str) -> Any:
    """Import the module that defines ``name``."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
