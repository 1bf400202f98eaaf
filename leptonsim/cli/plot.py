"""``leptonsim plot``: pictures of a saved result."""

from __future__ import annotations

import click


@click.command("plot")
@click.option(
    "--kind",
    "-k",
    default="time",
    show_default=True,
    metavar="KIND",
    help="What to draw: energy, power, roofline, sram, states, temperature, time, timeline or utilization.",
)
@click.option("--output", "-o", metavar="FILE", help="PNG, SVG or PDF by its suffix (default: KIND.png).")
@click.argument("result", metavar="RESULT.json")
def command(kind: str, output: str | None, result: str) -> None:
    """Draw a picture of a result that `leptonsim run --json` wrote."""
    from leptonsim.cli._plot import check_kind
    from leptonsim.files import check_writable
    from leptonsim.result.figures import save_plot
    from leptonsim.result.load import load_result
    from leptonsim.result.style import form_of

    check_kind(kind)
    path = output or f"{kind}.png"
    form_of(path)
    check_writable(path)
    save_plot(kind, load_result(result), path)
    click.echo(path)
