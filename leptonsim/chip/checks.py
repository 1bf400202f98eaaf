"""Rules between parameters: what each value alone cannot show.

Each rule is one function that yields (path, message) for what it finds; the message says what to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, get_args

from leptonsim.chip.core import ELEMENT_BITS, VectorFunction
from leptonsim.chip.dram_parts import dram_families, dram_parts, is_own_part
from leptonsim.chip.report import near
from leptonsim.chip.tree import Path
from leptonsim.chip.units import DATA_RATE, FREQUENCY, SIZE, WIDTH
from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip.dram_part import DramPart
    from leptonsim.chip.power import MemoryState
    from leptonsim.chip.spec import Chip

Violations = Iterator[tuple[Path, str]]
PARTIAL_SUM_BYTES = 4
"""Partial sums are int32 or fp32."""


def violations(chip: Chip) -> Violations:
    """All rules that the chip breaks."""
    for rule in RULES:
        yield from rule(chip)


def _known_dram_part(chip: Chip) -> Violations:
    part, known = chip.dram.part, (*dram_parts(), *dram_families())
    if is_own_part(part):
        from leptonsim.chip.dram_part import load_part

        try:
            load_part(part)
        except LeptonError as error:
            yield ("dram", "part"), str(error)
    elif part not in known:
        yield ("dram", "part"), f"unknown DRAM part {part!r}; {near(part, known)}"


def _default_dtype_has_a_rate(chip: Chip) -> Violations:
    dtype, rates = chip.software.default_dtype, chip.core.tensor_core.rates
    if dtype not in rates:
        yield (
            ("software", "default_dtype"),
            f"the tensor core has no rate for {dtype}: add it to core.tensor_core.rates"
            + (f", or choose {' or '.join(rates)}" if rates else ""),
        )


def _every_vector_function_has_a_rate(chip: Chip) -> Violations:
    missing = [name for name in get_args(VectorFunction) if name not in chip.core.vector_unit.rates]
    if missing:
        yield ("core", "vector_unit", "rates"), f"no rate for {', '.join(missing)}: every class of function needs one"


def _clock_is_that_of_the_state(chip: Chip) -> Violations:
    power, clock = chip.power, chip.clocks.core_hz
    names = [state.name for state in power.states]
    yield from _names_differ(names, ("power",))
    if power.state is None:
        if names:
            yield ("power", "states"), f"say at which state the chip starts: power.state is one of {', '.join(names)}"
        return
    if power.state not in names:
        yield (
            ("power", "state"),
            f"unknown state {power.state!r}; {near(power.state, names) if names else 'power.states is empty'}",
        )
        return
    at = power.states[names.index(power.state)]
    if at.core_hz != clock:
        yield (
            ("clocks", "core"),
            f"{FREQUENCY.format(clock)}, but power.state {at.name!r} runs at {FREQUENCY.format(at.core_hz)}: "
            "make them equal, or set power.states=[] and power.state=null for one fixed clock",
        )


def _names_differ(names: list[str], path: Path) -> Violations:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (*path, "states", index, "name"), f"{name!r} is the name of two states"


def _start_is_known(state: str | None, names: list[str], path: Path) -> Violations:
    if state is not None and state not in names:
        yield (*path, "state"), f"unknown state {state!r}; {near(state, names)}"


def _uncore_has_states_or_one_clock(chip: Chip) -> Violations:
    uncore, path = chip.power.uncore, ("power", "uncore")
    if uncore is None:
        return
    names = [state.name for state in uncore.states]
    yield from _names_differ(names, path)
    if not names:
        if uncore.voltage_v is None or uncore.clock_hz is None:
            yield path, "give voltage and clock, or states and state"
        if uncore.state is not None:
            yield (*path, "state"), f"unknown state {uncore.state!r}; power.uncore.states is empty"
        return
    if uncore.voltage_v is not None or uncore.clock_hz is not None:
        yield path, "voltage and clock are those of the states: leave out power.uncore.voltage and power.uncore.clock"
    if uncore.state is None:
        yield path, f"say at which state it starts: power.uncore.state is one of {', '.join(names)}"
    yield from _start_is_known(uncore.state, names, path)


def _memory_states_are_within_the_part(chip: Chip) -> Violations:
    memory, path = chip.power.memory, ("power", "memory")
    if memory is None:
        return
    names = [state.name for state in memory.states]
    yield from _names_differ(names, path)
    if not names:
        yield (*path, "states"), "at least one state, such as {name: full, data_rate: 6400 MT/s}"
    else:
        yield from _start_is_known(memory.state, names, path)
    from leptonsim.chip.dram_part import load_part

    try:
        part = load_part(chip.dram.part)
    except LeptonError:
        return  # said by another rule
    for index, state in enumerate(memory.states):
        yield from _memory_state_is_within(state, part, (*path, "states", index))


def _memory_state_is_within(state: MemoryState, part: DramPart, at: Path) -> Violations:
    rate, fastest, step = state.data_rate, part.clocking.data_rate, part.clocking.transfers_per_clock
    if rate > fastest:
        yield (*at, "data_rate"), f"{DATA_RATE.format(rate)} is above the {DATA_RATE.format(fastest)} of {part.name}"
    elif rate % step:
        yield (*at, "data_rate"), f"not a whole number of command clocks, which are {step} transfers each"
    if state.voltage_v is None:
        return
    own_v = part.energy.io_voltage_v
    if own_v is None:
        yield (
            (*at, "voltage"),
            f"{part.name} does not say the supply of its interface: add energy.io_voltage_v to the part",
        )
    elif state.voltage_v > own_v:
        yield (*at, "voltage"), f"{state.voltage_v:g} V is above the {own_v:g} V of {part.name}"


def _states_are_a_table_or_a_curve(chip: Chip) -> Violations:
    curve = chip.power.curve
    if curve is None:
        return
    if chip.power.states:
        yield ("power", "curve"), "states are a table or a curve, not both: leave out power.curve or power.states"
    if (
        not curve.threshold_v < curve.lowest_v <= curve.voltage_v <= curve.highest_v
        or curve.lowest_v == curve.highest_v
    ):
        yield ("power", "curve"), "expects threshold < lowest <= voltage <= highest, and lowest < highest"


def _sparsity_keeps_some_of_many(chip: Chip) -> Violations:
    for index, pattern in enumerate(chip.core.tensor_core.sparsity):
        kept, group = map(int, pattern.split(":"))
        if kept >= group:
            yield (
                ("core", "tensor_core", "sparsity", index),
                f"{pattern!r} keeps {kept} of {group}: N:M needs N below M, such as 2:4",
            )


def _accumulators_hold_a_row(chip: Chip) -> Violations:
    array = chip.core.tensor_core
    row_bytes = array.cols * PARTIAL_SUM_BYTES
    if array.accumulator_size_bytes < row_bytes:
        yield (
            ("core", "tensor_core", "accumulator_size"),
            f"{SIZE.format(array.accumulator_size_bytes)} cannot hold one row of partial sums: "
            f"{array.cols} columns x {PARTIAL_SUM_BYTES} B = {SIZE.format(row_bytes)}",
        )


def _sram_holds_two_folds_of_weights(chip: Chip) -> Violations:
    array, dtype = chip.core.tensor_core, chip.software.default_dtype
    fold_bytes = array.rows * array.cols * array.count * ELEMENT_BITS[dtype] // 8
    usable_bytes = int(chip.core.sram.size_bytes * chip.software.buffer_share)
    if usable_bytes < 2 * fold_bytes:
        yield (
            ("core", "sram", "size"),
            f"{SIZE.format(usable_bytes)} usable (core.sram.size x software.buffer_share) cannot hold "
            f"two folds of {dtype} weights, one in use and one loading: 2 x {SIZE.format(fold_bytes)}",
        )


def _accesses_fit_their_ports(chip: Chip) -> Violations:
    sram, dma = chip.core.sram, chip.core.dma
    widest = max(sram.read_bytes_per_cycle, sram.write_bytes_per_cycle)
    if dma.port_bytes_per_cycle > widest:
        yield (
            ("core", "dma", "port"),
            f"{WIDTH.format(dma.port_bytes_per_cycle)} is wider than the SRAM behind it ({WIDTH.format(widest)})",
        )


def _request_sizes_are_powers_of_two(chip: Chip) -> Violations:
    for section, name, value in (
        ("pcie", "mps", chip.pcie.mps_bytes),
        ("pcie", "mrrs", chip.pcie.mrrs_bytes),
        ("pcie", "rcb", chip.pcie.rcb_bytes),
        ("dram.mapping", "interleave", chip.dram.mapping.interleave_bytes),
    ):
        if value & (value - 1):
            yield (*section.split("."), name), f"{SIZE.format(value)} is not a power of two"


def _throttles_above_the_air(chip: Chip) -> Violations:
    thermal = chip.power.thermal
    if thermal is not None and thermal.throttle <= thermal.ambient:
        yield (
            ("power", "thermal", "throttle"),
            f"{thermal.throttle} degC is not above the air at {thermal.ambient} degC",
        )


def _static_power_is_within_the_limit(chip: Chip) -> Violations:
    if chip.power.static_w >= chip.power.tdp_w:
        yield ("power", "static"), f"{chip.power.static_w} W leaves nothing of the {chip.power.tdp_w} W of power.tdp"


def _shares_of_static_power_are_of_one_whole(chip: Chip) -> Violations:
    blocks = chip.power.blocks
    told = {
        name: getattr(blocks, name).static_share
        for name in ("tensor_core", "vector_unit", "sram", "noc", "dram", "pcie")
    }
    whole = sum(share for share in told.values() if share is not None)
    if whole > 1:
        parts = ", ".join(f"{name}.static_share {share:g}" for name, share in told.items() if share is not None)
        yield ("power", "blocks"), f"{parts} are {whole:g} in all: shares of power.static are at most 1 together"


def _a_link_rests_in_one_way(chip: Chip) -> Violations:
    if chip.pcie.idle_state != "L0" and chip.power.blocks.pcie.gating != "none":
        yield (
            ("pcie", "idle_state"),
            f"{chip.pcie.idle_state!r}, but power.blocks.pcie.gating is {chip.power.blocks.pcie.gating!r}, "
            "which chooses the state: let one of them be L0 or none",
        )


RULES: tuple[Callable[[Chip], Violations], ...] = (
    _known_dram_part,
    _default_dtype_has_a_rate,
    _every_vector_function_has_a_rate,
    _clock_is_that_of_the_state,
    _uncore_has_states_or_one_clock,
    _memory_states_are_within_the_part,
    _states_are_a_table_or_a_curve,
    _sparsity_keeps_some_of_many,
    _accumulators_hold_a_row,
    _sram_holds_two_folds_of_weights,
    _accesses_fit_their_ports,
    _request_sizes_are_powers_of_two,
    _throttles_above_the_air,
    _static_power_is_within_the_limit,
    _shares_of_static_power_are_of_one_whole,
    _a_link_rests_in_one_way,
)
