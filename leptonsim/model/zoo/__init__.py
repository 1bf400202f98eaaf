"""Built-in models, one file each, found by listing this folder: ``zoo:resnet50``, ``zoo:llama-3-8b?seq=1&past=2048``.

A file ``some_name.py`` is the model ``some-name``. It defines ``build(**parameters) -> onnx.ModelProto``; the first
line of its docstring describes the model, its signature declares the parameters, their types (int or str) and
defaults. What families share is in files that begin with an underscore.

``batch`` may be given to every model: where ``build`` has no such parameter, the batch is a dimension left open.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    import onnx


def zoo_names() -> list[str]:
    """Names of the built-in models, sorted."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def zoo_descriptions() -> dict[str, tuple[str, dict[str, int | str]]]:
    """For every built-in model its one-line description and its parameters with their defaults."""
    described = {}
    for name in zoo_names():
        build = _builder(name)
        lines = (inspect.getdoc(build) or "").splitlines()
        described[name] = (lines[0] if lines else "", _defaults(build))
    return described


def batch_of_url(url: str) -> int | None:
    """The batch that ``NAME?batch=N&...`` asks for, None where it names none. Raises LeptonError for one below 1."""
    for item in url.partition("?")[2].split("&"):
        key, _, text = item.partition("=")
        if key == "batch":
            batch = _parse(text, 1, f"zoo:{url}: {item}")
            if not isinstance(batch, int) or batch < 1:
                raise LeptonError(f"zoo:{url}: {item}: must be 1 or more")
            return batch
    return None


def build_from_url(url: str, batch: int | None = None) -> onnx.ModelProto:
    """Build ``NAME?key=value&key=value``; LeptonError for an unknown name or key, or a value that does not fit.

    ``batch`` goes before the one in the name, where the model is built for one batch.
    """
    name, _, query = url.partition("?")
    names = zoo_names()
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        meant = f" did you mean {close[0]!r}?" if close else ""
        raise LeptonError(f"zoo:{name}: no such built-in model;{meant} there are {', '.join(names)}")
    build = _builder(name)
    defaults = _defaults(build)
    told = batch_of_url(url)
    parameters: dict[str, int | str] = {}
    for item in query.split("&") if query else []:
        key, equals, text = item.partition("=")
        if key not in {*defaults, "batch"} or not equals:
            raise LeptonError(
                f"zoo:{url}: {unknown_key(key, {**defaults, 'batch': 1})}; write it zoo:{name}?key=value&key=value"
            )
        if key in parameters:
            raise LeptonError(f"zoo:{url}: {key} is given twice")
        parameters[key] = _parse(text, defaults.get(key, 1), f"zoo:{url}: {key}={text}")
    parameters.pop("batch", None)
    wanted = batch if batch is not None else told
    if "batch" in defaults and wanted is not None:
        parameters["batch"] = wanted
    return build(**parameters)


def depends_on_batch(url: str) -> bool:
    """Whether the model has another graph at another batch."""
    return "batch" in _defaults(_builder(url.partition("?")[0]))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say about a key that is not known, with the nearest one that is."""
    known = list(known)
    if not known:
        return f"{key!r} is not known; there are no parameters"
    close = difflib.get_close_matches(key, known, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"{key!r} is not known or has no value; {meant}there are {', '.join(known)}"


def _builder(name: str) -> Callable[..., onnx.ModelProto]:
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    build: Callable[..., onnx.ModelProto] = module.build
    return build


def _defaults(build: Callable[..., onnx.ModelProto]) -> dict[str, int | str]:
    return {name: parameter.default for name, parameter in inspect.signature(build).parameters.items()}


def _parse(text: str, default: int | str, where: str) -> int | str:
    if isinstance(default, str):
        return text
    if not text.isascii() or not text.isdigit():
        raise LeptonError(f"{where}: must be a whole number, 0 or more")
    return int(text)
