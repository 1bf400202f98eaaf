"""What an operator asks of a chip, before any chip is known: matrix products, vector operations, bytes moved.

A lowering (one file for each family in ``operators/``) turns a graph node into one or more ``Operator`` records; the
passes recognise patterns and fuse; ``tiling`` and ``schedule`` then map the records onto a chip. Counts are in elements
and elementary operations, not in bytes and cycles: the element size of floating-point tensors is the chip's or the
user's choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Engine = Literal["tensor", "vector", "dma", "view", "host"]
Access = Literal["sequential", "strided", "random"]

VECTOR_FUNCTIONS = ("add", "mul", "exp", "div", "reduce")
"""Classes of vector operations.

add: add, subtract, compare, select, min, max, cast, round, shift, logic; mul: multiply; exp: exp, log, erf, tanh,
sigmoid, sin, cos, pow; div: divide, square root, reciprocal; reduce: one element of a sum, maximum or the like.
"""


@dataclass(frozen=True, slots=True)
class Operand:
    """One tensor as an operator reads or writes it.

    ``elements`` counts the elements really moved (rows taken by a Gather, not its table). ``run_elements`` is the
    length of one contiguous piece in elements, None when the whole is contiguous; with ``access`` it tells the DRAM how
    it is hit.
    """

    tensor: str
    elements: int
    access: Access = "sequential"
    run_elements: int | None = None


@dataclass(frozen=True, slots=True)
class MatMul:
    """``groups`` independent products C[m x n] = A[m x k] B[k x n].

    MACs are groups * m * k * n. ``shared_b`` consecutive groups use the same B (heads of one key-value group): there
    are groups / shared_b distinct B.

    A convolution is an implicit GEMM: m = images * out_rows * out_cols, k = (channels / conv groups) * kernel elements,
    and A is never built: ``out_cols`` consecutive rows of A come from ``row_elements * extent_rows`` input elements,
    the next output row starts ``stride_rows`` input rows further, out of ``in_rows`` rows per image. For a plain GEMM
    each row of A is its own "output row": out_cols = stride_rows = extent_rows = 1, row_elements = k, in_rows =
    out_rows = m, images = 1. ``row_elements`` counts the elements of one input row (width * channels of one conv group)
    of one group.
    """

    groups: int
    m: int
    k: int
    n: int
    shared_b: int = 1
    images: int = 1
    out_rows: int = 0
    out_cols: int = 1
    in_rows: int = 0
    row_elements: int = 0
    stride_rows: int = 1
    extent_rows: int = 1

    def __post_init__(self) -> None:
        """Fill in the geometry of a plain GEMM."""
        if not self.out_rows:
            object.__setattr__(self, "out_rows", self.m)
            object.__setattr__(self, "in_rows", self.m)
            object.__setattr__(self, "row_elements", self.k)

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.groups * self.m * self.k * self.n


@dataclass(frozen=True, slots=True)
class Along:
    """Along which axes of its first input an operator works: reduces them, or moves elements to other places on them.

    ``shape`` is that of the input, ``axes`` are counted from 0. ``numbers`` values (a maximum, a sum) are kept of each
    part of what is reduced to one result, and ``returned`` to all who have such a part; 0 where elements are moved.
    ``sets`` results share the named axes (groups of channels).

    A tensor lies as matrices, whose columns are the last axis and whose rows are all axes before it, or as images
    ([batch, channels, positions]), whose columns are the channels and whose rows are the positions of every image.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    numbers: int = 0
    returned: bool = False
    sets: int = 1

    @property
    def results(self) -> int:
        """Independent results."""
        return self.sets * math.prod(size for axis, size in enumerate(self.shape) if axis not in self.axes)

    def columns(self, channels_first: bool) -> int:
        """Columns side by side that belong together, 0 where each column is on its own."""
        if channels_first:
            return self.shape[1] // self.sets if 1 in self.axes else 0
        together = 1
        for axis in reversed(range(len(self.shape))):
            if axis not in self.axes:
                break
            together *= self.shape[axis]
        return together if len(self.shape) - 1 in self.axes else 0

    def cuts_rows(self, channels_first: bool) -> bool:
        """Whether different rows belong together."""
        if channels_first:
            return any(axis != 1 for axis in self.axes)
        return any(axis < len(self.shape) - 1 for axis in self.axes)

    def apart(self, channels_first: bool) -> int:
        """Outermost parts that have nothing to do with each other: images, or what the first axis named divides."""
        first = min(self.axes)
        return max(1, math.prod(self.shape[: min(first, 1) if channels_first else first]))


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator as it will be scheduled.

    tensor: ``matmuls`` (one; or two for fused attention, scores then context, with the softmax between them in
    ``vector``),
        ``inputs[0]`` is A (activation), ``inputs[1]`` is B (weights or activation; for fused attention K, then V in
        ``inputs[2]``); the rest are read by the epilogue (bias, residual).
    vector: elementary operations by function in ``vector``; inputs and outputs stream through SRAM.
    dma: bytes are moved from inputs to outputs and nothing is computed.
    host: ``vector`` counts the operations of the host's processor; inputs and outputs have been brought to its memory.
    view: no work: the output is the input under another shape; ``inputs[0]`` and ``outputs[0]`` name them.

    ``vector`` of a tensor operator is its epilogue. ``alternatives`` are other ways to do the same work (a depthwise
    convolution on the vector unit); the compiler takes the fastest on the chip at hand. ``nodes`` names the graph nodes
    that this record stands for. ``elementwise`` says that each output element depends on the elements at its own place
    in the inputs (broadcast ones included) and on nothing else: such an operator can be done on the way in the epilogue
    of another. ``product`` is the data type in which ``matmuls`` are multiplied, empty for that of A, ``sums`` the one
    in which they are summed, empty for 32 bits. ``along`` names the axes that a vector or DMA operator works along, for
    cores that have parts of its input. ``joins`` marks a view of several inputs, each made where it belongs in the
    output.
    """

    name: str
    kind: str
    engine: Engine
    nodes: tuple[str, ...]
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    matmuls: tuple[MatMul, ...] = ()
    vector: Mapping[str, int] = field(default_factory=dict)
    alternatives: tuple[Operator, ...] = ()
    elementwise: bool = False
    product: str = ""
    sums: str = ""
    along: Along | None = None
    joins: bool = False

    @property
    def macs(self) -> int:
        """Multiply-accumulates on the tensor core."""
        return sum(product.macs for product in self.matmuls)


def product_context(operator: Operator) -> int:
    """Columns of the second product of fused attention, 0 without one."""
    return operator.matmuls[1].n if len(operator.matmuls) == 2 else 0
