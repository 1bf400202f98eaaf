"""Input-stationary: A stays in the cells and the n columns of B stream.

It is the weight-stationary array with its operands' roles exchanged.
"""

from __future__ import annotations

from leptonsim.kernels.plain.systolic_array import Array, Cycles, packed_k, useful_cycles
from leptonsim.kernels.plain.systolic_ws import stationary_cycles


def is_cycles(a: Array, m: int, k: int, n: int) -> Cycles:
    """Cycles of C[m x n] = A[m x k] B[k x n], A stationary; every size at least 0."""
    return stationary_cycles(a, n, packed_k(a, k), m, useful_cycles(a, m, k, n))
