"""Area of a chip's die by block.

    arrays        cells x (multiplier, adder and registers of the costliest data type, by its rate) x overhead of a cell
    vector units  lanes x fp32 multiplier and adder x overhead of a lane
    memories      CACTI by node and capacity, shrunk by the bit cell below 22 nm, x overhead of a macro
    interfaces    PHYs, which do not shrink, and controllers, which do
    the rest      routers and DMA engines by their width; control, clocks, test and space as a share

The data and their sources are in the YAML files beside this one. Modelled is what trade-offs need: which block grows
with which parameter, and by how much. Not modelled: floor plan, packages, the dependence of area on clock, voltage and
bandwidth. The stated uncertainty of a block is a share of its area; those of all blocks are added, since they have
common causes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from leptonsim.chip.dram_part import load_part
from leptonsim.chip.interpolate import log_log, rising
from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip.spec import Chip

KIB = 1024
LOGIC_NODE_NM = 45
_SRAM_NODES = (22, 32, 45)


@dataclass(frozen=True, slots=True)
class Block:
    """Area of one kind of block in the whole chip, the share by which it may be off, and the number's source."""

    name: str
    area_mm2: float
    uncertainty: float
    source: str


@dataclass(frozen=True, slots=True)
class Area:
    """A die: its blocks, the rest of the die among them."""

    blocks: tuple[Block, ...]

    @property
    def total_mm2(self) -> float:
        """The sum of the blocks."""
        return math.fsum(block.area_mm2 for block in self.blocks)

    @property
    def uncertainty_mm2(self) -> float:
        """By how much the total may be off, either way."""
        return math.fsum(block.area_mm2 * block.uncertainty for block in self.blocks)


@functools.cache
def data(name: str) -> Any:
    """A file of this folder."""
    text = (resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def area(chip: Chip) -> Area:
    """Area of a chip's die. Raises LeptonError where nothing is known of its memory's family."""
    blocks = [*core_blocks(chip), _dram(chip), _pcie(chip)]
    return Area((*blocks, rest_of(blocks)))


def core_blocks(chip: Chip) -> list[Block]:
    """The blocks of all cores, shared SRAM and network; not the interfaces, and not what lies between blocks."""
    node, cores, core = chip.process_nm, chip.cores, chip.core
    logic, macro = data("logic"), data("sram")["macro_factor"]
    shrink = logic_factor(node) / 1e6
    array, unit = core.tensor_core, core.vector_unit
    cell, lane = logic["cell_factor"], logic["lane_factor"]
    lane_um2 = (logic["multiply"]["fp32"]["um2"] + logic["add"]["fp32"]["um2"]) * lane["value"]
    sram_source = f"{data('sram')['source']}; {data('sram')['cell_um2']['source']}; {macro['source']}"
    staying = _operands_staying(array.schedule)
    cells = array.rows * array.cols * array.count * cores
    arrays = cells * cell_um2(array.rates, staying) * cell["value"] * shrink
    blocks = [
        Block("tensor cores", arrays, cell["uncertainty"], f"{_sources(array.rates, staying)}; {cell['source']}"),
        Block("vector units", cores * unit.lanes * lane_um2 * shrink, lane["uncertainty"], lane["source"]),
        Block(
            "accumulators",
            cores * array.count * sram_mm2(array.accumulator_size_bytes, node),
            macro["uncertainty"],
            sram_source,
        ),
        Block("SRAM", cores * sram_mm2(core.sram.size_bytes, node), macro["uncertainty"], sram_source),
    ]
    if chip.shared_sram is not None:
        blocks.append(
            Block("shared SRAM", sram_mm2(chip.shared_sram.size_bytes, node), macro["uncertainty"], sram_source)
        )
    router, dma = logic["router"], logic["dma"]
    routers = cores * chip.noc.link_bytes_per_cycle * router["um2_per_byte"] * shrink
    engines = cores * core.dma.engines * core.dma.port_bytes_per_cycle * dma["um2_per_byte"] * shrink
    return [
        *blocks,
        Block("network", routers, router["uncertainty"], router["source"]),
        Block("DMA", engines, dma["uncertainty"], dma["source"]),
    ]


def rest_of(blocks: Sequence[Block]) -> Block:
    """What lies between blocks: control, clocks, test, space."""
    rest = data("logic")["overhead"]
    inside = math.fsum(block.area_mm2 for block in blocks)
    return Block("rest of the die", rest["share"] * inside, rest["uncertainty"], rest["source"])


def logic_factor(node_nm: int) -> float:
    """Area of logic relative to 45 nm."""
    return log_log(data("logic")["scaling"]["factor"], node_nm)


def cell_um2(rates: Mapping[Any, float], operands_staying: int = 2) -> float:
    """Datapath and registers of one cell at 45 nm in um2: those of the costliest data type at its rate; the others
    share them (estimate).
    """
    return max(float(rate * _cell_um2(dtype, operands_staying)) for dtype, rate in rates.items())


def _cell_um2(dtype: Any, operands_staying: int) -> float:
    """One multiplication and addition a cycle: its datapath, and registers for the operands and the sum."""
    logic = data("logic")
    added = logic["accumulate"][dtype]
    bits = (1 + operands_staying) * logic["operand_bits"][dtype] + logic["sum_bits"][added]
    um2: float = logic["multiply"][dtype]["um2"] + logic["add"][added]["um2"] + bits * logic["register"]["um2_per_bit"]
    return um2


def _operands_staying(schedule: str) -> int:
    """Operands that a cell keeps: with two buffers the next one loads while this one is in use."""
    return 2 if schedule == "double" else 1


def sram_mm2(size_bytes: int, node_nm: int) -> float:
    """Area of one SRAM; above 32 MiB the last power law goes on, below 32 KiB area goes with capacity."""
    known = data("sram")
    size_kib = size_bytes / KIB
    smallest_kib = 32
    by_node: dict[float, float] = {
        node: log_log(_sram_curve(node), max(size_kib, smallest_kib)) for node in _SRAM_NODES
    }
    smallest_nm = min(_SRAM_NODES)
    if node_nm >= smallest_nm:
        mm2 = log_log(by_node, node_nm)
    else:
        cells = known["cell_um2"]["nodes"]
        mm2 = by_node[smallest_nm] * log_log(cells, node_nm) / cells[smallest_nm]
    factor: float = known["macro_factor"]["value"]
    return mm2 * factor * min(1.0, size_kib / smallest_kib)


@functools.cache
def _sram_curve(node_nm: int) -> Mapping[float, float]:
    return rising(data("sram")["mm2"][node_nm])


def _sources(rates: Mapping[Any, float], operands_staying: int) -> str:
    logic = data("logic")
    costliest = max(rates, key=lambda dtype: cell_um2({dtype: rates[dtype]}, operands_staying))
    adder = logic["accumulate"][costliest]
    multiplier, scaling = logic["multiply"][costliest]["source"], logic["scaling"]["source"]
    registers = logic["register"]["source"]
    return f"{costliest}: {multiplier}, {adder} adder: {logic['add'][adder]['source']}; {registers}; {scaling}"


def _dram(chip: Chip) -> Block:
    known, part = data("phy"), load_part(chip.dram.part)
    family = known["dram"].get(part.standard)
    if family is None:
        raise LeptonError(f"no area is known for the interface of {part.standard}; known: {', '.join(known['dram'])}")
    units = chip.dram.channels * part.organization.data_width_bits / family["bits"]
    mm2 = units * (family["phy_mm2"] + family["controller_mm2"] * _controller_factor(chip.process_nm))
    return Block("DRAM interface", mm2, known["uncertainty"], f"{part.standard}: {family['source']}")


def _pcie(chip: Chip) -> Block:
    known = data("phy")
    lane = known["pcie"][chip.pcie.generation]
    mm2 = chip.pcie.lanes * (lane["phy_mm2"] + lane["controller_mm2"] * _controller_factor(chip.process_nm))
    return Block("PCIe interface", mm2, known["uncertainty"], f"generation {chip.pcie.generation}: {lane['source']}")


def _controller_factor(node_nm: int) -> float:
    return logic_factor(node_nm) / logic_factor(data("phy")["controller_node_nm"])
