"""Data moves one way, and so do imports: chip and model, then compiler, machine, result, explore, cli."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "leptonsim"

BASE = {"errors", "files", "suggest", "version", "plugins", "kernels"}
"""What any package may use."""

MAY_IMPORT = {
    "kernels": {"chip"},  # The twins take a chip's sections as they are; the compiled kernels take numbers.
    "chip": set(),
    "model": {"operators"},  # Shape rules of operators that are not ONNX's, found by listing the folder.
    "operators": {"model", "compiler"},  # One more folder of the compiler's operators, for domains beyond ONNX.
    "fabric": {"chip"},
    "compiler": {"chip", "model", "operators", "fabric"},
    "machine": {"chip", "compiler", "fabric"},
    "result": {"chip", "compiler", "model", "fabric", "machine"},
    "validate": {"chip", "fabric"},
}
"""What each package may use besides BASE and itself; those not named (explore, cli) use whatever they need."""

EXCEPTIONS = {
    # Where the estimate cannot tell, candidates are run on the machine and the one that ends first is kept.
    ("compiler/compile.py", "machine"),
    # Its picture has the style of all pictures.
    ("validate/plot.py", "result"),
}
"""Single files that may use one more package."""


def test_imports_go_the_way_of_the_data():
    wrong = [
        f"leptonsim/{path}:{line} imports leptonsim.{target}"
        for path, line, target in _imports()
        if (package := path.split("/")[0]) in MAY_IMPORT
        and target not in BASE | {package} | MAY_IMPORT[package]
        and (path, target) not in EXCEPTIONS
    ]
    assert not wrong, "\n".join(wrong)


def test_the_exceptions_are_still_needed():
    assert {(path, target) for path, _, target in _imports()} >= EXCEPTIONS


def test_every_package_has_a_place_in_the_order():
    packages = {init.parent.name for init in ROOT.glob("*/__init__.py")}
    assert packages == set(MAY_IMPORT) | {"explore", "cli"}


def _imports() -> Iterator[tuple[str, int, str]]:
    """File below ``leptonsim/``, line and first-level target of every import of leptonsim, lazy ones too."""
    for file in sorted(ROOT.glob("*/**/*.py")):
        path = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module] if node.module != "leptonsim" else [f"leptonsim.{a.name}" for a in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                if name.startswith("leptonsim."):
                    yield path, node.lineno, name.split(".")[1]
