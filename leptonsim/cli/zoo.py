"""``leptonsim zoo``: the built-in models."""

from __future__ import annotations

import textwrap

import click

from leptonsim.errors import LeptonError
from leptonsim.suggest import near

WIDTH = 80


@click.command()
@click.option("--export", "path", metavar="FILE.onnx", help="Write the model as an ONNX file without weights.")
@click.argument("name", required=False)
def command(path: str | None, name: str | None) -> None:
    """List the built-in models with their parameters and defaults, or only the one that is called NAME.

    Run one with: leptonsim run --config lepton-c1 zoo:NAME?key=value

    Write one with: leptonsim zoo 'gpt2?seq=1&past=100' --export gpt2.onnx
    """
    if path is None:
        _list(name)
        return
    if name is None:
        raise LeptonError(f"--export {path}: which model? leptonsim zoo NAME --export {path}")
    from leptonsim.files import write_whole
    from leptonsim.model.zoo import build_from_url

    serialised = build_from_url(name.removeprefix("zoo:")).SerializeToString(deterministic=True)
    write_whole(path, serialised)
    click.echo(f"{path}: {len(serialised)} B; the weights are declared and are nowhere, which leptonsim does not mind")


def _list(only: str | None) -> None:
    from leptonsim.model import zoo_descriptions

    described = zoo_descriptions()
    names = list(described)
    if only is not None:
        wanted = only.removeprefix("zoo:").partition("?")[0]
        if wanted not in described:
            raise LeptonError(f"zoo:{wanted}: no such built-in model; {near(wanted, names)}")
        names = [wanted]
    for name in names:
        line, defaults = described[name]
        given = "&".join(f"{key}={default}" for key, default in defaults.items())
        click.echo(f"zoo:{name}?{given}")
        click.echo(textwrap.fill(line, WIDTH, initial_indent="    ", subsequent_indent="    "))
    click.echo("\nEvery model takes batch=N as well. Not all keys need be given: the defaults are\nshown.")
