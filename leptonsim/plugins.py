"""A folder of modules is an interface, a file in it an alternative: finding them by listing the folder.

Packages of third parties add to a folder by entry points of the group that is named as the folder's package, for
example ``leptonsim.compiler.operators``, each naming a module like those in it.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType


def modules_in(package: ModuleType) -> list[ModuleType]:
    """The modules of a package by name, then those of entry points by name.

    Modules that begin with an underscore are the package's own.
    """
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__) if not found.name.startswith("_"))
    own = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    others = sorted(entry_points(group=package.__name__), key=lambda entry: entry.name)
    return own + [entry.load() for entry in others]
