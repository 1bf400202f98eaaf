"""``leptonsim schema``: the JSON Schema of a chip's YAML."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print the JSON Schema of a chip's YAML, for editors that check and complete as you type."""
    import json

    from leptonsim.chip import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
