"""Let matrix products read their operands where they lie instead of transposing them first.

Loading tiles of a matrix by rows or by columns is a matter of addresses, as long as what is contiguous in memory lies
within one matrix: the heads of attention are cut out of [batch, tokens, heads, head size] that way, and K is read as
its transpose. A product then reads its operand in runs of the contiguous piece. Reshapes in between that leave the
matrices as they are go along. What would tear matrices apart stays.
"""

from __future__ import annotations

from dataclasses import replace

from leptonsim.compiler.flow import Flow, with_inputs
from leptonsim.compiler.work import Operand, Operator

AFTER = ("share_expand",)

PRODUCTS = ("MatMul", "Gemm", "Attention")


def fuse(flow: Flow) -> None:
    """Try every Transpose, last ones first: what is transposed twice is read where it lay at first."""
    for operator in reversed([operator for operator in flow if operator.kind == "Transpose"]):
        if operator.engine == "dma":
            _into_readers(flow, operator)
            if operator.name in flow:
                _into_convolutions(flow, operator)


def permutation(flow: Flow, transpose: Operator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape that a Transpose reads, and the axes of its result in the order of that shape."""
    shape = flow.tensors[transpose.inputs[0].tensor].shape
    perm = flow.nodes[transpose.name].attributes.get("perm") or reversed(range(len(shape)))
    return shape, tuple(int(axis) for axis in perm)


def matrix_read(tensor: Operand, shape: tuple[int, ...], perm: tuple[int, ...]) -> Operand | None:
    """How the matrices (the last two axes after the permutation) are read from where they lie; None where they are torn
    apart.
    """
    *lead, rows, columns = perm
    if lead == sorted(lead) and all(axis < min(rows, columns) for axis in lead):
        return replace(tensor, access="sequential", run_elements=None)
    run = 1
    for axis in reversed(range(len(shape))):
        if axis not in (rows, columns) and shape[axis] != 1:
            break
        run *= shape[axis]
    return None if run == 1 else replace(tensor, access="strided", run_elements=run)


def _into_readers(flow: Flow, transpose: Operator) -> None:
    tensor, views = transpose.outputs[0].tensor, []
    while (view := flow.only_reader(tensor)) is not None and view.engine == "view":
        if flow.tensors[view.outputs[0].tensor].shape[-2:] != flow.tensors[tensor].shape[-2:]:
            break
        views.append(view)
        tensor = view.outputs[0].tensor
    readers = flow.readers(tensor)
    if not readers or tensor in flow.results or not all(_is_product_operand(reader, tensor) for reader in readers):
        return
    operand = matrix_read(transpose.inputs[0], *permutation(flow, transpose))
    if operand is None:
        return
    first, *others = readers
    taken = (*transpose.nodes, *(name for view in views for name in view.nodes))
    for reader in others:
        flow.replace([reader], _reading(reader, tensor, operand))
    flow.replace([transpose, *views, first], _reading(first, tensor, operand, taken))


def _into_convolutions(flow: Flow, transpose: Operator) -> None:
    """A convolution reads an image with its channels last as it lies: its windows are contiguous there too."""
    result = transpose.outputs[0].tensor
    shape, perm = permutation(flow, transpose)
    order = list(range(len(shape)))
    readers = flow.readers(result)
    if not readers or result in flow.results or list(perm) != [0, order[-1], *order[1:-1]]:
        return
    if any(reader.kind != "Conv" or reader.inputs[0].tensor != result for reader in readers):
        return
    if any(operand.tensor == result for reader in readers for operand in reader.inputs[1:]):
        return
    lying = replace(transpose.inputs[0], access="sequential", run_elements=None)
    first, *others = readers
    for reader in others:
        flow.replace([reader], _reading(reader, result, lying))
    flow.replace([transpose, first], _reading(first, result, lying, transpose.nodes))


def _reading(reader: Operator, tensor: str, operand: Operand, nodes: tuple[str, ...] = ()) -> Operator:
    return with_inputs(reader, tuple(operand if old.tensor == tensor else old for old in reader.inputs), nodes)


def _is_product_operand(reader: Operator, tensor: str) -> bool:
    """Whether a tensor is the A or a B of a plain product, read in order, and nothing else to it."""
    if reader.engine != "tensor" or reader.kind not in PRODUCTS:
        return False
    sides = 1 + len(reader.matmuls)
    return any(
        operand.tensor == tensor and operand.access == "sequential" for operand in reader.inputs[:sides]
    ) and all(operand.tensor != tensor for operand in reader.inputs[sides:])
