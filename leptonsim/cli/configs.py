"""``leptonsim configs``: the chips that ship with the package."""

from __future__ import annotations

import click


@click.command()
@click.option("--show", metavar="CHIP", help="Print one chip's YAML, complete with what it extends and its defaults.")
def command(show: str | None) -> None:
    """List the shipped chips, or print one as YAML to start from."""
    from leptonsim.chip import load_chip, shipped_chips

    if show is not None:
        click.echo(load_chip(show).to_yaml(), nl=False)
        return
    from leptonsim.result.layout import Page

    page = Page()
    page.paragraphs([(name, load_chip(name).description or "") for name in shipped_chips()])
    page.print()
