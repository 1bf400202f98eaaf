"""The explicit list of packages in pyproject.toml is the tree."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_list_of_packages_equals_the_tree():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(init.parent.relative_to(ROOT).parts) for init in (ROOT / "leptonsim").rglob("__init__.py")}
    found |= {
        ".".join(("leptonsim", *init.parent.relative_to(ROOT).parts))
        for init in (ROOT / "configs").rglob("__init__.py")
    }
    assert sorted(declared) == sorted(found)
    assert declared == sorted(declared), "keep the list sorted"
