"""Cycles of a GEMM on a systolic array: the face of the three dataflows, one file each.

Modelled: filling, streaming and draining of every fold, what overlaps under the schedule, ragged edges, block and
issue overheads, sparsity and rates. Not modelled: where operands come from (SRAM conflicts are ``sram_conflicts``;
DMA and DRAM are the machine's).
"""

from __future__ import annotations

from typing import Any

from leptonsim.kernels.plain.systolic_array import Array, Cycles, array_of
from leptonsim.kernels.plain.systolic_is import is_cycles
from leptonsim.kernels.plain.systolic_os import os_cycles
from leptonsim.kernels.plain.systolic_ws import ws_cycles

__all__ = ["array_of", "gemm_cycles", "gemm_cycles_many"]


def gemm_cycles(array: Array, m: int, k: int, n: int) -> Cycles:
    """Cycles of C[m x n] = A[m x k] B[k x n]; sizes in elements, at least 0 (an empty GEMM takes none).

    Raises ValueError for a negative size.
    """
    if min(m, k, n) < 0:
        raise ValueError(f"sizes must be at least 0, got m={m}, k={k}, n={n}")
    return (ws_cycles, is_cycles, os_cycles)[array.dataflow](array, m, k, n)


def gemm_cycles_many(array: Array, m: Any, k: Any, n: Any, out: Any) -> None:
    """The same for many GEMMs: row i of ``out`` (len(m) x 8, int64) takes the fields of ``Cycles`` in their order.

    Raises ValueError when lengths differ or a size is negative.
    """
    if not (len(m) == len(k) == len(n) == out.shape[0] and out.shape[1] == len(Cycles._fields)):
        raise ValueError(
            f"m, k and n must have one length and out be that many rows of 8, got {len(m)}, "
            f"{len(k)}, {len(n)} and {out.shape[0]} x {out.shape[1]}"
        )
    for i in range(len(m)):
        out[i] = gemm_cycles(array, int(m[i]), int(k[i]), int(n[i]))
