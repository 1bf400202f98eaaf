"""``leptonsim zoo``: the built-in models."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """List the built-in models.

    Run one with: leptonsim run --config lepton-c1 zoo:NAME
    """
    from leptonsim.model import zoo_descriptions
    from leptonsim.result.layout import Page

    page = Page()
    rows = []
    for name, (description, parameters) in zoo_descriptions().items():
        query = "&".join(f"{key}={value}" for key, value in parameters.items())
        rows.append((f"zoo:{name}", f"{description} Options and their defaults: ?{query}"))
    page.paragraphs(rows)
    page.print()
