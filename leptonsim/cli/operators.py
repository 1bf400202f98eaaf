"""``leptonsim operators``: every operator and how it is modelled."""

from __future__ import annotations

import click

from leptonsim.errors import LeptonError


@click.command()
@click.option("--markdown", is_flag=True, help="Print the page docs/operators.md instead.")
@click.argument("names", nargs=-1)
def command(markdown: bool, names: tuple[str, ...]) -> None:
    """List all operators and how each is modelled, or those called NAMES."""
    from leptonsim.compiler.catalogue import markdown as page_of_documentation
    from leptonsim.compiler.catalogue import rows
    from leptonsim.result.layout import Page

    if markdown:
        click.echo(page_of_documentation(), nl=False)
        return
    found = rows()
    for name in names:
        if not any(name.lower() == row.name.lower() for row in found):
            raise LeptonError(f"no operator is called {name!r}: `leptonsim operators` lists those that are known")
    wanted = {name.lower() for name in names}
    page = Page()
    domain = ""
    for row in found:
        if wanted and row.name.lower() not in wanted:
            continue
        if row.domain != domain:
            domain = row.domain
            page.line(domain, bold=True)
        page.paragraphs([(f"  {row.name:24}", row.how)])
    page.print()
