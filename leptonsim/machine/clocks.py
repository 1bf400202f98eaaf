"""Operating points of a domain of voltage and clock, from a table or from a law, and the path from one to another.

The alpha-power law (Sakurai and Newton, 1990): f is proportional to (V - Vt)^alpha / V. Going up, the voltage rises
first, then the clock locks; going down, the clock falls first. While the PLL locks the clock stands still; during the
ramp too, unless the chip can run then, at the lower of the two clocks. All the way the higher of the two voltages is
paid for, and what stands still draws what it would at rest at the lower clock. Cores, SRAM and network share a domain,
unless the chip has an uncore; the memory has one of its own; PCIe has a clock and supply that do not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from leptonsim.chip.dram_part import load_part
from leptonsim.chip.power import Curve, Transition, Uncore
from leptonsim.chip.spec import Chip

_MHZ = 1_000_000


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A clock and the voltage that it needs."""

    name: str
    voltage_v: float
    clock_hz: int


def operating_points(chip: Chip, nominal_v: float) -> tuple[OperatingPoint, ...]:
    """The points of a chip by rising clock; a single one, at ``nominal_v``, where the chip names none."""
    power = chip.power
    if power.curve is not None:
        return curve_points(power.curve, chip.clocks.core_hz)
    points = [OperatingPoint(state.name, state.voltage_v, state.core_hz) for state in power.states]
    return tuple(sorted(points, key=lambda each: (each.clock_hz, each.voltage_v))) or (
        OperatingPoint("nominal", nominal_v, chip.clocks.core_hz),
    )


def uncore_points(uncore: Uncore) -> tuple[OperatingPoint, ...]:
    """The points of network and SRAM by rising clock."""
    points = [OperatingPoint(each.name, each.voltage_v, each.clock_hz) for each in uncore.states or (uncore.start,)]
    return tuple(sorted(points, key=lambda each: (each.clock_hz, each.voltage_v)))


def memory_points(chip: Chip) -> tuple[OperatingPoint, ...]:
    """The points of the memory by rising data rate, which stands for the clock, with the voltage of its interface.

    A single one, at the rate of the part, where the chip names none; 0 V where the part does not say its own.
    """
    part, memory = load_part(chip.dram.part), chip.power.memory
    own_v = part.energy.io_voltage_v or 0.0
    if memory is None:
        return (OperatingPoint("nominal", own_v, part.clocking.data_rate),)
    points = [
        OperatingPoint(each.name, own_v if each.voltage_v is None else each.voltage_v, each.data_rate)
        for each in memory.states
    ]
    return tuple(sorted(points, key=lambda each: (each.clock_hz, each.voltage_v)))


def start_of(chip: Chip, points: tuple[OperatingPoint, ...]) -> int:
    """Index of the point at which the chip starts."""
    if chip.power.state is not None:
        return [point.name for point in points].index(chip.power.state)
    return [point.clock_hz for point in points].index(chip.clocks.core_hz)


def relative_clock(curve: Curve, voltage_v: float) -> float:
    """The clock at a voltage over that at the curve's own voltage."""

    def speed(volts: float) -> float:
        return float((volts - curve.threshold_v) ** curve.alpha / volts)

    return float(speed(voltage_v) / speed(curve.voltage_v))


def curve_points(curve: Curve, core_hz: int) -> tuple[OperatingPoint, ...]:
    """The points of a curve through ``core_hz`` at its own voltage; other clocks are rounded down to whole MHz."""
    span = curve.highest_v - curve.lowest_v
    volts = {round(curve.lowest_v + span * index / (curve.steps - 1), 6) for index in range(curve.steps)}
    points = []
    for voltage in sorted(volts | {curve.voltage_v}):
        is_own = voltage == curve.voltage_v
        clock = core_hz if is_own else int(core_hz * relative_clock(curve, voltage)) // _MHZ * _MHZ
        points.append(OperatingPoint(f"{round(voltage * 1e6) / 1e3:g}mV", voltage, max(clock, _MHZ)))
    return tuple(points)


class Phase(NamedTuple):
    """A part of a change: how long, at what clock (0 Hz: nothing goes on), and the voltage that is paid for.

    ``idle_hz`` is the clock at which blocks at rest draw power, as all do where nothing goes on.
    """

    time_ps: int
    clock_hz: int
    voltage_v: float
    idle_hz: int


@dataclass(frozen=True, slots=True)
class Change:
    """The way from one operating point to another: its phases in order, and what it costs itself."""

    phases: tuple[Phase, ...]
    energy_pj: float

    @property
    def time_ps(self) -> int:
        """How long the change takes."""
        return sum(phase.time_ps for phase in self.phases)


def change(old: OperatingPoint, new: OperatingPoint, transition: Transition) -> Change:
    """What a change of point costs: the ramp of the voltage and the lock of the clock, in the order that is safe."""
    if old == new:
        return Change((), 0.0)
    # rounded up: a ramp is never faster than the regulator
    ramp_ps = -(-transition.ramp_ps * round(abs(new.voltage_v - old.voltage_v) * 1e6) // 1_000_000)
    lock_ps = transition.lock_ps if old.clock_hz != new.clock_hz else 0
    volts = max(old.voltage_v, new.voltage_v)
    low_hz = min(old.clock_hz, new.clock_hz)
    ramp = Phase(ramp_ps, low_hz if transition.run_during_ramp else 0, volts, low_hz)
    lock = Phase(lock_ps, 0, volts, low_hz)
    rises = (new.voltage_v, new.clock_hz) > (old.voltage_v, old.clock_hz)
    phases = (ramp, lock) if rises else (lock, ramp)
    return Change(tuple(phase for phase in phases if phase.time_ps), transition.energy_pj)
