"""Do element-wise work in the epilogue of the operator that makes its input.

An element-wise operator joins the tensor or vector operator behind one of its inputs where that operator has no other
reader, makes as many elements as the element-wise one, and no one outside reads it. Its other operands become operands
of the epilogue. Views in between that nobody else reads go along. Where two operators could take it (a residual
addition), the later one does: the other's result is then already there. Chains of element-wise operators become one
vector operator in the same way.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.flow import Flow, absorb
from leptonsim.compiler.work import Operand, Operator

AFTER = ("read_transposed",)


def fuse(flow: Flow) -> None:
    """Walk in order, so that a chain grows behind the operator that started it."""
    for operator in flow:
        if operator.elementwise and operator.engine == "vector":
            join_producer(flow, operator)


def join_producer(flow: Flow, operator: Operator) -> None:
    """Let one element-wise operator join the latest of its producers that can take it, if there is one."""
    result = operator.outputs[0]
    candidates: list[tuple[float, Operator, Operand, list[Operator]]] = []
    for operand in operator.inputs:
        if operand.elements != result.elements or flow.only_reader(operand.tensor) is None:
            continue
        tensor, views = flow.through_views(operand.tensor)
        maker = flow.maker(tensor)
        if maker is None or maker.engine not in ("tensor", "vector") or len(maker.outputs) != 1:
            continue
        if flow.only_reader(tensor) is None or maker.outputs[0].elements != result.elements:
            continue
        candidates.append((flow.place(maker), maker, operand, views))
    if not candidates:
        return
    _, maker, joined, views = max(candidates, key=lambda candidate: candidate[0])
    already = {operand.tensor for operand in maker.inputs}
    extra = tuple(operand for operand in operator.inputs if operand is not joined and operand.tensor not in already)
    nodes = tuple(name for view in reversed(views) for name in view.nodes) + operator.nodes
    written = replace(result, access=maker.outputs[0].access, run_elements=maker.outputs[0].run_elements)
    fused = absorb(maker, nodes, extra, operator.vector, (written,))
    flow.replace([maker, *views, operator], fused)
    if fused.elementwise:
        # What both had read may have no other reader now: a branch that opens and closes again.
        join_producer(flow, fused)
