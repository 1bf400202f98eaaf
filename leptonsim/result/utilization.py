"""How much of the chip was used: busy shares, shares of peaks, and what the tensor cores' cycles went into."""

from __future__ import annotations

from leptonsim.compiler.program import Program
from leptonsim.fabric.dram import memory_at_start, start_rate
from leptonsim.fabric.pcie import PcieLink
from leptonsim.kernels.tiles import ENGINE_NAMES
from leptonsim.machine.machine import Record


def utilization_of(
    program: Program, record: Record, times: dict[str, dict[str, int]], levels: dict[str, dict[str, int]]
) -> dict[str, float]:
    """Busy share of the makespan by kind of engine, averaged over cores, and shares of peaks.

    Those of the tensor cores, of DRAM's pins and of the PCIe link.
    """
    cores, link = program.chip.cores, PcieLink(program.chip.pcie)
    span = record.makespan_ps
    shares = {
        name: sum(times[f"core{core}.{name}"]["busy"] for core in range(cores)) / (cores * span)
        for name in ENGINE_NAMES
    }
    core = program.chip.core.tensor_core
    clock = program.chip.clocks.core_hz * span / 1e12 if record.power is None else record.power.core_cycles
    peak = core.rows * core.cols * core.count * cores * clock
    rates: dict[str, float] = dict(core.rates.items())
    macs = record.runs * sum(
        operator.tensor_macs / rates[operator.dtype] for operator in program.operators if operator.tensor_macs
    )
    dram_peak_bytes = memory_at_start(program.chip).peak_bytes_per_s * span / 1e12
    if record.power is not None and "memory" in record.power.domains:
        dram_peak_bytes *= record.power.cycles_of("memory") / (start_rate(program.chip) * span / 1e12)
    dram_bytes = levels["dram"]["read"] + levels["dram"]["written"]
    return {
        **shares,
        "macs": macs / peak,
        "dram": dram_bytes / dram_peak_bytes,
        "pcie_in": levels["pcie"]["read"] / (link.read_bytes_per_s * span / 1e12),
        "pcie_out": levels["pcie"]["written"] / (link.write_bytes_per_s * span / 1e12),
    }


def tensor_cycles(program: Program) -> dict[str, int]:
    """Cycles of the busiest tensor core in one run: useful, loading weights, waiting for SRAM, filling and draining."""
    total = sum(operator.tensor_cycles for operator in program.operators)
    useful = sum(operator.useful_cycles for operator in program.operators)
    weights = sum(operator.weight_load_cycles for operator in program.operators)
    stall = sum(operator.sram_stall_cycles for operator in program.operators)
    return {
        "busy": total,
        "useful": useful,
        "weight_load": weights,
        "sram_stall": stall,
        "fill_drain_padding": total - useful - weights - stall,
    }
