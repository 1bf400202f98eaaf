"""The domains beside the cores: network with SRAM, where these have one, and the memory."""

from __future__ import annotations

from leptonsim.chip.power import Transition
from leptonsim.chip.spec import Chip
from leptonsim.machine.clocks import OperatingPoint, memory_points, uncore_points
from leptonsim.machine.domain import Domain
from leptonsim.machine.energy import EnergyModel
from leptonsim.machine.foresight import setting_beside
from leptonsim.machine.governors import make_governor


def uncore_domain(chip: Chip, model: EnergyModel) -> Domain | None:
    """The domain of network and SRAM; None where they share that of the cores. Raises LeptonError for its governor."""
    uncore = chip.power.uncore
    if uncore is None:
        return None
    points = uncore_points(uncore)
    return _domain(chip, model, "uncore", points, uncore.start.name, uncore.transition, uncore.governor)


def memory_domain(chip: Chip, model: EnergyModel) -> Domain:
    """The domain of the memory; without states it has one. Raises LeptonError for its governor."""
    memory, points = chip.power.memory, memory_points(chip)
    if memory is None:
        return _domain(chip, model, "memory", points, points[0].name, Transition(), "fixed")
    return _domain(chip, model, "memory", points, memory.start.name, memory.transition, memory.governor)


def _domain(
    chip: Chip,
    model: EnergyModel,
    name: str,
    points: tuple[OperatingPoint, ...],
    start: str,
    transition: Transition,
    governor: str,
) -> Domain:
    known = setting_beside(chip, name, points, start, model)
    return Domain(name, points, transition, make_governor(governor, known), governor)
