"""Activations of ONNX Runtime's domain com.microsoft.

BiasGelu, FastGelu: a bias if given (1 add), then GELU: two scalings, an error function or hyperbolic tangent, one add
and one multiply; FastGelu's cubic costs two multiplies, one add and one scaling more. Gelu is BiasGelu without bias.
QuickGelu: x sigmoid(alpha x). BiasAdd adds a bias and a skip; BiasSplitGelu halves the channels: value times GELU of
the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leptonsim.compiler.records import has_input, vector_operator
from leptonsim.compiler.work import Operator
from leptonsim.model.graph import Graph, Node
from leptonsim.operators._shapes import Inputs, Outputs, like_first, required

GELU = {"mul": 3, "exp": 1, "add": 1}
COST: Mapping[str, Mapping[str, int]] = {
    "Gelu": GELU,
    "BiasGelu": GELU,
    "FastGelu": {"mul": 6, "exp": 1, "add": 2},
    "QuickGelu": {"mul": 2, "exp": 1},
    "BiasAdd": {"add": 1},
    "BiasSplitGelu": {"mul": 4, "exp": 1, "add": 1},
}


def lower(node: Node, graph: Graph) -> Operator:
    """The table's cost for each output element, and one add for each bias or skip."""
    elements = graph.tensors[node.outputs[0]].elements
    vector = {function: count * elements for function, count in COST[node.op_type].items()}
    added = graph.tensors[node.inputs[0]].elements if has_input(node, 1) else 0
    vector["add"] = vector.get("add", 0) + added
    return vector_operator(node, graph, vector, elementwise=node.op_type != "BiasSplitGelu")


def _half(attributes: Mapping[str, Any], inputs: Inputs) -> Outputs:
    x = required(inputs, 0)
    return [(x.dtype, (*x.shape[:-1], x.shape[-1] // 2))]


_KEYS = {name: f"com.microsoft::{name}" for name in COST}
SHAPES = {key: _half if name == "BiasSplitGelu" else like_first for name, key in _KEYS.items()}
LOWERINGS = dict.fromkeys(_KEYS.values(), lower)
