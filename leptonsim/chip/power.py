"""Power: performance states, static power, the limit, and the two-node thermal model, as parameters.

Dynamic energy comes from the energy table at its nominal voltage and scales with the square of the voltage in force.
"""

from typing import Annotated

from leptonsim.chip.declare import Part, param
from leptonsim.chip.scalars import Measure, Text
from leptonsim.chip.units import (
    ENERGY,
    ENERGY_PER_BYTE,
    FREQUENCY,
    HEAT_CAPACITY,
    PER_KELVIN,
    POWER,
    TEMPERATURE,
    THERMAL_RESISTANCE,
    VOLTAGE,
)

Name = Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a name of letters, digits, dots and dashes")]


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


class Power(Part):
    """What the chip may draw, and how it is governed."""

    governor: Name = param("governor", "The policy that chooses the state: the name of a file in machine/governors.")
    state: Name | None = param("state", "Performance state at the start; required where there are states.", None)
    states: tuple[State, ...] = param(
        "states", "Performance states; none: the clock is fixed and the voltage nominal.", ()
    )
    static_w: Annotated[float, Measure(POWER, "0 W", "10 kW")] = param(
        "static", "Static power of the whole chip at nominal voltage."
    )
    tdp_w: Annotated[float, Measure(POWER, "1 mW", "100 kW")] = param("tdp", "Thermal design power of chip and memory.")
    thermal: Thermal | None = param("thermal", "Thermal model; none: temperature does not matter.", None)


_PJ = Measure(ENERGY, "0 pJ", "1 uJ")
_PJ_PER_BYTE = Measure(ENERGY_PER_BYTE, "0 pJ/B", "1 uJ/B")
PerOperation = Annotated[float, _PJ] | None
PerByte = Annotated[float, _PJ_PER_BYTE] | None


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
    dram_streaming: PerByte = param("dram_streaming", "DRAM, device and interface, streamed.", None)
    dram_random: PerByte = param("dram_random", "DRAM, device and interface, random accesses.", None)
    pcie: PerByte = param("pcie", "PCIe, both ends.", None)


class Energy(Part):
    """Energy per event: the table of the process node, with exceptions."""

    overrides: EnergyOverrides = param("overrides", "Constants that replace the table's own.", factory=EnergyOverrides)
