"""Write results transposed instead of moving them a second time.

A Transpose behind a tensor or vector operator that nobody else reads is done as the result is written, in runs of what
is contiguous before and after. A product can as well write its rows as columns, so a Transpose that turns the matrices
of its result (for a convolution, channels before positions into positions before channels) costs nothing. Reshapes in
between go along, and so does element-wise work behind it. Transpositions whose runs are single elements stay.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import Flow
from leptonsim.compiler.passes.fuse_epilogue import join_producer
from leptonsim.compiler.passes.read_transposed import permutation
from leptonsim.compiler.work import Operand, Operator

AFTER = ("fuse_attention",)


def fuse(flow: Flow) -> None:
    """Try every Transpose that is still there."""
    for operator in flow:
        if operator.kind == "Transpose" and operator.engine == "dma":
            _into_maker(flow, operator)


def _into_maker(flow: Flow, transpose: Operator) -> None:
    source, views = flow.through_views(transpose.inputs[0].tensor)
    maker = flow.maker(source)
    run = transpose.inputs[0].run_elements
    if maker is None or maker.engine not in ("tensor", "vector") or flow.only_reader(source) is None:
        return
    if len(maker.outputs) != 1 or maker.outputs[0].access != "sequential":
        return
    written = (replace(transpose.outputs[0], access="strided", run_elements=run),)
    if maker.engine == "tensor" and _turns_matrices(flow, maker, transpose):
        written = (transpose.outputs[0],)
    elif run == 1:
        return
    taken = (*(name for view in reversed(views) for name in view.nodes), *transpose.nodes)
    flow.replace([maker, *views, transpose], _writing(maker, written, taken))
    reader = flow.only_reader(written[0].tensor)
    if reader is not None and reader.elementwise and reader.engine == "vector":
        join_producer(flow, reader)


def _turns_matrices(flow: Flow, maker: Operator, transpose: Operator) -> bool:
    """Whether rows and columns of each matrix of a product's result change places, and nothing else does."""
    made = flow.tensors[maker.outputs[0].tensor].shape
    shape, perm = permutation(flow, transpose)
    order = list(range(len(shape)))
    if maker.kind.startswith("Conv"):
        channels = next((axis for axis in order if math.prod(shape[:axis]) == made[0] and shape[axis] == made[1]), 0)
        return channels > 0 and list(perm) == [*order[:channels], *order[channels + 1 :], channels]
    if shape[-2:] == made[-2:] and list(perm) == [*order[:-2], order[-1], order[-2]]:
        return True
    # One product whose rows are all axes but the last: its columns may go behind any of them as a whole.
    one = len(maker.matmuls) == 1 and maker.matmuls[0].groups == 1
    columns = order[-1]
    to_front = perm.index(columns)
    rows_in_order = [axis for axis in perm if axis != columns] == order[:-1]
    return one and shape[-1] == made[-1] and rows_in_order and math.prod(shape[:to_front]) == 1


def _writing(maker: Operator, outputs: tuple[Operand, ...], nodes: tuple[str, ...]) -> Operator:
    return replace(
        maker,
        outputs=outputs,
        nodes=maker.nodes + nodes,
        alternatives=tuple(_writing(other, outputs, nodes) for other in maker.alternatives),
        elementwise=False,
    )
