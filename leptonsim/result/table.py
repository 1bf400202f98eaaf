"""Results, programs and models as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leptonsim.result.layout import Page
from leptonsim.result.summary import setting, summary_rows
from leptonsim.result.units import count_text, size_text, time_text

if TYPE_CHECKING:
    from leptonsim.compiler.program import Program
    from leptonsim.model import Model
    from leptonsim.result.result import Result
from leptonsim.result.step import Step

COSTLIEST = 10


def print_result(result: Result, verbose: bool = False) -> None:
    """The summary, the costliest operators (or all), and the warnings."""
    page = Page()
    program = result.program
    page.line(f"{program.model} on {program.chip.name}: {setting(result)}", bold=True)
    page.line()
    events = result.events
    simulated = f"{events['steps']:,} steps, {events['tiles']:,} tiles, {events['simpy']:,} SimPy events"
    rows = [*summary_rows(result), ("simulated", simulated)]
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
        *(
            (f"at most {count:,}", f"results in {name}: the data decide how many (--bind {name}=... changes it)")
            for name, count in graph.largest.items()
        ),
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


def _shape(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _is_parameter(dtype: str) -> bool:
    return not dtype.startswith(("int64", "bool", "string"))
