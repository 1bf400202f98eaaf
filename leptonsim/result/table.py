"""Results, programs and models as tables on the terminal: 80 columns, plain when piped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leptonsim.result.units import count_text, energy_text, size_text, time_text

if TYPE_CHECKING:
    from rich.console import Console

    from leptonsim.compiler.program import Program
    from leptonsim.model import Model
    from leptonsim.result.result import Result, Step

COSTLIEST = 10
WIDTH = 80
ENGINES = ("tensor", "vector", "weights", "activations", "store")


def print_result(result: Result, verbose: bool = False) -> None:
    """The summary, the costliest operators (or all), and the warnings."""
    console = _console()
    program = result.program
    chip = program.chip
    console.print(
        f"{program.model} on {chip.name}, {program.dtype}, batch {program.batch}, "
        f"{result.requests} request{'s' if result.requests > 1 else ''}"
    )
    console.print()
    latency = time_text(result.latency_s * 1e12)
    if result.requests > 1:
        slow_ps = result.latency_percentile_s(99) * 1e12
        latency += f" mean, {time_text(slow_ps)} p99, {time_text(result.makespan_ps)} in all"
    throughput = f"{result.throughput_per_s:,.1f} samples/s"
    if result.tokens_per_s:
        throughput += f", {result.tokens_per_s:,.1f} tokens/s"
    dram, busy, events = result.bytes["dram"], result.utilization, result.events
    rows = [
        ("latency", latency),
        ("throughput", throughput),
        ("energy", f"{energy_text(result.energy_per_sample_j)} per sample: {_shares(result.energy_breakdown_j)}"),
        ("power", f"{result.power_avg_w:.1f} W average, {result.power_peak_w:.1f} W peak, TDP {chip.power.tdp_w:g} W"),
        ("work", f"{count_text(result.macs)} MACs, {result.utilization['macs']:.1%} of the tensor cores' peak"),
        ("engines", ", ".join(f"{name} {busy[name]:.0%}" for name in ENGINES)),
        ("tensor cores", _waits(result)),
        (
            "DRAM",
            f"{size_text(dram['read'])} read, {size_text(dram['written'])} written, {busy['dram']:.0%} of the pins",
        ),
        ("memory", _memory(result)),
        ("operators", ", ".join(f"{count} {place}" for place, count in program.mapped.items() if count)),
        ("simulated", f"{events['steps']:,} steps, {events['tiles']:,} tiles, {events['simpy']:,} SimPy events"),
    ]
    _pairs(console, rows)
    console.print()
    steps = list(result.steps) if verbose else sorted(result.steps, key=lambda step: -step.time_ps)[:COSTLIEST]
    _steps(console, steps, sum(step.time_ps for step in result.steps))
    if not verbose and len(result.steps) > COSTLIEST:
        console.print(f"... and {len(result.steps) - COSTLIEST} more operators (--verbose shows all)")
    for warning in result.warnings:
        console.print(f"warning: {warning}")


def print_program(program: Program) -> None:
    """Every operator with its mapping, and where its bytes come from."""
    console = _console()
    console.print(
        f"{program.model} for {program.chip.name}, {program.dtype}, batch {program.batch}"
        + (f", {program.runs_per_request} runs a request" if program.runs_per_request > 1 else "")
    )
    console.print(
        f"{len(program.operators)} operators, {len(program.steps)} steps on {program.chip.cores} cores, "
        f"{len(program.views)} views"
    )
    console.print()
    for number, operator in enumerate(program.operators):
        work = (
            f"{count_text(operator.macs)} MACs"
            if operator.macs
            else f"{count_text(sum(operator.vector.values()))} vector operations"
            if operator.vector
            else "bytes moved"
        )
        console.print(f"{number:4} {operator.name} ({operator.kind}, {operator.engine}): {work}")
        console.print(f"     {operator.mapping}")
    for warning in program.warnings:
        console.print(f"warning: {warning}")


def print_model(model: Model, verbose: bool = False) -> None:
    """Operators by type, shapes of inputs and outputs, work, parameters, intensity."""
    from leptonsim.compiler.workload import workload

    console = _console()
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
    console.print(f"{model.name}: {len(graph.nodes)} nodes, batch {graph.batch}, {graph.folded} folded into constants")
    console.print()
    rows = [
        (f"input {name}", f"{_shape(graph.tensors[name].shape)} {graph.tensors[name].dtype}") for name in graph.inputs
    ]
    rows += [
        (f"output {name}", f"{_shape(graph.tensors[name].shape)} {graph.tensors[name].dtype}") for name in graph.outputs
    ]
    _pairs(console, rows)
    console.print()
    rows = [
        ("parameters", count_text(parameters)),
        ("MACs", count_text(macs)),
        ("vector operations", count_text(vector)),
        ("intensity", f"{macs / max(1, elements):.1f} MACs for each element that operators read or write"),
        ("nodes", ", ".join(f"{count} {place}" for place, count in work.mapped.items() if count)),
    ]
    _pairs(console, rows)
    console.print()
    kinds: dict[str, list[int]] = {}
    for operator in work.operators:
        entry = kinds.setdefault(operator.kind, [0, 0, 0])
        entry[0] += 1
        entry[1] += operator.macs
        entry[2] += sum(operator.vector.values())
    if verbose:
        for operator in work.operators:
            shape = _shape(work.tensors[operator.outputs[0].tensor].shape)
            console.print(
                f"{operator.name} ({operator.kind}, {operator.engine}) -> {shape}: "
                f"{count_text(operator.macs)} MACs, {count_text(sum(operator.vector.values()))} vector operations"
            )
        return
    ranked = sorted(kinds.items(), key=lambda item: (-item[1][1], -item[1][2], item[0]))
    _table(
        console,
        ("operator", "count", "MACs", "vector operations"),
        [(kind, str(count), count_text(macs), count_text(vector)) for kind, (count, macs, vector) in ranked],
    )


def _steps(console: Console, steps: Sequence[Step], total_ps: int) -> None:
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
    _table(console, ("operator", "kind", "time", "share", "MACs", "DRAM", "bound by"), rows)


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


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    return console


def _pairs(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(value))
    console.print(table)


def _table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    for index, name in enumerate(header):
        left = name in ("operator", "kind", "bound by")
        table.add_column(
            name,
            justify="left" if left else "right",
            overflow="ellipsis",
            no_wrap=True,
            min_width=0 if index == 0 else len(name),
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
