"""The figures of a result that people read first, in words: what the page and the notebook show alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leptonsim.result.load import power_in_time
from leptonsim.result.units import carbon_text, count_text, energy_text, rate_text, size_text, time_text

if TYPE_CHECKING:
    from leptonsim.result.load import AnyResult
    from leptonsim.result.step import Step

NAMED = 3
"""So many tensors whose size is an upper bound are named."""
ENGINES = ("tensor", "vector", "weights", "activations", "store")


def setting(result: AnyResult) -> str:
    """In what way it ran: data type, batch, requests."""
    requests = f"{result.requests:,} request{'s' if result.requests > 1 else ''}"
    return f"{result.dtype}, batch {result.batch}, {requests}"


def summary_rows(result: AnyResult) -> list[tuple[str, str]]:
    """Names and texts: latency, throughput, energy, power, work, what the tensor cores do, memory, operators."""
    latency = time_text(result.latency_s * 1e12)
    if result.requests > 1:
        slow_ps, whole_ps = result.latency_p99_s * 1e12, result.makespan_ps
        latency += f" mean, {time_text(slow_ps)} p99, {time_text(whole_ps)} in all"
    throughput = f"{rate_text(result.throughput_per_s)} samples/s"
    if result.tokens_per_s:
        throughput += f", {rate_text(result.tokens_per_s)} tokens/s"
    busy, dram, memory = result.utilization, result.bytes["dram"], result.memory
    return [
        ("latency", latency),
        ("throughput", throughput),
        ("energy", f"{energy_text(result.energy_per_sample_j)} per sample: {shares(result.energy_breakdown_j)}"),
        (
            "power",
            f"{result.power_avg_w:.1f} W average, {result.power_peak_w:.1f} W peak, TDP {result.peaks['tdp_w']:g} W",
        ),
        *governed(result),
        *at_rest(result),
        *at_most(result),
        ("per joule", merits(result)),
        ("work", f"{count_text(result.macs)} MACs, {busy['macs']:.1%} of the tensor cores' peak"),
        ("engines busy", ", ".join(f"{name} {busy[name]:.0%}" for name in ENGINES)),
        ("tensor cores", shares(tensor_time_ps(result))),
        (
            "DRAM",
            f"{size_text(dram['read'])} read, {size_text(dram['written'])} written, {busy['dram']:.0%} of the pins",
        ),
        ("bound by", shares(bound_time_ps(result))),
        ("memory", _memory(memory)),
        ("operators", ", ".join(f"{count:,} {place}" for place, count in result.operators.items() if count)),
    ]


def merits(result: AnyResult) -> str:
    """Figures of merit in words: samples and operations for a joule, energy x delay, and carbon where it is known."""
    merit = result.merit
    parts = [f"energy x delay {merit['energy_delay_product_js']:.3g} Js"]
    if merit["samples_per_j"] is not None and merit["operations_per_j"] is not None:
        parts.insert(0, f"{rate_text(merit['samples_per_j'])} samples, {count_text(merit['operations_per_j'])}OP")
    if merit["carbon_g_per_sample"] is not None:
        parts.append(f"{carbon_text(merit['carbon_g_per_sample'])} CO2 a sample")
    return "; ".join(parts)


def governed(result: AnyResult) -> list[tuple[str, str]]:
    """Governors, the time in each state and the hottest that the die was; nothing for a run in one state."""
    block = power_in_time(result)
    if block is None:
        return []
    heat = "" if block["die_max_c"] is None else f"; die at most {block['die_max_c']:.0f} degC"
    total = max(1, sum(block["residency_ps"].values()))
    states = _residencies(block["residency_ps"])
    throttled = f", throttled {block['throttled_ps'] / total:.0%}" if block["throttled_ps"] else ""
    beside = [
        (f"{name} governor", f"{each['governor']}: {_residencies(each['residency_ps'])}")
        for name, each in block["domains"].items()
    ]
    return [("governor", f"{block['governor']}: {states}{heat}{throttled}"), *beside]


def _residencies(residency_ps: Mapping[str, int]) -> str:
    """Shares of time by state, those that occurred."""
    total = max(1, sum(residency_ps.values()))
    return ", ".join(f"{name} {time / total:.0%}" for name, time in residency_ps.items() if time)


def at_most(result: AnyResult) -> list[tuple[str, str]]:
    """Tensors of which the data decide the size, and were taken at their largest; nothing where there are none."""
    bounds: Mapping[str, int] = result.upper_bounds
    if not bounds:
        return []
    named = ", ".join(f"{name} {count:,}" for name, count in list(bounds.items())[:NAMED])
    more = f" and {len(bounds) - NAMED} more" if len(bounds) > NAMED else ""
    return [("upper bounds", f"latency and energy hold for the most results that the data can give: {named}{more}")]


def at_rest(result: AnyResult) -> list[tuple[str, str]]:
    """What blocks took beside their operations, by block; and the share of its time that each slept, if any did."""
    blocks: Mapping[str, Any] = result.blocks
    rows = []
    for name, field, words in (("static", "static_j", ""), ("clocks", "clock_j", " at rest")):
        parts = {block: each[field] for block, each in blocks.items()}
        rows.append((name, f"{energy_text(sum(parts.values()))} in all{words}: {shares(parts)}"))
    asleep = [
        f"{block} {state} {time_ps / max(1, each['time_ps']):.0%}"
        for block, each in blocks.items()
        for state, time_ps in each["slept_ps"].items()
    ]
    return [*rows, ("asleep", ", ".join(asleep))] if asleep else rows


def block_rows(result: AnyResult) -> list[dict[str, str]]:
    """One block in words, by column: energies of the whole run, and shares of its units' time."""
    rows = []
    for block, each in result.blocks.items():
        whole = max(1, each["time_ps"])
        rows.append(
            {
                "block": block.replace("_", " "),
                "static": energy_text(each["static_j"]),
                "clock at rest": energy_text(each["clock_j"]),
                "standby": energy_text(each["standby_j"]),
                "at rest": f"{each['rested_ps'] / whole:.1%}",
                "policy": each["gating"],
                "asleep": ", ".join(f"{state} {time / whole:.1%}" for state, time in each["slept_ps"].items()),
            }
        )
    return rows


def step_row(step: Step, total_ps: int) -> dict[str, str]:
    """One operator in words, by column; ``total_ps`` is the time of all."""
    return {
        "operator": step.name,
        "kind": step.kind,
        "time": time_text(step.time_ps),
        "share": f"{step.time_ps / max(1, total_ps):.1%}",
        "MACs": count_text(step.macs),
        "DRAM": size_text(step.bytes),
        "energy": energy_text(step.energy_pj / 1e12),
        "bound by": step.bound_by,
    }


def _memory(memory: Mapping[str, int]) -> str:
    """What the model takes, and the most of it at once."""
    parts = [f"{size_text(memory['weights_bytes'])} weights"]
    if memory["weights_on_host_bytes"]:
        parts[0] += f" ({size_text(memory['weights_on_host_bytes'])} on the host)"
    if memory["state_bytes"]:
        parts.append(f"{size_text(memory['state_bytes'])} state")
    parts.append(f"{size_text(memory['activations_bytes'])} activations in DRAM")
    return (
        f"{', '.join(parts)}; peak {size_text(memory['dram_peak_bytes'])} of "
        f"{size_text(memory['dram_capacity_bytes'])} DRAM, {size_text(memory['sram_peak_bytes'])} of "
        f"{size_text(memory['sram_capacity_bytes'])} SRAM"
    )


def bound_time_ps(result: AnyResult) -> dict[str, int]:
    """Time of the operators by what binds them."""
    total: Counter[str] = Counter()
    for step in result.steps:
        total[step.bound_by] += step.time_ps
    return dict(total)


def tensor_time_ps(result: AnyResult) -> dict[str, int]:
    """Time of all tensor cores by cause."""
    total: Counter[str] = Counter()
    for name, causes in result.time_ps.items():
        if name.endswith(".tensor"):
            total.update(causes)
    return dict(total)


def shares(parts: Mapping[str, float]) -> str:
    """Parts as percentages, largest first; those under half a percent are left out."""
    whole = sum(parts.values())
    ranked = sorted(parts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value / whole:.0%}" for name, value in ranked if whole and value >= whole / 200)
