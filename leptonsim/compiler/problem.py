"""What the search for a mapping has to know of a matrix product: its sizes, and where its operands lie."""

from __future__ import annotations

import math

from leptonsim.compiler.operands import OTHERWISE, Located, Placed
from leptonsim.compiler.precision import product_dtype
from leptonsim.compiler.products import Product
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import MatMul, Operator, product_context
from leptonsim.errors import LeptonError
from leptonsim.model.graph import Tensor


def make_product(
    target: Target,
    operator: Operator,
    located: list[Located],
    output: Placed,
    out_bits: int,
    stage_bytes: int,
    from_host: bool,
    tensors_of_a: Tensor,
    packed: int = 1,
) -> Product:
    """The search's problem for a tensor operator.

    ``packed`` products of a grouped convolution share the array block-diagonally. Raises LeptonError if the chip has no
    rate for the data type.
    """
    product = operator.matmuls[0]
    context = product_context(operator)
    a, b = located[0], located[1]
    rest = located[3:] if context else located[2:]
    # Column operands come with B, once for each of them.
    b_columns = product.n * product.groups // product.shared_b
    columns = [each for each in rest if each.weight and each.operand.elements <= b_columns]
    extra = tuple(each for each in rest if each not in columns)
    groups = math.ceil(product.groups / packed)
    n, k, row_elements = product.n * packed, product.k * packed, product.row_elements * packed
    results = product.groups * product.m * (context or product.n)
    x_bytes = sum(each.size_bytes for each in extra)
    x_moves = any(each.place.home != "sram" for each in extra)
    x_split = (
        extra[0].place.split if extra and all(each.place.split == extra[0].place.split for each in extra) else OTHERWISE
    )
    dtype = operator.product or product_dtype(tensors_of_a.dtype, target.dtype)
    rates = target.chip.core.tensor_core.rates
    if dtype not in rates:
        raise LeptonError(
            f"{operator.name} ({operator.kind}) multiplies {tensors_of_a.dtype} as {dtype}, for which "
            f"{target.chip.name} has no rate (core.tensor_core.rates has {', '.join(sorted(rates))})"
        )
    values = (
        groups,
        product.shared_b if packed == 1 else 1,
        product.images * product.out_rows,
        product.out_rows,
        product.out_cols,
        product.in_rows,
        row_elements * a.bits,
        product.stride_rows,
        product.extent_rows,
        k,
        n,
        context,
        b.bits,
        -(-sum(each.operand.elements * each.bits for each in columns) // b_columns),
        packed,
        out_bits,
        -(-x_bytes * 65536 // results),
        _vector_q20(target, operator, out_bits, x_bytes, results, product),
        int(a.place.home != "sram"),
        a.place.split,
        int(b.place.home != "sram"),
        b.place.split,
        int(x_moves),
        x_split,
        int(output.home != "sram"),
        int(a.place.home == "dram"),
        int(b.place.home == "dram"),
        int(any(each.place.home == "dram" for each in extra)),
        int(output.home == "dram"),
        a.bits,
        int(not b.weight),
        math.ceil(target.vector_cycles({"mul": 1}) * (1 << 20)),
    )
    return Product(target, operator, dtype, stage_bytes, from_host, values, a, b, extra, output, packed)


def _vector_q20(target: Target, operator: Operator, out_bits: int, x_bytes: int, results: int, product: MatMul) -> int:
    """Vector cycles for each element of the first product, in 2^-20: the epilogue, or moving results out."""
    unit, sram = target.chip.core.vector_unit, target.chip.core.sram
    elements = product.groups * product.m * product.n
    cycles = max(
        target.vector_cycles(operator.vector),
        elements / unit.lanes,
        results * out_bits / 8 / sram.write_bytes_per_cycle,
        x_bytes / sram.read_bytes_per_cycle,
    )
    return max(1, math.ceil(cycles / elements * (1 << 20)))


def packing(target: Target, operator: Operator) -> int:
    """How many products of a grouped convolution fit an array block-diagonally; 1 when there is nothing to pack."""
    product = operator.matmuls[0]
    core = target.chip.core.tensor_core
    if len(operator.matmuls) > 1 or product.groups == 1 or "Conv" not in operator.kind:
        return 1
    return max(1, min(core.rows // product.k, core.cols // product.n, product.groups))
