"""A sweep file: chips x overrides x models x batches and data types, which points to take, and what is sought.

Read by the same strict reader as a chip: text with marks, so that everything wrong is told at file:line:column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

from leptonsim.chip.core import Dtype
from leptonsim.chip.declare import Parameter
from leptonsim.chip.load import configs_folder, read_text
from leptonsim.chip.overrides import apply
from leptonsim.chip.report import find, near
from leptonsim.chip.scalars import Flag, Integer, Number
from leptonsim.chip.spec import Chip
from leptonsim.chip.tree import Document, Mark, Problem, fail, read
from leptonsim.chip.tree import Path as TreePath
from leptonsim.errors import LeptonError
from leptonsim.explore.axes import Axis, range_axis
from leptonsim.explore.expression import Expression, parse
from leptonsim.explore.measures import MEASURES
from leptonsim.explore.samplers import sampler_names

KEYS = (
    "name",
    "description",
    "chips",
    "models",
    "set",
    "derive",
    "batch",
    "dtype",
    "requests",
    "cold",
    "mapping",
    "where",
    "equal_area",
    "sample",
    "objectives",
    "constraints",
)
RANGE_KEYS = ("from", "to", "scale", "step", "count")
T = TypeVar("T")
MAPPINGS = ("own", "kept")
WORKLOAD_NAMES = ("batch", "dtype", "model", "requests")
DESIGN_NAMES = ("chip", "area_mm2", "die_cost_usd")
DEFAULT_COUNT = 200
MOST_POINTS = 10**9


@dataclass(frozen=True)
class ModelSource:
    """A model as the sweep names it: what rows show, where it is, and the sizes given to its open dimensions."""

    label: str
    source: str
    dims: tuple[tuple[str, int], ...] = ()
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Objective:
    """A result to make small, or large."""

    measure: str
    is_larger_better: bool

    def __str__(self) -> str:
        return f"{'max' if self.is_larger_better else 'min'} {self.measure}"


@dataclass(frozen=True)
class EqualArea:
    """Designs are brought to one die area by the largest ``adjust`` that fits; those further below than ``tolerance``
    are left out.
    """

    target_mm2: float | None
    target_chip: str | None
    adjust: str
    tolerance: float


@dataclass(frozen=True)
class Sweep:
    """What a sweep file says; chips by label, with the path or name to load."""

    name: str
    chips: tuple[tuple[str, str], ...]
    models: tuple[ModelSource, ...]
    axes: tuple[Axis, ...] = ()
    derived: tuple[tuple[str, Expression, Parameter], ...] = ()
    batches: tuple[int | None, ...] = (None,)
    dtypes: tuple[str | None, ...] = (None,)
    requests: int = 1
    cold: bool = False
    mapping: str = "own"
    where: tuple[Expression, ...] = ()
    equal_area: EqualArea | None = None
    sampler: str = "grid"
    count: int = DEFAULT_COUNT
    seed: int = 0
    objectives: tuple[Objective, ...] = ()
    constraints: tuple[Expression, ...] = ()
    folder: Path = field(default=Path(), compare=False)

    def about(self) -> dict[str, list[str]]:
        """What a store notes of the sweep."""
        adjusted = [self.equal_area.adjust] if self.equal_area else []
        return {
            "objectives": [str(objective) for objective in self.objectives],
            "constraints": [constraint.text for constraint in self.constraints],
            "derived": [path for path, _, _ in self.derived] + adjusted,
        }


def shipped_sweeps() -> tuple[str, ...]:
    """Names of the sweeps that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in (configs_folder() / "sweeps").glob("*.yaml")))


def load_sweep(source: str | Path) -> Sweep:
    """The sweep of a YAML file, or of a shipped one by name. Raises LeptonError that lists every problem."""
    file = Path(source)
    if isinstance(source, str) and not file.exists() and file.suffix not in (".yaml", ".yml"):
        if source not in shipped_sweeps():
            raise LeptonError(f"no sweep is called {source!r}; {near(source, shipped_sweeps())}")
        file = configs_folder() / "sweeps" / f"{source}.yaml"
    return sweep_from_text(read_text(file), str(file), file.parent, file.stem)


def sweep_from_text(text: str, file: str, folder: Path = Path(), name: str = "sweep") -> Sweep:
    """The sweep that a text describes; ``file`` stands for it in messages, ``folder`` is where its relative paths
    start.
    """
    document, problems = read(text, file, "a sweep", "chips: [lepton-c1]")
    sweep = _Reader(document, folder, problems).sweep(name)
    fail(problems)
    return sweep


class _Reader:
    """Goes through the keys of one document and gathers problems."""

    def __init__(self, document: Document, folder: Path, problems: list[Problem]) -> None:
        self.document, self.folder, self.problems = document, folder, problems

    def sweep(self, name: str) -> Sweep:
        tree = self.document.tree
        for key in tree:
            if key not in KEYS:
                self.wrong((key,), f"unknown key; {near(key, KEYS)}", is_key=True)
        for key in ("chips", "models"):
            if not tree.get(key):
                self.wrong((), f"{key}: missing; expects a list")
        sample = self._sample()
        return Sweep(
            name=self.text(("name",), name),
            chips=tuple(self._chip(path, text) for path, text in self.texts("chips")),
            models=tuple(self._models()),
            axes=tuple(self._axes()),
            derived=tuple(self._derived()),
            batches=tuple(self._whole(path, text) for path, text in self.texts("batch")) or (None,),
            dtypes=tuple(self._dtype(path, text) for path, text in self.texts("dtype")) or (None,),
            requests=self._whole(("requests",), str(tree.get("requests", "1"))) or 1,
            cold=bool(self.attempt(("cold",), lambda: Flag().parse(self.text(("cold",), "false")))),
            mapping=self.one_of(("mapping",), MAPPINGS, "own"),
            where=tuple(self._conditions("where", (*WORKLOAD_NAMES, *DESIGN_NAMES))),
            equal_area=self._equal_area(),
            sampler=sample[0],
            count=sample[1],
            seed=sample[2],
            objectives=tuple(self._objectives()),
            constraints=tuple(self._conditions("constraints", tuple(MEASURES))),
            folder=self.folder,
        )

    # ---- pieces
    # --------------------------------------------------------------------------------------------------------

    def _chip(self, path: TreePath, text: str) -> tuple[str, str]:
        from leptonsim.chip.load import shipped_chips

        if text in shipped_chips():
            return text, text
        file = self.folder / text
        if not file.exists():
            self.wrong(path, f"no chip or file is called {text!r}; {near(text, shipped_chips())}")
        return Path(text).stem, str(file)

    def _models(self) -> list[ModelSource]:
        given = self.document.tree.get("models") or []
        found = []
        for index, item in enumerate(given if isinstance(given, list) else [given]):
            path: TreePath = ("models", index) if isinstance(given, list) else ("models",)
            if isinstance(item, str):
                found.append(self._model(path, item))
            elif isinstance(item, dict) and isinstance(item.get("source"), str):
                found.append(self._bound_model(path, item))
            else:
                self.wrong(
                    path, "expects a model, or {source: model.onnx, bind: {seq: 128}, shape: {input: 1x3x224x224}}"
                )
        labels = [model.label for model in found]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                self.wrong(("models", index), f"{label} is given twice")
        return found

    def _model(self, path: TreePath, text: str) -> ModelSource:
        if text.partition(":")[0] in ("zoo", "gemm", "conv"):
            return ModelSource(text, text)
        file = self.folder / text
        if not file.exists():
            self.wrong(
                path,
                f"no file {file}; a path is relative to the sweep's own file; built-in models are like zoo:resnet50",
            )
        return ModelSource(text, str(file))

    def _bound_model(self, path: TreePath, item: dict[str, Any]) -> ModelSource:
        for key in item:
            if key not in ("source", "bind", "shape", "label"):
                self.wrong((*path, key), f"unknown key; {near(key, ('source', 'bind', 'shape', 'label'))}", is_key=True)
        model = self._model((*path, "source"), item["source"])
        dims, shapes = {}, {}
        for key, value in self._mapping((*path, "bind"), item.get("bind")).items():
            dims[key] = self._whole((*path, "bind", key), value) or 1
        for key, value in self._mapping((*path, "shape"), item.get("shape")).items():
            parts = str(value).lower().split("x")
            if all(part.isdecimal() and int(part) for part in parts):
                shapes[key] = tuple(int(part) for part in parts)
            else:
                self.wrong((*path, "shape", key), "expects sizes such as 1x3x224x224")
        sizes = ",".join(
            [*(f"{k}={v}" for k, v in dims.items()), *(f"{k}={'x'.join(map(str, v))}" for k, v in shapes.items())]
        )
        label = item.get("label") or (f"{model.label}[{sizes}]" if sizes else model.label)
        return ModelSource(str(label), model.source, tuple(dims.items()), tuple(shapes.items()))

    def _axes(self) -> list[Axis]:
        found = []
        for name, given in self._mapping(("set",), self.document.tree.get("set")).items():
            parameter = self._parameter(("set", name), name)
            if parameter is None:
                continue
            if isinstance(given, dict) and given and set(given) & {"from", "to"}:
                axis = self._range(name, parameter, given)
            elif isinstance(given, list) and given:
                axis = Axis(
                    name, tuple(self._value(("set", name, index), item, parameter) for index, item in enumerate(given))
                )
            elif isinstance(given, str):
                axis = Axis(name, (self._value(("set", name), given, parameter),))
            else:
                self.wrong(("set", name), "expects a list of values, or a range {from: 1 MiB, to: 64 MiB, scale: log2}")
                continue
            if axis is not None:
                found.append(axis)
        return found

    def _range(self, name: str, parameter: Parameter, given: dict[str, Any]) -> Axis | None:
        path: TreePath = ("set", name)
        for key in given:
            if key not in RANGE_KEYS:
                self.wrong((*path, key), f"unknown key; {near(key, RANGE_KEYS)}", is_key=True)
        missing = [key for key in ("from", "to") if not isinstance(given.get(key), str)]
        if missing:
            self.wrong(path, f"a range has from and to; {missing[0]} is missing")
            return None
        texts = {key: value for key, value in given.items() if isinstance(value, str) and key in RANGE_KEYS}
        return self.attempt(path, lambda: range_axis(name, parameter, texts))

    def _value(self, path: TreePath, given: Any, parameter: Parameter) -> Any:
        """One value of a list: scalars in canonical text, sections and null as they are."""
        scalar = parameter.scalar
        if scalar is None or not isinstance(given, str):
            if isinstance(given, str) and parameter.literals and given not in map(str, parameter.literals):
                self.wrong(
                    path, f"expects {parameter.expects_one()}; {near(given, [str(x) for x in parameter.literals])}"
                )
            return given
        value = self.attempt(path, lambda: scalar.parse(given))
        return given if value is None else parameter.format(value)

    def _derived(self) -> list[tuple[str, Expression, Parameter]]:
        found = []
        swept = self._mapping(("set",), self.document.tree.get("set"))
        for name, given in self._mapping(("derive",), self.document.tree.get("derive")).items():
            path: TreePath = ("derive", name)
            parameter = self._parameter(path, name)
            if name in swept:
                self.wrong(path, "is in set already; derive it or sweep it")
            expression = self._expression(path, given, WORKLOAD_NAMES[:0])
            if parameter is not None and expression is not None:
                found.append((name, expression, parameter))
        return found

    def _equal_area(self) -> EqualArea | None:
        given = self.document.tree.get("equal_area")
        if given is None:
            return None
        path: TreePath = ("equal_area",)
        tree = self._mapping(path, given)
        for key in tree:
            if key not in ("target", "adjust", "tolerance"):
                self.wrong((*path, key), f"unknown key; {near(key, ('target', 'adjust', 'tolerance'))}", is_key=True)
        target, adjust = tree.get("target"), tree.get("adjust")
        if not isinstance(target, str) or not isinstance(adjust, str):
            self.wrong(path, "expects {target: 300 mm2 (or a chip), adjust: cores, tolerance: 5%}")
            return None
        self._parameter((*path, "adjust"), adjust)
        text = str(tree.get("tolerance", "5%"))
        number = text.removesuffix("%").strip()
        share = self.attempt((*path, "tolerance"), lambda: Number(100, least=0).parse(number))
        tolerance = (share or 0.0) / (100 if text.endswith("%") else 1)
        area = target.removesuffix("mm2").strip()
        try:
            return EqualArea(float(area), None, adjust, tolerance)
        except ValueError:
            return EqualArea(None, self._chip((*path, "target"), target)[1], adjust, tolerance)

    def _sample(self) -> tuple[str, int, int]:
        given = self.document.tree.get("sample")
        if given is None or isinstance(given, str):
            return self.one_of(("sample",), sampler_names(), "grid"), DEFAULT_COUNT, 0
        tree = self._mapping(("sample",), given)
        for key in tree:
            if key not in ("method", "count", "seed"):
                self.wrong(("sample", key), f"unknown key; {near(key, ('method', 'count', 'seed'))}", is_key=True)
        method = self.one_of(("sample", "method"), sampler_names(), "grid")
        count = self._whole(("sample", "count"), str(tree.get("count", DEFAULT_COUNT))) or 1
        seed = self.attempt(("sample", "seed"), lambda: Integer(0, 2**32 - 1).parse(str(tree.get("seed", "0"))))
        return method, count, seed or 0

    def _objectives(self) -> list[Objective]:
        found = []
        for path, text in self.texts("objectives"):
            words = text.split()
            measure = words[-1] if words else ""
            if measure not in MEASURES or len(words) > 2 or (len(words) == 2 and words[0] not in ("min", "max")):
                self.wrong(path, f"expects a result, or min or max and a result; {near(measure, list(MEASURES))}")
                continue
            larger = MEASURES[measure].is_larger_better if len(words) == 1 else words[0] == "max"
            found.append(Objective(measure, larger))
        return found

    def _conditions(self, key: str, names: tuple[str, ...]) -> list[Expression]:
        found = [self._expression(path, text, names) for path, text in self.texts(key)]
        return [each for each in found if each is not None]

    def _expression(self, path: TreePath, given: Any, names: tuple[str, ...]) -> Expression | None:
        """An expression over ``names`` and paths of a chip."""
        if not isinstance(given, str):
            self.wrong(path, "expects an expression")
            return None
        expression = self.attempt(path, lambda: parse(given))
        for name in expression.names if expression else ():
            if name not in names and self._path_problem(name) is not None:
                close = near(name, names) if names and "." not in name else self._path_problem(name)
                self.wrong(path, f"{name} is not known here; {close}")
        return expression

    # ---- helpers
    # -------------------------------------------------------------------------------------------------------

    def _parameter(self, path: TreePath, name: str) -> Parameter | None:
        message = self._path_problem(name)
        if message is not None:
            self.wrong(path, message, is_key=True)
            return None
        return find(Chip, tuple(int(step) if step.isdecimal() else step for step in name.split(".")))

    def _path_problem(self, name: str) -> str | None:
        mark = Mark("sweep")
        tree = _roomy_lists(name)
        _, wrong = apply(Document(tree, {(): mark}, {(): mark}), {name: "0"}, Chip)
        return wrong[0].message if wrong else None

    def _mapping(self, path: TreePath, given: Any) -> Mapping[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.wrong(path, "expects a mapping")
            return {}
        return given

    def _whole(self, path: TreePath, text: str) -> int | None:
        return self.attempt(path, lambda: Integer(1, MOST_POINTS).parse(text))

    def _dtype(self, path: TreePath, text: str) -> str:
        if text not in get_args(Dtype):
            self.wrong(path, f"expects a data type, not {text!r}; {near(text, get_args(Dtype))}")
        return text

    def text(self, path: TreePath, default: str) -> str:
        value = self.document.tree.get(str(path[0]))
        if value is None:
            return default
        if not isinstance(value, str):
            self.wrong(path, "expects a single value")
            return default
        return value

    def one_of(self, path: TreePath, known: tuple[str, ...], default: str) -> str:
        value: Any = self.document.tree
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return default
        if value not in known:
            self.wrong(path, f"expects one of {', '.join(known)}, not {value!r}; {near(str(value), known)}")
            return default
        return str(value)

    def texts(self, key: str) -> list[tuple[TreePath, str]]:
        """A list of texts, or one text, with their places."""
        given = self.document.tree.get(key)
        if isinstance(given, str):
            return [((key,), given)]
        if isinstance(given, list) and all(isinstance(item, str) for item in given):
            return [((key, index), item) for index, item in enumerate(given)]
        if given is not None:
            self.wrong((key,), "expects a list of single values")
        return []

    def attempt(self, path: TreePath, action: Callable[[], T]) -> T | None:
        try:
            return action()
        except LeptonError as error:
            self.wrong(path, str(error))
        except ValueError as error:
            self.wrong(path, str(error))
        return None

    def wrong(self, path: TreePath, message: str, is_key: bool = False) -> None:
        marks = (self.document.keys, self.document.values) if is_key else (self.document.values, self.document.keys)
        for depth in range(len(path), -1, -1):
            for each in marks:
                if path[:depth] in each:
                    self.problems.append(Problem(each[path[:depth]], path, message))
                    return
        self.problems.append(Problem(Mark("sweep"), path, message))


def _roomy_lists(name: str) -> dict[str, Any]:
    """A tree in which a path through a list has the entry that it names, so that only the path's words are checked."""
    steps = name.split(".")
    tree: dict[str, Any] = {}
    here = tree
    for index, step in enumerate(steps[:-1]):
        if steps[index + 1].isdecimal():
            here[step] = [{} for _ in range(min(int(steps[index + 1]), 999) + 1)]
            break
        here[step] = {}
        here = here[step]
    return tree


__all__ = ["EqualArea", "ModelSource", "Objective", "Sweep", "load_sweep", "shipped_sweeps", "sweep_from_text"]
