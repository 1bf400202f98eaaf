"""DRAM parts: one YAML file for each, named as ``dram.part`` in a chip names it."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def dram_parts() -> tuple[str, ...]:
    """The names of all parts, sorted: the files of this folder."""
    names = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))
