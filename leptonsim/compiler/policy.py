"""Data types layer by layer: what a policy file says.

    weights: int8                     # of every layer, unless another line says otherwise
    accumulate: fp32                  # partial sums of products of floating-point numbers
    kv_cache: int8                    # of key-value caches between runs
    layers:
      "layers.*.mlp.*": {weights: int4, group: 32}
      "lm_head": {weights: int8, activations: bf16}

Keys of ``layers`` are patterns of node names (``*``, ``?``, ``[...]``); the first that fits decides for a layer, and
what it leaves open is taken from the top. ``weights`` is the data type of weights of products in memory,
``activations`` the one in which a layer multiplies, ``accumulate`` the one in which it adds up (32 bits unless told; it
holds for products of its own kind, of integers or of floating-point numbers), ``group`` the weights that share one
scale along the reduction (128 unless told; scales are 16 bits). What a policy does not mention has the data type of the
run.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from leptonsim.chip.tree import Document, Problem, fail, read
from leptonsim.compiler.precision import RUN_BITS, SUM_BITS
from leptonsim.errors import LeptonError

SCALE_BITS = 16
"""Bits of one scale of a group of weights, as GPTQ and AWQ checkpoints hold it."""
DEFAULT_GROUP = 128
"""Weights that share a scale, as most published checkpoints of 4 bits have it."""

_LAYER_KEYS = ("weights", "activations", "accumulate", "group")
_TOP_KEYS = (*_LAYER_KEYS, "kv_cache", "layers")


@dataclass(frozen=True, slots=True)
class LayerTypes:
    """What a policy says of one layer; None is the data type of the run."""

    weights: str | None = None
    activations: str | None = None
    group: int | None = None
    accumulate: str | None = None


@dataclass(frozen=True)
class Policy:
    """A policy: what holds for all layers, for those whose names fit a pattern, and for key-value caches."""

    everywhere: LayerTypes = LayerTypes()
    layers: tuple[tuple[str, LayerTypes], ...] = ()
    kv_cache: str | None = None
    _found: dict[tuple[str, ...], LayerTypes] = field(default_factory=dict, compare=False, repr=False)

    def of(self, names: tuple[str, ...]) -> LayerTypes:
        """Of an operator, by its own name and those of the nodes that it stands for."""
        if names not in self._found:
            own = next((types for pattern, types in self.layers if _fits(pattern, names)), LayerTypes())
            self._found[names] = LayerTypes(
                own.weights or self.everywhere.weights,
                own.activations or self.everywhere.activations,
                own.group or self.everywhere.group or DEFAULT_GROUP,
                own.accumulate or self.everywhere.accumulate,
            )
        return self._found[names]

    def unused(self, all_names: tuple[tuple[str, ...], ...]) -> list[str]:
        """Patterns that fit no operator."""
        return [pattern for pattern, _ in self.layers if not any(_fits(pattern, names) for names in all_names)]


def _fits(pattern: str, names: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def load_policy(path: str | Path) -> Policy:
    """Read a policy file. Raises LeptonError with the line and column of everything that is wrong in it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise LeptonError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise LeptonError(f"{path}: not a text file in UTF-8") from None
    return policy_of(text, str(path))


def policy_of(text: str, file: str) -> Policy:
    """A policy from its text; ``file`` is what messages call it. Raises LeptonError."""
    document, problems = read(text, file, "a policy", "weights: int8")
    reader = _Reader(document, problems)
    policy = reader.policy()
    fail(problems)
    return policy


class _Reader:
    """Turns the tree of a file into a policy, noting what is wrong."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document, self._problems = document, problems

    def policy(self) -> Policy:
        """The whole file."""
        tree = self._document.tree
        self._check_keys(tree, _TOP_KEYS, ())
        layers = tree.get("layers") or {}
        if not isinstance(layers, dict):
            self._problem(("layers",), "expects a mapping from patterns of names to data types")
            layers = {}
        per_layer = []
        for pattern, told in layers.items():
            if isinstance(told, dict):
                self._check_keys(told, _LAYER_KEYS, ("layers", pattern))
                per_layer.append((pattern, self._types(told, ("layers", pattern))))
            else:
                self._problem(("layers", pattern), "expects a mapping such as {weights: int4}")
        return Policy(self._types(tree, ()), tuple(per_layer), self._dtype(tree, "kv_cache", ()))

    def _types(self, told: Mapping[str, object], path: tuple[str, ...]) -> LayerTypes:
        group = told.get("group")
        size = None
        if group is not None:
            if isinstance(group, str) and group.isdecimal() and int(group) > 0:
                size = int(group)
            else:
                self._problem((*path, "group"), "expects a number of weights of at least 1")
        return LayerTypes(
            self._dtype(told, "weights", path),
            self._dtype(told, "activations", path),
            size,
            self._dtype(told, "accumulate", path, SUM_BITS),
        )

    def _dtype(
        self, told: Mapping[str, object], key: str, path: tuple[str, ...], known: Mapping[str, int] = RUN_BITS
    ) -> str | None:
        value = told.get(key)
        if value is None or (isinstance(value, str) and value in known):
            return value
        self._problem(
            (*path, key), f"expects one of {', '.join(known)}, not {value!r}{_near(str(value), tuple(known))}"
        )
        return None

    def _check_keys(self, told: Mapping[str, object], known: tuple[str, ...], path: tuple[str, ...]) -> None:
        for key in told:
            if key not in known:
                near = _near(key, known)
                self._problem((*path, key), f"no such key{near}; there are {', '.join(known)}")

    def _problem(self, path: tuple[str, ...], message: str) -> None:
        mark = self._document.keys.get(path, self._document.values[()])
        self._problems.append(Problem(mark, path, message))


@cache
def _near(text: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(text, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""
