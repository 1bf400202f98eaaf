"""A program's routes as numbers at one clock: port rates, latencies, shares of links, DRAM's capacity by mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.compiler.routes import Route, pattern_of
from leptonsim.fabric.dram import AccessPattern, DramModel, start_rate
from leptonsim.fabric.noc import NocModel
from leptonsim.fabric.pcie import PcieLink

DRAM, NOC, SHARED, PCIE_IN, PCIE_OUT = range(5)
"""Links of the fabric by number."""

LINK_NAMES = ("dram", "noc", "shared_sram", "pcie_in", "pcie_out")
SHARE_ONE = 65536
MAX_LINKS = 4
"""Links of a route, in the rows that the tile kernel takes."""

_DRAM_CAUSE, _NOC_CAUSE, _PCIE_CAUSE = 4, 5, 6


def rate_of(bytes_per_s: float) -> int:
    """Bytes per second in 2^-32 byte/ps, rounded down."""
    return int(bytes_per_s * 2**32 / 10**12)


@dataclass(frozen=True, slots=True)
class Links:
    """What the tile kernel takes: a row for each route, a capacity for each link and for each set of patterns."""

    routes: npt.NDArray[np.int64]
    capacities: npt.NDArray[np.int64]
    dram_mix: npt.NDArray[np.int64]


_Way = tuple[int, int, int, list[tuple[int, float]]]
"""Port rate, latency, cause, and shares of links of one route."""


def shares_of(routes: npt.NDArray[np.int64], link: int) -> npt.NDArray[np.float64]:
    """float64 (routes,): how much of a link each byte of a route takes; ``routes`` as in ``Links``."""
    uses = routes[:, 5:9] == link
    uses &= np.arange(4) < routes[:, 4:5]
    found: npt.NDArray[np.float64] = (uses * routes[:, 9:13]).sum(axis=1) / SHARE_ONE
    return found


class Fabric:
    """The links of one chip; ``at`` gives their numbers at the clocks of cores, network and memory.

    ``dram`` is the memory at the rate at which the chip starts, ``dram_mix`` its capacities by the access patterns in
    flight. ``like`` is a fabric of the same chip for other routes: what is known of it serves this one, too.
    """

    def __init__(self, chip: Chip, routes: Sequence[Route], like: Fabric | None = None) -> None:
        self.chip = chip
        self.routes = tuple(routes)
        self.pcie: PcieLink = PcieLink(chip.pcie) if like is None else like.pcie
        self._models: dict[int, DramModel] = {} if like is None else like._models
        self._ways: dict[tuple[Route, int, int, int], _Way] = {} if like is None else like._ways
        self._mixes: dict[tuple[int, tuple[AccessPattern, ...]], tuple[int, ...]] = {} if like is None else like._mixes
        keys = sorted({pattern_of(route) for route in routes if route.end in ("dram", "copy")})
        self._bit = {key: 1 << index for index, key in enumerate(keys)}
        self.patterns = tuple(AccessPattern(access, run, write) for access, run, write in keys)
        self.start_rate = start_rate(chip)
        self.dram = self.dram_at(self.start_rate)
        self.dram_mix = self.mix_at(self.start_rate)

    def dram_at(self, data_rate: int) -> DramModel:
        """The memory at a data rate."""
        if data_rate not in self._models:
            self._models[data_rate] = DramModel(self.chip.dram, data_rate)
        return self._models[data_rate]

    def mix_at(self, data_rate: int) -> tuple[int, ...]:
        """Capacities by access patterns in flight at a data rate, as the burst-level kernel measures them."""
        key = data_rate, self.patterns
        if key not in self._mixes:
            model = self.dram_at(data_rate)
            self._mixes[key] = tuple(
                rate_of(model.peak_bytes_per_s * model.efficiency(self.mix(mask)))
                for mask in range(1 << len(self.patterns))
            )
        return self._mixes[key]

    def mix(self, mask: int) -> tuple[AccessPattern, ...]:
        """The access patterns of a set, given as bits."""
        return tuple(pattern for index, pattern in enumerate(self.patterns) if mask >> index & 1)

    def bit(self, route: Route) -> int:
        """The bit of a route's access pattern, 0 when it does not touch DRAM."""
        return self._bit[pattern_of(route)] if route.end in ("dram", "copy") else 0

    def at(self, core_hz: int, uncore_hz: int | None = None, data_rate: int | None = None) -> Links:
        """Everything at a core clock of ``core_hz``; the other clocks are those of the start unless given.

        Where the network has a clock of its own, the bandwidth of shared SRAM is stated at the highest of that.
        """
        chip, uncore = self.chip, self.chip.power.uncore
        noc_hz = core_hz if uncore is None else uncore_hz or uncore.start.clock_hz
        noc = NocModel(chip.noc, chip.cores, noc_hz)
        data_rate = data_rate or self.start_rate
        dram = self.dram_at(data_rate)
        shared = chip.shared_sram.bandwidth_bytes_per_s if chip.shared_sram else chip.noc.link_bytes_per_cycle * core_hz
        if chip.shared_sram and uncore is not None:
            shared = shared * noc_hz // uncore.highest_hz
        capacities = [
            dram.peak_bytes_per_s,
            noc.capacity_bytes_per_s / noc.hops,
            shared,
            self.pcie.read_bytes_per_s,
            self.pcie.write_bytes_per_s,
        ]
        rows = []
        for route in self.routes:
            key = route, core_hz, noc_hz, data_rate
            way = self._ways.get(key)
            if way is None:
                way = self._ways[key] = self._way(route, noc, dram, core_hz)
            port, latency, kind, links = way
            empty = [0] * (MAX_LINKS - len(links))
            shares = [max(1, round(share * SHARE_ONE)) for _, share in links]
            rows.append(
                [
                    port,
                    latency,
                    self.bit(route),
                    kind,
                    len(links),
                    *(link for link, _ in links),
                    *empty,
                    *shares,
                    *empty,
                ]
            )
        return Links(
            np.array(rows, dtype=np.int64),
            np.array([rate_of(each) for each in capacities], dtype=np.int64),
            np.array(self.dram_mix if data_rate == self.start_rate else self.mix_at(data_rate), dtype=np.int64),
        )

    def _way(self, route: Route, noc: NocModel, dram: DramModel, core_hz: int) -> _Way:
        chip, dma = self.chip, self.chip.core.dma
        port = dma.port_bytes_per_cycle * core_hz * route.engines
        part = 1 / route.receivers
        if route.end == "local":
            sram = chip.core.sram
            return rate_of(min(sram.read_bytes_per_cycle, sram.write_bytes_per_cycle) * core_hz), 0, _NOC_CAUSE, []
        if route.end == "copy":
            if route.write:
                return (
                    rate_of(self.pcie.copy_bytes_per_s("h2d")),
                    self.pcie.copy_latency_ps("h2d"),
                    _PCIE_CAUSE,
                    [(DRAM, 1.0), (PCIE_IN, 1.0)],
                )
            return (
                rate_of(self.pcie.copy_bytes_per_s("d2h")),
                self.pcie.copy_latency_ps("d2h"),
                _PCIE_CAUSE,
                [(DRAM, 1.0), (PCIE_OUT, 1.0)],
            )
        # The network's capacity is counted in average ways. What every receiver needs goes over the ring or mesh once
        # past each of them: one hop.
        way = 1.0 / noc.hops if route.receivers > 1 else 1.0
        beyond_ps = {
            "cores": 0,
            "shared": chip.shared_sram.latency_ps if chip.shared_sram else 0,
            "host": self.pcie.latency_ps("d2h" if route.write else "h2d"),
            "dram": dram.latency_ps,
        }
        latency = beyond_ps[route.end] + noc.latency_ps
        in_flight = dma.outstanding * dma.access_bytes * 10**12 * route.engines / max(1, latency)
        # Alone, a job is held by the slowest thing on its way; only what others take from it is contention.
        pcie = self.pcie.write_bytes_per_s if route.write else self.pcie.read_bytes_per_s
        slowest = {"host": pcie, "dram": dram.peak_bytes_per_s}.get(route.end)
        alone = in_flight if slowest is None else slowest * route.receivers
        rate = rate_of(min(port, in_flight, alone))
        if route.end == "cores":
            return rate, latency, _NOC_CAUSE, [(NOC, way)]
        if route.end == "shared":
            return rate, latency, _NOC_CAUSE, [(SHARED, part), (NOC, way)]
        if route.end == "host":
            link = PCIE_OUT if route.write else PCIE_IN
            return rate, latency + route.wait_ps, _PCIE_CAUSE, [(link, part), (NOC, way)]
        return rate, latency, _DRAM_CAUSE, [(DRAM, part), (NOC, way)]
