"""The version of the package, for results and for ``--version``."""

from __future__ import annotations


def leptonsim_version() -> str:
    """Version of the installed package; "not installed" where the sources are used in place."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("leptonsim")
    except PackageNotFoundError:
        return "not installed"
