"""Results, programs and models as tables on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leptonsim.result.layout import Page
from leptonsim.result.summary import at_rest, merits
from leptonsim.result.units import count_text, energy_text, rate_text, size_text, time_text

if TYPE_CHECKING:
    from leptonsim.compiler.program import Program
    from leptonsim.machine.power_record import PowerRecord
    from leptonsim.model import Model
    from leptonsim.result.result import Result, Step

COSTLIEST = 10
ENGINES = ("tensor", "vector", "weights", "activations", "store")


def print_result(result: Result, verbose: bool = False) -> None:
    """The summary, the costliest operators (or all), and the warnings."""
    page = Page()
    program = result.program
    chip = program.chip
    page.line(
        f"{program.model} on {chip.name}: {program.dtype}, batch {program.batch}, "
        f"{result.requests} request{'s' if result.requests > 1 else ''}",
        bold=True,
    )
    page.line()
    latency = time_text(result.latency_s * 1e12)
    if result.requests > 1:
        slow_ps = result.latency_percentile_s(99) * 1e12
        latency += f" mean, {time_text(slow_ps)} p99, {time_text(result.makespan_ps)} in all"
    throughput = f"{rate_text(result.throughput_per_s)} samples/s"
    if result.tokens_per_s:
        throughput += f", {rate_text(result.tokens_per_s)} tokens/s"
    dram, busy, events = result.bytes["dram"], result.utilization, result.events
    rows = [
        ("latency", latency),
        ("throughput", throughput),
        ("energy", f"{energy_text(result.energy_per_sample_j)} per sample: {_shares(result.energy_breakdown_j)}"),
        ("power", f"{result.power_avg_w:.1f} W average, {result.power_peak_w:.1f} W peak, TDP {chip.power.tdp_w:g} W"),
        *([] if result.power is None else [("governor", _governed(result.power))]),
        *at_rest(result),
        ("per joule", merits(result)),
        ("work", f"{count_text(result.macs)} MACs, {result.utilization['macs']:.1%} of the tensor cores' peak"),
        ("engines busy", ", ".join(f"{name} {busy[name]:.0%}" for name in ENGINES)),
        ("tensor cores", _waits(result)),
        (
            "DRAM",
            f"{size_text(dram['read'])} read, {size_text(dram['written'])} written, {busy['dram']:.0%} of the pins",
        ),
        ("memory", _memory(result)),
        ("operators", ", ".join(f"{count} {place}" for place, count in program.mapped.items() if count)),
        ("simulated", f"{events['steps']:,} steps, {events['tiles']:,} tiles, {events['simpy']:,} SimPy events"),
    ]
    page.pairs(rows)
    page.line()
    steps = list(result.steps) if verbose else sorted(result.steps, key=lambda step: -step.time_ps)[:COSTLIEST]
    _steps(page, steps, sum(step.time_ps for step in result.steps))
    if not verbose and len(result.steps) > COSTLIEST:
        page.line(f"... and {len(result.steps) - COSTLIEST} more operators (--verbose shows all)")
    for warning in result.warnings:
        page.line(f"warning: {warning}", indent=len("warning: "))
    page.print()


def print_program(program: Program) -> None:
    """Every operator with its mapping, and where its bytes come from."""
    page = Page()
    page.line(
        f"{program.model} for {program.chip.name}: {program.dtype}, batch {program.batch}"
        + (f", {program.runs_per_request} runs a request" if program.runs_per_request > 1 else ""),
        bold=True,
    )
    page.line(
        f"{len(program.operators)} operators, {len(program.steps)} steps on {program.chip.cores} cores, "
        f"{len(program.views)} views"
    )
    page.line()
    for number, operator in enumerate(program.operators):
        work = (
            f"{count_text(operator.macs)} MACs"
            if operator.macs
            else f"{count_text(sum(operator.vector.values()))} vector operations"
            if operator.vector
            else "bytes moved"
        )
        page.line(f"{number:4} {operator.name} ({operator.kind}, {operator.engine}): {work}", indent=5)
        page.parts(operator.mapping, indent=5)
    for warning in program.warnings:
        page.line(f"warning: {warning}", indent=len("warning: "))
    page.print()


def print_model(model: Model, verbose: bool = False) -> None:
    """Operators by type, shapes of inputs and outputs, work, parameters, intensity."""
    from leptonsim.compiler.workload import workload

    page = Page()
    graph, work = model.graph, model.derived("workload", workload)
    parameters = sum(
        tensor.elements for tensor in graph.tensors.values() if tensor.kind == "weight" and _is_parameter(tensor.dtype)
    )
    macs = sum(operator.macs for operator in work.operators)
    vector = sum(sum(operator.vector.values()) for operator in work.operators)
    elements = sum(
        operand.elements
        for operator in work.operators
        if operator.engine != "view"
        for operand in (*operator.inputs, *operator.outputs)
    )
    page.line(
        f"{model.name}: {len(graph.nodes)} nodes, batch {graph.batch}, {graph.folded} folded into constants", bold=True
    )
    page.line()
    rows = [
        (f"input {name}", f"{_shape(graph.tensors[name].shape)} {graph.tensors[name].dtype}") for name in graph.inputs
    ]
    rows += [
        (f"output {name}", f"{_shape(graph.tensors[name].shape)} {graph.tensors[name].dtype}") for name in graph.outputs
    ]
    page.pairs(rows)
    page.line()
    rows = [
        ("parameters", count_text(parameters)),
        ("MACs", count_text(macs)),
        ("vector operations", count_text(vector)),
        ("intensity", f"{macs / max(1, elements):.1f} MACs for each element that operators read or write"),
        ("nodes", ", ".join(f"{count} {place}" for place, count in work.mapped.items() if count)),
    ]
    page.pairs(rows)
    page.line()
    kinds: dict[str, list[int]] = {}
    for operator in work.operators:
        entry = kinds.setdefault(operator.kind, [0, 0, 0])
        entry[0] += 1
        entry[1] += operator.macs
        entry[2] += sum(operator.vector.values())
    if verbose:
        for operator in work.operators:
            shape = _shape(work.tensors[operator.outputs[0].tensor].shape)
            page.line(
                f"{operator.name} ({operator.kind}, {operator.engine}) -> {shape}: "
                f"{count_text(operator.macs)} MACs, {count_text(sum(operator.vector.values()))} vector operations",
                indent=4,
            )
        page.print()
        return
    ranked = sorted(kinds.items(), key=lambda item: (-item[1][1], -item[1][2], item[0]))
    page.columns(
        ("operator", "count", "MACs", "vector operations"),
        [(kind, str(count), count_text(macs), count_text(vector)) for kind, (count, macs, vector) in ranked],
        left=("operator",),
    )
    page.print()


def _steps(page: Page, steps: Sequence[Step], total_ps: int) -> None:
    rows = [
        (
            step.name,
            step.kind,
            time_text(step.time_ps),
            f"{step.time_ps / max(1, total_ps):.1%}",
            count_text(step.macs),
            size_text(step.bytes),
            step.bound_by,
        )
        for step in steps
    ]
    header = ("operator", "kind", "time", "share", "MACs", "DRAM", "bound by")
    page.columns(header, rows, left=("operator", "kind", "bound by"))


def _memory(result: Result) -> str:
    memory = result.program.memory
    parts = [f"{size_text(memory.weights_bytes)} weights"]
    if memory.weights_on_host_bytes:
        parts[0] += f" ({size_text(memory.weights_on_host_bytes)} on the host)"
    if memory.state_bytes:
        parts.append(f"{size_text(memory.state_bytes)} state")
    parts.append(f"{size_text(memory.activations_bytes)} activations in DRAM")
    peak = f"peak {size_text(memory.dram_peak_bytes)} of {size_text(memory.dram_capacity_bytes)} DRAM"
    return (
        f"{', '.join(parts)}; {peak}, "
        f"{size_text(result.sram_peak_bytes)} of {size_text(memory.sram_capacity_bytes)} SRAM"
    )


def _governed(power: PowerRecord) -> str:
    """The governor, the time in each state and the hottest that the die was."""
    total = sum(power.residency_ps.values())
    states = ", ".join(f"{name} {time / total:.0%}" for name, time in power.residency_ps.items() if time)
    dies = power.levels[:, 1]
    heat = f"; die at most {dies.max():.0f} degC" if len(dies) and dies[-1] == dies[-1] else ""
    throttled = f", throttled {power.throttled_ps / total:.0%}" if power.throttled_ps else ""
    return f"{power.governor}: {states}{heat}{throttled}"


def _waits(result: Result) -> str:
    """How the tensor cores' time divides, averaged over cores, largest first."""
    total: Counter[str] = Counter()
    for name, causes in result.time_ps.items():
        if name.endswith(".tensor"):
            total.update(causes)
    whole = sum(total.values())
    return ", ".join(f"{cause} {part / whole:.0%}" for cause, part in total.most_common() if part >= whole / 200)


def _shares(parts: dict[str, float]) -> str:
    whole = sum(parts.values())
    ranked = sorted(parts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value / whole:.0%}" for name, value in ranked if whole and value >= whole / 200)


def _shape(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _is_parameter(dtype: str) -> bool:
    return not dtype.startswith(("int64", "bool", "string"))
