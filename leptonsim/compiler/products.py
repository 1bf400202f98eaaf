"""Matrix products as tiles: the mappings that the search finds, and every core's tiles under one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from leptonsim.compiler.operands import COLUMNS, OTHERWISE, ROWS, Located, Placed
from leptonsim.compiler.plan import Plan, Tiles
from leptonsim.compiler.precision import SUM_BITS
from leptonsim.compiler.routes import SLOWNESS, Route, dram_route
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Operator, product_context
from leptonsim.errors import LeptonError
from leptonsim.kernels.plain.layout import Laid
from leptonsim.kernels.systolic import gemm_cycles
from leptonsim.kernels.tiling import ORDER_NAMES

MappingTuple = tuple[int, int, int, int, int, int, int]


@dataclass(frozen=True)
class Product:
    """One tensor operator on one chip: everything that the search has to know, ready to be looked up again.

    ``values`` are in the order of ``leptonsim.kernels.tiling.PROBLEM_FIELDS``.
    """

    target: Target
    operator: Operator
    dtype: str
    stage_bytes: int
    from_host: bool
    values: tuple[int, ...]
    a: Located
    b: Located
    extra: tuple[Located, ...]
    output: Placed
    packed: int

    @cached_property
    def key(self) -> tuple[object, ...]:
        """Equal for operators that the search need not see twice."""
        return (self.dtype, self.stage_bytes, self.from_host, self._sum_bits, self.values)

    @property
    def plan_key(self) -> tuple[object, ...]:
        """Equal for operators that may share one plan: beside the search's problem, the ways of their operands."""
        ways = tuple(each.key for each in (self.a, self.b, *self.extra))
        written = self.operator.outputs[0]
        made = (self.output.home, written.elements, written.run_elements)
        return (self.key, self.operator.matmuls, self.packed, self._is_image, ways, made)

    def candidates(self, keep: int = 1, within: float = math.inf) -> list[tuple[float, MappingTuple]]:
        """The ``keep`` fastest mappings (0: every one that fits) as (estimated picoseconds, mapping), fastest first.

        None takes longer than ``within`` times the fastest. Raises LeptonError if not even the smallest tile fits.
        """
        found: list[tuple[float, MappingTuple]] = self.target.tiler(
            self.dtype, self.stage_bytes, self.from_host, self._sum_bits
        ).search(self.values, keep, within)
        if not found:
            raise LeptonError(
                f"{self.operator.name} ({self.operator.kind}): no tile fits {self.stage_bytes} B of a core's SRAM "
                f"and its accumulators on {self.target.chip.name}; "
                "enlarge core.sram.size or core.tensor_core.accumulator_size"
            )
        return found

    def least(self, mapping: MappingTuple, ahead_ps: float) -> tuple[float, int]:
        """What no machine beats: picoseconds from when A can be loaded, B ``ahead_ps`` before; cycles of the arrays."""
        tiler = self.target.tiler(self.dtype, self.stage_bytes, self.from_host, self._sum_bits)
        found: tuple[float, int] = tiler.least(self.values, mapping, ahead_ps)
        return found

    def plan(self, mapping: MappingTuple, cost_ps: float) -> Plan:
        """Every core's tiles under a mapping, with the ways of their bytes."""
        target, product, values = self.target, self.operator.matmuls[0], self.values
        tiler = target.tiler(self.dtype, self.stage_bytes, self.from_host, self._sum_bits)
        split_g, split_m, split_n, order, tile_rows, tile_n, tile_k = mapping
        groups, shared, rows, n = values[0], values[1], values[2], values[10]
        sets = groups // shared if groups % shared == 0 else groups
        unit = shared if split_g <= sets and groups % shared == 0 else 1
        laid: dict[tuple[int, int, int], Laid] = {}
        tiles: dict[tuple[int, int, int], Tiles] = {}
        read_bytes = 0
        shares: dict[int, Tiles] = {}
        for core in range(split_g * split_m * split_n):
            share = (
                unit * _part(groups // unit, core // (split_m * split_n), split_g),
                _part(rows, core // split_n % split_m, split_m),
                _part(n, core % split_n, split_n),
            )
            if share not in laid:
                laid[share] = tiler.lay_out(values, mapping, *share)
                tiles[share] = Tiles(
                    tuple(laid[share].runs),
                    tuple(laid[share].blocks),
                    max(1, laid[share].stage_bytes),
                    laid[share].accumulators,
                )
            shares[core] = tiles[share]
            read_bytes += laid[share].read_bytes
        used = len(shares)
        split = OTHERWISE
        if used == target.cores:
            split = ROWS if split_g == split_n == 1 else COLUMNS if split_m == 1 else OTHERWISE
        busiest = max(laid, key=lambda share: share[0] * share[1] * share[2])
        b_route = (
            Route("host", receivers=split_m, engines=target.weight_engines)
            if self.from_host
            else self.b.read_route(split_m, target.weight_engines)
        )
        if self.b.place.home != "sram" and not self.b.weight and not self.from_host:
            b_route = self.b.read_route(split_m, target.weight_engines)
        a_run = None if tile_k == values[9] else tile_k * self.a.bits // 8
        a_route = self.a.read_route(split_n, target.activation_engines)
        if a_route.end == "dram" and a_run is not None:
            a_route = dram_route(False, "strided", a_run, split_n, target.activation_engines)
        o_columns = product.n if not product_context(self.operator) else product_context(self.operator)
        o_run = None if split_n == 1 and tile_n >= n else min(tile_n, o_columns) * self._o_bits // 8
        written = self.operator.outputs[0].run_elements
        if written is not None:
            o_run = min(o_run or written * self._o_bits // 8, max(1, written * self._o_bits // 8))
        o_route = None
        if self.output.home == "dram":
            o_route = dram_route(True, "sequential" if o_run is None else "strided", o_run, 1, target.store_engines)
        elif self.output.home == "shared":
            o_route = Route("shared", write=True, engines=target.store_engines)
        x_route = None
        if self.extra:
            x_route = max((each.read_route(1, target.activation_engines) for each in self.extra), key=_slowness)
        moves = [any(run[column] for each in laid.values() for run in each.runs) for column in (1, 2, 3, 6)]
        counts = self._counts(busiest, laid[busiest], read_bytes, mapping)
        moved = sum(
            times * sum(run[0] * (run[1] + run[2] + run[3]) for run in each.runs[begin:end])
            for each in shares.values()
            for times, begin, end in each.blocks
        )
        # what DMA brings is written first, what it takes away is read
        counts["sram_written_bytes"] += moved
        if moves[3]:
            counts["sram_read_bytes"] += counts["sram_written_bytes"] - moved
        return Plan(
            shares,
            split,
            f"{ORDER_NAMES[order]}; cores {split_g} x {split_m} x {split_n} (groups x rows x columns); "
            f"tile {tile_rows * values[4]} x {tile_k} x {tile_n} (m x k x n)",
            cost_ps,
            w=b_route if moves[0] else None,
            a=a_route if moves[1] else None,
            x=x_route if moves[2] else None,
            o=o_route if moves[3] else None,
            weights_wait=not self.b.weight,
            local=not moves[1] and not moves[2] and (self.b.weight or not moves[0]),
            column_parts=split_g * split_n if self._is_image else split_n,
            columns=product.groups * product.n if self._is_image else self.operator.matmuls[-1].n,
            channels_first=self._is_image,
            **counts,
        )

    @property
    def _is_image(self) -> bool:
        """Whether the result's columns are channels: a convolution's groups lie side by side."""
        return "Conv" in self.operator.kind

    @property
    def _sum_bits(self) -> int:
        return SUM_BITS[self.operator.sums] if self.operator.sums else 32

    @property
    def _o_bits(self) -> int:
        return self.values[15]

    def _counts(
        self, busiest: tuple[int, int, int], laid: Laid, read_bytes: int, mapping: MappingTuple
    ) -> dict[str, Any]:
        """Accesses to SRAM and accumulators of all cores, how the tensor cycles of the busiest one divide, and how much
        of its arrays holds no padding.

        The arrays read ``read_bytes``. The vector unit reads extra operands, writes results, and with attention writes
        the probabilities that the arrays read again.
        """
        core = self.target.chip.core.tensor_core
        array = self.target.array(self.dtype)
        groups, rows, n = busiest
        sums = useful = written = 0
        filled: list[tuple[int, float]] = []
        for number, product in enumerate(self.operator.matmuls):
            outputs = product.groups * product.m * product.n
            depth = product.k * self.packed
            # Each fold along the reduction adds to the sums of the one before; the epilogue reads them once. Where sums
            # stay in the cells, a tile leaves them there until its depth is through.
            fold = mapping[6] if core.dataflow == "output_stationary" else core.rows
            sums += outputs * self._sum_bits // 8 * 2 * math.ceil(depth / fold)
            mine = n if number == 0 else product.n
            cycles = gemm_cycles(array, rows * self.values[4], depth, mine)
            streamed = (rows * self.values[4], mapping[4] * self.values[4])
            sides = {"k": (depth, mapping[6]), "n": (mine, mapping[5] if number == 0 else mine), "m": streamed}
            down, across = _STATIONARY[core.dataflow]
            share = _filled(*sides[down], core.rows) * _filled(*sides[across], core.cols)
            filled.append((product.groups * product.m * product.k * product.n, share))
            useful += groups * cycles.useful // (self.packed * core.count)
            written += outputs * self.a.bits // 8 if number + 1 < len(self.operator.matmuls) else 0
        tensor = sum(times * sum(run[0] * run[4] for run in laid.runs[begin:end]) for times, begin, end in laid.blocks)
        written += sum(-(-operand.elements * self._o_bits // 8) for operand in self.operator.outputs[:1])
        return {
            "sram_read_bytes": read_bytes + sum(each.size_bytes for each in self.extra),
            "sram_written_bytes": written,
            "accumulator_bytes": sums,
            "tensor_cycles": tensor,
            "useful_cycles": useful,
            "sram_stall_cycles": laid.stall_cycles,
            "weight_load_cycles": laid.load_cycles,
            "cells_share": sum(macs for macs, _ in filled) / sum(macs / share for macs, share in filled),
        }


_STATIONARY = {"weight_stationary": ("k", "n"), "input_stationary": ("k", "m"), "output_stationary": ("m", "n")}
"""What lies along the rows and along the columns of an array, by its dataflow."""


def _filled(size: int, piece: int, side: int) -> float:
    """Share of an array's side that ``size`` elements fill when they come in pieces: the last fold of each has room."""
    piece = min(piece, size)
    whole, rest = divmod(size, piece)
    return size / (side * (whole * math.ceil(piece / side) + math.ceil(rest / side)))


def _part(total: int, index: int, parts: int) -> int:
    """The largest parts come first, so that the first core is the busiest."""
    return total // parts + (1 if index < total % parts else 0)


def _slowness(route: Route) -> tuple[int, Route]:
    return (SLOWNESS.get(route.end, 0), route)
