"""Power in time: samples, governors, changes of operating point, heat and throttling, and the energy of all of it.

Every interval the control has the meter read what the tile kernel did: energy, temperature, sums; and lets the governor
choose. A governor may also be asked when work comes or goes, or when an operator ends. A new operating point takes
effect on work in flight: the kernel re-times it. Where the die reaches its throttling temperature the control lowers
the highest point allowed by one at each sample, and raises it by one at each sample below that less the hysteresis.

Dynamic energy is kept as integers: cycles and bytes of each operator by the voltage at which they were done. All power,
that of the memory too, is taken to flow through the die, as under the one sink of a card.

Not modelled: the energy that the governor's own software takes.
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
from leptonsim.machine.clocks import operating_points
from leptonsim.machine.conditions import Condition, Conditions
from leptonsim.machine.domain import Domain
from leptonsim.machine.energy import AT_REST, energy_model
from leptonsim.machine.foresight import setting
from leptonsim.machine.governors import Governor, Planning, Prompt, Sample, make_governor, told_nothing
from leptonsim.machine.idling import Idling
from leptonsim.machine.links import Fabric
from leptonsim.machine.power_record import PowerRecord
from leptonsim.machine.resting import Spans
from leptonsim.machine.spending import padded_cells, spending
from leptonsim.machine.thermal import ThermalModel

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def is_governed(chip: Chip) -> bool:
    """Whether anything about the chip's power changes in time; where nothing does the machine takes no samples.

    Raises LeptonError where the fixed governor, which takes nothing, is told something.
    """
    name, _, told = chip.power.governor.partition(":")
    if name == "fixed":
        told_nothing(name, told)
    return name != "fixed" or (chip.power.heat and chip.power.thermal is not None)


class PowerControl:
    """The control of one machine. ``next_ps`` is when it wants to act next; ``act`` is called then, at no other time.
    ``is_changing``: a domain is on the way between two points, and will act even if nothing else happens.

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
        points = operating_points(chip, model.table.voltage_v)
        self._chip, self._tiles, self._busy = chip, tiles, busy
        self._spending = spending(program, model)
        self._cores = chip.cores
        self._idling = Idling(program, model.resting, tiles)
        self._is_simple = self._idling.is_simple
        self._thermal = ThermalModel(chip.power.thermal) if chip.power.thermal is not None else None
        # a last column counts cycles of array cells with padding
        units = model.resting.power.units[: len(BLOCK_NAMES)].astype(np.int64)
        rows = np.dstack([self._spending.rows, padded_cells(program)])
        heat = None if self._thermal is None else self._thermal.for_meter()
        self._meter = Meter(rows, units, heat, counted=1)
        tiles.tell_changes(self._meter.rows, self._meter.change, self._meter.rested)
        known = setting(program, points, self._spending, model, fabric)
        governor = governor or make_governor(chip.power.governor, known)
        self._is_prompt = isinstance(governor, Prompt)
        if isinstance(governor, Planning):
            tiles.watch(governor.marks)
        thermal = chip.power.thermal
        self._throttle_c = math.inf if thermal is None else thermal.throttle
        self._release_c = -math.inf if thermal is None else thermal.throttle - thermal.hysteresis
        self._core = Domain("core", points, chip.power.transition, governor)
        self._conditions = Conditions(self._spending, self._idling, fabric, tiles, self._meter)
        self._throttled_since_ps = self._throttled_ps = 0
        self._reached: int | None = None
        self._work_changed = self.is_changing = False
        self._interval_ps = self._sample_ps = chip.power.interval_ps
        self.next_ps = self._sample_ps
        self._apply()

    # ---- being told

    def work_changed(self, now_ps: int) -> None:
        """Work came, or there is none any more."""
        if self._is_prompt:
            self._work_changed = True
            self.next_ps = now_ps

    # ---- acting

    def run_to(self, until_ps: int) -> list[tuple[str, int]]:
        """Let the tiles run until something is to be reported or until ``until_ps`` (-1: for ever); act on the way."""
        tiles = self._tiles
        while True:
            since_ps, next_ps = tiles.now_ps, self.next_ps
            happened: list[tuple[str, int]] = tiles.run(next_ps if until_ps < 0 or next_ps < until_ps else until_ps)
            now_ps = tiles.now_ps
            if happened:
                if happened[-1][0] == "reached":
                    self._reached, self.next_ps = happened.pop()[1], now_ps
                if happened:
                    return happened
                continue
            if now_ps < next_ps:
                return happened
            was_changing = self.is_changing
            changed = self.act(now_ps)
            if now_ps == until_ps:
                return happened
            # What was signalled at an instant at which the kernel already stood has had no effect yet; and what a
            # change of clock lets go on is known to the kernel only when it runs.
            is_settled = now_ps > since_ps and not was_changing and not self.is_changing
            if until_ps < 0 and not changed and is_settled and tiles.next_ps() is None:
                return happened

    def act(self, now_ps: int) -> int:
        """Take a sample and let the governor choose; or go on with a change of point, or ask it between samples.

        Returns how many operators did something since the last time.
        """
        changed: int = self._tiles.changes()
        if self._is_simple:
            self._meter.read(changed, now_ps)
        else:
            self._read(changed, now_ps)
        core = self._core
        if self.is_changing or self._reached is not None or self._work_changed:
            self._act_between(now_ps)
        if now_ps >= self._sample_ps:
            self._sample_ps = now_ps + self._interval_ps
            if self._meter.die_c >= self._throttle_c or core.highest < core.top:
                self._throttle(now_ps)
            busy_ps, waiting = self._busy(now_ps)
            sample = self._meter.sample(self._cores, core.point, busy_ps, waiting, core.highest)
            # a NamedTuple by its tuple, for a tenth of a microsecond instead of half of one
            wanted = core.governor.choose(tuple.__new__(Sample, sample))
            if wanted != core.point or core.is_changing or wanted > core.highest:
                core.wish(wanted, now_ps)
                self._apply()
        self.next_ps = min(self._sample_ps, core.phase_ends_ps) if self.is_changing else self._sample_ps
        return changed

    def _act_between(self, now_ps: int) -> None:
        core, governor = self._core, self._core.governor
        core.proceed(now_ps)
        if self._reached is not None and isinstance(governor, Planning):
            operator, self._reached = self._reached, None
            core.wish(governor.reached(operator, self._busy(now_ps)[1]), now_ps)
        if self._work_changed and isinstance(governor, Prompt):
            self._work_changed = False
            core.wish(governor.work_changed(self._busy(now_ps)[1]), now_ps)
        self._apply()

    def _apply(self) -> None:
        """What the domains are set to is in force from now on."""
        self.is_changing = self._core.is_changing
        if self._core.once_pj:
            self._meter.owe(self._core.once_pj)
            self._core.once_pj = 0.0
        self._conditions.use(Condition(self._core.in_force))

    def finish(self, end_ps: int) -> PowerRecord:
        """The run is over."""
        if self._is_simple:
            self._meter.read(self._tiles.changes(), end_ps)
        else:
            self._read(self._tiles.changes(), end_ps)
        self._core.reside(end_ps)
        self._throttle(end_ps)
        meter, conditions = self._meter, self._conditions
        bounds, levels = meter.times[:, :2], meter.levels
        condition = meter.times[:, 2]
        core_hz, voltage_v = conditions.core_hz[condition], conditions.core_v[condition]
        lengths = np.maximum(1, bounds[:, 1] - bounds[:, 0]).astype(np.float64)[:, None]
        resting, sleep, leaks = self._idling.finish(
            Spans(
                bounds_ps=np.append(0, bounds[:, 1]),
                rested_ps=meter.rests,
                padding_ps=levels[:, -1] * 1e12 / np.maximum(1, core_hz),
                voltage_v=voltage_v,
                core_hz=conditions.core_idle_hz[condition],
                heat=levels[:, 1],
            )
        )
        levels = np.asfortranarray(np.column_stack([voltage_v, levels[:, 0], levels[:, 2:-1]]))
        if not self._is_simple:
            # what a sleep comes to is known when it is over: until then it was taken as if it ended at once
            at_rest = np.stack([part.sum(axis=1) for part in resting.parts.values()], axis=1)
            levels[:, -len(AT_REST) :] = at_rest / lengths
        self._spread_changes(bounds, levels)
        steady = None
        if self._thermal is not None and len(levels):
            joules = math.fsum((levels[:, 2:].sum(axis=1) * lengths[:, 0]).tolist())
            heated, plain = math.fsum(leaks[0]), math.fsum(leaks[1])
            steady = self._thermal.steady_or_none((joules - heated) / end_ps, plain / end_ps)
        total = resting.total()
        total.static_pj[-1] += math.fsum(energy for _, energy in self._core.changes_pj)
        return PowerRecord(
            governor=self._chip.power.governor,
            times=np.column_stack([bounds, core_hz]),
            levels=levels,
            work=conditions.work,
            spending=self._spending,
            resting=total,
            sleep=sleep,
            residency_ps=self._core.residency_ps,
            changes=self._core.changes,
            samples=meter.samples,
            throttled_ps=self._throttled_ps,
            steady_c=steady,
        )

    def _spread_changes(self, bounds: Integers, levels: Floats) -> None:
        """The energy of changes of point, as static power of the reading that each began, or of the run's last."""
        if len(bounds) and self._core.changes_pj:
            began, spent = np.array(self._core.changes_pj).T
            reading = np.minimum(np.searchsorted(bounds[:, 1], began, "right"), len(bounds) - 1)
            np.add.at(levels[:, -1], reading, spent / (bounds[reading, 1] - bounds[reading, 0]))

    def _throttle(self, now_ps: int) -> None:
        """Hold the highest points back where the die is too hot, and let go one by one where it is not."""
        core, highest = self._core, self._core.highest
        if self._meter.die_c >= self._throttle_c:
            core.highest = max(0, min(highest, core.target) - 1)
        elif self._meter.die_c < self._release_c:
            core.highest = min(core.top, highest + 1)
        if highest < core.top:
            self._throttled_ps += now_ps - self._throttled_since_ps
        self._throttled_since_ps = now_ps

    # ---- seeing

    def _read(self, changed: int, now_ps: int) -> None:
        """A reading where sleep depends on more than how long blocks rested."""
        if now_ps > self._meter.now_ps:
            self._meter.gather(changed)
            self._meter.close(now_ps, *self._idling.known_pj(self._open_span(now_ps)))

    def _open_span(self, now_ps: int) -> Spans:
        """What blocks at rest need to know of the time since the last reading."""
        meter, core = self._meter, self._core.in_force
        return Spans(
            bounds_ps=np.array([meter.now_ps, now_ps], dtype=np.int64),
            rested_ps=meter.open_rests(now_ps)[None, :],
            padding_ps=np.array([meter.open_counts[0] * 1e12 / max(1, core.clock_hz)]),
            voltage_v=np.array([core.voltage_v]),
            core_hz=np.array([core.idle_hz]),
            heat=np.array([meter.heat_factor]),
        )
