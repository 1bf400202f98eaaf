"""A chip: everything that is known of the hardware before a model runs on it.

Immutable, comparable and hashable by its content. Modelled are the parameters that decide time and energy at the level
of tiles; not modelled: floor plan, instruction sets, signal integrity, yield, price.
"""

import functools
import hashlib
from pathlib import Path as FilePath
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from leptonsim.chip import checks
from leptonsim.chip.core import Core
from leptonsim.chip.declare import Parameter, Part, param, parameters
from leptonsim.chip.dram_parts import is_own_part
from leptonsim.chip.host import Host, Pcie, Software
from leptonsim.chip.memory import Dram, Noc, SharedSram
from leptonsim.chip.overrides import Overrides, apply, as_text
from leptonsim.chip.power import Energy, Power
from leptonsim.chip.report import problems
from leptonsim.chip.scalars import Integer, Measure, Text
from leptonsim.chip.tree import Document, Mark, Path, Problem, Tree, fail
from leptonsim.chip.units import FREQUENCY


class Clocks(Part):
    """Clocks of the chip; the memory clock follows from the DRAM part."""

    core_hz: Annotated[int, Measure(FREQUENCY, "1 MHz", "10 GHz")] = param(
        "core", "Clock of cores and network at the start."
    )


class Chip(Part):
    """The whole chip."""

    name: Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a name of letters, digits, dots and dashes")] = param(
        "name", "Name of the chip."
    )
    description: Annotated[str, Text()] | None = param("description", "What the chip is, in a sentence.", None)
    process_nm: Annotated[int, Integer(5, 45)] = param(
        "process_nm", "Process node in nanometres; it selects the energy table."
    )
    clocks: Clocks = param("clocks", "Clocks.")
    cores: Annotated[int, Integer(1, 1024)] = param("cores", "Number of cores, all alike.")
    core: Core = param("core", "One core.")
    shared_sram: SharedSram | None = param(
        "shared_sram", "SRAM shared by all cores; none: tiles go straight to DRAM.", None
    )
    noc: Noc = param("noc", "Network on the chip.")
    dram: Dram = param("dram", "Memory outside the chip.")
    pcie: Pcie = param("pcie", "Link to the host.")
    power: Power = param("power", "Power and its limits.")
    energy: Energy = param("energy", "Energy per event.", factory=Energy)
    host: Host = param("host", "The host processor.")
    software: Software = param("software", "Runtime and compiler.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Hold the rules between parameters, all of which are reported."""
        broken = list(checks.violations(self))
        if broken:
            raise ValidationError.from_exception_data(
                "Chip",
                [
                    InitErrorDetails(
                        type=PydanticCustomError("rule", "{message}", {"message": message}), loc=path, input=None
                    )
                    for path, message in broken
                ],
            )
        return self

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of all values in inner units, in hexadecimal; the same wherever the chip came from.

        A DRAM part of one's own counts by the content of its file.
        """
        chip = self
        if is_own_part(self.dram.part):
            content = hashlib.sha256(FilePath(self.dram.part).read_bytes()).hexdigest()
            chip = self.model_copy(update={"dram": self.dram.model_copy(update={"part": content})})
        return hashlib.sha256(chip.canonical.encode()).hexdigest()

    def with_(self, overrides: Overrides) -> "Chip":
        """The same chip with some parameters changed.

        ``overrides`` is ``["core.tensor_core.rows=64"]`` or ``{"core.tensor_core.rows": 64}``.
        Raises ChipError (a LeptonError) that names the override which is wrong.
        """
        origin = Mark(self.name)
        document, wrong = apply(Document(self._texts, {(): origin}, {(): origin}), overrides, Chip)
        fail(wrong)
        return build(document, self)

    def document(self) -> Tree:
        """The chip as the mapping that its YAML would hold; defaults are written out, absent parts left out."""
        return _document(self)

    def to_yaml(self) -> str:
        """The chip as a YAML text that ``load_chip`` reads back to an equal chip."""
        return yaml.safe_dump(self.document(), sort_keys=False, allow_unicode=True, width=120)

    @functools.cached_property
    def _texts(self) -> Tree:
        """The chip as a tree of text, from which ``with_`` starts; never changed in place."""
        texts: Tree = as_text(self.document())
        return texts

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Chip) else NotImplemented

    def __hash__(self) -> int:
        return int(self.digest[:15], 16)


_NOTHING: Tree = {}


def build(document: Document, base: Chip | None = None) -> Chip:
    """The chip that a document holds; raises ChipError with every problem, each at its place.

    Sections in which it is the very tree of ``base`` are those of ``base``.
    """
    tree = _given(document.tree, _NOTHING if base is None else base._texts)
    try:
        chip = Chip.model_validate(tree if base is None else _kept(tree, base, base._texts))
    except ValidationError as error:
        fail(problems(error, Chip, functools.partial(_locate, document)))
        raise
    chip.__dict__["_texts"] = tree
    return chip


def check(document: Document) -> list[Problem]:
    """Every problem of a document, without raising."""
    try:
        Chip.model_validate(_given(document.tree))
    except ValidationError as error:
        return problems(error, Chip, functools.partial(_locate, document))
    return []


def _given(tree: Tree, clean: Tree = _NOTHING) -> Tree:
    """The tree without what is null; branches that it shares with a ``clean`` tree have none."""
    return {
        key: value if value is clean.get(key) else _given_value(value, clean.get(key))
        for key, value in tree.items()
        if value is not None
    }


def _given_value(value: Any, clean: Any) -> Any:
    if isinstance(value, dict):
        return _given(value, clean if isinstance(clean, dict) else _NOTHING)
    return [_given_value(item, None) for item in value] if isinstance(value, list) else value


def _kept(tree: Tree, base: Part, texts: Tree) -> dict[str, Any]:
    """The tree with the sections of ``base`` where nothing has changed: they need not be read and checked again."""
    found = dict(tree)
    for name, parameter in parameters(type(base)).items():
        old = getattr(base, parameter.attribute)
        if isinstance(old, Part):
            new, before = tree.get(name), texts.get(name)
            if new is before:
                found[name] = old
            elif isinstance(new, dict) and isinstance(before, dict):
                found[name] = _kept(new, old, before)
    return found


def _locate(document: Document, path: Path, of_key: bool) -> Mark:
    """Where a key or value stands, or the nearest section around it that stands anywhere."""
    for marks in (document.keys, document.values) if of_key else (document.values, document.keys):
        if path in marks:
            return marks[path]
    for depth in range(len(path) - 1, -1, -1):
        for marks in (document.keys, document.values):
            if path[:depth] in marks:
                return marks[path[:depth]]
    return Mark("chip")


def _document(part: BaseModel) -> Tree:
    result: Tree = {}
    for name, parameter in parameters(type(part)).items():
        value = getattr(part, parameter.attribute)
        if value is not None:
            result[name] = _plain(value, parameter)
    return result


def _plain(value: Any, parameter: Parameter) -> Any:
    if isinstance(value, BaseModel):
        return _document(value)
    if isinstance(value, tuple):
        return [_plain(item, parameter) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, parameter) for key, item in sorted(value.items())}
    return parameter.native(value)
