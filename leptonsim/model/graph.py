"""What is to be run: a graph of operators over tensors whose shapes are all known.

Modelled: names, operator types, attributes, shapes and element types; the values of small constants (shapes, axes,
scales).
Not modelled: the values of weights and activations. Nothing here knows of a chip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

TensorKind = Literal["input", "weight", "activation"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: a static shape, an element type by its ONNX name in lower case, and where it comes from.

    ``kind`` is "input" for what is given at run time, "weight" for what depends on no input (initialisers, constants
    and whatever was folded from them), "activation" for what nodes compute. ``value`` is kept for small constants
    only.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: TensorKind
    value: np.ndarray[Any, Any] | None = field(default=None, compare=False)

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Node:
    """One operator instance; an absent optional input or output is the empty string, as in ONNX."""

    name: str
    op_type: str
    domain: str
    opset: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in topological order; every tensor that a node reads or writes is in ``tensors`` with a static shape.

    ``batch`` is the number of samples in one run of the graph, ``folded`` the count of nodes that became constants,
    ``unused`` of those that no output needs any more. ``tokens`` is, for a language model, the number of token
    positions that one run processes (batch * sequence length; batch for a decode step), None for other models.
    ``resident`` names the inputs and outputs that stay in the device's memory from one run to the next (a key-value
    cache). ``largest`` names tensors whose size the data decide and that were taken at their largest, with the number
    of results in them. ``digest`` is a hash of the whole graph that is the same wherever and whenever it is loaded.
    """

    name: str
    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    batch: int
    folded: int
    digest: str
    tokens: int | None = None
    unused: int = 0
    resident: tuple[str, ...] = ()
    largest: Mapping[str, int] = field(default_factory=dict)
