"""What blocks draw beside their operations: static power by block, and what a block draws for resting awake.

The static power of the chip divides over its blocks by what they are made of (cells, lanes, bytes of SRAM, widths), or
as ``power.blocks.<block>.static_share`` says. On the die it is leakage: it goes with V exp(k (V - nominal)) and with
the die's temperature. The interfaces to DRAM and PCIe have supplies of their own and draw the same at all times.

A block on the die that rests draws power for its clock: a share of its dynamic power at full work, smaller where the
clock is gated. Full work is every cell with the chip's default data type, every lane, every port and every link. DRAM
draws background power, which falls with its clock, and refreshes at all times.

Not modelled: leakage that differs within a kind of block, clocks and leakage of control and host interface (they are
in the rest of static power).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leptonsim.chip.dram_part import load_part
from leptonsim.chip.energy import EnergyTable, data
from leptonsim.chip.spec import Chip
from leptonsim.fabric.noc import NocModel
from leptonsim.fabric.pcie import GENERATIONS
from leptonsim.kernels.tiles import BLOCK_NAMES
from leptonsim.machine.sleep import ON_DIE, background_at

Floats = npt.NDArray[np.float64]
Numbers = float | Floats | npt.NDArray[np.int64]

BLOCKS = (*BLOCK_NAMES, "other")
"""Blocks in the order of the kernel, then all that never rests."""

_MIB = 1 << 20


def _mask(*names: str) -> npt.NDArray[np.bool_]:
    found = np.array([block in names for block in BLOCKS])
    found.flags.writeable = False
    return found


_IS_ON_DIE, _IS_UNCORE, _IS_NETWORK = _mask(*ON_DIE, "other"), _mask("sram", "noc"), _mask("noc")


class Beside(NamedTuple):
    """What is in force beside the cores: voltage and clock of network and SRAM, where they have their own, and the data
    rate of the memory. Each may be an array of the shape of the cores' voltage.
    """

    uncore_v: Numbers
    uncore_hz: Numbers
    data_rate: Numbers


class BlockPower:
    """The powers of one chip's blocks; ``table`` is its energy table at nominal voltage.

    ``units`` is float64 (blocks,): how many of a kind rest by themselves.
    """

    def __init__(self, chip: Chip, table: EnergyTable) -> None:
        self.chip = chip
        self.nominal_v = table.voltage_v
        self.units = np.array([chip.cores if name in BLOCK_NAMES[:3] else 1 for name in BLOCKS], dtype=np.float64)
        self._static_w = chip.power.static_w * static_shares(chip)
        share = table.idle_share if chip.power.blocks.clock_gating else table.clocked_share
        self._clock_pj, self._clock_w = share * _full_work_pj(chip, table), share * _full_work_w(chip, table)
        self.refresh_w = table.dram.refresh_w
        """What of the memory's power at rest is refresh."""
        self._background_w = np.where(_mask("dram"), table.dram.background_w, 0.0)
        self._refresh_w = np.where(_mask("dram"), table.dram.refresh_w, 0.0)
        uncore = chip.power.uncore
        self._has_uncore = uncore is not None
        self._highest_hz = 1.0 if uncore is None else float(uncore.highest_hz)
        own_rate = load_part(chip.dram.part).clocking.data_rate
        self._own_rate = float(own_rate)
        self.start = Beside(
            0.0 if uncore is None else uncore.start.voltage_v,
            0.0 if uncore is None else float(uncore.start.clock_hz),
            float(own_rate if chip.power.memory is None else chip.power.memory.start.data_rate),
        )

    def leakage_w(self, voltage_v: Numbers, beside: Beside | None = None) -> Floats:
        """float64 (..., blocks): what of static power is leakage, at the temperature that it is stated at.

        ``voltage_v`` may be an array of any shape, as elsewhere here; ``beside`` is as at the start unless given.
        """
        volts = self._supplies(voltage_v, beside)
        growth = np.exp(self.chip.power.leakage_per_volt * (volts - self.nominal_v))
        return np.where(_IS_ON_DIE, self._static_w * (volts / self.nominal_v * growth), 0.0)

    def static_w(self, voltage_v: Numbers, heat: Numbers = 1.0, beside: Beside | None = None) -> Floats:
        """float64 (..., blocks): all units of a kind; ``heat`` is the factor of temperature on leakage."""
        leaks = self.leakage_w(voltage_v, beside) * np.asarray(heat, dtype=np.float64)[..., None]
        return np.where(_IS_ON_DIE, leaks, self._static_w)

    def at(self, voltage_v: float, core_hz: int, beside: Beside) -> Floats:
        """float64 (3, blocks): leakage, static power that is none, and what is drawn at rest."""
        leakage_w = self.leakage_w(voltage_v, beside)
        steady_w = np.where(_IS_ON_DIE, 0.0, self._static_w)
        return np.stack([leakage_w, steady_w, self.rest_w(voltage_v, core_hz, beside)])

    def rest_w(self, voltage_v: Numbers, core_hz: Numbers, beside: Beside | None = None) -> Floats:
        """float64 (..., blocks): all units of a kind at rest and awake, beside static power."""
        beside = beside or self.start
        square = (self._supplies(voltage_v, beside) / self.nominal_v) ** 2
        clock, shared_w = np.asarray(core_hz, dtype=np.float64)[..., None], self._clock_w
        if self._has_uncore:
            network = np.asarray(beside.uncore_hz, dtype=np.float64)[..., None]
            clock = np.where(_IS_NETWORK, network, clock)
            shared_w = shared_w * (network / self._highest_hz)
        background = self._background_w * background_at(np.asarray(beside.data_rate)[..., None] / self._own_rate)
        found: Floats = (self._clock_pj * clock / 1e12 + shared_w) * square + background + self._refresh_w
        return found

    def _supplies(self, voltage_v: Numbers, beside: Beside | None) -> Floats:
        """float64 (..., blocks): each block's voltage where the cores have ``voltage_v``."""
        volts = np.asarray(voltage_v, dtype=np.float64)[..., None]
        if not self._has_uncore:
            return volts
        return np.where(_IS_UNCORE, np.asarray((beside or self.start).uncore_v)[..., None], volts)

    def idle_w(self, voltage_v: float, core_hz: int, beside: Beside | None = None) -> float:
        """The whole chip with its memory at rest and awake."""
        rest_w = self.rest_w(voltage_v, core_hz, beside)
        return float(self.static_w(voltage_v, beside=beside).sum() + rest_w.sum())


def static_shares(chip: Chip) -> Floats:
    """float64 (blocks,): shares of the chip's static power, as given or by what each block is made of; the sum is 1."""
    weights = data.idle()["static"]
    core, cores = chip.core, chip.cores
    array = core.tensor_core
    sram = weights["sram_mib"]["watts"] / _MIB
    link = GENERATIONS[chip.pcie.generation]
    shared_bytes = 0 if chip.shared_sram is None else chip.shared_sram.size_bytes
    found = {
        "tensor_core": cores
        * array.count
        * (array.rows * array.cols * weights["cell"]["watts"] + array.accumulator_size_bytes * sram),
        "vector_unit": cores * core.vector_unit.lanes * weights["lane"]["watts"],
        "sram": cores * core.sram.size_bytes * sram * data.sram_leakage_ratio(core.sram.cell),
        "noc": cores * chip.noc.link_bytes_per_cycle * weights["router_byte_per_cycle"]["watts"] + shared_bytes * sram,
        "dram": chip.dram.channels
        * load_part(chip.dram.part).channel_bytes_per_s
        / 1e9
        * weights["dram_gb_per_s"]["watts"],
        "pcie": chip.pcie.lanes * float(link.transfers_per_s * link.encoding) / 8e9 * weights["pcie_gb_per_s"]["watts"],
    }
    rest = weights["rest"]["share"]
    scale = (1 - rest) / math.fsum(found.values())
    given = {name: getattr(chip.power.blocks, name).static_share for name in BLOCK_NAMES}
    told = math.fsum(share for share in given.values() if share is not None)
    # what is not told shares what is left in the proportions that it would have had
    left = math.fsum(found[name] * scale for name in BLOCK_NAMES if given[name] is None) + rest
    fit = (1 - told) / left
    shares = [fit * scale * found[name] if given[name] is None else given[name] for name in BLOCK_NAMES]
    return np.array([*shares, fit * rest], dtype=np.float64)


def _full_work_pj(chip: Chip, table: EnergyTable) -> Floats:
    """float64 (blocks,): dynamic energy of one core cycle at full work and nominal voltage; 0 of interfaces."""
    core, dtype = chip.core, chip.software.default_dtype
    array = core.tensor_core
    links = NocModel(chip.noc, chip.cores, core_hz=1).capacity_bytes_per_s
    found = {
        "tensor_core": chip.cores
        * array.count
        * (
            array.rows * array.cols * array.rates[dtype] * table.mac[dtype]
            + array.cols * 2 * 4 * table.accumulator_pj_per_byte
        ),
        "vector_unit": chip.cores * core.vector_unit.lanes * table.vector_pj["add"],
        "sram": chip.cores
        * (
            core.sram.read_bytes_per_cycle * table.sram_read_pj_per_byte
            + core.sram.write_bytes_per_cycle * table.sram_write_pj_per_byte
        ),
        "noc": links * table.noc_pj_per_byte_hop,
    }
    return np.array([found.get(name, 0.0) for name in BLOCKS])


def _full_work_w(chip: Chip, table: EnergyTable) -> Floats:
    """float64 (blocks,): power at full work of shared SRAM, whose bandwidth does not go with the core clock."""
    shared = chip.shared_sram
    shared_w = 0.0 if shared is None else shared.bandwidth_bytes_per_s * table.shared_sram_pj_per_byte / 1e12
    return np.array([shared_w if name == "noc" else 0.0 for name in BLOCKS])
