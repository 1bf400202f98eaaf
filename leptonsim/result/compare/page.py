"""A comparison on the terminal: metrics side by side, what the chips have apart, then operators by their change."""

from __future__ import annotations

from collections.abc import Sequence

from leptonsim.result.compare.comparison import STATES, Comparison, OperatorChange
from leptonsim.result.compare.limits import Verdict
from leptonsim.result.compare.metrics import percent_text, relative_change
from leptonsim.result.layout import GAP, Page
from leptonsim.result.units import time_text

LARGEST = 10
_BESIDE, _BESIDE_WIDE, _WIDE = 3, 4, 100
"""Results in one table, and in one of at least so many columns; more go into further ones, the first one in each."""


def letter(index: int) -> str:
    """A, B, ... Z, A1, B1, ...: what a result is called in the tables."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")


def print_comparison(comparison: Comparison, verdicts: Sequence[Verdict], verbose: bool = False) -> None:
    """Everything; ``verbose`` shows all operators and parameters, not only those that changed most."""
    page = Page()
    for index, (label, result) in enumerate(zip(comparison.labels, comparison.results, strict=True)):
        page.line(
            f"{letter(index)}  {label}: {result.model} on {result.chip}: {result.dtype}, batch {result.batch}, "
            f"{result.requests} request{'s' if result.requests > 1 else ''}",
            indent=3,
        )
    page.line()
    groups = _groups(len(comparison.results), _BESIDE if page.width < _WIDE else _BESIDE_WIDE)
    for some in groups:
        _metrics(page, comparison, some)
        page.line()
    _differences(page, comparison, verbose)
    for index in comparison.others:
        counts = comparison.counts(index)
        parts = [f"{counts[state]} {state}" for state in STATES if counts[state]]
        page.line(f"{letter(index)}: {len(comparison.operators)} operators, {', '.join(parts)}", indent=3)
    changed = [each for each in comparison.operators if _is_changed(comparison, each)]
    shown = list(comparison.operators) if verbose else changed[:LARGEST]
    if shown:
        page.line()
        if len(comparison.results) == 2:
            _two(page, shown)
        else:
            for some in groups:
                _several(page, shown, some)
    if len(changed) > len(shown):
        page.line(f"... and {len(changed) - len(shown)} more operators that changed (--verbose shows all)")
    for verdict in verdicts:
        if verdict.broken:
            page.line(f"broken: {verdict.limit} by {verdict.label}: {verdict.shown}", indent=len("broken: "))
    page.print()


def _groups(results: int, beside: int) -> list[list[int]]:
    """The first result with some of the others at a time."""
    return [[0, *range(at, min(at + beside - 1, results))] for at in range(1, results, beside - 1)]


def _metrics(page: Page, comparison: Comparison, some: Sequence[int]) -> None:
    header, left = [""], [""]
    for index in some:
        header += [letter(index)] if index == 0 else [letter(index), f"{letter(index)}/A"]
    rows = []
    for metric, values in comparison.metrics():
        row = [metric.label]
        for index in some:
            row.append(metric.text(values[index]))
            if index:
                row.append(metric.change_text(values[0], values[index]))
        rows.append(row)
    page.columns(header, rows, left=left)


def _differences(page: Page, comparison: Comparison, verbose: bool) -> None:
    """What was not the same before the simulation began."""
    chip = comparison.chip_changes()
    rows = comparison.input_changes() + (chip if verbose else chip[:LARGEST])
    for name, values in rows:
        page.line(f"{name}: {' -> '.join(values)}", indent=4)
    if len(chip) > LARGEST and not verbose:
        page.line(f"... and {len(chip) - LARGEST} more parameters of the chips (--verbose shows all)")
    if rows:
        page.line()


def _is_changed(comparison: Comparison, operator: OperatorChange) -> bool:
    return any(operator.states(index) != ["unchanged"] for index in comparison.others)


def _two(page: Page, operators: Sequence[OperatorChange]) -> None:
    header = ("operator", "A", "B", "change", "B/A", "what binds it")
    rows = []
    for operator in operators:
        before, after = operator.times_ps
        change = operator.change_ps(1)
        sign = "+" if change > 0 else "-" if change < 0 else ""
        rows.append(
            (
                _name(operator),
                "-" if before is None else time_text(before),
                "-" if after is None else time_text(after),
                sign + time_text(abs(change)) if change else "=",
                percent_text(relative_change(before, after)),
                _what(operator),
            )
        )
    fits = sum(max(len(row[at]) for row in (header, *rows)) for at in range(1, 6)) + 5 * len(GAP) + 20 <= page.width
    # the amount can be read off the two times beside it
    kept = [0, 1, 2, 3, 4, 5] if fits else [0, 1, 2, 4, 5]
    page.columns([header[at] for at in kept], [[row[at] for at in kept] for row in rows], (header[0], header[5]))


def _several(page: Page, operators: Sequence[OperatorChange], some: Sequence[int]) -> None:
    header = ["operator"]
    for index in some:
        header += [letter(index)] if index == 0 else [letter(index), f"{letter(index)}/A"]
    rows = []
    for operator in operators:
        row, times = [_name(operator)], operator.times_ps
        for index in some:
            time = times[index]
            row.append("-" if time is None else time_text(time))
            if index:
                change = percent_text(relative_change(times[0], time))
                row.append("moved" if operator.moved(index) and change == "=" else change)
        rows.append(row)
    page.columns(header, rows, left=("operator",))


def _name(operator: OperatorChange) -> str:
    # a name may hold what would break the line
    name = "".join(letter if letter.isprintable() else "?" for letter in operator.name)
    return name + (f" #{operator.occurrence + 1}" if operator.occurrence else "")


def _what(operator: OperatorChange) -> str:
    """What binds it, or what else became of it."""
    before, after = operator.steps
    if before is None or after is None:
        return "appeared" if before is None else "vanished"
    if operator.moved(1):
        return f"moved {before.engine} -> {after.engine}"
    return after.bound_by if before.bound_by == after.bound_by else f"{before.bound_by} -> {after.bound_by}"
