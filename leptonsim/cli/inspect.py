"""``leptonsim inspect``: what a model asks for, before any chip."""

from __future__ import annotations

import click

from leptonsim.cli._options import ModelOptions


@click.command()
@ModelOptions.bundled("model_options")
@click.option("--verbose", "-v", is_flag=True, help="Show every operator.")
@click.argument("model")
def command(model_options: ModelOptions, verbose: bool, model: str) -> None:
    """Show operators, MACs, parameters and intensity of MODEL."""
    from leptonsim.result.table import print_model

    print_model(model_options.load(model), verbose=verbose)
