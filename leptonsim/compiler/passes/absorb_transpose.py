"""Let a matrix product read an operand where it lies instead of transposing it first.

Loading tiles of a matrix by rows or by columns is a matter of addresses, as long as what is contiguous in memory lies within the matrix: the
heads of attention are cut out of [batch, tokens, heads, head size] that way, and K is read as its transpose. The operand is then read in runs
of the contiguous piece. Where a product's result is only transposed, it is written in such runs in the same way.
Transpositions that tear matrices apart (a run of one element) stay.
"""

from __future__ import annotations

import math
from dataclasses import replace

from leptonsim.compiler.flow import Flow, with_inputs
from leptonsim.compiler.work import Operand, Operator

AFTER = ()


def fuse(flow: Flow) -> None:
    """Try every Transpose: first into the product that reads it, else into the one that makes its input."""
    for operator in flow:
        if operator.kind == "Transpose" and operator.engine == "dma":
            if not _into_readers(flow, operator):
                _into_maker(flow, operator)


def matrix_run(shape: tuple[int, ...], perm: tuple[int, ...]) -> int:
    """Elements contiguous in memory within one matrix (the last two axes after the permutation); 1 where the matrix is torn apart."""
    matrix = set(perm[-2:])
    run = 1
    for axis in reversed(range(len(shape))):
        if axis not in matrix and shape[axis] != 1:
            break
        run *= shape[axis]
    return run


def _permutation(flow: Flow, transpose: Operator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    shape = flow.tensors[transpose.inputs[0].tensor].shape
    perm = flow.nodes[transpose.name].attributes.get("perm") or reversed(range(len(shape)))
    return shape, tuple(int(axis) for axis in perm)


def _into_readers(flow: Flow, transpose: Operator) -> bool:
    source, result = transpose.inputs[0], transpose.outputs[0].tensor
    readers = flow.readers(result)
    if not readers or result in flow.results or not all(_is_product_operand(reader, result) for reader in readers):
        return False
    run = matrix_run(*_permutation(flow, transpose))
    if run == 1:
        return False
    strided = replace(source, access="strided", run_elements=run)
    first, *others = readers
    for reader in others:
        flow.replace([reader], _reading(reader, result, strided))
    flow.remove(transpose)
    flow.replace([first], _reading(first, result, strided, transpose.nodes))
    return True


def _reading(reader: Operator, tensor: str, operand: Operand, nodes: tuple[str, ...] = ()) -> Operator:
    inputs = tuple(operand if old.tensor == tensor else old for old in reader.inputs)
    return with_inputs(reader, inputs, nodes)


def _is_product_operand(reader: Operator, tensor: str) -> bool:
    """Whether a tensor is the A or the B of a plain product (and nothing else to it)."""
    if reader.engine != "tensor" or not reader.kind.startswith(("MatMul", "Gemm", "Attention")):
        return False
    sides = 1 + len(reader.matmuls)
    return any(operand.tensor == tensor for operand in reader.inputs[:sides]) and all(
        operand.tensor != tensor for operand in reader.inputs[sides:]
    )


def _into_maker(flow: Flow, transpose: Operator) -> bool:
    source = transpose.inputs[0].tensor
    maker = flow.maker(source)
    if maker is None or maker.engine != "tensor" or flow.only_reader(source) is None or len(maker.outputs) != 1:
        return False
    if maker.kind not in ("MatMul", "Gemm", "Attention"):
        return False
    shape, perm = _permutation(flow, transpose)
    inverse = tuple(perm.index(axis) for axis in range(len(perm)))
    after = tuple(shape[axis] for axis in perm)
    run = matrix_run(after, inverse)
    if run == 1:
        return False
    written = replace(transpose.outputs[0], access="strided", run_elements=run)
    flow.replace([maker, transpose], replace(maker, outputs=(written,), nodes=maker.nodes + transpose.nodes))
    return True
