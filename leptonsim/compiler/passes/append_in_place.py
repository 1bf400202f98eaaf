"""Append to a cache where it lies instead of copying it.

Exports of language models write Concat(past, new) for the keys and values of a step, with the past a graph input that
nothing else reads and the result a graph output that the attention of the step reads. A runtime keeps both in one
buffer, so only what is new is moved. The same holds for ScatterND and ScatterElements into such an input. The result is
still read at its full size by the attention behind it.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import Flow
from leptonsim.compiler.work import Operand, Operator

AFTER = ("share_expand",)


def fuse(flow: Flow) -> None:
    """Try every Concat and Scatter."""
    for operator in flow:
        if operator.engine != "dma" or operator.kind not in ("Concat", "ScatterND", "ScatterElements"):
            continue
        past, views = flow.through_views(operator.inputs[0].tensor)
        if (
            flow.tensors[past].kind == "input"
            and flow.only_reader(past) is not None
            and operator.outputs[0].tensor in flow.results
            and flow.readers(operator.outputs[0].tensor)
        ):
            flow.replace([*views, operator], _appending(flow, operator, views))


def _appending(flow: Flow, operator: Operator, views: list[Operator]) -> Operator:
    new = operator.inputs[1:]
    result = operator.outputs[0].tensor
    if operator.kind == "Concat":
        node = flow.nodes[operator.name]
        shape = flow.tensors[new[0].tensor].shape
        axis = int(node.attributes["axis"]) % len(shape)
        written = Operand(result, sum(part.elements for part in new), "strided", math.prod(shape[axis:]))
    else:
        written = Operand(result, new[-1].elements, "random", new[-1].run_elements)
        new = (*new[:-1], replace(new[-1], access="sequential", run_elements=None))
    nodes = (*(name for view in reversed(views) for name in view.nodes), *operator.nodes)
    return replace(operator, kind=f"{operator.kind}InPlace", nodes=nodes, inputs=new, outputs=(written,))
