"""Power in time: samples, governor, changes of operating point, heat and throttling, and the energy of all of it.

Every interval the control has the meter read what the tile kernel did: energy, temperature, sums; and lets the governor
choose. A governor may also be asked when work comes or goes, or when an operator ends. A new operating point takes
effect on work in flight: the kernel re-times it. On the way there the clock stands still for as long as
``clocks.change`` says; a wish that comes meanwhile is followed afterwards, the latest one. Where the die reaches its
throttling temperature the control lowers the highest point allowed by one at each sample, and raises it by one at each
sample below that less the hysteresis.

Dynamic energy is kept as integers: cycles and bytes of each operator by the voltage at which they were done. All power,
that of the memory too, is taken to flow through the die, as under the one sink of a card.

Not modelled: the energy that the governor's own software takes; states of the network's own domain.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.kernels.meter import Meter
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.clocks import Phase, change, operating_points, start_of
from leptonsim.machine.energy import AT_REST, DYNAMIC, energy_model
from leptonsim.machine.governors import Governor, Planning, Prompt, Sample, Setting, make_governor
from leptonsim.machine.idling import Idling
from leptonsim.machine.links import Fabric, Links
from leptonsim.machine.power_record import PowerRecord
from leptonsim.machine.resting import Spans
from leptonsim.machine.spending import ON_DIE, padded_cells, spending
from leptonsim.machine.thermal import ThermalModel, leakage_factor
from leptonsim.machine.trials import measure, rehearse

Integers = npt.NDArray[np.int64]


def is_governed(chip: Chip) -> bool:
    """Whether anything about the chip's power changes in time; where nothing does the machine takes no samples."""
    return chip.power.governor.partition(":")[0] != "fixed" or (chip.power.heat and chip.power.thermal is not None)


class PowerControl:
    """The control of one machine. ``next_ps`` is when it wants to act next; ``act`` is called then, at no other time.

    ``busy`` tells until an instant how long requests were being worked on, and whether one is. ``governor`` takes the
    place of the chip's own.
    """

    def __init__(
        self,
        program: Program,
        fabric: Fabric,
        tiles: TileMachine,
        busy: Callable[[int], tuple[int, bool]],
        governor: Governor | None = None,
    ) -> None:
        chip = program.chip
        model = energy_model(chip)
        self._chip, self._fabric, self._tiles, self._busy = chip, fabric, tiles, busy
        self._points = operating_points(chip, model.table.voltage_v)
        self._spending = spending(program, model)
        self._idling = Idling(program, model.resting, tiles)
        self._power = model.resting.power
        self._scales = {point.voltage_v: self._spending.scale(point.voltage_v) for point in self._points}
        self._links: dict[int, Links] = {}
        self._thermal = ThermalModel(chip.power.thermal) if chip.power.thermal is not None else None
        # a last column counts cycles of array cells with padding
        rows = np.dstack([self._spending.rows, padded_cells(program)])
        heat = None if self._thermal is None else self._thermal.for_meter()
        self._meter = Meter(rows, len(BLOCK_NAMES), heat, counted=1)
        tiles.tell_changes(self._meter.rows, self._meter.change, self._meter.rested)
        self._governor = governor or make_governor(chip.power.governor, self._setting(program))
        self._is_prompt = isinstance(self._governor, Prompt)
        if isinstance(self._governor, Planning):
            tiles.watch(self._governor.marks)
        self._highest = len(self._points) - 1
        self._point = self._wanted = self._target = min(self._governor.first, self._highest)
        self._phases: list[Phase] = []
        self._phase_ends_ps = 0
        self._changes_pj: list[float] = []
        self._once_pj = 0.0
        self._by_voltage: dict[float, Integers] = {}
        self._residency: dict[str, int] = {point.name: 0 for point in self._points} | {"change": 0}
        self._since_ps = self._sampled_ps = self._sampled_busy_ps = 0
        self._changes = self._samples = self._throttled_ps = 0
        self._reached: int | None = None
        self._work_changed = False
        self._sample_ps = chip.power.interval_ps
        self.next_ps = self._sample_ps
        self._set_clock(self._points[self._point].core_hz, self._points[self._point].voltage_v)

    def _setting(self, program: Program) -> Setting:
        return Setting(
            chip=self._chip,
            points=self._points,
            start=start_of(self._chip, self._points),
            most_w=self._most_w(),
            idle_w=tuple(self._power.idle_w(point.voltage_v, point.core_hz) for point in self._points),
            still_w=tuple(self._power.idle_w(point.voltage_v, 0) for point in self._points),
            measure=lambda point: measure(program, self._points[point]),
            rehearse=lambda plan, rest: rehearse(program, plan, rest),
        )

    # ---- being told

    @property
    def is_changing(self) -> bool:
        """Whether the chip is on the way between two points: something will happen even if the tiles stand still."""
        return bool(self._phases)

    def work_changed(self, now_ps: int) -> None:
        """Work came, or there is none any more."""
        if self._is_prompt:
            self._work_changed = True
            self.next_ps = now_ps

    def reached(self, operator: int, now_ps: int) -> None:
        """An operator ended that the governor had marked."""
        self._reached = operator
        self.next_ps = now_ps

    # ---- acting

    def act(self, now_ps: int) -> None:
        """Go on with a change of point, take a sample, ask the governor."""
        self._read(now_ps)
        if self._phases and now_ps >= self._phase_ends_ps:
            self._phases.pop(0)
            self._follow(now_ps)
        governor = self._governor
        if self._reached is not None and isinstance(governor, Planning):
            operator, self._reached = self._reached, None
            self._wish(governor.reached(operator, self._busy(now_ps)[1]), now_ps)
        if self._work_changed and isinstance(governor, Prompt):
            self._work_changed = False
            self._wish(governor.work_changed(self._busy(now_ps)[1]), now_ps)
        if now_ps >= self._sample_ps:
            self._sample_ps = now_ps + self._chip.power.interval_ps
            if self._thermal is not None:
                self._throttle(self._thermal.thermal.throttle, self._thermal.thermal.hysteresis)
            self._wish(governor.choose(self._sample(now_ps)), now_ps)
        self.next_ps = min(self._sample_ps, self._phase_ends_ps) if self._phases else self._sample_ps

    def finish(self, end_ps: int) -> PowerRecord:
        """The run is over."""
        self._read(end_ps)
        meter = self._meter
        times, levels = meter.times, meter.levels
        lengths = np.maximum(1, times[:, 1] - times[:, 0]).astype(np.float64)[:, None]
        resting, sleep, leaks = self._idling.finish(
            Spans(
                bounds_ps=np.append(0, times[:, 1]),
                rested_ps=meter.rests,
                padding_ps=levels[:, -1] * 1e12 / np.maximum(1, times[:, 2]),
                voltage_v=levels[:, 0],
                core_hz=times[:, 2],
                heat=levels[:, 2],
            )
        )
        levels = np.delete(levels, [2, levels.shape[1] - 1], axis=1)
        if self._idling.sleeps:
            # what a sleep comes to is known when it is over: until then it was taken as if it ended at once
            at_rest = np.stack([part.sum(axis=1) for part in resting.parts.values()], axis=1)
            levels[:, -len(AT_REST) :] = at_rest / lengths
        steady = None
        if self._thermal is not None and len(times):
            joules = math.fsum((levels[:, 2:].sum(axis=1) * lengths[:, 0]).tolist())
            heated, plain = math.fsum(leaks[0]), math.fsum(leaks[1])
            steady = self._thermal.steady_or_none((joules - heated) / end_ps, plain / end_ps)
        total = resting.total()
        total.static_pj[-1] += math.fsum(self._changes_pj)
        return PowerRecord(
            governor=self._chip.power.governor,
            times=times,
            levels=levels,
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

    def _throttle(self, limit_c: float, hysteresis_k: float) -> None:
        die_c = self._meter.die_c
        if die_c >= limit_c:
            self._highest = max(0, min(self._highest, self._target) - 1)
        elif die_c < limit_c - hysteresis_k:
            self._highest = min(len(self._points) - 1, self._highest + 1)

    def _wish(self, point: int, now_ps: int) -> None:
        """The governor wants a point; heat may hold it back, and a change in progress delays it."""
        self._wanted = point
        if not self._phases:
            self._change(now_ps)

    def _change(self, now_ps: int) -> None:
        """Set out for the point that is wanted, unless the chip is there."""
        wanted = max(0, min(self._wanted, self._highest))
        if wanted == self._point:
            return
        way = change(self._points[self._point], self._points[wanted], self._chip.power.transition)
        self._changes += 1
        self._changes_pj.append(way.energy_pj)
        self._once_pj += way.energy_pj
        self._target = wanted
        self._phases = list(way.phases)
        self._follow(now_ps)

    def _follow(self, now_ps: int) -> None:
        """Begin the next phase of a change; after the last the chip is there, and may have to go elsewhere by now."""
        if self._phases:
            phase = self._phases[0]
            self._phase_ends_ps = now_ps + phase.time_ps
            self._set_clock(phase.core_hz, phase.voltage_v)
            return
        self._point = self._target
        self._set_clock(self._points[self._point].core_hz, self._points[self._point].voltage_v)
        self._change(now_ps)

    def _set_clock(self, core_hz: int, voltage_v: float) -> None:
        work = self._by_voltage.get(voltage_v)
        if work is None:
            work = self._by_voltage[voltage_v] = np.zeros(self._spending.pj.shape[1:], dtype=np.int64)
        self._meter.set_point(
            core_hz, voltage_v, self._scales[voltage_v], work, *self._idling.powers(voltage_v, core_hz)
        )
        if core_hz == 0:
            self._tiles.pause()
            return
        if core_hz not in self._links:
            self._links[core_hz] = self._fabric.at(core_hz)
        links = self._links[core_hz]
        self._tiles.set_clock(core_hz // 1000, links.routes, links.capacities)

    # ---- seeing

    def _read(self, now_ps: int) -> None:
        """Energy and heat since the last instant, at the clock and voltage in force until now."""
        span_ps = now_ps - self._since_ps
        if span_ps == 0:
            return
        if self._idling.is_simple:
            self._meter.read(self._tiles.changes(), now_ps)
        else:
            self._meter.gather(self._tiles.changes())
            self._meter.close(now_ps, *self._idling.known_pj(self._open_span(now_ps)))
        self._residency["change" if self._phases else self._points[self._point].name] += span_ps
        if self._highest < len(self._points) - 1:
            self._throttled_ps += span_ps
        self._since_ps = now_ps

    def _open_span(self, now_ps: int) -> Spans:
        """What blocks at rest need to know of the time since the last reading."""
        meter = self._meter
        return Spans(
            bounds_ps=np.array([self._since_ps, now_ps], dtype=np.int64),
            rested_ps=meter.open_rests[None, :],
            padding_ps=np.array([meter.open_counts[0] * 1e12 / max(1, meter.core_hz)]),
            voltage_v=np.array([meter.voltage_v]),
            core_hz=np.array([meter.core_hz]),
            heat=np.array([meter.heat_factor]),
        )

    def _sample(self, now_ps: int) -> Sample:
        span_ps = now_ps - self._sampled_ps
        busy_ps, waiting = self._busy(now_ps)
        energy_pj, cycles, tensor, vector, moved_bytes = self._meter.take()
        energy_pj, self._once_pj = energy_pj + self._once_pj, 0.0
        # of all cores; a sample in which the clock stood still all the time has no cycles
        cycles = max(1.0, cycles * self._chip.cores)
        busy = (busy_ps - self._sampled_busy_ps) / span_ps
        self._sampled_ps, self._sampled_busy_ps = now_ps, busy_ps
        self._samples += 1
        # a NamedTuple by its tuple, for a tenth of a microsecond instead of half of one
        return tuple.__new__(
            Sample,
            (
                now_ps, span_ps, self._point, busy, waiting, tensor / cycles, vector / cycles, moved_bytes,
                energy_pj / span_ps, self._meter.die_c, self._highest,
            ),
        )  # fmt: skip

    def _most_w(self) -> tuple[float, ...]:
        """A bound on the power at each point: every engine, port and link at its most with the costliest work."""
        chip, pj = self._chip, self._spending.pj
        on_die = np.array([component in ON_DIE for component in DYNAMIC])
        ports = 3 * chip.core.dma.port_bytes_per_cycle
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
            each = np.einsum("c,cow->ow", self._spending.scale(point.voltage_v)[on_die], pj[on_die])
            per_cycle = chip.cores * np.array([each[:, 0].max(), each[:, 1].max(), ports * each[:, 2:].max()])
            work_w = per_cycle * point.core_hz / 1e12
            arrays, vectors, srams, noc, dram, *_ = self._power.rest_w(point.voltage_v, point.core_hz).tolist()
            rest_w = np.array([arrays, vectors, srams + noc])
            dynamic_w = float(np.maximum(work_w, rest_w).sum()) + max(off_die / 1e12, dram)
            found.append(dynamic_w + float(self._power.static_w(point.voltage_v, leak).sum()) + change_w)
        return tuple(found)
