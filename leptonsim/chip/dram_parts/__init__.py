"""DRAM parts: one YAML file for each, named as ``dram.part`` in a chip names it.

``dram.part`` may also be a family, which means its fastest part, or the path of a YAML file of one's own.
"""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def dram_parts() -> tuple[str, ...]:
    """The names of all parts, sorted: the files of this folder."""
    names = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@functools.cache
def dram_families() -> tuple[str, ...]:
    """The families of the parts, sorted: what stands before the dash."""
    return tuple(sorted({name.partition("-")[0] for name in dram_parts()}))


def is_own_part(part: str) -> bool:
    """Whether ``dram.part`` is the path of a YAML file rather than a name."""
    return part.endswith((".yaml", ".yml"))
