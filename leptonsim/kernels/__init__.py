"""The compiled inner loops; each has a plain-Python twin of the same name in ``leptonsim.kernels.plain``.

They are compiled from ``kernels/*.pyx`` in the source tree. Importing this package raises ImportError, with the command
to run, where they are not compiled: as when Python starts in a source folder that shadows the installed package.
"""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

_FOLDER = Path(__file__).parent
_ROOT = _FOLDER.parents[1]


def _missing() -> list[str]:
    """Names of kernels not compiled for this Python; without the sources at hand only the lack of all shows."""
    compiled = {path.name.removesuffix(suffix) for suffix in EXTENSION_SUFFIXES for path in _FOLDER.glob(f"*{suffix}")}
    sources = {path.stem for path in (_ROOT / "kernels").glob("*.pyx")} if (_ROOT / "setup.py").is_file() else set()
    if not compiled and not sources:
        return ["all"]
    return sorted(sources - compiled)


if missing := _missing():
    raise ImportError(
        f"leptonsim's kernels are not compiled in {_FOLDER} (missing: {', '.join(missing)}). "
        f'In the source folder run: python -m pip install -e ".[test]"'
    )
del missing
