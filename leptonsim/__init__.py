"""leptonsim: a cycle-approximate simulator of AI accelerators.

    import leptonsim as ls
    result = ls.simulate(ls.load_chip("lepton-c1"), ls.load_model("zoo:resnet50"), batch=8)
    result.latency_s, result.energy_j, result.steps, result.save("out.json")

Names are imported when they are first used: what a program does not need, it does not pay for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leptonsim.api import execute, simulate
    from leptonsim.chip import Chip, load_chip
    from leptonsim.compiler.compile import compile
    from leptonsim.compiler.policy import Policy, load_policy
    from leptonsim.compiler.program import Program
    from leptonsim.errors import LeptonError
    from leptonsim.generate import Generation, generate
    from leptonsim.model import Model, load_model
    from leptonsim.result.result import Result

__all__ = [
    "Chip",
    "Generation",
    "LeptonError",
    "Model",
    "Policy",
    "Program",
    "Result",
    "compile",
    "execute",
    "generate",
    "load_chip",
    "load_model",
    "load_policy",
    "simulate",
]

_HOME = {
    "Chip": "chip",
    "Generation": "generate",
    "LeptonError": "errors",
    "Model": "model",
    "Policy": "compiler.policy",
    "Program": "compiler.program",
    "Result": "result.result",
    "compile": "compiler.compile",
    "execute": "api",
    "generate": "generate",
    "load_chip": "chip",
    "load_model": "model",
    "load_policy": "compiler.policy",
    "simulate": "api",
}


def __getattr__(name: str) -> Any:
    """Import the module that defines ``name``."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
