"""Power in time: samples, governor, changes of operating point, heat and throttling, and the energy of all of it.

Every interval the control asks the tile kernel how far each operator has come, works out the energy of what happened,
follows the temperature of the die and lets the governor choose. A new operating point takes effect on work in flight:
the kernel re-times it. The way there takes the time of ``clocks.change``, at the lower clock and the higher voltage.
Where the die reaches its throttling temperature the control lowers the highest point allowed by one at each sample, and
raises it by one at each sample below that less the hysteresis.

Dynamic energy is kept as integers: cycles and bytes of each operator by the voltage at which they were done. All power,
that of the memory too, is taken to flow through the die, as under the one sink of a card.

Not modelled: the energy that the governor's own software takes, and domains of their own for SRAM and network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.kernels.meter import read_meter
from leptonsim.kernels.tiles import WORK_FIELDS, TileMachine
from leptonsim.machine.clocks import Change, OperatingPoint, change, operating_points, start_of
from leptonsim.machine.energy import DYNAMIC, energy_model
from leptonsim.machine.governors import Measured, Sample, Setting, make_governor
from leptonsim.machine.idling import Idling
from leptonsim.machine.links import Fabric, Links
from leptonsim.machine.resting import RestEnergy, Sleep
from leptonsim.machine.spending import ON_DIE, Spending, padded_cells, resting_energy, spending
from leptonsim.machine.thermal import ThermalModel, leakage_factor

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def is_governed(chip: Chip) -> bool:
    """Whether anything about the chip's power changes in time; where nothing does the machine takes no samples."""
    return chip.power.governor.partition(":")[0] != "fixed" or (chip.power.heat and chip.power.thermal is not None)


class Segment(NamedTuple):
    """Time at one clock and voltage: watts by component (``COMPONENTS``), die temperature at its end."""

    from_ps: int
    to_ps: int
    core_hz: int
    voltage_v: float
    die_c: float | None
    power_w: tuple[float, ...]


@dataclass(frozen=True)
class PowerRecord:
    """What the control saw. ``residency_ps`` is time by operating point, on the way between points under ``change``.

    ``work`` is what was done at each voltage, int64 (operators + 1, columns); ``resting`` has the energy of blocks at
    rest, with that of changes of state as static energy of what is no block; ``sleep`` is over ``segments``.
    """

    governor: str
    segments: tuple[Segment, ...]
    work: dict[float, Integers]
    spending: Spending
    resting: RestEnergy
    sleep: Sleep
    residency_ps: dict[str, int]
    changes: int
    samples: int
    throttled_ps: int
    steady_c: float | None

    def energy_pj(self, runs: int) -> dict[str, float]:
        """Energy of ``runs`` runs of the program by component, each an exact sum over voltages."""
        parts = [self.spending.energy_pj(work, voltage) for voltage, work in sorted(self.work.items())]
        voltage = max(self.work, default=self.spending.voltage_v)
        rest = dict(zip(DYNAMIC, (self.spending.idle_pj * self.spending.scale(voltage) * runs).tolist(), strict=True))
        dynamic = {name: math.fsum([part[name] for part in parts] + [rest[name]]) for name in DYNAMIC}
        return {**dynamic, **{name: math.fsum(blocks) for name, blocks in self.resting.parts.items()}}

    def operators_pj(self, runs: int) -> list[dict[str, float]]:
        """Dynamic energy of one of ``runs`` runs by operator and component: their mean."""
        parts = [self.spending.operators_pj(work, voltage) for voltage, work in sorted(self.work.items())]
        rows = (np.sum(parts, axis=0) / runs).tolist()[:-1]
        return [dict(zip(DYNAMIC, row, strict=True)) for row in rows]


class PowerControl:
    """The control of one machine. ``next_ps`` is when it wants to act next; ``act`` is called then, at no other time.

    ``busy`` tells until an instant how long requests were being worked on, and whether one is.
    """

    def __init__(
        self, program: Program, fabric: Fabric, tiles: TileMachine, busy: Callable[[int], tuple[int, bool]]
    ) -> None:
        chip = program.chip
        model = energy_model(chip)
        self._chip, self._fabric, self._tiles, self._busy = chip, fabric, tiles, busy
        self._points = operating_points(chip, model.table.voltage_v)
        self._spending = spending(program, model)
        self._pj = self._spending.rows
        if model.resting.is_partial:  # a last column counts cycles of array cells with padding
            self._pj = np.ascontiguousarray(np.dstack([self._pj, padded_cells(program)]))
        self._energy_pj, self._done = np.zeros(self._pj.shape[2]), np.zeros(len(WORK_FIELDS), dtype=np.int64)
        self._idling = Idling(program, model.resting, tiles)
        self._power = model.resting.power
        self._scales = {point.voltage_v: self._spending.scale(point.voltage_v) for point in self._points}
        self._links: dict[int, Links] = {}
        self._thermal = ThermalModel(chip.power.thermal) if chip.power.thermal is not None else None
        self._heat = self._thermal.start() if self._thermal is not None else None
        setting = Setting(
            chip=chip,
            points=self._points,
            start=start_of(chip, self._points),
            most_w=self._most_w(),
            static_w=tuple(self._power.idle_w(point.voltage_v, point.core_hz) for point in self._points),
            measure=lambda point: measure(program, self._points[point]),
        )
        self._governor = make_governor(chip.power.governor, setting)
        self._point = self._target = min(self._governor.first, len(self._points) - 1)
        self._highest = len(self._points) - 1
        self._change: Change | None = None
        self._change_ends_ps = 0
        shape = self._spending.pj.shape[1:]
        self._work, self._last, self._mark = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        self._by_voltage: dict[float, Integers] = {}
        self._change_pj: list[float] = []
        self._segments: list[Segment] = []
        self._residency: dict[str, int] = {point.name: 0 for point in self._points} | {"change": 0}
        self._since_ps = self._sampled_ps = 0
        self._sampled_busy_ps = 0
        self._sum_pj = self._sum_cycles = 0.0
        self._sum_tensor = self._sum_vector = self._sum_moved = 0
        self._changes = self._samples = self._throttled_ps = 0
        self._sample_ps = chip.power.interval_ps
        self.next_ps = self._sample_ps
        self._set_clock(self._points[self._point].core_hz)

    # ---- acting

    def act(self, now_ps: int) -> None:
        """End a change of point, or take a sample and let the governor choose."""
        self._account(now_ps)
        if self._change is not None and now_ps >= self._change_ends_ps:
            self._file()
            self._change, self._point = None, self._target
            self._set_clock(self._points[self._point].core_hz)
        if now_ps >= self._sample_ps:
            self._sample_ps = now_ps + self._chip.power.interval_ps
            self._govern(now_ps)
        self.next_ps = self._sample_ps if self._change is None else min(self._sample_ps, self._change_ends_ps)

    def finish(self, end_ps: int) -> PowerRecord:
        """The run is over."""
        if end_ps > self._since_ps:
            self._account(end_ps)
        self._file()
        steady = None
        resting, sleep, leaks = self._idling.finish()
        at_rest = np.array([part.sum(axis=1) for part in resting.parts.values()]).T
        for index in range(len(self._segments) if self._idling.sleeps else 0):
            each = self._segments[index]
            watts = at_rest[index] / (each.to_ps - each.from_ps)
            self._segments[index] = each._replace(power_w=(*each.power_w[: len(DYNAMIC)], *watts.tolist()))
        if self._thermal is not None and self._segments:
            total_ps = self._segments[-1].to_ps
            joules = math.fsum(sum(each.power_w) * (each.to_ps - each.from_ps) for each in self._segments)
            heated, plain = math.fsum(leaks[0]), math.fsum(leaks[1])
            steady = self._thermal.steady_or_none((joules - heated) / total_ps, plain / total_ps)
        total = resting.total()
        total.static_pj[-1] += math.fsum(self._change_pj)
        return PowerRecord(
            governor=self._chip.power.governor,
            segments=tuple(self._segments),
            work=self._by_voltage,
            spending=self._spending,
            resting=total,
            sleep=sleep,
            residency_ps=self._residency,
            changes=self._changes,
            samples=self._samples,
            throttled_ps=self._throttled_ps,
            steady_c=steady,
        )

    def _govern(self, now_ps: int) -> None:
        thermal = self._chip.power.thermal
        if thermal is not None and self._heat is not None:
            if self._heat.die_c >= thermal.throttle:
                self._highest = max(0, min(self._highest, self._point) - 1)
            elif self._heat.die_c < thermal.throttle - thermal.hysteresis:
                self._highest = min(len(self._points) - 1, self._highest + 1)
        wanted = self._governor.choose(self._sample(now_ps))
        wanted = max(0, min(wanted, self._highest))
        if wanted == self._point or self._change is not None:
            return
        self._file()
        self._target = wanted
        way = change(self._points[self._point], self._points[wanted], self._chip.power.transition)
        self._changes += 1
        if way.energy_pj:
            self._change_pj.append(way.energy_pj)
            self._sum_pj += way.energy_pj
        if way.time_ps == 0:
            self._point = wanted
        else:
            self._change, self._change_ends_ps = way, now_ps + way.time_ps
        self._set_clock(way.core_hz if way.time_ps else self._points[wanted].core_hz)

    def _file(self) -> None:
        """Put what was done at the voltage in force until now under it; that is about to change, or the run is over."""
        volts = self._points[self._point].voltage_v if self._change is None else self._change.voltage_v
        self._by_voltage[volts] = self._by_voltage.get(volts, 0) + self._last - self._mark
        self._mark[:] = self._last

    def _set_clock(self, core_hz: int) -> None:
        if core_hz not in self._links:
            self._links[core_hz] = self._fabric.at(core_hz)
        links = self._links[core_hz]
        self._tiles.set_clock(core_hz // 1000, links.routes, links.capacities)

    # ---- seeing

    def _account(self, now_ps: int) -> None:
        """Energy and heat since the last instant, at the clock and voltage in force until now."""
        span_ps = now_ps - self._since_ps
        if span_ps == 0:
            return
        point = self._points[self._point]
        core_hz, volts = point.core_hz, point.voltage_v
        if self._change is not None:
            core_hz, volts = self._change.core_hz, self._change.voltage_v
        self._tiles.progress(self._work)
        read_meter(self._work, self._last, self._pj, self._energy_pj, self._done)
        dynamic = self._energy_pj[: len(DYNAMIC)] * self._scales[volts]
        heat = 1.0
        if self._heat is not None and self._thermal is not None:
            heat = leakage_factor(self._thermal.thermal, self._heat.die_c)
        padded = float(self._energy_pj[-1]) if len(self._energy_pj) > len(DYNAMIC) else 0.0
        resting_pj = self._idling.account(now_ps, padded, volts, core_hz, heat)
        watts = (*(dynamic / span_ps).tolist(), *(each / span_ps for each in resting_pj))
        total_w = sum(watts)
        if self._heat is not None and self._thermal is not None:
            self._heat = self._thermal.after(self._heat, total_w, span_ps / 1e12)
        die_c = None if self._heat is None else self._heat.die_c
        self._segments.append(Segment(self._since_ps, now_ps, core_hz, volts, die_c, watts))
        self._residency[point.name if self._change is None else "change"] += span_ps
        if self._highest < len(self._points) - 1:
            self._throttled_ps += span_ps
        sums = self._done.tolist()
        self._sum_pj += total_w * span_ps
        self._sum_cycles += span_ps * core_hz / 1e12 * self._chip.cores
        self._sum_tensor += sums[0]
        self._sum_vector += sums[1]
        self._sum_moved += sum(sums[2:])
        self._since_ps = now_ps

    def _sample(self, now_ps: int) -> Sample:
        span_ps = now_ps - self._sampled_ps
        busy_ps, waiting = self._busy(now_ps)
        found = Sample(
            now_ps=now_ps,
            interval_ps=span_ps,
            point=self._point,
            busy=(busy_ps - self._sampled_busy_ps) / span_ps,
            waiting=waiting,
            tensor=self._sum_tensor / self._sum_cycles,
            vector=self._sum_vector / self._sum_cycles,
            moved_bytes=self._sum_moved,
            power_w=self._sum_pj / span_ps,
            die_c=math.nan if self._heat is None else self._heat.die_c,
            highest=self._highest,
        )
        self._sampled_ps, self._sampled_busy_ps = now_ps, busy_ps
        self._sum_pj = self._sum_cycles = 0.0
        self._sum_tensor = self._sum_vector = self._sum_moved = 0
        self._samples += 1
        return found

    def _most_w(self) -> tuple[float, ...]:
        """A bound on the power at each point: every engine, port and link at its most with the costliest work."""
        chip, pj = self._chip, self._spending.pj
        on_die = np.array([component in ON_DIE for component in DYNAMIC])
        each = pj[on_die].sum(axis=0)
        ports = 3 * chip.core.dma.port_bytes_per_cycle
        per_cycle = chip.cores * np.array([each[:, 0].max(), each[:, 1].max(), ports * each[:, 2:].max()])
        model = energy_model(chip)
        links = self._fabric
        dram_pj = max(model.table.dram_random_pj_per_byte, model.table.dram_streaming_pj_per_byte)
        off_die = links.dram.peak_bytes_per_s * dram_pj
        off_die += (links.pcie.read_bytes_per_s + links.pcie.write_bytes_per_s) * model.table.pcie_pj_per_byte
        thermal = chip.power.thermal
        leak = 1.0 if thermal is None else max(1.0, leakage_factor(thermal, thermal.throttle))
        change_w = chip.power.transition.energy_pj / chip.power.interval_ps
        found = []
        for point in self._points:
            # what works does not rest: of each group the dearer of the two
            work_w = per_cycle * point.core_hz * (point.voltage_v / self._spending.voltage_v) ** 2 / 1e12
            arrays, vectors, srams, noc, dram, *_ = self._power.rest_w(point.voltage_v, point.core_hz).tolist()
            rest_w = np.array([arrays, vectors, srams + noc])
            dynamic_w = float(np.maximum(work_w, rest_w).sum()) + max(off_die / 1e12, dram)
            found.append(dynamic_w + float(self._power.static_w(point.voltage_v, leak).sum()) + change_w)
        return tuple(found)


def at_point(chip: Chip, point: OperatingPoint) -> Chip:
    """The chip fixed at one of its operating points."""
    changes: dict[str, object] = {
        "power.governor": "fixed",
        "power.heat": "false",
        "clocks.core": f"{point.core_hz} Hz",
    }
    if chip.power.curve is not None:
        changes["power.curve.voltage"] = f"{point.voltage_v!r} V"
    elif chip.power.states:
        changes["power.state"] = point.name
    return chip.with_(changes)


def at_highest_clock(program: Program, record: PowerRecord | None) -> Program:
    """The program on a chip at the highest clock of its run, for bounds that must hold at every clock."""
    fastest = max((segment.core_hz for segment in record.segments), default=0) if record is not None else 0
    if fastest <= program.chip.clocks.core_hz:
        return program
    points = operating_points(program.chip, energy_model(program.chip).table.voltage_v)
    return replace(program, chip=at_point(program.chip, next(each for each in points if each.core_hz == fastest)))


def measure(program: Program, point: OperatingPoint) -> Measured:
    """One request at one operating point, on a machine of its own."""
    from leptonsim.machine.machine import Machine

    chip = at_point(program.chip, point)
    fixed = replace(program, chip=chip)
    model = energy_model(chip)
    machine = Machine(fixed, governed=False)
    record = machine.execute(1)
    costs = spending(fixed, model)
    work = np.zeros(costs.pj.shape[1:], dtype=np.int64)
    machine.tiles.progress(work)
    dynamic = math.fsum(costs.energy_pj(work, costs.voltage_v).values())
    resting, _ = resting_energy(fixed, model, record.runs, record.makespan_ps, record.rested_ps, record.rests)
    return Measured(record.makespan_ps, dynamic + math.fsum(math.fsum(part) for part in resting.parts.values()))
