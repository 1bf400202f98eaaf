"""What a row of a sweep holds of a simulation: single numbers, in a fixed order.

Adding one is adding a line to ``MEASURES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leptonsim.result.result import Result

Value = int | float | str | None


@dataclass(frozen=True)
class Measure:
    """One column: what it says, and whether more of it is better. ``read`` takes it from a result; None: it comes from
    the chip.
    """

    description: str
    is_larger_better: bool
    read: Callable[[Result], Value] | None


def _bound_by(result: Result) -> str:
    """The cause of the largest part of the time of the operators; the first by name where two are equal."""
    times: dict[str, int] = {}
    for step in result.steps:
        times[step.bound_by] = times.get(step.bound_by, 0) + step.time_ps
    return min(times, key=lambda cause: (-times[cause], cause)) if times else ""


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "latency_s": Measure("Mean time of a request, host to host.", False, lambda r: r.latency_s),
        "throughput_per_s": Measure("Samples a second.", True, lambda r: r.throughput_per_s),
        "tokens_per_s": Measure("Token positions a second; language models only.", True, lambda r: r.tokens_per_s),
        "energy_j": Measure("Energy of the whole run.", False, lambda r: r.energy_j),
        "energy_per_sample_j": Measure("Energy of one sample.", False, lambda r: r.energy_per_sample_j),
        "edp_js": Measure("Energy of the run times latency of a request.", False, lambda r: r.energy_j * r.latency_s),
        "power_avg_w": Measure("Energy over time.", False, lambda r: r.power_avg_w),
        "power_peak_w": Measure("Highest power within the first run.", False, lambda r: r.power_peak_w),
        "makespan_ps": Measure("The whole run.", False, lambda r: r.makespan_ps),
        "utilization_macs": Measure("Share of the tensor cores' peak.", True, lambda r: r.utilization["macs"]),
        "utilization_tensor": Measure("Busy share of the tensor cores.", True, lambda r: r.utilization["tensor"]),
        "utilization_vector": Measure("Busy share of the vector units.", True, lambda r: r.utilization["vector"]),
        "utilization_dram": Measure("Share of the DRAM's pin bandwidth.", True, lambda r: r.utilization["dram"]),
        "dram_bytes": Measure("Bytes read from and written to DRAM.", False, lambda r: sum(r.bytes["dram"].values())),
        "sram_peak_bytes": Measure("Most SRAM of a core in use.", False, lambda r: r.sram_peak_bytes),
        "bound_by": Measure("Cause of the largest part of the time.", False, _bound_by),
        "warnings": Measure("How many warnings the compiler and the machine gave.", False, lambda r: len(r.warnings)),
        "area_mm2": Measure("Area of the die.", False, None),
        "die_cost_usd": Measure("Cost of a good die.", False, None),
        "throughput_per_mm2": Measure("Samples a second and mm2.", True, None),
    }
)


def measured(result: Result) -> dict[str, Value]:
    """The columns that come from a result."""
    return {name: measure.read(result) for name, measure in MEASURES.items() if measure.read is not None}


def completed(values: dict[str, Value], area_mm2: float, die_cost_usd: float | None) -> dict[str, Any]:
    """All columns in their order, with those that come from the chip."""
    throughput = values["throughput_per_s"]
    assert isinstance(throughput, int | float)
    chip: dict[str, Value] = {
        "area_mm2": area_mm2,
        "die_cost_usd": die_cost_usd,
        "throughput_per_mm2": throughput / area_mm2,
    }
    return {name: (chip if measure.read is None else values)[name] for name, measure in MEASURES.items()}
