"""Do element-wise work on the way into the vector operator that reads it.

A cast before a normalisation, a product before a sum: an element-wise operator that has found no producer to join goes
into the vector operator that alone reads its result, where that one reads each element once from end to end.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.flow import Flow, merged
from leptonsim.compiler.work import Operator

AFTER = ("write_transposed",)

WINDOWED = ("MaxPool", "AveragePool", "LpPool", "LRN", "Resize", "GridSample")
"""What reads an element several times would do the work several times."""


def fuse(flow: Flow) -> None:
    """Walk in order, so that the last of a chain takes along what joined it."""
    for operator in flow:
        if operator.elementwise and operator.engine == "vector":
            _join_reader(flow, operator)


def _join_reader(flow: Flow, operator: Operator) -> None:
    result = operator.outputs[0]
    reader = flow.only_reader(result.tensor)
    if reader is None or reader.engine != "vector" or reader.elementwise or reader.kind in WINDOWED:
        return
    read = [operand for operand in reader.inputs if operand.tensor == result.tensor]
    if (
        len(read) != 1
        or read[0].elements != result.elements
        or read[0].access != "sequential"
        or reader.inputs[0] is not read[0]
    ):
        return
    inputs = dict.fromkeys((*operator.inputs, *reader.inputs[1:]))
    fused = replace(
        reader,
        nodes=operator.nodes + reader.nodes,
        inputs=tuple(inputs),
        vector=merged(operator.vector, reader.vector),
    )
    flow.replace([operator, reader], fused)
