"""Operators beyond ONNX's own: one file for each family, which says all that leptonsim has to know of them.

A file holds, each by ``"domain::name"`` (by name alone in the default domain):

``SHAPES``
    Functions ``rule(attributes, inputs) -> [(dtype, shape), ...]``, one pair for each output in order, for the reader:
    ONNX cannot infer what it does not know. ``inputs`` are ``Tensor`` records, None where absent; small constants have
    their values. Outputs that a node does not ask for may be given all the same.
``LOWERINGS``
    Functions ``lower(node, graph) -> Operator``, as in ``leptonsim.compiler.operators``.
``rewrite`` (optional)
    A pass over graph nodes, as in ``leptonsim.compiler.passes``: for an operator that is best said in simpler ones.

Files are found by listing this folder; those of other packages by the entry points ``leptonsim.operators``, each naming
such a module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from leptonsim.errors import LeptonError
from leptonsim.model.graph import Tensor
from leptonsim.plugins import modules_in

ShapeRule = Callable[[Mapping[str, Any], Sequence[Tensor | None]], Sequence[tuple[str, tuple[int, ...]]]]


@cache
def shape_rules() -> Mapping[str, ShapeRule]:
    """All shape rules by operator.

    Raises:
        LeptonError: two files claim the same operator.
    """
    found: dict[str, ShapeRule] = {}
    owner: dict[str, str] = {}
    for module in modules_in(sys.modules[__name__]):
        for key, rule in getattr(module, "SHAPES", {}).items():
            if key in found:
                raise LeptonError(f"operator {key} has two shape rules: in {owner[key]} and in {module.__name__}")
            found[key], owner[key] = rule, module.__name__
    return MappingProxyType(found)
