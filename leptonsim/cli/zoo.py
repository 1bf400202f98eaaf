"""``leptonsim zoo``: the built-in models."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """List the built-in models.

    Run one with: leptonsim run --config lepton-c1 zoo:NAME
    """
    from leptonsim.model import zoo_descriptions

    for name, description in zoo_descriptions().items():
        click.echo(f"zoo:{name:20} {description}")
