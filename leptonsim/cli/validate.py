"""``leptonsim validate``: how right the models are, against a file of reference data."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from leptonsim.validate.report import Report, Summary


def _share(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """A share of 1, written as 5% or 0.05."""
    if text is None:
        return None
    try:
        share = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not (0 <= share <= 1 or (1 < share < math.inf and text.strip().endswith("%"))):
        raise click.BadParameter(f"expects a share such as 5% or 0.05, not {text!r}", context, parameter)
    return share


@click.command("validate")
@click.argument("file", type=click.Path(), required=False)
@click.option(
    "--fidelity",
    "fidelity_of",
    metavar="MODEL",
    help="Instead of a file: run MODEL on --config with DRAM's efficiency and burst by burst; print the difference.",
)
@click.option(
    "--config", "-c", metavar="CHIP", help="Chip or engine to predict with: a YAML file, or the name of a shipped one."
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write all records and the summary as JSON; - for standard output, and nothing else there.",
)
@click.option("--plot", "plot_file", metavar="FILE", help="Draw predicted against measured: .png, .svg or .pdf.")
@click.option(
    "--fail-above",
    callback=_share,
    metavar="SHARE",
    help="Exit with 1 when any prediction is further off than this, such as 5%, or nothing was predicted.",
)
def command(
    file: str | None,
    fidelity_of: str | None,
    config: str | None,
    json_file: str | None,
    plot_file: str | None,
    fail_above: float | None,
) -> None:
    """Predict every row of reference data and report the errors.

    FILE is a CSV file of reference data. The kind of data is recognised by the file's header.
    """
    from leptonsim.files import check_writable
    from leptonsim.validate import validate

    if fidelity_of is not None:
        _show_fidelity(fidelity_of, config)
        return
    if file is None:
        raise click.UsageError("give a CSV file of reference data, or --fidelity MODEL")

    for path in (json_file, plot_file):
        if path not in (None, "-"):
            check_writable(path)
    report = validate(file, config)
    if json_file == "-":
        click.echo(report.to_json(), nl=False)
    else:
        _show(report)
    if json_file not in (None, "-"):
        report.save(json_file)
    if plot_file is not None:
        from leptonsim.validate.plot import save_plot

        save_plot(report, plot_file)
    if fail_above is not None and report.exceeds(fail_above):
        click.echo(f"Further off than {fail_above:.4g}: {_worst(report)}", err=True)
        sys.exit(1)


def _show_fidelity(model: str, config: str | None) -> None:
    """Latency with the efficiency of access patterns, and burst by burst."""
    import leptonsim as ls
    from leptonsim.cli._options import the_chip
    from leptonsim.result.units import time_text

    program = ls.compile(the_chip(config), ls.load_model(model))
    fast = ls.execute(program)
    detailed = ls.execute(program, fidelity="detailed")
    click.echo(f"{program.model} on {program.chip.name}: {detailed.events['dram_bursts']:,} bursts")
    click.echo(f"fast      {time_text(fast.makespan_ps):>10}")
    click.echo(f"detailed  {time_text(detailed.makespan_ps):>10}")
    click.echo(f"fast is {_percent(fast.makespan_ps / detailed.makespan_ps - 1, signed=True)} off")


def _show(report: Report) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report.title}: {report.file}", title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    # a long name takes two lines, so that no number is cut
    table.add_column("group", overflow="fold")
    for column in ("rows", "predicted", "exact"):
        table.add_column(column, justify="right", no_wrap=True, min_width=len(column))
    for column in ("median", "mean", "p90", "bias", "worst"):
        table.add_column(column, justify="right", no_wrap=True, min_width=len("-100.00 %"))
    table.add_column("at line", justify="right", no_wrap=True, min_width=len("at line"))
    for name, summary in report.summary().items():
        table.add_row(name, *_cells(summary), style="bold" if name == "all" else None)
    console = Console(file=sys.stdout, highlight=False)
    console.width = max(console.width, 130)
    console.print(table)
    for note in report.notes:
        console.print(note, markup=False)
    for reason, count in report.skipped().items():
        console.print(f"skipped {count}: {reason}", markup=False)


def _cells(summary: Summary) -> list[str]:
    counts = [str(summary.rows), str(summary.predicted), str(summary.exact)]
    sizes = [summary.median_abs_error, summary.mean_abs_error, summary.p90_abs_error]
    return [
        *counts,
        *(_percent(size) for size in sizes),
        _percent(summary.bias, signed=True),
        _percent(summary.worst, signed=True),
        "-" if summary.worst_line is None else str(summary.worst_line),
    ]


def _percent(share: float | None, signed: bool = False) -> str:
    if share is None:
        return "-"
    if share == 0:
        return "0 %"
    sign = "+" if signed else ""
    return f"{100 * share:{sign}.2f} %" if abs(share) >= 5e-5 else f"{100 * share:{sign}.0e} %"


def _worst(report: Report) -> str:
    summary = report.summary()["all"]
    if summary.worst is None:
        return "no row was predicted"
    return f"{report.file}:{summary.worst_line} is off by {_percent(summary.worst, signed=True)}"
