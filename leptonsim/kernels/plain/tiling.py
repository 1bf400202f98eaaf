"""The tiling search: how one matrix product is cut into tiles, over which cores, in which order.

A mapping says how groups, rows and columns are split over the cores, the loop order (see ``layout``), and the tile's
rows, columns and depth. Candidates are all divisions of the cores (or of a part of them, where the product is too small
to divide), with tiles that are equal parts of a core's share in whole folds of the array. Each is laid out as runs of
equal tiles, the same ones that the machine will execute, and timed by a recurrence over the machine's engines at fixed
rates: DMA queues, a DRAM that serves one core's share of loads and of stores in order, tensor, vector, store, and
staging space granted in tile order. The first weights are loaded while the step before computes, and all together take
at least the work of each engine and of DRAM.

The recurrence stands in for the tile kernel (leptonsim.kernels.tiles), which has the last word on time. Not modelled
here: the load of the steps before and after, the mix of access patterns, networks and shared SRAM.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence

from leptonsim.kernels.plain.layout import (
    ACTIVATIONS_STAY,
    DEPTH_INSIDE,
    PROBLEM_FIELDS,
    Laid,
    Limits,
    Mapping,
    Problem,
    lay_out,
)
from leptonsim.kernels.plain.least_time import Rates, least_time
from leptonsim.kernels.plain.sram_conflicts import Scratchpad, ceil_div
from leptonsim.kernels.plain.systolic_array import DATAFLOWS, Array
from leptonsim.kernels.plain.tile_sizes import divisors, sizes

__all__ = ["ORDER_NAMES", "PROBLEM_FIELDS", "Tiler"]

ORDER_NAMES = ("weights stay", "activations stay", "depth inside")
TILES_IN_FLIGHT = 64
"""Tiles that may hold staging space at once."""

TIE = 1 / 64
"""Share of its own time, and of what it brings and leaves for others to bring, that a mapping pays where other work
binds it: less is better."""

EXPOSED = 1 / 64
"""Part of the first load of weights that shows: how long the step before lasts is not known here (estimate)."""

PIECES = 1.2
"""What activates and turns of the bus add to pieces shorter than a stream: 1.1 to 1.3 by the burst-level kernel."""

DEEP_FOLDS = 8
"""Depth in folds from which cutting it is tried even where it need not be cut."""


class Tiler:
    """The search for one chip, data type and amount of staging space; arguments as of the compiled kernel."""

    def __init__(
        self,
        array: Array,
        scratchpad: Scratchpad,
        *,
        cores: int,
        arrays: int,
        accumulator_bytes: int,
        stage_bytes: int,
        core_khz: int,
        setup_ps: int,
        latency_ps: int,
        port_bytes_per_s: tuple[float, float, float],
        dram_bytes_per_s: float,
        host_bytes_per_s: float,
        dram_access_bytes: int,
        one_queue: bool,
    ) -> None:
        self.array = array
        self.limits = Limits(cores, arrays, accumulator_bytes, min(stage_bytes, 1 << 29), scratchpad)
        self.cycle_ps = 1e9 / core_khz
        self.setup_ps = setup_ps
        self.latency_ps = latency_ps
        self.port_ps = dict(zip("wao", (1e12 / rate for rate in port_bytes_per_s), strict=True))
        self.dram_ps = 1e12 / dram_bytes_per_s
        self.host_ps = 1e12 / host_bytes_per_s if host_bytes_per_s > 0 else 0.0
        self.dram_access_bytes = dram_access_bytes
        self.one_queue = one_queue

    def search(
        self, values: Sequence[int], keep: int = 1, within: float = math.inf
    ) -> list[tuple[float, tuple[int, ...]]]:
        """The ``keep`` fastest mappings of a problem (0: every candidate), as (picoseconds, mapping), fastest first.

        None takes longer than ``within`` times the fastest. Sizes below one fold of the array are tried only where
        nothing else fits.
        """
        p = Problem(*values)
        found: list[tuple[float, tuple[int, ...]]] = []
        for fine in (False, True):
            if not found:
                for mapping, share in self._candidates(p, fine):
                    laid = lay_out(p, self.limits, self.array, mapping, *share)
                    if laid is not None:
                        found.append((self.time_of(p, mapping, laid), tuple(mapping)))
        found.sort()
        found = [each for each in found if each[0] <= within * found[0][0]]
        return found if keep == 0 else found[:keep]

    def lay_out(self, values: Sequence[int], mapping: Sequence[int], groups: int, rows: int, n: int) -> Laid:
        """The tiles of a core's share under a mapping. Raises ValueError if the mapping does not fit."""
        laid = lay_out(Problem(*values), self.limits, self.array, Mapping(*mapping), groups, rows, n)
        if laid is None:
            raise ValueError(f"lay_out: the mapping {tuple(mapping)} does not fit")
        return laid

    def least(self, values: Sequence[int], mapping: Sequence[int], ahead_ps: float = 0) -> tuple[float, int]:
        """What no machine beats on the core with the most to do (see ``least_time``), and cycles of its arrays."""
        p, m = Problem(*values), Mapping(*mapping)
        laid = lay_out(p, self.limits, self.array, m, *self._largest_share(p, m.split_g, m.split_m, m.split_n))
        if laid is None:
            raise ValueError(f"least: the mapping {tuple(mapping)} does not fit")
        ports = (self.port_ps["w"], self.port_ps["a"], self.port_ps["o"])
        rates = Rates(self.cycle_ps, self.setup_ps, self.latency_ps, *ports, self.host_ps > 0)
        return least_time(p, rates, laid, ahead_ps), totals(laid)[3]

    def _largest_share(self, p: Problem, g: int, m: int, n: int) -> tuple[int, int, int]:
        """Groups, row units and columns of the core that has most of them."""
        units = p.groups // p.shared_b if p.groups % p.shared_b == 0 else p.groups
        groups = ceil_div(units, g) * p.shared_b if g <= units else ceil_div(p.groups, g)
        return groups, ceil_div(p.rows, m), ceil_div(p.n, n)

    def _candidates(self, p: Problem, fine: bool) -> Iterator[tuple[Mapping, tuple[int, int, int]]]:
        """Every mapping with the largest core's groups, row units and columns."""
        units = p.groups // p.shared_b if p.groups % p.shared_b == 0 else p.groups
        for g, m, n in self._splits(p, units):
            share = self._largest_share(p, g, m, n)
            for tile_rows in sizes(share[1], self._row_unit(p), fine or self._row_unit(p) > 1):
                if p.out_rows < tile_rows:
                    tile_rows -= tile_rows % p.out_rows
                for tile_n in sizes(share[2], self.array.cols, fine):
                    roomy = False
                    for number, tile_k in enumerate(sizes(p.k, self.array.rows, fine)):
                        for order in (DEPTH_INSIDE,) if number else (0, ACTIVATIONS_STAY):
                            activations_come_once = tile_n == share[2] or (tile_rows == share[1] and not p.a_moves)
                            if order == ACTIVATIONS_STAY and not p.context and activations_come_once:
                                continue
                            mapping = Mapping(g, m, n, order, tile_rows, tile_n, tile_k)
                            laid = lay_out(p, self.limits, self.array, mapping, *share)
                            roomy = roomy or (laid is not None and laid.stage_bytes <= self.limits.stage_bytes // 2)
                            yield mapping, share
                        if number == 0 and roomy and ceil_div(p.k, self.array.rows) < DEEP_FOLDS:
                            break

    def _splits(self, p: Problem, units: int) -> Iterator[tuple[int, int, int]]:
        """Divisions of the cores, or of a part of them, over groups, rows and columns."""
        for used in reversed(divisors(self.limits.cores)):
            for g in divisors(used):
                for m in divisors(used // g):
                    n = used // g // m
                    if g > p.groups or (g > units and p.groups % g) or m > p.rows:
                        continue
                    if n > ceil_div(p.n, self.array.cols) or (p.context and n > 1):
                        continue
                    yield g, m, n

    def _row_unit(self, p: Problem) -> int:
        """Row units that make one fold of the array, where it holds rows."""
        held = {"weight_stationary": 1, "input_stationary": self.array.cols, "output_stationary": self.array.rows}
        return held[DATAFLOWS[self.array.dataflow]] if p.out_cols == 1 else 1

    def time_of(self, p: Problem, mapping: Mapping, laid: Laid) -> float:
        """Picoseconds of the tiles of one core while all cores do the same."""
        cores = mapping.split_g * mapping.split_m * mapping.split_n
        whole_a, whole_o = self._wasted(p, mapping)
        share_w = (self.host_ps or self.dram_ps) * cores / mapping.split_m if p.b_dram else 0.0
        share_a = self.dram_ps * cores / mapping.split_n * whole_a if p.a_dram else 0.0
        share_x = self.dram_ps * cores if p.x_dram else 0.0
        share_o = self.dram_ps * cores * whole_o if p.o_dram else 0.0
        free = {"w": 0.0, "a": 0.0}
        queue = {"w": "w", "a": "w" if self.one_queue else "a"}
        tensor = vector = store = grant = 0.0
        dram = {"in": 0.0, "out": 0.0, "host": 0.0}
        way_of = {"w": "host" if self.host_ps else "in", "a": "in", "o": "out"}
        ahead, exposed = not p.b_waits, 0.0
        done = [0.0, 0.0]
        held: deque[tuple[float, list[int]]] = deque()
        used = held_w = held_a = 0

        def transfer(begin: float, size: int, share: float, engine: str) -> float:
            """When a job's last byte is there: at the port's rate, after DRAM has served what came before."""
            end = begin + size * self.port_ps[engine]
            way = way_of[engine]
            if share > 0:
                dram[way] = max(dram[way], begin) + size * share
                end = max(end, dram[way])
            return end

        def load(engine: str, size: int, share: float) -> float:
            """The same of a load, whose requests go out as soon as there is room."""
            name = queue[engine]
            begin = max(free[name], grant + self.latency_ps) + self.setup_ps
            free[name] = transfer(begin, size, share, engine)
            return free[name]

        for times, first, end in laid.blocks:
            tiles = [run for run in laid.runs[first:end] for _ in range(run[0])]
            for _, w, a, x, tensor_cycles, vector_cycles, o in tiles * times:
                # What stays in SRAM goes when its successor comes.
                if w and held:
                    held[-1][1][0] += held_w
                    held_w = 0
                if a and held:
                    held[-1][1][0] += held_a
                    held_a = 0
                while held and (used + w + a + x + o > self.limits.stage_bytes or len(held) == TILES_IN_FLIGHT):
                    at, size = held.popleft()
                    grant = max(grant, at)
                    used -= size[0]
                used += w + a + x + o
                ready = grant
                if w and ahead:
                    # Weights need not wait for anything: the first are there when the activations come, or nearly.
                    ahead = False
                    exposed = self.setup_ps + self.latency_ps + w * max(self.port_ps["w"], share_w)
                elif w:
                    ready = load("w", w, share_w)
                if a:
                    ready = max(ready, load("a", a, share_a))
                if tensor_cycles:
                    tensor = (
                        max(ready, tensor, done[0 if laid.accumulators == 2 else 1]) + tensor_cycles * self.cycle_ps
                    )
                    ready = tensor
                if x:
                    ready = max(ready, load("a", x, share_x))
                ready = max(ready, vector)
                if vector_cycles:
                    vector = ready = ready + vector_cycles * self.cycle_ps
                done = [done[1], ready]
                if o:
                    store = ready = transfer(max(store, ready) + self.setup_ps, o, share_o, "o")
                held_w += w
                held_a += a
                held.append((ready, [x + o]))
        finish = max(store, vector, tensor)
        w, a, x = totals(laid)[:3]
        brought = w * self.port_ps["w"] + (a + x) * self.port_ps["a"]
        brought += self._scattered_ps(p, mapping)
        return max(finish, self.bound_of(p, mapping, laid)) + (finish + brought) * TIE + exposed * EXPOSED

    def _scattered_ps(self, p: Problem, mapping: Mapping) -> float:
        """What readers will bring: a core's share of a result of which the cores have neither ranges of rows nor of
        columns, so that none finds its part where it works.
        """
        cores = mapping.split_g * mapping.split_m * mapping.split_n
        in_order = cores == self.limits.cores and mapping.split_m in (1, cores)
        if p.o_moves or self.limits.cores == 1 or in_order:
            return 0.0
        return p.groups * p.rows * p.out_cols * (p.context or p.n) * p.o_bits / 8 / cores * self.port_ps["a"]

    def bound_of(self, p: Problem, mapping: Mapping, laid: Laid) -> float:
        """Picoseconds that no order of these tiles can beat: the work of DRAM, of each queue and engine."""
        cores = mapping.split_g * mapping.split_m * mapping.split_n
        w, a, x, tensor, vector, o = totals(laid)
        whole_a, whole_o = self._wasted(p, mapping)
        dram = p.a_dram * a * cores / mapping.split_n * whole_a + p.x_dram * x * cores + p.o_dram * o * cores * whole_o
        weights = p.b_dram * w * cores / mapping.split_m
        linked = weights * self.host_ps
        if not self.host_ps:
            dram += weights
        ports = (w * self.port_ps["w"], (a + x) * self.port_ps["a"])
        queued = sum(ports) if self.one_queue else max(ports)
        stored = o * self.port_ps["o"]
        return max(dram * self.dram_ps, linked, queued, stored, tensor * self.cycle_ps, vector * self.cycle_ps)

    def _wasted(self, p: Problem, mapping: Mapping) -> tuple[float, float]:
        """Bytes that DRAM moves for each byte of A, whose rows may be cut along the depth, and of the results."""
        a = o = 1.0
        if mapping.tile_k < p.k:
            a = waste(mapping.tile_k * p.a_bits // 8, self.dram_access_bytes)
        if mapping.split_n > 1 or mapping.tile_n < p.n:
            o = waste(min(mapping.tile_n, p.context or p.n) * p.o_bits // 8, self.dram_access_bytes)
        return a, o


def totals(laid: Laid) -> list[int]:
    """Bytes of weights, activations and extra operands, tensor and vector cycles, output bytes of all tiles."""
    return [
        sum(times * run[0] * run[column] for times, first, end in laid.blocks for run in laid.runs[first:end])
        for column in range(1, 7)
    ]


def waste(run_bytes: int, access_bytes: int) -> float:
    """Bytes that DRAM moves for each byte of pieces this long; as routes have it, a power of two from 16 B to 4 KiB."""
    piece = 1 << min(12, max(4, run_bytes.bit_length() - 1))
    return PIECES * ceil_div(piece, access_bytes) * access_bytes / piece
