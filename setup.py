"""Compile the kernels; all else about the package is declared in pyproject.toml.

LEPTONSIM_CHECKED=1 builds them with bounds checks on.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).parent
CHECKED = os.environ.get("LEPTONSIM_CHECKED") == "1"

sources = sorted((ROOT / "kernels").glob("*.pyx"))
if not sources:
    raise SystemExit("setup.py: no kernels/*.pyx found; leptonsim cannot be built without its kernels")

extensions = [
    Extension(
        f"leptonsim.kernels.{source.stem}",
        [str(source.relative_to(ROOT))],
        extra_compile_args=["-O3", "-g0"],
        extra_link_args=["-g0"],
    )
    for source in sources
]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython-checked" if CHECKED else "build/cython",
        compiler_directives={
            "language_level": "3",
            "embedsignature": True,
            "boundscheck": CHECKED,
            "wraparound": CHECKED,
            "initializedcheck": CHECKED,
            "cdivision": True,
        },
    ),
)
