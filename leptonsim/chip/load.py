"""From a YAML file, or the name of a chip that ships with the package, to a Chip.

``extends:`` names another chip, or a file relative to the one that says so; what a file says is laid upon what it
extends, mapping by mapping. Overrides come last. Everything wrong is reported at once, each at file:line:column.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path as FilePath

import leptonsim
from leptonsim.chip import overrides as changes
from leptonsim.chip.dram_parts import is_own_part
from leptonsim.chip.report import near, nearest
from leptonsim.chip.spec import Chip, build, check
from leptonsim.chip.tree import ChipError, Document, Problem, fail, merge, read

MAX_FILE_BYTES = 1 << 20


def load_chip(source: str | FilePath, overrides: changes.Overrides = ()) -> Chip:
    """The chip that ``source`` names: a shipped chip, or a YAML file.

    ``overrides`` are ``path=value`` texts, or a mapping of paths to values. Raises ChipError (a LeptonError) that lists
    every problem.
    """
    document, wrong = _resolve(source, None, ())
    changed, wrong_paths = changes.apply(document, overrides, Chip)
    if wrong or wrong_paths:
        unread = {problem.path for problem in wrong}
        also = check(changed)
        # What could not be read is told once, not again as missing.
        fail(wrong + wrong_paths + [item for item in also if not (item.path in unread and item.is_absence)])
    return build(changed)


def chip_from_text(text: str, name: str) -> Chip:
    """The chip that a YAML text describes; ``name`` stands for the file in messages. Raises ChipError."""
    document, wrong = read(text, name)
    if wrong:
        fail(wrong + check(document))
    return build(document)


def shipped_chips() -> tuple[str, ...]:
    """The names of the chips that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in configs_folder().glob("*.yaml")))


def configs_folder() -> FilePath:
    """The folder of the YAML files that ship with the package."""
    try:
        return FilePath(str(resources.files("leptonsim.configs")))
    except ModuleNotFoundError:
        # A source tree that was not installed: the packages' folder mapping does not exist yet.
        return FilePath(leptonsim.__file__).parent.parent / "configs"


def _resolve(
    source: str | FilePath, relative_to: FilePath | None, above: tuple[FilePath, ...]
) -> tuple[Document, list[Problem]]:
    file = _file(source, relative_to)
    identity = file.resolve()
    if identity in above:
        chain = " -> ".join(path.name for path in (*above, identity))
        raise ChipError(f"{file}: extends itself: {chain}")
    document, wrong = read(read_text(file), str(file))
    _anchor_own_part(document, file)
    base = document.tree.pop("extends", None)
    if base is None:
        return document, wrong
    mark = document.values.pop(("extends",))
    if not isinstance(base, str):
        raise ChipError(f"{mark}: extends: expects the name of a chip or the path of a file")
    try:
        under, wrong_under = _resolve(base, file.parent, (*above, identity))
    except ChipError as error:
        raise ChipError(f"{mark}: extends: {error}") from None
    return merge(under, document), wrong_under + wrong


def _anchor_own_part(document: Document, file: FilePath) -> None:
    """Make the path of a DRAM part of one's own relative to the file that names it."""
    dram = document.tree.get("dram")
    part = dram.get("part") if isinstance(dram, dict) else None
    if isinstance(dram, dict) and isinstance(part, str) and is_own_part(part):
        dram["part"] = str(file.parent / part)


def _file(source: str | FilePath, relative_to: FilePath | None) -> FilePath:
    text = os.fspath(source)
    is_path = isinstance(source, FilePath) or os.sep in text or text.endswith((".yaml", ".yml"))
    if is_path:
        return (relative_to or FilePath()) / text
    names = shipped_chips()
    if text in names:
        return configs_folder() / f"{text}.yaml"
    local = (relative_to or FilePath()) / text
    if text and os.path.exists(local):
        return local
    guess = nearest(text, names)
    hint = f"did you mean {guess!r}? " if guess else ""
    raise ChipError(
        f"no chip is called {text!r}; {hint}Shipped chips: {', '.join(names)}; anything else is the path of a YAML file"
    )


def read_text(file: FilePath) -> str:
    """The text of a YAML file; raises ChipError where there is none to read."""
    try:
        if file.is_dir():
            raise ChipError(f"{file}: a folder, not a chip's YAML file")
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        beside = sorted(path.name for path in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        hint = f"; {near(file.name, beside)}" if beside else ""
        raise ChipError(f"{file}: no such file{hint}") from None
    except OSError as error:
        raise ChipError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ChipError(f"{str(file)!r}: cannot be read: {error}") from None
    if len(data) > MAX_FILE_BYTES:
        raise ChipError(f"{file}: larger than {MAX_FILE_BYTES} bytes: not a chip")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChipError(f"{file}: not text: byte {error.start} is not UTF-8; a chip is a YAML file") from None
