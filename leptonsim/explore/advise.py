"""What limits a chip on a model, and what would help most.

Each resource is made 10 % and 2 times better and ideal, and the model is compiled and run again: the same as
``leptonsim run`` with the ``--set`` that the row shows. Then the chip is improved step by step: what helps most is made
ideal and stays so, and the search begins again, which shows what limits the chip behind its first limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leptonsim.chip.spec import Chip
from leptonsim.errors import LeptonError
from leptonsim.explore.area import area
from leptonsim.explore.resources import RESOURCES, Overrides, Resource, achieved
from leptonsim.model import Model
from leptonsim.result.result import Result

FACTORS = (1.1, 2.0)
LEAST_GAIN = 0.01
"""Steps of the ladder end where the best of what is left gains less than this."""

MOST_STEPS = 5


@dataclass(frozen=True)
class Trial:
    """A changed chip: what was set, and what came of it; ``speedup`` is the old time over the new one.

    ``factor`` is by how much the first parameter really changed: more than was asked where only whole numbers are there
    to take.
    """

    overrides: Overrides
    factor: float | None
    speedup: float
    energy_ratio: float
    area_mm2: float


@dataclass(frozen=True)
class Advice:
    """One resource: its trials (None where it cannot be changed so), and a sentence of reason."""

    resource: str
    better: Mapping[float, Trial | None]
    ideal: Trial | None
    reason: str
    base_area_mm2: float

    @property
    def gain(self) -> float:
        """What twice as much gains, as a share of 1; what 10 % gains where it cannot be doubled."""
        for factor in reversed(FACTORS):
            trial = self.better[factor]
            if trial is not None:
                return trial.speedup - 1
        return 0.0

    @property
    def gain_per_mm2(self) -> float | None:
        """Gain of twice as much for each mm2 that it takes; None where it takes no area."""
        trial = self.better[FACTORS[-1]]
        if trial is None or trial.area_mm2 - self.base_area_mm2 < 1e-9:
            return None
        return (trial.speedup - 1) / (trial.area_mm2 - self.base_area_mm2)


@dataclass(frozen=True)
class Step:
    """One rung of the ladder: the resource that was made ideal, and the speed-up over the chip as it was."""

    resource: str
    speedup: float


@dataclass(frozen=True)
class Report:
    """Advice in order of gain, and the ladder."""

    base: Result
    area_mm2: float
    advice: tuple[Advice, ...]
    ladder: tuple[Step, ...]


class Adviser:
    """A chip, a model and the options of its runs."""

    def __init__(
        self, chip: Chip, model: Model, batch: int | None = None, dtype: str | None = None, requests: int = 1
    ) -> None:
        self._chip, self._model = chip, model
        self._batch, self._dtype, self._requests = batch, dtype, requests
        self._base = self._run({})

    def report(self) -> Report:
        """Try every resource, then the ladder. Raises LeptonError where the chip as it is cannot run the model."""
        base_area = area(self._chip).total_mm2
        advice = [self._advice(resource, base_area) for resource in RESOURCES]
        known = [each for each in advice if any(each.better.values()) or each.ideal]
        known.sort(key=lambda each: -each.gain)
        return Report(self._base, base_area, tuple(known), tuple(self._ladder()))

    def _run(self, overrides: Mapping[str, str]) -> Result:
        from leptonsim.api import simulate

        chip = self._chip.with_(overrides) if overrides else self._chip
        return simulate(chip, self._model, batch=self._batch, dtype=self._dtype, requests=self._requests)

    def _trial(self, overrides: Overrides | None) -> Trial | None:
        """A run with changes; None where there are none or the chip cannot be built so."""
        if overrides is None:
            return None
        try:
            result = self._run(overrides)
            die_mm2 = area(self._chip.with_(overrides)).total_mm2
        except (LeptonError, ValueError):
            # No such chip can be built, or it has links beyond what the tile machine counts in.
            return None
        return Trial(
            overrides,
            achieved(self._chip, overrides),
            self._base.makespan_ps / result.makespan_ps,
            result.energy_j / self._base.energy_j,
            die_mm2,
        )

    def _advice(self, resource: Resource, base_area: float) -> Advice:
        better = {factor: self._trial(resource.better(self._chip, factor)) for factor in FACTORS}
        ideal = self._trial(resource.ideal(self._chip))
        return Advice(
            resource.name, better, ideal, _reason(resource, better[FACTORS[-1]], ideal, self._base), base_area
        )

    def _ladder(self) -> Iterator[Step]:
        """Ideal one after the other, the best first; each stays ideal."""
        left = [resource for resource in RESOURCES if resource.ideal(self._chip)]
        kept: Overrides = {}
        reached = 1.0
        for _ in range(min(MOST_STEPS, len(left))):
            trials = [(self._trial({**kept, **(resource.ideal(self._chip) or {})}), resource) for resource in left]
            found = [(trial, resource) for trial, resource in trials if trial is not None]
            if not found:
                return
            trial, best = max(found, key=lambda pair: pair[0].speedup)
            if trial.speedup < reached * (1 + LEAST_GAIN):
                return
            kept, reached = trial.overrides, trial.speedup
            left.remove(best)
            yield Step(best.name, trial.speedup)


def _reason(resource: Resource, double: Trial | None, ideal: Trial | None, base: Result) -> str:
    """One sentence: how much of the time the resource has to do with, and what remains when it is ideal."""
    share = _share(resource, base)
    causes = " and ".join(_WORDS.get(cause, cause) for cause in resource.causes[:2])
    gain = 0.0 if double is None else double.speedup - 1
    sentence = f"No operator waits for {causes}" if share < 0.005 else f"{share:.0%} of the time goes to {causes}"
    if double is not None and gain < -0.005:
        sentence += "; the mapping for it is slower"
    elif ideal is not None and ideal.speedup >= 1.02:
        sentence += f"; with it ideal the run takes {1 / ideal.speedup:.0%} of the time, then something else limits"
    elif share >= 0.05 and gain < LEAST_GAIN:
        sentence += ", but more of this changes little"
    return sentence + "."


_WORDS = {
    "tensor core": "the arrays",
    "vector unit": "the vector units",
    "dram": "DRAM",
    "noc": "the network on the chip",
    "pcie": "PCIe",
    "launch": "the launch",
    "arrival": "the host",
    "buffer": "room in SRAM",
    "latency": "latency",
    "transition": "changes of state",
}


def _share(resource: Resource, base: Result) -> float:
    """Share of the run that operators bound by the causes add; for the launch, the host's time."""
    if "launch" in resource.causes:
        return base.time_ps["host"]["busy"] / base.makespan_ps
    runs = base.requests * base.program.runs_per_request
    spent = sum(step.time_ps for step in base.steps if step.bound_by in resource.causes)
    return min(1.0, spent * runs / base.makespan_ps)
