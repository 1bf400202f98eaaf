"""Which chips run what: ``chips``, ``models``, ``batch`` and ``dtype``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from leptonsim.chip.core import Dtype
from leptonsim.chip.load import shipped_chips
from leptonsim.chip.report import near
from leptonsim.chip.tree import Path as TreePath
from leptonsim.explore.spec.fields import Fields
from leptonsim.explore.spec.sweep import ModelSource

MODEL_KEYS = ("source", "bind", "shape", "label")
SCHEMES = ("zoo", "gemm", "conv")
"""Built-in models and single operators are named as ``zoo:resnet50``; all else is a file."""


def chips(fields: Fields) -> tuple[tuple[str, str], ...]:
    """Labels of chips, each with the name or path to load."""
    return tuple(chip(fields, path, text) for path, text in fields.texts("chips"))


def chip(fields: Fields, path: TreePath, text: str) -> tuple[str, str]:
    """A shipped chip, or a file beside the sweep."""
    if text in shipped_chips():
        return text, text
    file = fields.folder / text
    if not file.exists():
        fields.wrong(path, f"no chip or file is called {text!r}; {near(text, shipped_chips())}")
    return Path(text).stem, str(file)


def batches(fields: Fields) -> tuple[int | None, ...]:
    """Samples of a run; the model's own where none is given."""
    return tuple(fields.whole(path, text) for path, text in fields.texts("batch")) or (None,)


def dtypes(fields: Fields) -> tuple[str | None, ...]:
    """Data types; the chip's own where none is given."""
    found = fields.texts("dtype")
    for path, text in found:
        if text not in get_args(Dtype):
            fields.wrong(path, f"expects a data type, not {text!r}; {near(text, get_args(Dtype))}")
    return tuple(text for _, text in found) or (None,)


def models(fields: Fields) -> tuple[ModelSource, ...]:
    """The models, each with what rows call it."""
    given = fields.tree.get("models") or []
    found = []
    for index, item in enumerate(given if isinstance(given, list) else [given]):
        path: TreePath = ("models", index) if isinstance(given, list) else ("models",)
        if isinstance(item, str):
            found.append(_model(fields, path, item))
        elif isinstance(item, dict) and isinstance(item.get("source"), str):
            found.append(_bound_model(fields, path, item))
        else:
            fields.wrong(
                path, "expects a model, or {source: model.onnx, bind: {seq: 128}, shape: {input: 1x3x224x224}}"
            )
    labels = [model.label for model in found]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            fields.wrong(("models", index), f"{label} is given twice")
    return tuple(found)


def _model(fields: Fields, path: TreePath, text: str) -> ModelSource:
    if text.partition(":")[0] in SCHEMES:
        return ModelSource(text, text)
    file = fields.folder / text
    if not file.exists():
        fields.wrong(
            path,
            f"no file {file}; a path is relative to the sweep's own file; built-in models are like zoo:resnet50",
        )
    return ModelSource(text, str(file))


def _bound_model(fields: Fields, path: TreePath, item: dict[str, Any]) -> ModelSource:
    fields.known_keys(path, item, MODEL_KEYS)
    model = _model(fields, (*path, "source"), item["source"])
    dims, shapes = {}, {}
    for key, value in fields.mapping((*path, "bind"), item.get("bind")).items():
        dims[key] = fields.whole((*path, "bind", key), value) or 1
    for key, value in fields.mapping((*path, "shape"), item.get("shape")).items():
        parts = str(value).lower().split("x")
        if all(part.isdecimal() and int(part) for part in parts):
            shapes[key] = tuple(int(part) for part in parts)
        else:
            fields.wrong((*path, "shape", key), "expects sizes such as 1x3x224x224")
    sizes = ",".join(
        [*(f"{k}={v}" for k, v in dims.items()), *(f"{k}={'x'.join(map(str, v))}" for k, v in shapes.items())]
    )
    label = item.get("label") or (f"{model.label}[{sizes}]" if sizes else model.label)
    return ModelSource(str(label), model.source, tuple(dims.items()), tuple(shapes.items()))
