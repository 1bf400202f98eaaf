"""A kind of reference data: how a file of it is recognised, and how its rows are predicted.

Each kind is one file of this folder that defines ``KIND``; nothing lists them.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import leptonsim.validate
from leptonsim.validate.report import Record
from leptonsim.validate.table import BadFile, Table

Config = str | Path | None


@dataclass(frozen=True)
class Kind:
    """One kind: ``columns`` are those by which a file's header is recognised, ``predict`` gives the records of a file.

    ``predict`` is called with the table and the chip or engine that the user named (None: what ships with the
    package); it raises BadFile for a row that cannot be read.
    """

    name: str
    title: str
    columns: frozenset[str]
    predict: Callable[[Table, Config], Iterator[Record]]
    no_config: str = ""
    """Why a configuration has no say in the predictions; empty where it has."""
    causes: str = ""
    """What the largest errors come from, for the page in docs/."""
    not_modelled: str = ""
    """What the predictions leave out, for the same page."""


@functools.cache
def kinds() -> tuple[Kind, ...]:
    """Every kind in the folder, by name."""
    folder = leptonsim.validate
    modules = (
        importlib.import_module(f"{folder.__name__}.{each.name}") for each in pkgutil.iter_modules(folder.__path__)
    )
    found = (getattr(module, "KIND", None) for module in modules)
    return tuple(sorted((kind for kind in found if isinstance(kind, Kind)), key=lambda kind: kind.name))


def kind_of(table: Table) -> Kind:
    """The kind whose columns the header has, the most particular one where several fit; raises BadFile for none."""
    fitting = [kind for kind in kinds() if kind.columns <= set(table.header)]
    if not fitting:
        missing = "; ".join(f"{kind.name} has {', '.join(sorted(kind.columns))}" for kind in kinds())
        raise BadFile(f"{table.file}:1: the header is of no known kind of reference data ({missing})")
    return max(fitting, key=lambda kind: (len(kind.columns), kind.name))
