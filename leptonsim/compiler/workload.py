"""A graph as work: the operators that remain after folding, recognising and fusing, before any chip is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from types import ModuleType

import leptonsim.operators as beyond_onnx
from leptonsim.compiler import passes
from leptonsim.compiler.draft import Draft
from leptonsim.compiler.flow import Flow
from leptonsim.compiler.hosts import with_transfers
from leptonsim.compiler.lowering import lower
from leptonsim.compiler.work import Operator
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Graph, Tensor
from leptonsim.plugins import modules_in

PLACES = ("tensor", "vector", "dma", "view", "fused", "folded")
"""Where a graph node can go: to an engine as the main node of an operator, to no work (view), into another node's
operator, into constants.
"""


@dataclass(frozen=True, slots=True)
class Workload:
    """Operators in execution order, and the count of graph nodes by where they went (they sum to the nodes of the
    model).

    ``on_host`` names tensors in the host's memory. ``tensors`` holds every tensor that an operand names: those of the
    graph, and those that passes put between operators.
    """

    operators: tuple[Operator, ...]
    mapped: Mapping[str, int]
    tensors: Mapping[str, Tensor]
    on_host: frozenset[str] = frozenset()


def workload(graph: Graph, on_host: bool = False) -> Workload:
    """Fold, recognise, lower and fuse; with ``on_host``, what cannot be mapped is done by the host.

    Raises:
        LeptonError: the graph holds operators that cannot be mapped; all of them are named.
    """
    rewrites, fusions = ordered_passes()
    draft = Draft(graph)
    for rewrite in rewrites:
        rewrite(draft)
    rewritten = draft.finish()
    flow = Flow(lower(rewritten, draft.origins, on_host), rewritten)
    for fuse in fusions:
        fuse(flow)
    operators = tuple(flow)
    mapped = _accounts(graph, operators, draft.folded)
    if not mapped.get("host"):
        return Workload(operators, mapped, draft.tensors)
    operators, tensors, there = with_transfers(operators, draft.tensors)
    return Workload(operators, mapped, tensors, there)


def _accounts(graph: Graph, operators: Iterable[Operator], folded: set[str]) -> dict[str, int]:
    """A node counts once: folded, or as the main node of an operator, or fused; one that became several operators as
    the last.
    """
    place: dict[str, str] = {}
    for operator in operators:
        for name in operator.nodes:
            place.setdefault(name, "fused")
    place.update((operator.name, operator.engine) for operator in operators if operator.name in place)
    place.update(dict.fromkeys(folded, "folded"))
    count = Counter(dict.fromkeys(PLACES, 0))
    count.update(place.values())
    count["folded"] += graph.folded
    return dict(count)


@cache
def ordered_passes() -> tuple[tuple[Callable[[Draft], None], ...], tuple[Callable[[Flow], None], ...]]:
    """The passes over nodes, and those over operators, each in an order that respects every ``AFTER`` and ``BEFORE``.

    Raises:
        LeptonError: a pass names one that is not there, or they wait for each other.
    """
    modules = {module.__name__.rpartition(".")[2]: module for module in (*modules_in(passes), *modules_in(beyond_onnx))}
    return (
        tuple(module.rewrite for module in _in_order({n: m for n, m in modules.items() if hasattr(m, "rewrite")})),
        tuple(module.fuse for module in _in_order({n: m for n, m in modules.items() if hasattr(m, "fuse")})),
    )


def _in_order(modules: Mapping[str, ModuleType]) -> list[ModuleType]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, module in modules.items():
        before = getattr(module, "BEFORE", ())
        after = getattr(module, "AFTER", ())
        missing = [other for other in (*after, *before) if other not in modules]
        if missing:
            raise LeptonError(f"pass {name} is ordered against {', '.join(missing)}, which is no pass of its kind")
        sorter.add(name, *after)
        for other in before:
            sorter.add(other, name)
    order: list[ModuleType] = []
    try:
        sorter.prepare()
    except CycleError as error:
        raise LeptonError(f"passes wait for each other: {' -> '.join(error.args[1])}") from None
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += [modules[name] for name in ready]
        sorter.done(*ready)
    return order
