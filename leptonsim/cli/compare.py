"""``leptonsim compare``: results side by side, and limits on what may change."""

from __future__ import annotations

import json

import click

LIMIT_BROKEN = 1


@click.command()
@click.option(
    "--fail-if",
    "limits",
    multiple=True,
    metavar="LIMIT",
    help="Exit with 1 where this holds: 'latency>+5%', 'energy>0.01J', 'utilization.tensor<50%'.",
)
@click.option(
    "--json",
    "json_path",
    metavar="FILE",
    help="Write the comparison as JSON; - for standard output, and nothing else there.",
)
@click.option("--plot", "plot_path", metavar="FILE", help="Draw what changed: .png, .svg or .pdf.")
@click.option("--verbose", "-v", is_flag=True, help="Show every operator, not only those that changed most.")
@click.argument("results", nargs=-1, required=True, metavar="A.json B.json ...")
def command(
    limits: tuple[str, ...], json_path: str | None, plot_path: str | None, verbose: bool, results: tuple[str, ...]
) -> int:
    """Compare results with the first of them.

    The files are what `leptonsim run --json` writes. Operators are matched by name. With --fail-if, the exit code is 1
    if any result after the first breaks a limit; a value with a sign is a change from the first result.
    """
    from leptonsim.files import check_writable, write_whole
    from leptonsim.result.compare import compare, parse_limit
    from leptonsim.result.compare.document import document
    from leptonsim.result.load import load_result

    for path in (json_path, plot_path):
        if path not in (None, "-"):
            check_writable(path)
    comparison = compare([load_result(path) for path in results], results)
    read = [parse_limit(limit, comparison.results[0]) for limit in limits]
    verdicts = [verdict for limit in read for verdict in limit.verdicts(comparison)]
    broken = any(verdict.broken for verdict in verdicts)
    if plot_path is not None:
        from leptonsim.result.compare.figure import save_figure

        save_figure(comparison, plot_path)
    if json_path is not None:
        text = json.dumps(document(comparison, verdicts), indent=1, allow_nan=False) + "\n"
        if json_path != "-":
            write_whole(json_path, text)
        else:
            click.echo(text, nl=False)
    if json_path != "-":
        from leptonsim.result.compare.page import print_comparison

        print_comparison(comparison, verdicts, verbose)
    return LIMIT_BROKEN if broken else 0
