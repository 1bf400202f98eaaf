"""Pictures of a result: a file for each kind, the file's name is the kind's.

Each module has ``draw(result) -> matplotlib.figure.Figure`` and shows itself: ``python -m
leptonsim.result.figures.roofline``. One with ``applies(result) -> bool`` says of which results a page shows it.
Packages of third parties add kinds by entry points of the group ``leptonsim.result.figures``.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from leptonsim.result.load import AnyResult


def kinds() -> list[str]:
    """Names of all kinds of picture."""
    own = (found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
    return sorted({*own, *(entry.name for entry in entry_points(group=__name__))})


def draw(kind: str, result: AnyResult) -> Figure:
    """One kind of picture of a result. Raises LeptonError if there is no such kind."""
    figure: Figure = _module(kind).draw(result)
    return figure


def applies(kind: str, result: AnyResult) -> bool:
    """Whether a kind tells anything of a result. Raises LeptonError if there is no such kind."""
    module = _module(kind)
    return not hasattr(module, "applies") or bool(module.applies(result))


def _module(kind: str) -> ModuleType:
    if kind not in kinds():
        raise LeptonError(f"no kind of picture is called {kind!r}; there are: {', '.join(kinds())}")
    for entry in entry_points(group=__name__, name=kind):
        module: ModuleType = entry.load()
        return module
    return importlib.import_module(f"{__name__}.{kind}")


def save_plot(kind: str, result: AnyResult, path: str | Path) -> None:
    """Draw one kind into a file, PNG, SVG or PDF by its suffix, whole or not at all. Raises LeptonError."""
    from leptonsim.result.style import form_of, save

    form_of(path)
    save(draw(kind, result), path, kind)
