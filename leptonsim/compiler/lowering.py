"""From graph nodes to operator records, by the files in ``operators/`` and in ``leptonsim.operators``.

What has no lowering is an error that names every such node: nothing is free because it was not recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import leptonsim.operators as beyond_onnx
from leptonsim.compiler import operators
from leptonsim.compiler.hosts import host_operator
from leptonsim.compiler.work import Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Node
from leptonsim.model.soundness import DAMAGE
from leptonsim.plugins import modules_in

Lowering = Callable[[Node, Graph], Operator]

MOST_OPERATIONS = 1 << 56
"""Of one operator: 64-bit counts hold those of some hundred such."""
LISTED = 20
"""So many nodes are named in an error; the rest are counted."""


@cache
def lowerings() -> Mapping[str, Lowering]:
    """All lowerings by operator.

    Raises:
        LeptonError: two files claim the same operator.
    """
    found: dict[str, Lowering] = {}
    owner: dict[str, str] = {}
    for module in (*modules_in(operators), *modules_in(beyond_onnx)):
        for op_type, lowering in getattr(module, "LOWERINGS", {}).items():
            if op_type in found:
                raise LeptonError(f"operator {op_type} is lowered twice: in {owner[op_type]} and in {module.__name__}")
            found[op_type] = lowering
            owner[op_type] = module.__name__
    return MappingProxyType(found)


def key_of(node: Node) -> str:
    """What an operator is called in ``LOWERINGS``."""
    return node.op_type if not node.domain else f"{node.domain}::{node.op_type}"


def lower(graph: Graph, origins: Mapping[str, tuple[str, ...]], on_host: bool = False) -> list[Operator]:
    """Lower every node; ``origins`` tells which nodes of the original graph each node stands for.

    With ``on_host``, a node that cannot be mapped becomes an operator of the host.

    Raises:
        LeptonError: some nodes have no lowering, or use their operator in a way that is not covered.
    """
    known = lowerings()
    lowered: list[Operator] = []
    refused: list[str] = []
    for node in graph.nodes:
        lowering = known.get(key_of(node))
        if lowering is None and not on_host:
            domain = f"domain {node.domain}" if node.domain else "the default domain"
            refused.append(f"node {node.name}: operator {node.op_type} of {domain} (opset {node.opset})")
            continue
        try:
            operator = lowering(node, graph) if lowering is not None else host_operator(node, graph)
        except LeptonError as error:
            if on_host:
                lowered.append(replace(host_operator(node, graph), nodes=origins.get(node.name, (node.name,))))
                continue
            refused.append(f"node {node.name}: {error}")
            continue
        except DAMAGE as error:
            refused.append(
                f"node {node.name}: its inputs or attributes are not of the form that {node.op_type} has "
                f"({type(error).__name__}: {error})"
            )
            continue
        if operator.macs > MOST_OPERATIONS or sum(operator.vector.values()) > MOST_OPERATIONS:
            refused.append(f"node {node.name}: {operator.macs:.1e} multiply-accumulates are more than can be counted")
            continue
        stands_for = origins.get(node.name, (node.name,))
        lowered.append(operator if operator.nodes == stands_for else replace(operator, nodes=stands_for))
    if refused:
        more = f"\n  and {len(refused) - LISTED} more" if len(refused) > LISTED else ""
        raise LeptonError(
            f"{len(refused)} of the {len(graph.nodes)} operators of {graph.name} cannot be mapped:\n  "
            + "\n  ".join(refused[:LISTED])
            + more
            + "\nTo map an operator, add a lowering for it (see leptonsim.operators), "
            "or let the host do it with --unsupported host."
        )
    return lowered
