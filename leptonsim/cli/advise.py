"""``leptonsim advise``: what limits a chip on a model, and what would help most."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from leptonsim.cli._options import ChipOptions, ModelOptions, dtype_option

if TYPE_CHECKING:
    from leptonsim.explore.advise import Advice, Report, Trial


@click.command()
@ChipOptions.bundled("chip_options")
@ModelOptions.bundled("model_options")
@dtype_option
@click.option(
    "--requests", "-n", type=click.IntRange(min=1), default=1, show_default=True, help="Requests back to back."
)
@click.option("--json", "json_path", metavar="FILE", help="Write the advice as JSON; - for standard output.")
@click.argument("model")
def command(
    chip_options: ChipOptions,
    model_options: ModelOptions,
    dtype: str | None,
    requests: int,
    json_path: str | None,
    model: str,
) -> None:
    """Make each resource of a chip better in turn, and say what helps MODEL most.

    Each row is a run of its own: `leptonsim run` with the --set of the row gives the same time.
    """
    from leptonsim.explore.advise import Adviser
    from leptonsim.files import check_writable, write_whole

    if json_path not in (None, "-"):
        check_writable(json_path)
    source = model_options.load(model, with_batch=False)
    report = Adviser(chip_options.load(), source, model_options.batch, dtype, requests).report()
    if json_path is not None:
        text = json.dumps(_document(report), indent=1, allow_nan=False) + "\n"
        if json_path == "-":
            click.echo(text, nl=False)
            return
        write_whole(json_path, text)
    _show(report)


def _show(report: Report) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from leptonsim.result.units import energy_text, time_text

    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 190)
    base = report.base
    console.print(
        f"{base.program.chip.name}, {base.program.model}, batch {base.program.batch}: {time_text(base.makespan_ps)}, "
        f"{energy_text(base.energy_j)}, die of {report.area_mm2:.0f} mm2 (estimate)",
        markup=False,
    )
    view = Table(box=box.SIMPLE_HEAD)
    columns: tuple[tuple[str, Literal["left", "right"]], ...] = (
        ("resource", "left"),
        ("10 % better", "right"),
        ("twice", "right"),
        ("energy", "right"),
        ("area", "right"),
        ("gain per mm2", "right"),
        ("ideal", "right"),
        ("why", "left"),
    )
    for name, side in columns:
        view.add_column(name, justify=side)
    for each in report.advice:
        view.add_row(*_cells(each))
    console.print(view)
    if report.ladder:
        steps = " -> ".join(f"{step.resource} ({step.speedup:.2f} x)" for step in report.ladder)
        console.print(f"Ideal one after the other, each kept: {steps}", markup=False)
    first = report.advice[0].better[2.0] or report.advice[0].better[1.1]
    if first is not None:
        console.print(f"The first row as a run: {_as_options(first)}", markup=False)


def _cells(advice: Advice) -> list[str]:
    double = advice.better[2.0]
    per_mm2 = advice.gain_per_mm2
    return [
        advice.resource,
        _speedup(advice.better[1.1], 1.1),
        _speedup(double),
        "-" if double is None else f"{double.energy_ratio - 1:+.1%}",
        "-" if double is None else f"{double.area_mm2 - advice.base_area_mm2:+.1f} mm2",
        "-" if per_mm2 is None else f"{per_mm2:.2%}",
        _speedup(advice.ideal),
        advice.reason,
    ]


def _speedup(trial: Trial | None, asked: float | None = None) -> str:
    """The speed-up, with how much better the resource was made where that is not what was asked."""
    if trial is None:
        return "-"
    is_off = asked is not None and trial.factor is not None and abs(trial.factor / asked - 1) > 0.01
    return f"(by {trial.factor:.2f}) {trial.speedup:.3f} x" if is_off else f"{trial.speedup:.3f} x"


def _as_options(trial: Trial) -> str:
    return " ".join(
        f"--set {path}='{text}'" if " " in text else f"--set {path}={text}" for path, text in trial.overrides.items()
    )


def _document(report: Report) -> dict[str, Any]:
    def one(trial: Trial | None) -> dict[str, Any] | None:
        if trial is None:
            return None
        return {
            "set": trial.overrides,
            "factor": trial.factor,
            "speedup": trial.speedup,
            "energy_ratio": trial.energy_ratio,
            "area_mm2": trial.area_mm2,
        }

    return {
        "chip": report.base.program.chip.name,
        "model": report.base.program.model,
        "batch": report.base.program.batch,
        "makespan_ps": report.base.makespan_ps,
        "energy_j": report.base.energy_j,
        "area_mm2": report.area_mm2,
        "advice": [
            {
                "resource": each.resource,
                "better_by_10_percent": one(each.better[1.1]),
                "twice": one(each.better[2.0]),
                "ideal": one(each.ideal),
                "gain_per_mm2": each.gain_per_mm2,
                "reason": each.reason,
            }
            for each in report.advice
        ],
        "ladder": [{"resource": step.resource, "speedup": step.speedup} for step in report.ladder],
    }
