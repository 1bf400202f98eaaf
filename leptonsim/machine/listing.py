"""The powers of a chip's blocks at rest and its states as rows for people, with their sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from leptonsim.chip.dram_part import load_part
from leptonsim.chip.energy import data
from leptonsim.chip.energy.dram import dram_energy
from leptonsim.chip.spec import Chip
from leptonsim.compiler.routes import dram_route, pattern_of
from leptonsim.fabric.dram import AccessPattern, DramModel, memory_at_start
from leptonsim.kernels.tiles import BLOCK_NAMES
from leptonsim.machine.blocks import BLOCKS
from leptonsim.machine.clocks import memory_points, operating_points, uncore_points
from leptonsim.machine.energy import EnergyModel, io_at
from leptonsim.machine.resting import ASLEEP, OFF


class IdleRow(NamedTuple):
    """Watts of all blocks of a kind in the performance state: static, at rest beside it, and in all asleep by state.

    Banks of SRAM that may be off have a row without static power and rest of its own: these are in the SRAM's.
    """

    block: str
    static_w: float
    rest_w: float
    gating: str
    asleep_w: dict[str, float]


def idle_rows(model: EnergyModel) -> Iterator[IdleRow]:
    """A row for each kind of block; states of those that may sleep."""
    volts, power, blocks = model.table.voltage_v, model.resting.power, model.chip.power.blocks
    static_w, rest_w = power.static_w(volts).tolist(), power.rest_w(volts, model.chip.clocks.core_hz).tolist()
    for block, static, rest in zip(BLOCKS, static_w, rest_w, strict=True):
        gating = getattr(blocks, block).gating if block in BLOCK_NAMES else "none"
        states = model.resting.states[block] if gating != "none" else ()
        states = states[: ASLEEP + 1] if block == "sram" else states
        asleep = {state.name: static * state.static_share + rest * state.rest_share for state in states}
        yield IdleRow(block, static, rest, gating, asleep)
        if block == "sram" and model.resting.banks:
            off = model.resting.states[block][OFF]
            yield IdleRow("sram_banks", 0.0, 0.0, blocks.sram_banks.gating, {off.name: static * off.static_share})


class DramRow(NamedTuple):
    """pJ of one byte that an access pattern asks of DRAM, by event, and the share of the pins' peak that it reaches."""

    pattern: str
    events_pj: dict[str, float]
    of_peak: float


def dram_rows(model: EnergyModel) -> Iterator[DramRow]:
    """A row for each of some patterns."""
    dram = memory_at_start(model.chip)
    for name, route in (
        ("streamed, read", dram_route(False)),
        ("streamed, written", dram_route(True)),
        ("rows of 256 B, read", dram_route(False, "strided", 256)),
        ("random 64 B, read", dram_route(False, "random", 64)),
    ):
        events_pj = {event: value for event, value in model.dram_pj_per_byte(route).items() if value}
        yield DramRow(name, events_pj, dram.efficiency([AccessPattern(*pattern_of(route))]))


class StateRow(NamedTuple):
    """A state of a domain: its clock in Hz (of the memory transfers per second), its voltage (of the memory that of its
    interface; 0 where the part does not say it), and watts of the whole chip at rest with the other domains as at the
    start. Of the memory ``memory`` has the pins' peak, the energy of the interface and the latency of an idle read.
    """

    domain: str
    state: str
    clock_hz: int
    voltage_v: float
    rest_w: float
    memory: dict[str, float]


def state_rows(model: EnergyModel) -> Iterator[StateRow]:
    """A row for each state of each domain that has any."""
    chip, power, volts = model.chip, model.resting.power, model.table.voltage_v
    core_hz, start, uncore, memory = chip.clocks.core_hz, power.start, chip.power.uncore, chip.power.memory
    for point in operating_points(chip, volts) if chip.power.states or chip.power.curve else ():
        yield StateRow(
            "core", point.name, point.clock_hz, point.voltage_v, power.idle_w(point.voltage_v, point.clock_hz), {}
        )
    for point in () if uncore is None or not uncore.states else uncore_points(uncore):
        beside = start._replace(uncore_v=point.voltage_v, uncore_hz=float(point.clock_hz))
        rest_w = power.idle_w(volts, core_hz, beside)
        yield StateRow("uncore", point.name, point.clock_hz, point.voltage_v, rest_w, {})
    for point in () if memory is None else memory_points(chip):
        dram, own = DramModel(chip.dram, point.clock_hz), dram_energy(chip)[0]
        rest_w = power.idle_w(volts, core_hz, start._replace(data_rate=float(point.clock_hz)))
        told = {
            "peak_bytes_per_s": dram.peak_bytes_per_s,
            "io_pj_per_byte": own.io_pj_per_byte * io_at(chip, point.voltage_v or None),
            "latency_ps": dram.latency_ps,
        }
        yield StateRow("memory", point.name, point.clock_hz, point.voltage_v, rest_w, told)


def idle_sources(chip: Chip) -> Iterator[str]:
    """Where shares, clocks and states are from, a line each."""
    known = data.idle()
    for name, entry in known["static"].items():
        yield f"static power, {name}: {entry['source']}"
    (share, source), (gated, its_source) = data.clocked_share(), data.idle_share()
    yield f"clock at rest, {share:g} of full work: {source}"
    yield f"clock at rest, gated, {gated:g} of full work: {its_source}"
    for block, entry in known["gated"].items():
        leakage = "" if "residual" in entry else f"; leakage: {data.power_gated_share()[1]}"
        yield f"sleep of {block}: {entry['source']}{leakage}"
    family = load_part(chip.dram.part).standard
    if family in known["dram"]:
        yield f"sleep of {family}: {known['dram'][family]['source']}; interface: {known['dram_interface']['source']}"
    yield f"sleep of pcie: {known['pcie']['source']}"
    if chip.power.memory is not None:
        share = known["dram_clock"]["share"]
        yield f"background of DRAM, {share:g} of which goes with its clock: {known['dram_clock']['source']}"
    yield f"break-even of dram and pcie: {known['off_chip_break_even']['source']}"
