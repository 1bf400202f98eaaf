"""The numbers of the YAML files in this folder, and the quantities that follow from them; each comes with its source.

Energies are in picojoules at the nominal voltage of the node (``supply.yaml``). Adding a process node is adding a point
to a file.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import yaml

from leptonsim.chip.interpolate import log_log

Sourced = tuple[float, str]
KIB = 1024
SMALLEST_SRAM_KIB = 32
SRAM_ACCESS_BYTES = 64
"""Width of an access at which most of CACTI's points are."""

_SRAM_NODES = (22, 32, 45)
_SRAM_COLUMN = {"read": 0, "write": 1}


@functools.cache
def _file(name: str) -> Any:
    text = (resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@functools.cache
def nominal_voltage_v(node_nm: int) -> Sourced:
    """The voltage at which the table holds."""
    nominal = _file("supply")["nominal"]
    return round(log_log(nominal["volts"], node_nm), 3), nominal["source"]


def idle() -> Any:
    """``idle.yaml``: how static power divides, clocks, sleep."""
    return _file("idle")


def clocked_share() -> Sourced:
    """Dynamic power of a block that does nothing and has its clock, as a share of its active power."""
    return idle()["clocked"]["share"], idle()["clocked"]["source"]


def idle_share() -> Sourced:
    """Dynamic power of a clock-gated block, as a share of its active power."""
    return _file("supply")["clock_gated"]["share"], _file("supply")["clock_gated"]["source"]


def power_gated_share() -> Sourced:
    """Leakage of a power-gated block, as a share of its leakage when on."""
    return _file("supply")["power_gated"]["share"], _file("supply")["power_gated"]["source"]


@functools.cache
def mac_pj(dtype: str, node_nm: int) -> Sourced:
    """One multiply-accumulate in a systolic cell, with its registers and clock."""
    data = _file("arithmetic")
    adder = data["accumulate"][dtype]
    multiply, add, cell = data["multiply"][dtype], data["add"][adder], data["cell_factor"]
    energy = cell["value"] * (log_log(multiply["pj"], node_nm) + log_log(add["pj"], node_nm))
    datapath = f"{dtype} multiply ({multiply['source']}) + {adder} add ({add['source']})"
    return energy, f"{datapath}, times {cell['value']} ({cell['source']})"


@functools.cache
def vector_pj(function: str, node_nm: int) -> Sourced:
    """One operation of a class of vector functions, in fp32, with its operands."""
    data, arithmetic = _file("vector"), _file("arithmetic")
    cost, registers = data["functions"][function], data["register_file"]
    energy = (
        cost["adds"] * log_log(arithmetic["add"]["fp32"]["pj"], node_nm)
        + cost["multiplies"] * log_log(arithmetic["multiply"]["fp32"]["pj"], node_nm)
        + cost["register_bytes"] * log_log(registers["pj_per_byte"], node_nm)
    )
    source = (
        f"{cost['source']}; datapath: {arithmetic['add']['fp32']['source']}; "
        f"{cost['register_bytes']} B through registers: {registers['source']}"
    )
    return energy, source


def sram_pj_per_byte(
    size_bytes: float, node_nm: int, access: str, cell: str = "high_performance", width_bytes: int = SRAM_ACCESS_BYTES
) -> Sourced:
    """One byte read from or written to ("read", "write") an SRAM of this size and cell, ``width_bytes`` at once.

    CACTI's own values at its points; straight in log-log between them in size, node and width; under 32 KiB as 32 KiB;
    above its largest the last power law goes on.
    """
    data = _file("sram")
    size_kib = max(size_bytes / KIB, SMALLEST_SRAM_KIB)
    by_node: dict[float, float] = {node: log_log(_sram_curve(cell, node, access), size_kib) for node in _SRAM_NODES}
    source, smallest = data["source"], min(_SRAM_NODES)
    wide = 1.0
    if width_bytes != SRAM_ACCESS_BYTES:
        wide, source = _width_factor(size_kib, width_bytes, access), f"{source}; {data['widths']['source']}"
    if node_nm >= smallest:
        return wide * log_log(by_node, node_nm), source
    below = data["below_22"]
    energy = by_node[smallest] * (node_nm / smallest) ** below["exponent"]
    return wide * energy, f"{source}; to {node_nm} nm {below['source']}"


def sram_leakage_ratio(cell: str) -> float:
    """Leakage of an SRAM of some kind of cell over that of high-performance cells."""
    ratio: float = _file("sram")["leakage"].get(cell, 1.0)
    return ratio


@functools.cache
def _sram_curve(cell: str, node_nm: int, access: str) -> dict[float, float]:
    column = _SRAM_COLUMN[access]
    return {size_kib: pair[column] for size_kib, pair in _file("sram")[cell][node_nm].items()}


def _width_factor(size_kib: float, width_bytes: int, access: str) -> float:
    """Energy of a byte in accesses of a width over that in accesses of 64 B."""
    column = _SRAM_COLUMN[access]
    sizes = {size: pairs for size, pairs in _file("sram")["widths"].items() if size != "source"}
    by_size: dict[float, float] = {}
    for size, pairs in sizes.items():
        curve = {width: pair[column] / pairs[SRAM_ACCESS_BYTES][column] for width, pair in pairs.items()}
        by_size[size] = log_log(curve, min(max(width_bytes, min(pairs)), max(pairs)))
    return log_log(by_size, min(max(size_kib, min(sizes)), max(sizes)))


def noc_pj_per_byte_hop(node_nm: int, length_mm: float, length_source: str) -> Sourced:
    """One byte through a router and over ``length_mm`` of wire to the next."""
    data = _file("noc")
    wire, router = data["wire"], data["router"]
    per_mm = log_log(wire["pj_per_byte_mm"], node_nm)
    ((router_nm, router_pj),) = router["pj_per_byte"].items()
    energy = router_pj * per_mm / log_log(wire["pj_per_byte_mm"], router_nm) + length_mm * per_mm
    source = f"router ({router['source']}) + {length_mm:.3g} mm ({length_source}) of wire ({wire['source']})"
    return energy, source


def pcie_pj_per_byte(generation: int) -> Sourced:
    """One byte over the link, both ends."""
    entry = _file("pcie")[generation]
    return 8 * entry["pj_per_bit"], entry["source"]
