"""``leptonsim schema``: the JSON Schemas of what goes in and of what comes out."""

from __future__ import annotations

import click


@click.command()
@click.option("--result", is_flag=True, help="The schema of a result's JSON instead (`leptonsim run --json`).")
def command(result: bool) -> None:
    """Print the JSON Schema of a chip's YAML, for editors.

    Editors check and complete a chip's YAML with it as you type.
    """
    import json
    from importlib.resources import files

    from leptonsim.chip import json_schema

    if result:
        click.echo(files("leptonsim.result").joinpath("schema.json").read_text(encoding="utf-8"), nl=False)
    else:
        click.echo(json.dumps(json_schema(), indent=2))
