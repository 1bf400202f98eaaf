"""What no machine beats: a lower bound of the time of one core's tiles, however the links are shared.

A tile is loaded, multiplied, post-processed and stored, and each engine takes tiles in order. So from the instant on at
which activations can be loaded, the core is not done before

    the first tile's loads + all products + the last tile's vector work and store,
    the first tile's loads and product + all vector work + the last store,
    the first tile's loads, product and vector work + all stores,
    all loads of a kind + the last tile's product (extra operands: without it), vector work and store.

Transfers take what DMA engines alone would: a set-up each, and, where DRAM is at the other end, its latency once and
the bytes at the rate of the ports. Elsewhere the rate is not known here and left out. Weights that need not wait can be
loaded ahead of the activations. Sharing, staging space and sleeping blocks only add to this.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.kernels.plain.layout import Laid, Problem


@dataclass(frozen=True)
class Rates:
    """Picoseconds: of a core's cycle, a set-up, DRAM's first byte, and a byte through each kind of DMA engine."""

    cycle_ps: float
    setup_ps: float
    latency_ps: float
    w_port_ps: float
    a_port_ps: float
    o_port_ps: float
    weights_from_host: bool

    def jobs(self, in_dram: bool, sizes: list[int], port_ps: float) -> float:
        """Picoseconds of transfers in a row."""
        moved = [size for size in sizes if size]
        if not moved:
            return 0.0
        return len(moved) * self.setup_ps + (self.latency_ps + sum(moved) * port_ps if in_dram else 0)


def least_time(p: Problem, rates: Rates, laid: Laid, ahead_ps: float) -> float:
    """Picoseconds from when activations can be loaded, weights ``ahead_ps`` before."""
    tiles = [
        run
        for times, first, end in laid.blocks
        for _ in range(times)
        for run in laid.runs[first:end]
        for _ in range(run[0])
    ]
    w, a, x, tensor, vector, o = ([tile[column] for tile in tiles] for column in range(1, 7))
    w_dram = bool(p.b_dram) and not rates.weights_from_host
    a_dram, x_dram, o_dram = bool(p.a_dram), bool(p.x_dram), bool(p.o_dram)
    cycle = rates.cycle_ps
    begin = max(rates.jobs(a_dram, a[:1], rates.a_port_ps), rates.jobs(w_dram, w[:1], rates.w_port_ps) - ahead_ps)
    stored = rates.jobs(o_dram, o[-1:], rates.o_port_ps)
    first, last = begin + tensor[0] * cycle, vector[-1] * cycle + stored
    return max(
        begin + sum(tensor) * cycle + last,
        first + sum(vector) * cycle + stored,
        first + vector[0] * cycle + rates.jobs(o_dram, o, rates.o_port_ps),
        rates.jobs(a_dram, a, rates.a_port_ps) + tensor[-1] * cycle + last,
        rates.jobs(x_dram, x, rates.a_port_ps) + last,
        rates.jobs(w_dram, w, rates.w_port_ps) - ahead_ps + tensor[-1] * cycle + last,
    )
