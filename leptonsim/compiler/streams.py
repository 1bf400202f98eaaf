"""Vector and DMA operators as tiles: bytes in, vector cycles, bytes out, in equal pieces over all cores.

The number of tiles balances set-up times against the part of the work that cannot overlap: the first load and the last
store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leptonsim.compiler.exchange import divided_between, exchanged_bytes
from leptonsim.compiler.operands import OTHERWISE, ROWS, Located, Placed
from leptonsim.compiler.plan import Plan, Run, Tiles
from leptonsim.compiler.routes import SLOWNESS, Route, dram_route
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Along

MAX_TILE_BYTES = 1 << 28
"""Bytes of one DMA job stay below what the tile kernel can count (2^30)."""


@dataclass(frozen=True, slots=True)
class _Flow:
    """One stream of a core's share: its bytes and its way, None when it does not move."""

    size_bytes: int
    route: Route | None


def plan_stream(
    target: Target, vector: Mapping[str, int], inputs: Sequence[Located], output: Placed, out_bytes: int,
    write_run_bytes: int | None, stage_bytes: int, along: Along | None = None,
) -> Plan:  # fmt: skip
    """A vector operator (``vector`` operations) or, without operations, a DMA operator: inputs to output.

    ``along`` names the axes of the largest input that it works along.
    """
    cores = target.cores
    main = max(inputs, key=lambda each: each.size_bytes, default=None)
    split = main.place.split if main is not None and main.place.home == "sram" else ROWS
    moves_only = not vector
    parts = 1 if along is None or main is None else divided_between(along, main.place, cores)
    a, x = _gather(target, inputs, split, moves_only, parts)
    if parts > 1 and along is not None and main is not None and along.numbers:
        a, x = _with_partials(target, a, x, exchanged_bytes(along, main.place, cores))
    if output.home == "dram":
        o = _Flow(
            out_bytes,
            dram_route(
                True, "sequential" if write_run_bytes is None else "strided", write_run_bytes, 1, target.store_engines
            ),
        )
    elif output.home in ("shared", "host"):
        o = _Flow(out_bytes, Route(output.home, write=True, engines=target.store_engines))
    else:
        o = _Flow(out_bytes, Route("local", write=True, engines=target.store_engines) if moves_only else None)
    unit, sram = target.chip.core.vector_unit, target.chip.core.sram
    in_bytes = sum(each.size_bytes for each in inputs)
    cycles = 0.0
    if vector:
        cycles = max(
            target.vector_cycles(vector),
            in_bytes / sram.read_bytes_per_cycle,
            out_bytes / sram.write_bytes_per_cycle,
            1 / unit.lanes,
        )
    moved = [flow for flow in (a, x, o) if flow.route is not None]
    pieces = _pieces(target, moved, cycles / cores, stage_bytes)
    shares = {}
    for core in range(cores):
        tiles = _tiles(
            pieces, cycles / cores, stage_bytes,
            _part(a.size_bytes, core, cores) if a.route else 0,
            _part(x.size_bytes, core, cores) if x.route else 0,
            _part(o.size_bytes, core, cores) if o.route else 0,
        )  # fmt: skip
        if tiles is not None:
            shares[core] = tiles
    largest = max((tiles.stage_bytes for tiles in shares.values()), default=0)
    lies_on = main is not None and main.place.home == "sram" and split != OTHERWISE and not (moves_only and parts > 1)
    return Plan(
        shares,
        split if lies_on else ROWS,
        f"{pieces} tiles on each of {len(shares)} cores, {largest} B staged",
        _time(target, pieces, moved, cycles / cores),
        a=a.route,
        x=x.route,
        o=o.route,
        local=all(_is_local(each, split) for each in inputs) and not moves_only and parts == 1,
        column_parts=main.place.column_parts if lies_on and main is not None else 1,
        columns=main.place.columns if lies_on and main is not None else 1,
        channels_first=main.place.channels_first if lies_on and main is not None else False,
        sram_read_bytes=in_bytes + (out_bytes if o.route else 0),
        sram_written_bytes=out_bytes + sum(flow.size_bytes for flow in (a, x) if flow.route is not None),
    )


def _is_local(each: Located, split: int) -> bool:
    return each.place.home == "sram" and each.place.split == split != OTHERWISE


def _with_partials(target: Target, a: _Flow, x: _Flow, size_bytes: int) -> tuple[_Flow, _Flow]:
    """Partial results from the other cores beside what is loaded anyway."""
    route = Route("cores", engines=target.activation_engines)
    if a.route is None:
        return _Flow(size_bytes, route), x
    slower = x.route is not None and SLOWNESS.get(x.route.end, 0) > SLOWNESS["cores"]
    return a, _Flow(x.size_bytes + size_bytes, x.route if slower else route)


def _gather(target: Target, inputs: Sequence[Located], split: int, moves_only: bool, parts: int) -> tuple[_Flow, _Flow]:
    """The inputs as at most two flows: the largest way first, then all others along the slowest of their ways.

    Of what is only moved in SRAM, all but one of so many ``parts`` comes from other cores.
    """
    ways: dict[Route, int] = {}
    for each in inputs:
        if each.place.home == "sram":
            if moves_only:
                crossing = each.size_bytes * (parts - 1) // parts
                across = Route("cores", engines=target.activation_engines)
                ways[across] = ways.get(across, 0) + crossing
                route, size = Route("local", engines=target.activation_engines), each.size_bytes - crossing
            elif _is_local(each, split) or target.cores == 1:
                continue
            else:
                route = each.read_route(1, target.activation_engines)
                size = each.size_bytes * (target.cores - 1) // target.cores
        else:
            route, size = each.read_route(1, target.activation_engines), each.size_bytes
        ways[route] = ways.get(route, 0) + size
    ranked = sorted(((size, route) for route, size in ways.items() if size), reverse=True)
    if not ranked:
        return _Flow(0, None), _Flow(0, None)
    first = _Flow(ranked[0][0], ranked[0][1])
    if len(ranked) == 1:
        return first, _Flow(0, None)
    slowest = max((route for _, route in ranked[1:]), key=lambda route: (SLOWNESS.get(route.end, 0), route))
    return first, _Flow(sum(size for size, _ in ranked[1:]), slowest)


def _part(total: int, core: int, cores: int) -> int:
    return total * (core + 1) // cores - total * core // cores


def _pieces(target: Target, moved: Sequence[_Flow], cycles: float, stage_bytes: int) -> int:
    share = sum(-(-flow.size_bytes // target.cores) for flow in moved)
    least = max(1, -(-2 * share // stage_bytes), -(-share // MAX_TILE_BYTES), int(cycles) >> 29)
    choices = [least * factor for factor in (1, 2, 4, 8, 16, 32)] if moved else [least]
    return min(choices, key=lambda pieces: (_time(target, pieces, moved, cycles), pieces))


def _time(target: Target, pieces: int, moved: Sequence[_Flow], cycles: float) -> float:
    """Picoseconds of one core's share in so many tiles: the first passes alone, then the slowest stage repeats."""
    cycle_ps = 1e12 / target.chip.clocks.core_hz
    stages = [cycles * cycle_ps / pieces]
    for flow in moved:
        assert flow.route is not None
        rate = target.port_bytes_per_s * flow.route.engines
        if flow.route.end == "dram":
            rate = min(rate, target.stream_bytes_per_s / target.cores)
        stages.append(target.chip.core.dma.setup_ps + flow.size_bytes / target.cores / pieces / rate * 1e12)
    return sum(stages) + (pieces - 1) * max(stages)


def _tiles(pieces: int, cycles: float, stage_bytes: int, a: int, x: int, o: int) -> Tiles | None:
    """``pieces`` tiles that move exactly the bytes given; None when there is nothing to do."""
    total_cycles = -int(-cycles // 1)
    if not (a or x or o or total_cycles):
        return None
    runs: list[Run] = []
    each = tuple(total // pieces for total in (a, x, total_cycles, o))
    if pieces > 1:
        runs.append((pieces - 1, 0, each[0], each[1], 0, each[2], each[3]))
    last = tuple(total - (pieces - 1) * part for total, part in zip((a, x, total_cycles, o), each, strict=True))
    runs.append((1, 0, last[0], last[1], 0, last[2], last[3]))
    return Tiles(
        tuple(runs), ((1, 0, len(runs)),), max(max(run[2] for run in runs) + max(run[3] + run[6] for run in runs), 1)
    )
