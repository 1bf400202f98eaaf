"""``leptonsim inspect``: what a model asks for, before any chip."""

from __future__ import annotations

import click

from leptonsim.cli._options import model_options, the_model


@click.command()
@model_options
@click.option("--verbose", "-v", is_flag=True, help="Show every operator.")
@click.argument("model")
def command(batch: int | None, shapes: tuple[str, ...], binds: tuple[str, ...], verbose: bool, model: str) -> None:
    """Show operators, MACs, parameters and intensity of MODEL."""
    from leptonsim.result.table import print_model

    print_model(the_model(model, batch, shapes, binds), verbose=verbose)
