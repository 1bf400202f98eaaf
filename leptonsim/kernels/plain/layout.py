"""One core's tiles under a mapping.

A product C[m x n] = A[m x k] B[k x n], or a convolution as one (A's rows come in units of one output row, whose window
reaches over several input rows), is cut into tiles of ``tile_rows`` x ``tile_k`` x ``tile_n``. The order says what
stays in the core's SRAM from one tile to the next:

- weights stay: for each column tile the weights are loaded once and all row tiles stream past them;
- activations stay: for each row tile the activations are loaded once and all column tiles of the weights stream past;
  so does attention whose keys do not fit, with the context rescaled before each column tile but the first;
- depth inside: both are cut along k, partial sums wait in the accumulators.

Every tile moves what it needs and what is not in the core's SRAM already, takes the cycles of its arrays (with waits
for the SRAM's banks) and of the vector unit. The layout is a list of runs of equal tiles and of blocks that repeat
them. Not modelled: rows of an image that a tile shares with a neighbour image in the same tile, weights that stay in
the cells from one row tile to the next.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from leptonsim.kernels.plain.sram_conflicts import Scratchpad, ceil_div, sram_stall_cycles
from leptonsim.kernels.plain.systolic import gemm_cycles
from leptonsim.kernels.plain.systolic_array import DATAFLOWS, Array

WEIGHTS_STAY, ACTIVATIONS_STAY, DEPTH_INSIDE = range(3)
ROWS, COLUMNS = 1, 2
MOST_CYCLES = 1 << 30
MOST_READS = 1 << 33
BYTES_OF_A_SUM = 4


class Problem(NamedTuple):
    """One matrix product on one chip; integers."""

    groups: int
    """Independent products."""
    shared_b: int
    """Consecutive groups with the same B."""
    rows: int
    """Row units of one group: output rows of all images, or rows of A."""
    out_rows: int
    """Row units of one image."""
    out_cols: int
    """Rows of A in one row unit."""
    in_rows: int
    """Input rows of one image."""
    row_bits: int
    """Bits of one input row of one group."""
    stride_rows: int
    """Input rows between row units."""
    extent_rows: int
    """Input rows under one row unit."""
    k: int
    """Depth."""
    n: int
    """Columns."""
    context: int
    """Columns of the second product of fused attention, 0 without one."""
    b_bits: int
    """Bits of one element of B."""
    column_bits: int
    """Bits for each column that come along with B: bias, scales."""
    b_scale: int
    """B holds so many times fewer elements than k x n: products packed block-diagonally."""
    o_bits: int
    """Bits of one output element."""
    x_q16: int
    """Bytes of extra operands for each result, in 1/65536."""
    vector_q20: int
    """Vector cycles for each element of the first product, in 2^-20."""
    a_moves: int
    """Whether A comes by DMA from beyond the cores; else it lies in their SRAM."""
    a_split: int
    """How it lies in the cores' SRAM: 1 by rows, 2 by columns or groups, 0 otherwise."""
    b_moves: int
    """The same of B."""
    b_split: int
    """The same of B."""
    x_moves: int
    """The same of the extra operands."""
    x_split: int
    """The same of the extra operands."""
    o_moves: int
    """Whether output goes by DMA."""
    a_dram: int
    """Whether what moves comes from DRAM, for its share of the bandwidth."""
    b_dram: int
    """The same of B."""
    x_dram: int
    """The same of the extra operands."""
    o_dram: int
    """The same of the output."""
    a_bits: int
    """Bits of one element of A."""
    b_waits: int
    """Whether B is made by an earlier operator; else it can be loaded ahead."""
    rescale_q20: int
    """Vector cycles to rescale one element of the context before more columns are added, in 2^-20."""


PROBLEM_FIELDS = Problem._fields


class Limits(NamedTuple):
    """What one core has; bytes."""

    cores: int
    arrays: int
    accumulator_bytes: int
    stage_bytes: int
    scratchpad: Scratchpad


class Mapping(NamedTuple):
    """How a product is cut: cores over groups, rows and columns, the loop order, and the tile's sizes."""

    split_g: int
    split_m: int
    split_n: int
    order: int
    tile_rows: int
    tile_n: int
    tile_k: int


class Laid(NamedTuple):
    """The tiles of one core's share, as the tile kernel takes them."""

    runs: list[tuple[int, int, int, int, int, int, int]]
    """Equal tiles: count, bytes of weights, activations and extra operands, tensor and vector cycles, output bytes."""
    blocks: list[tuple[int, int, int]]
    """Repetitions of a range of runs: times, first run, end."""
    stage_bytes: int
    """What the largest tile holds."""
    accumulators: int
    """Tiles whose partial sums fit at once, at most 2."""
    stall_cycles: int
    """Tensor cycles of all tiles in which the SRAM does not give operands."""
    load_cycles: int
    """Tensor cycles of all tiles in which nothing streams because weights are loaded."""
    read_bytes: int
    """Bytes that the arrays read from the SRAM."""


class Tile(NamedTuple):
    """Sizes and costs of one tile that moves all its operands."""

    w: int
    a: int
    x: int
    o: int
    vector: int
    steady: int
    edge: int
    load: int
    reads: int


def lay_out(p: Problem, limits: Limits, array: Array, mapping: Mapping, groups: int, rows: int, n: int) -> Laid | None:
    """The tiles of a core that has so many groups, row units and columns; None when they do not fit."""
    tr, tn, tk = min(mapping.tile_rows, rows), min(mapping.tile_n, n), min(mapping.tile_k, p.k)
    sums = tr * p.out_cols * (tn + p.context) * BYTES_OF_A_SUM
    parts = parts_that_move(p, limits, mapping, rows)
    largest = tile(p, limits, array, parts, tr, tn, tk)
    stage = largest.w + largest.a + largest.x + largest.o
    if sums > limits.accumulator_bytes or stage > limits.stage_bytes or largest.reads >= MOST_READS:
        return None
    if largest.steady >= MOST_CYCLES or largest.vector >= MOST_CYCLES:
        return None
    if mapping.order == DEPTH_INSIDE:
        if tk == p.k or p.context:
            return None
    elif tk < p.k or (mapping.order == WEIGHTS_STAY and p.context and tn < n):
        return None

    shared = p.shared_b if groups % p.shared_b == 0 else 1
    row_tiles, column_tiles, depth_tiles = pieces(rows, tr), pieces(n, tn), pieces(p.k, tk)
    runs: list[list[int]] = []
    blocks: list[list[int]] = []
    totals = [0, 0, 0]
    added: list[tuple[int, tuple[int, int, int]]] = []

    def add(count: int, t: Tile, w: bool = True, a: bool = True, vector: int = 0, complete: bool = True) -> None:
        """A run of tiles: whether they bring weights and activations, vector cycles, whether results are complete."""
        if count == 0:
            return
        brought = (w * t.w, a * t.a, complete * t.x)
        stall = sram_stall_cycles(limits.scratchpad, t.steady, t.reads, sum(brought))
        runs.append([count, *brought, t.steady + stall, vector, complete * t.o])
        added.append((count, (stall, t.load, t.reads)))

    def close(times: int) -> None:
        """The runs since the last block are repeated."""
        blocks.append([times, blocks[-1][2] if blocks else 0, len(runs)])
        for count, each in added:
            for index, value in enumerate(each):
                totals[index] += times * count * value
        added.clear()

    last = largest
    if mapping.order == WEIGHTS_STAY:
        for width, times in column_tiles:
            for number, (height, count) in enumerate(row_tiles):
                last = tile(p, limits, array, parts, height, width, tk)
                brings = 1 if number == 0 else 0
                add(brings, last, vector=last.vector)
                add(shared * count - brings, last, w=False, vector=last.vector)
            close(groups // shared * times)
    elif mapping.order == ACTIVATIONS_STAY:
        for height, times in row_tiles:
            rescale = ceil_div(height * p.out_cols * p.context * p.rescale_q20, 1 << 20)
            widths = [width for width, count in column_tiles for _ in range(count)]
            # width, whether it is the first, whether the context of a row tile is complete with it
            in_turn = [(width, i == 0, not p.context or i == len(widths) - 1) for i, width in enumerate(widths)]
            for (width, first, complete), same in groupby(in_turn):
                last = tile(p, limits, array, parts, height, width, tk)
                vector = last.vector if first else last.vector + rescale
                add(len(list(same)), last, a=first, vector=vector, complete=complete)
            close(groups * times)
    else:
        for width, across in column_tiles:
            for height, down in row_tiles:
                full, rest = depth_tiles[0], depth_tiles[-1]
                inner = full[1] - (1 if len(depth_tiles) == 1 else 0)
                add(inner, tile(p, limits, array, parts, height, width, full[0]), complete=False)
                last = tile(p, limits, array, parts, height, width, rest[0])
                add(1, last, vector=last.vector)
                close(groups * down * across)
    show_edge(runs, blocks, last.edge)
    return Laid(
        [(count, w, a, x, tensor, vector, o) for count, w, a, x, tensor, vector, o in runs],
        [(times, begin, end) for times, begin, end in blocks],
        stage,
        min(2, limits.accumulator_bytes // sums),
        *totals,
    )


def pieces(total: int, size: int) -> list[tuple[int, int]]:
    """Tiles of ``size`` and the ragged one: (size, how many)."""
    full, rest = divmod(total, size)
    return [(size, full)] + ([(rest, 1)] if rest else [])


def show_edge(runs: list[list[int]], blocks: list[list[int]], edge: int) -> None:
    """The very last tile has no successor: its wavefront drains, nothing is rounded up to where the next may begin."""
    if edge == 0:
        return
    times, first, end = blocks[-1]
    if times > 1:
        blocks[-1][0] -= 1
        blocks.append([1, end, end + end - first])
        runs += [list(run) for run in runs[first:end]]
    if runs[-1][0] > 1:
        runs[-1][0] -= 1
        runs.append([1, *runs[-1][1:]])
        blocks[-1][2] += 1
    runs[-1][4] += edge


def parts_that_move(p: Problem, limits: Limits, mapping: Mapping, rows: int) -> tuple[float, float, float]:
    """Of A, B and the extra operands, the part that comes by DMA.

    What lies in the cores' SRAM is at hand where the product is split as the operand lies; else a core has one part of
    as many as there are cores. Of a convolution's rows, the neighbours' that its windows reach into come by DMA.
    """
    all_cores = mapping.split_g * mapping.split_m * mapping.split_n == limits.cores
    by_rows = all_cores and mapping.split_g == mapping.split_n == 1
    by_columns = all_cores and mapping.split_m == 1
    by_groups = by_columns and mapping.split_n == 1
    elsewhere = 1.0 - 1.0 / limits.cores

    def part(moves: int, found: bool) -> float:
        return 1.0 if moves else 0.0 if found else elsewhere

    a = part(p.a_moves, by_rows if p.a_split == ROWS else p.a_split == COLUMNS and p.groups > 1 and by_groups)
    b = part(p.b_moves, p.b_split == COLUMNS and (by_groups if p.groups > 1 else by_columns))
    x = part(p.x_moves, by_rows if p.x_split == ROWS else p.x_split == COLUMNS and by_columns)
    halo = p.extent_rows - p.stride_rows
    if not p.a_moves and a == 0.0 and mapping.split_m > 1 and halo > 0:
        a = halo / (rows * p.stride_rows + halo)
    return a, b, x


def tile(
    p: Problem, limits: Limits, array: Array, parts: tuple[float, float, float], rows: int, n: int, k: int
) -> Tile:
    """One tile of ``rows`` row units, ``n`` columns and depth ``k``."""
    m = rows * p.out_cols
    results = m * (p.context or n)
    b_bytes, v_bytes = ceil_div(k * n * p.b_bits, 8 * p.b_scale), ceil_div(n * p.context * p.b_bits, 8)
    work = [multiply(array, limits.arrays, m, k, n, ceil_div(m * k * p.a_bits, 8), b_bytes)]
    if p.context:
        work.append(multiply(array, limits.arrays, m, n, p.context, ceil_div(m * n * p.a_bits, 8), v_bytes))
    steady, edge, load, reads = (sum(each) for each in zip(*work, strict=True))
    return Tile(
        w=int((b_bytes + v_bytes + ceil_div(n * p.column_bits * k, 8 * p.k)) * parts[1]),
        a=int(a_bytes(p, rows, k) * parts[0]),
        x=int(ceil_div(results * p.x_q16, 65536) * parts[2]),
        o=ceil_div(results * p.o_bits, 8) if p.o_moves else 0,
        vector=ceil_div(m * n * p.vector_q20, 1 << 20),
        steady=steady,
        edge=edge,
        load=load,
        reads=reads,
    )


def multiply(array: Array, arrays: int, m: int, k: int, n: int, a_size: int, b_size: int) -> tuple[int, int, int, int]:
    """Steady cycles, further cycles at the end, cycles of weight loading, and bytes read, of one product of a tile.

    Arrays work side by side on parts of the columns or of the rows, whatever is faster. What does not stay in the cells
    is read once for each fold across it.
    """
    ways = [gemm_cycles(array, m, k, ceil_div(n, arrays)), gemm_cycles(array, ceil_div(m, arrays), k, n)]
    cycles = min(ways, key=lambda way: way.steady)
    load = max(0, min(cycles.weight_load, cycles.steady - cycles.padding - cycles.useful))
    a_reads, b_reads = ceil_div(n, array.cols * arrays), 1
    if DATAFLOWS[array.dataflow] == "input_stationary":
        a_reads, b_reads = 1, ceil_div(m, array.cols * arrays)
    elif DATAFLOWS[array.dataflow] == "output_stationary":
        b_reads = ceil_div(m, array.rows)
    return cycles.steady, cycles.total - cycles.steady, load, a_size * a_reads + b_size * b_reads


def a_bytes(p: Problem, rows: int, depth: int) -> int:
    """Input bytes under ``rows`` row units: whole images, then a part of one with its halo."""
    images, rest = divmod(rows, p.out_rows)
    height = images * p.in_rows
    if rest and p.stride_rows >= p.extent_rows:
        height += min(p.in_rows, rest * p.extent_rows)
    elif rest:
        height += min(p.in_rows, (rest - 1) * p.stride_rows + p.extent_rows)
    if depth == p.k:
        return ceil_div(height * p.row_bits, 8)
    return ceil_div(ceil_div(height * p.row_bits, p.k) * depth, 8)
