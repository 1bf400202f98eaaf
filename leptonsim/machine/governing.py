"""Power in time: samples, governors, changes of operating point, heat and throttling, and the energy of all of it.

Every interval the control has the meter read what the tile kernel did: energy, temperature, sums; and lets the governor
of each domain choose: of the cores, and where they have states of network and SRAM and of the memory. A governor may
also be asked when work comes or goes, or (of the cores) when an operator ends. A new operating point takes effect on
work in flight: the kernel re-times it. Where the die reaches its throttling temperature the control lowers
the cores' highest point allowed by one at each sample, and raises it by one at each sample below that less the
hysteresis.

Dynamic energy is kept as integers: cycles and bytes of each operator by the supplies at which they were done. Power,
that of the memory too, is taken to flow through the die, as under the one sink of a card.

Not modelled: the energy that the governor's own software takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from leptonsim.chip.spec import Chip
from leptonsim.kernels.meter import Meter
from leptonsim.kernels.pacing import WHY, Pace
from leptonsim.kernels.tiles import BLOCK_NAMES, TileMachine
from leptonsim.machine.beside import memory_domain, uncore_domain
from leptonsim.machine.clocks import operating_points
from leptonsim.machine.conditions import Conditions
from leptonsim.machine.domain import Domain
from leptonsim.machine.energy import AT_REST, energy_model
from leptonsim.machine.foresight import setting
from leptonsim.machine.governors import Governor, Planning, Prompt, Sample, make_governor
from leptonsim.machine.idling import Idling
from leptonsim.machine.links import Fabric
from leptonsim.machine.load import Load, memory_load, uncore_load
from leptonsim.machine.power_record import DomainRecord, PowerRecord
from leptonsim.machine.rest_energy import Spans
from leptonsim.machine.spending import padded_cells, spending
from leptonsim.machine.thermal import ThermalModel
from leptonsim.machine.trials import Trials

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_EVENTS, _HOT = WHY.index("events"), WHY.index("hot")

Step = tuple[list[tuple[str, int]], int | None, bool]
"""What happened; how many operators did something until the control acted, None where it did not; if time passed."""


def is_governed(chip: Chip) -> bool:
    """Whether anything about the chip's power changes in time; where nothing does the machine takes no samples."""
    power = chip.power
    domains = [each for each in (power, power.uncore, power.memory) if each is not None]
    return any(each.governor != "fixed" for each in domains) or (power.heat and power.thermal is not None)


class PowerControl:
    """The control of one machine. ``is_changing``: a domain is on the way between two points, and will act even if
    nothing else happens.

    ``trials`` are of the program that the machine runs; ``busy`` tells until an instant how long requests were being
    worked on, and whether one is. ``governor`` takes the place of the chip's own.
    """

    def __init__(
        self,
        trials: Trials,
        fabric: Fabric,
        tiles: TileMachine,
        busy: Callable[[int], tuple[int, bool]],
        governor: Governor | None = None,
    ) -> None:
        program, chip = trials.program, trials.program.chip
        model = energy_model(chip)
        points = operating_points(chip, model.table.voltage_v)
        self._chip, self._tiles, self._busy = chip, tiles, busy
        self._spending = spending(program, model)
        self._cores = chip.cores
        self._idling = Idling(program, model.resting, tiles)
        self._thermal = ThermalModel(chip.power.thermal) if chip.power.thermal is not None else None
        # a last column counts cycles of array cells with padding
        units = model.resting.power.units[: len(BLOCK_NAMES)].astype(np.int64)
        rows = np.dstack([self._spending.rows, padded_cells(program)])
        heat = None if self._thermal is None else self._thermal.for_meter()
        self._meter = Meter(rows, units, heat, counted=1)
        tiles.tell_changes(self._meter.rows, self._meter.change, self._meter.rested)
        self._idling.attach(self._meter)
        known = setting(trials, points, self._spending, model, fabric)
        governor = governor or make_governor(chip.power.governor, known)
        if isinstance(governor, Planning):
            tiles.watch(governor.marks)
        thermal = chip.power.thermal
        self._throttle_c = math.inf if thermal is None else thermal.throttle
        self._release_c = -math.inf if thermal is None else thermal.throttle - thermal.hysteresis
        self._core = Domain("core", points, chip.power.transition, governor, chip.power.governor)
        self._uncore, self._memory = uncore_domain(chip, model), memory_domain(chip, model)
        self._beside: list[tuple[Domain, Load]] = []
        if self._uncore is not None and not self._uncore.is_fixed:
            self._beside.append((self._uncore, uncore_load(tiles)))
        if not self._memory.is_fixed:
            self._beside.append((self._memory, memory_load(tiles)))
        self._changing = (self._core, *(domain for domain, _ in self._beside))
        self._is_prompt = any(isinstance(domain.governor, Prompt) for domain in self._changing)
        parts = self._spending, self._idling, fabric, tiles, self._meter
        self._conditions = Conditions((self._core, self._uncore, self._memory), chip, *parts)
        self._throttled_since_ps = self._throttled_ps = 0
        self._reached: int | None = None
        self._work_changed = self.is_changing = False
        self._interval_ps = chip.power.interval_ps
        self._read = self._idling.read
        self._pace = Pace(tiles, self._meter, self._read, Sample, chip.cores, self._interval_ps, self._throttle_c)
        self._phase_ends_ps = 0

    # ---- being told

    def work_changed(self) -> None:
        """Work came, or there is none any more."""
        self._work_changed = self._is_prompt

    # ---- acting

    def run_to(self, until_ps: int) -> list[tuple[str, int]]:
        """Let the tiles run until something is to be reported or until ``until_ps`` (-1: for ever); act on the way."""
        tiles, core, several = self._tiles, self._core, bool(self._beside)
        while True:
            was_changing = self.is_changing
            if was_changing or self._work_changed or several or core.highest < core.top or self._reached is not None:
                happened, changed, has_run = self._go_on(until_ps)
            else:
                happened, changed, has_run = self._sample_on(until_ps)
            if happened:
                if happened[-1][0] == "reached":
                    self._reached = happened.pop()[1]
                if happened:
                    return happened
                continue
            if changed is None or tiles.now_ps == until_ps:
                return happened
            # What was signalled at an instant at which the kernel already stood has had no effect yet; and what a
            # change of clock lets go on is known to the kernel only when it runs.
            is_settled = has_run and not was_changing and not self.is_changing
            if until_ps < 0 and not changed and is_settled and tiles.next_ps() is None:
                return happened

    def _sample_on(self, until_ps: int) -> Step:
        """Take samples for as long as nothing follows from them."""
        core, pace, now_ps = self._core, self._pace, self._tiles.now_ps
        due_ps, once_pj, changes = pace.sample_ps, core.once_pj, core.changes
        why, happened = pace.run(
            until_ps, core.governor.choose, self._follow, core.point, core.highest, once_pj, *self._busy(now_ps)
        )
        if pace.sample_ps > due_ps and core.changes == changes:
            core.once_pj = 0.0
        if why == _EVENTS:
            return happened, None, True
        if why == _HOT:
            self._sample(self._tiles.now_ps)
        return happened, pace.changed, pace.has_run

    def _follow(self, wanted: int, now_ps: int) -> int:
        """Another point is wanted at a sample: which is in force then, -1 if the change costs time or energy."""
        core = self._core
        core.once_pj = 0.0
        core.wish(wanted, now_ps)
        self._apply()
        return -1 if self.is_changing or core.once_pj else core.point

    def _go_on(self, until_ps: int) -> Step:
        """Run to where there is something to do next, and do it: a sample, a phase of a change, a question."""
        tiles = self._tiles
        since_ps = next_ps = tiles.now_ps
        if not self._work_changed and self._reached is None:
            next_ps = min(self._pace.sample_ps, self._phase_ends_ps) if self.is_changing else self._pace.sample_ps
        happened = tiles.run(next_ps if until_ps < 0 or next_ps < until_ps else until_ps)
        now_ps = tiles.now_ps
        if happened or now_ps < next_ps:
            return happened, None, True
        changed: int = tiles.changes()
        self._read(changed, now_ps)
        if self.is_changing or self._reached is not None or self._work_changed:
            self._act_between(now_ps)
        if now_ps >= self._pace.sample_ps:
            self._sample(now_ps)
        return happened, changed, now_ps > since_ps

    def _sample(self, now_ps: int) -> None:
        """Take a sample and let the governors choose, where heat has a say, or several domains."""
        core = self._core
        self._pace.sample_ps = now_ps + self._interval_ps
        if self._meter.die_c >= self._throttle_c or core.highest < core.top:
            self._throttle(now_ps)
        busy_ps, waiting = self._busy(now_ps)
        once_pj, core.once_pj = core.once_pj, 0.0
        for domain, _ in self._beside:
            once_pj, domain.once_pj = once_pj + domain.once_pj, 0.0
        sample = self._meter.sample(self._cores, core.point, busy_ps, waiting, once_pj, core.highest)
        wanted = core.governor.choose(tuple.__new__(Sample, sample))
        if wanted != core.point or core.is_changing or wanted > core.highest:
            core.wish(wanted, now_ps)
            self._apply()
        if self._beside:
            self._choose_beside(sample, now_ps)

    def _choose_beside(self, sample: tuple[Any, ...], now_ps: int) -> None:
        """Let the governors of the other domains choose; they see the cores' sample with their own point and load."""
        conditions = self._conditions
        for domain, load in self._beside:
            busy = load(conditions.number, conditions.links, now_ps)
            own = tuple.__new__(Sample, (*sample[:2], domain.point, busy, *sample[4:10], domain.top))
            wanted = domain.governor.choose(own)
            if wanted != domain.point or domain.is_changing:
                domain.wish(wanted, now_ps)
        self._apply()

    def _act_between(self, now_ps: int) -> None:
        core, governor = self._core, self._core.governor
        for domain in self._changing:
            domain.proceed(now_ps)
        if self._reached is None and not self._work_changed:
            self._apply()
            return
        if self._reached is not None and isinstance(governor, Planning):
            operator, self._reached = self._reached, None
            core.wish(governor.reached(operator, self._busy(now_ps)[1]), now_ps)
        if self._work_changed:
            self._work_changed = False
            for domain in self._changing:
                if isinstance(domain.governor, Prompt):
                    domain.wish(domain.governor.work_changed(self._busy(now_ps)[1]), now_ps)
        self._apply()

    def _apply(self) -> None:
        """What the domains are set to is in force from now on."""
        if self._beside:
            ends_ps = [domain.phase_ends_ps for domain in self._changing if domain.is_changing]
            self.is_changing, self._phase_ends_ps = bool(ends_ps), min(ends_ps, default=0)
        else:
            self.is_changing, self._phase_ends_ps = self._core.is_changing, self._core.phase_ends_ps
        self._conditions.follow()

    def finish(self, end_ps: int) -> PowerRecord:
        """The run is over."""
        self._read(self._tiles.changes(), end_ps)
        for domain in self._changing:
            domain.reside(end_ps)
        self._throttle(end_ps)
        meter, conditions = self._meter, self._conditions
        times, levels = meter.times, meter.levels
        bounds, condition = times[:, :2], times[:, 2]
        core_hz, voltage_v = conditions.core_hz(condition), conditions.core_v(condition)
        lengths = np.maximum(1, bounds[:, 1] - bounds[:, 0]).astype(np.float64)[:, None]
        resting, sleep, leaks = self._idling.finish(
            Spans(
                bounds_ps=np.append(0, bounds[:, 1]),
                rested_ps=meter.rests,
                padding_ps=levels[:, -1] * 1e12 / np.maximum(1, core_hz),
                voltage_v=voltage_v,
                core_hz=conditions.core_idle_hz(condition),
                heat=levels[:, 1].copy(),
                beside=conditions.beside(condition) if self._beside else None,
            )
        )
        levels[:, 1], levels[:, 0] = levels[:, 0], voltage_v
        levels = self._spending.by_component(levels[:, :-1])
        if not self._idling.is_simple:
            # what a sleep comes to is known when it is over: until then it was taken as if it ended at once
            at_rest = np.stack([part.sum(axis=1) for part in resting.parts.values()], axis=1)
            levels[:, -len(AT_REST) :] = at_rest / lengths
        changes_pj = [each for domain in self._changing for each in domain.changes_pj]
        _spread(changes_pj, bounds, levels)
        steady = None
        if self._thermal is not None and len(levels):
            joules = math.fsum((levels[:, 2:].sum(axis=1) * lengths[:, 0]).tolist())
            heated, plain = math.fsum(leaks[0]), math.fsum(leaks[1])
            steady = self._thermal.steady_or_none((joules - heated) / end_ps, plain / end_ps)
        total = resting.total()
        total.static_pj[-1] += math.fsum(energy for _, energy in changes_pj)
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
            domains={
                domain.name: DomainRecord(
                    domain.governor_name,
                    *conditions.in_force(domain.name, condition),
                    domain.residency_ps,
                    domain.changes,
                )
                for domain, _ in self._beside
            },
        )

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


def _spread(changes_pj: Sequence[tuple[int, float]], bounds: Integers, levels: Floats) -> None:
    """The energy of changes of point, as static power of the reading that each began, or of the run's last."""
    if len(bounds) and changes_pj:
        began, spent = np.array(changes_pj).T
        reading = np.minimum(np.searchsorted(bounds[:, 1], began, "right"), len(bounds) - 1)
        np.add.at(levels[:, -1], reading, spent / (bounds[reading, 1] - bounds[reading, 0]))
