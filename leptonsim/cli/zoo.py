"""``leptonsim zoo``: the built-in models."""

from __future__ import annotations

import textwrap

import click

from leptonsim.errors import LeptonError

WIDTH = 80


@click.command()
@click.option("--export", "name", metavar="NAME", help="Write this model as an ONNX file without weights.")
@click.argument("path", required=False)
def command(name: str | None, path: str | None) -> None:
    """List the built-in models with their parameters and defaults.

    Run one with: leptonsim run --config lepton-c1 zoo:NAME?key=value

    Write one with: leptonsim zoo --export 'gpt2?seq=1&past=100' gpt2.onnx
    """
    if (name is None) != (path is None):
        raise LeptonError("give both a model and a file: leptonsim zoo --export NAME model.onnx")
    if name is None or path is None:
        _list()
        return
    from leptonsim.files import write_whole
    from leptonsim.model.zoo import build_from_url

    serialised = build_from_url(name.removeprefix("zoo:")).SerializeToString(deterministic=True)
    write_whole(path, serialised)
    click.echo(f"{path}: {len(serialised)} B; the weights are declared and are nowhere, which leptonsim does not mind")


def _list() -> None:
    from leptonsim.model import zoo_descriptions

    described = zoo_descriptions()
    for name, (line, defaults) in described.items():
        given = "&".join(f"{key}={default}" for key, default in defaults.items())
        click.echo(f"zoo:{name}?{given}")
        click.echo(textwrap.fill(line, WIDTH, initial_indent="    ", subsequent_indent="    "))
    click.echo("\nEvery model takes batch=N as well. Not all keys need be given: the defaults are\nshown.")
