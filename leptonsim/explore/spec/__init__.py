"""A sweep file: what it says (``sweep``), and how it is read, one module for each group of its keys."""

from leptonsim.explore.spec.load import load_sweep, shipped_sweeps, sweep_from_text
from leptonsim.explore.spec.sweep import DESIGN_NAMES, WORKLOAD_NAMES, EqualArea, ModelSource, Objective, Sweep

__all__ = [
    "DESIGN_NAMES",
    "WORKLOAD_NAMES",
    "EqualArea",
    "ModelSource",
    "Objective",
    "Sweep",
    "load_sweep",
    "shipped_sweeps",
    "sweep_from_text",
]
