"""A matrix engine that was measured by itself, as a YAML file: its array, and what each word of the measurements means.

The files are in ``configs/validation/``. An engine's particulars are parameters of its tensor core, the same that a
chip's YAML has; what a measurement's name says (which schedule was run, between which events the cycles were counted)
is in ``measures``. A row of measurements brings its own array size and dataflow.
"""

from __future__ import annotations

import fnmatch
import functools
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ValidationError

from leptonsim.chip.core import TensorCore
from leptonsim.chip.declare import Part, param
from leptonsim.chip.load import configs_folder, load_chip, read_text, shipped_chips
from leptonsim.chip.report import near, problems
from leptonsim.chip.scalars import Flag, Integer, Text
from leptonsim.chip.tree import ChipError, Document, Mark, fail, read
from leptonsim.chip.tree import Path as KeyPath

Words = Annotated[str, Text()]


class Changes(Part):
    """Parameters of the tensor core that a measurement's name sets."""

    schedule: Literal["serial", "single", "double", "scalesim"] | None = param("schedule", "Overlap of folds.", None)
    load: Literal["skewed", "broadside"] | None = param("load", "How weights enter.", None)
    drain: Literal["skewed", "broadside"] | None = param("drain", "How outputs leave.", None)
    edge: Literal["padded", "trimmed"] | None = param("edge", "Ragged folds.", None)
    scratchpad_ports: Annotated[Literal[1, 2], Integer(1, 2)] | None = param("scratchpad_ports", "Ports.", None)
    accumulator_preload: Annotated[bool, Flag()] | None = param("accumulator_preload", "Bias first.", None)


class Measure(Part):
    """What one word of the column `measure` means; the words are separated by `|`."""

    word: Words = param("word", "The word; `*` stands for anything.")
    starts: Literal["first_operand", "first_row"] = param("starts", "The event that starts the count.", "first_operand")
    ends: Literal["last_result", "last_row"] = param("ends", "The event that ends it.", "last_result")
    extra_cycles: Annotated[int, Integer(-4096, 4096)] = param("extra_cycles", "Cycles counted beside the array's.", 0)
    extra_cycles_per_row: Annotated[int, Integer(0, 64)] = param(
        "extra_cycles_per_row", "Cycles counted beside the array's for each row streamed, over all folds.", 0
    )
    set: Changes = param("set", "Parameters that differ in this measurement.", Changes())
    skip: Words | None = param("skip", "Why figures with this word are not predicted.", None)


class Engine(Part):
    """One engine with its array."""

    name: Words = param("name", "Name of the engine.")
    description: Words = param("description", "What it is, in a sentence.")
    source: Words = param("source", "Where the design and its measurements come from.")
    designs: tuple[Words, ...] = param("designs", "Names in the column `design`; `*` stands for anything.")
    tensor_core: TensorCore = param("tensor_core", "The array.")
    measures: tuple[Measure, ...] = param("measures", "The words of the column `measure`.", ())

    def measure(self, name: str) -> tuple[list[Measure], list[str]]:
        """What the words of a measurement's name mean, and those words that the engine does not know."""
        known: list[Measure] = []
        unknown: list[str] = []
        for word in name.split("|"):
            fitting = [each for each in self.measures if fnmatch.fnmatchcase(word, each.word)]
            known += fitting[:1]
            unknown += [] if fitting else [word]
        return known, unknown


def engine_folder() -> Path:
    """Where the engines that ship with the package are."""
    return configs_folder() / "validation"


def load_engine(path: Path) -> Engine:
    """The engine in a YAML file; raises ChipError that lists every problem at file:line:column."""
    document, wrong = read(read_text(path), str(path))
    fail(wrong)
    return _engine(document)


def shipped_engines() -> tuple[Engine, ...]:
    """Every engine in ``configs/validation/``, by file name."""
    return tuple(load_engine(path) for path in sorted(engine_folder().glob("*.yaml")))


def engine_for(design: str, engines: tuple[Engine, ...]) -> Engine | None:
    """The engine that says a design's name is its own."""
    fitting = (engine for engine in engines if any(fnmatch.fnmatchcase(design, name) for name in engine.designs))
    return next(fitting, None)


def load_config(config: str | Path) -> Engine | TensorCore:
    """What the user named: an engine's file or name, or the tensor core of a chip."""
    path = Path(config)
    names = [each.stem for each in sorted(engine_folder().glob("*.yaml"))]
    if str(config) in names:
        return load_engine(engine_folder() / f"{config}.yaml")
    if path.suffix in (".yaml", ".yml") or path.exists():
        document, _ = read(read_text(path), str(path))
        if "tensor_core" in document.tree:
            return load_engine(path)
    elif str(config) not in shipped_chips():
        known = [*shipped_chips(), *names]
        raise ChipError(f"no chip or engine is called {str(config)!r}: {near(str(config), known)}")
    return load_chip(config).core.tensor_core


def _engine(document: Document) -> Engine:
    try:
        return Engine.model_validate(document.tree)
    except ValidationError as error:
        fail(problems(error, Engine, functools.partial(_locate, document)))
        raise


def _locate(document: Document, path: KeyPath, of_key: bool) -> Mark:
    for depth in range(len(path), -1, -1):
        marks: list[dict[Any, Mark]] = [document.values, document.keys]
        for where in reversed(marks) if of_key and depth == len(path) else marks:
            if path[:depth] in where:
                return where[path[:depth]]
    return Mark("engine")
