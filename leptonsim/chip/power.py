"""Power: performance states, static power, the limit, and the two-node thermal model, as parameters.

Dynamic energy comes from the energy table at its nominal voltage and scales with the square of the voltage in force.
"""

from typing import Annotated

from leptonsim.chip.declare import Part, param
from leptonsim.chip.gating import Blocks
from leptonsim.chip.scalars import Flag, Integer, Measure, Number, Text
from leptonsim.chip.units import (
    DATA_RATE,
    ENERGY,
    ENERGY_PER_BYTE,
    FREQUENCY,
    HEAT_CAPACITY,
    PER_KELVIN,
    POWER,
    TEMPERATURE,
    TEMPERATURE_DIFFERENCE,
    THERMAL_RESISTANCE,
    TIME,
    VOLTAGE,
)

Name = Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a name of letters, digits, dots and dashes")]
Policy = Annotated[
    str,
    Text(
        r"[A-Za-z0-9][A-Za-z0-9._-]*(:[^:\s]+)?",
        "the name of a governor, with what it is told after a colon: power_cap:60W",
    ),
]


class State(Part):
    """One performance state (P-state)."""

    name: Name = param("name", "Name of the state.")
    voltage_v: Annotated[float, Measure(VOLTAGE, "0.3 V", "1.5 V")] = param("voltage", "Core voltage.")
    core_hz: Annotated[int, Measure(FREQUENCY, "1 MHz", "10 GHz")] = param("core", "Core clock.")


class Thermal(Part):
    """Two RC nodes between the die and the air."""

    r_die: Annotated[float, Measure(THERMAL_RESISTANCE, "0.0001 K/W", "1000 K/W")] = param(
        "r_die", "Resistance from die to sink."
    )
    c_die: Annotated[float, Measure(HEAT_CAPACITY, "0.0001 J/K", "10000 J/K")] = param(
        "c_die", "Heat capacity of the die."
    )
    r_sink: Annotated[float, Measure(THERMAL_RESISTANCE, "0.0001 K/W", "1000 K/W")] = param(
        "r_sink", "Resistance from sink to air."
    )
    c_sink: Annotated[float, Measure(HEAT_CAPACITY, "0.0001 J/K", "100000 J/K")] = param(
        "c_sink", "Heat capacity of the sink."
    )
    ambient: Annotated[float, Measure(TEMPERATURE, "-60 degC", "100 degC")] = param(
        "ambient", "Temperature of the air."
    )
    throttle: Annotated[float, Measure(TEMPERATURE, "0 degC", "150 degC")] = param(
        "throttle", "Die temperature at which the clock is lowered."
    )
    leakage_per_kelvin: Annotated[float, Measure(PER_KELVIN, "0 %/K", "10 %/K")] = param(
        "leakage_per_kelvin",
        "Growth of static power with die temperature, exponential; 1.5 to 2 %/K is usual (estimate).",
    )
    leakage_at: Annotated[float, Measure(TEMPERATURE, "-60 degC", "150 degC")] = param(
        "leakage_at", "Die temperature at which `power.static` is stated (estimate: that of normal use).", 60.0
    )
    hysteresis: Annotated[float, Measure(TEMPERATURE_DIFFERENCE, "0 K", "50 K")] = param(
        "hysteresis",
        "How far below `throttle` the die must be before the clock is raised again; 2 to 5 K is usual.",
        3.0,
    )
    start: Annotated[float, Measure(TEMPERATURE, "-60 degC", "150 degC")] | None = param(
        "start", "Temperature of die and sink before the first request; none: that of the air.", None
    )


class Transition(Part):
    """What a change of state costs.

    When going up the voltage rises first, when going down the clock falls first. The clock stands still on the way.
    """

    ramp_ps: Annotated[int, Measure(TIME, "0 ps", "1 ms")] = param(
        "ramp", "Time in which the regulator moves one volt; off chip about 10 us, on chip 20 ns.", 0
    )
    lock_ps: Annotated[int, Measure(TIME, "0 ps", "1 ms")] = param(
        "lock", "Time in which the clock's PLL locks anew; 5 to 50 us, or 0 for a divider.", 0
    )
    run_during_ramp: Annotated[bool, Flag()] = param(
        "run_during_ramp", "Whether the chip runs during the ramp, at the lower of the two clocks.", False
    )
    energy_pj: Annotated[float, Measure(ENERGY, "0 pJ", "1 J")] = param(
        "energy", "Energy of one change, beside what flows in that time.", 0.0
    )


class Curve(Part):
    """Performance states by the alpha-power law: f is proportional to (V - threshold)^alpha / V."""

    voltage_v: Annotated[float, Measure(VOLTAGE, "0.3 V", "1.5 V")] = param("voltage", "Voltage at `clocks.core`.")
    threshold_v: Annotated[float, Measure(VOLTAGE, "0.1 V", "0.6 V")] = param(
        "threshold", "Threshold voltage; 0.25 to 0.35 V is usual."
    )
    alpha: Annotated[float, Number(most=2.0, least=1.0)] = param(
        "alpha", "Exponent; 1.2 to 1.4 is usual for short channels."
    )
    lowest_v: Annotated[float, Measure(VOLTAGE, "0.3 V", "1.5 V")] = param("lowest", "Voltage of the lowest state.")
    highest_v: Annotated[float, Measure(VOLTAGE, "0.3 V", "1.5 V")] = param("highest", "Voltage of the highest state.")
    steps: Annotated[int, Integer(2, 64)] = param(
        "steps", "States, evenly spaced in voltage; that of `clocks.core` comes on top.", 8
    )


class UncoreState(Part):
    """One state of network and SRAM."""

    name: Name = param("name", "Name of the state.")
    voltage_v: Annotated[float, Measure(VOLTAGE, "0.3 V", "1.5 V")] = param(
        "voltage", "Voltage of network, shared SRAM and the cores' SRAM."
    )
    clock_hz: Annotated[int, Measure(FREQUENCY, "1 MHz", "10 GHz")] = param("clock", "Clock of the network.")


class Uncore(Part):
    """A domain of its own for the network with shared SRAM, and for the supply of the cores' SRAM."""

    voltage_v: Annotated[float, Measure(VOLTAGE, "0.3 V", "1.5 V")] | None = param(
        "voltage", "Voltage of network, shared SRAM and the cores' SRAM; where there are states they say it.", None
    )
    clock_hz: Annotated[int, Measure(FREQUENCY, "1 MHz", "10 GHz")] | None = param(
        "clock", "Clock of the network; where there are states they say it. The cores' SRAM has the core clock.", None
    )
    governor: Policy = param("governor", "The policy that chooses the state, as `power.governor`.", "fixed")
    state: Name | None = param("state", "State at the start; required where there are states.", None)
    states: tuple[UncoreState, ...] = param("states", "States; none: voltage and clock are fixed.", ())
    transition: Transition = param("transition", "Cost of a change of state.", factory=Transition)

    @property
    def start(self) -> UncoreState:
        """The state at the start; where there are none, that of the fixed voltage and clock."""
        if self.voltage_v is None or self.clock_hz is None:
            return next(each for each in self.states if each.name == self.state)
        return UncoreState.model_construct(name="nominal", voltage_v=self.voltage_v, clock_hz=self.clock_hz)

    @property
    def highest_hz(self) -> int:
        """The highest clock, at which the bandwidth of shared SRAM is stated."""
        return max((each.clock_hz for each in self.states), default=self.start.clock_hz)


class MemoryState(Part):
    """One state of the memory."""

    name: Name = param("name", "Name of the state.")
    data_rate: Annotated[int, Measure(DATA_RATE, "100 MT/s", "20 GT/s")] = param(
        "data_rate", "Transfers per second on each data pin; at most that of the part."
    )
    voltage_v: Annotated[float, Measure(VOLTAGE, "0.2 V", "2 V")] | None = param(
        "voltage", "Supply of the interface (VDDQ); none: that of the part. Energy of I/O goes with its square.", None
    )


class Memory(Part):
    """The memory clock as a domain of its own."""

    governor: Policy = param("governor", "The policy that chooses the state, as `power.governor`.", "fixed")
    state: Name | None = param("state", "State at the start; none: the fastest.", None)
    states: tuple[MemoryState, ...] = param("states", "States, at least one.")
    transition: Transition = param("transition", "Cost of a change of state.", factory=Transition)

    @property
    def start(self) -> MemoryState:
        """The state at the start."""
        if self.state is None:
            return max(self.states, key=lambda each: each.data_rate)
        return next(each for each in self.states if each.name == self.state)


class Power(Part):
    """What the chip may draw, and how it is governed."""

    governor: Policy = param(
        "governor",
        "The policy that chooses the state: the name of a file in machine/governors; what it is told follows a colon.",
    )
    interval_ps: Annotated[int, Measure(TIME, "1 us", "1 s")] = param(
        "interval", "How often the governor looks, and temperature is followed.", 100_000_000
    )
    heat: Annotated[bool, Flag()] = param(
        "heat",
        "Follow the die's temperature under the fixed governor as well; the others do wherever `thermal` is.",
        False,
    )
    state: Name | None = param("state", "Performance state at the start; required where there are states.", None)
    states: tuple[State, ...] = param(
        "states", "Performance states; none: the clock is fixed and the voltage nominal.", ()
    )
    curve: Curve | None = param("curve", "Performance states by a law instead of a table.", None)
    transition: Transition = param("transition", "Cost of a change of state.", factory=Transition)
    static_w: Annotated[float, Measure(POWER, "0 W", "10 kW")] = param(
        "static", "Static power of the whole chip at nominal voltage: leakage, and interfaces that wait."
    )
    leakage_per_volt: Annotated[float, Number(least=0, most=10)] = param(
        "leakage_per_volt",
        "Growth of leakage with voltage beyond proportion, exponential, per volt; 2 to 3 where it counts (estimate).",
        0.0,
    )
    uncore: Uncore | None = param(
        "uncore", "A domain of its own for network and SRAM; none: they share that of the cores.", None
    )
    memory: Memory | None = param(
        "memory", "States of the memory clock; none: the memory runs at the rate of its part.", None
    )
    blocks: Blocks = param("blocks", "Blocks at rest: clocks, sleep, shares of static power.", factory=Blocks)
    tdp_w: Annotated[float, Measure(POWER, "1 mW", "100 kW")] = param("tdp", "Thermal design power of chip and memory.")
    thermal: Thermal | None = param("thermal", "Thermal model; none: temperature does not matter.", None)


_PJ = Measure(ENERGY, "0 pJ", "1 uJ")
_PJ_PER_BYTE = Measure(ENERGY_PER_BYTE, "0 pJ/B", "1 uJ/B")
PerOperation = Annotated[float, _PJ] | None
PerByte = Annotated[float, _PJ_PER_BYTE] | None
Watts = Annotated[float, Measure(POWER, "0 W", "10 kW")] | None


class EnergyOverrides(Part):
    """Constants that replace the energy table's own, at its nominal voltage."""

    mac_int4: PerOperation = param(
        "mac_int4", "One int4 multiply-accumulate, with the cell's registers and clock.", None
    )
    mac_int8: PerOperation = param(
        "mac_int8", "One int8 multiply-accumulate, with the cell's registers and clock.", None
    )
    mac_fp8: PerOperation = param("mac_fp8", "One fp8 multiply-accumulate, with the cell's registers and clock.", None)
    mac_bf16: PerOperation = param(
        "mac_bf16", "One bf16 multiply-accumulate, with the cell's registers and clock.", None
    )
    mac_fp16: PerOperation = param(
        "mac_fp16", "One fp16 multiply-accumulate, with the cell's registers and clock.", None
    )
    mac_tf32: PerOperation = param(
        "mac_tf32", "One tf32 multiply-accumulate, with the cell's registers and clock.", None
    )
    mac_fp32: PerOperation = param(
        "mac_fp32", "One fp32 multiply-accumulate, with the cell's registers and clock.", None
    )
    vector_add: PerOperation = param("vector_add", "One vector addition or comparison, with its operands.", None)
    vector_mul: PerOperation = param("vector_mul", "One vector multiplication, with its operands.", None)
    vector_exp: PerOperation = param("vector_exp", "One vector exponential or the like, with its operands.", None)
    vector_div: PerOperation = param("vector_div", "One vector division or square root, with its operands.", None)
    vector_reduce: PerOperation = param("vector_reduce", "One element of a reduction, with its operand.", None)
    accumulator: PerByte = param("accumulator", "Accumulator memory, read or written.", None)
    sram_read: PerByte = param("sram_read", "A core's SRAM, read.", None)
    sram_write: PerByte = param("sram_write", "A core's SRAM, written.", None)
    shared_sram: PerByte = param("shared_sram", "Shared SRAM, read or written.", None)
    noc_hop: PerByte = param("noc_hop", "One hop of the network on the chip.", None)
    dram_activate: PerOperation = param("dram_activate", "Opening and closing a row of DRAM.", None)
    dram_read: PerByte = param("dram_read", "DRAM devices, arrays and column path, read.", None)
    dram_write: PerByte = param("dram_write", "DRAM devices, arrays and column path, written.", None)
    dram_io: PerByte = param("dram_io", "DRAM's interface, both PHYs and the wires, either way.", None)
    dram_background: Watts = param("dram_background", "All DRAM devices, awake, whatever they do.", None)
    dram_refresh: Watts = param("dram_refresh", "Refresh of all DRAM devices, on average.", None)
    pcie: PerByte = param("pcie", "PCIe, both ends.", None)


class Energy(Part):
    """Energy per event: the table of the process node, with exceptions."""

    activity: Annotated[float, Number(least=0, most=1)] = param(
        "activity",
        "Switching activity of operands of products, as a share of that of the table: zeros leave a cell its clock.",
        1.0,
    )

    overrides: EnergyOverrides = param("overrides", "Constants that replace the table's own.", factory=EnergyOverrides)
