"""``leptonsim compile``: the program that would run, shown or saved."""

from __future__ import annotations

from typing import Literal

import click

from leptonsim.cli._options import chip_options, mapping_options, model_options, the_chip, the_model
from leptonsim.cli._progress import Progress


@click.command()
@chip_options
@model_options
@mapping_options
@click.option("--output", "-o", metavar="FILE.json", help="Save the program; `leptonsim run FILE.json` runs it again.")
@click.argument("model")
def command(
    config: str | None,
    overrides: tuple[str, ...],
    batch: int | None,
    shapes: tuple[str, ...],
    binds: tuple[str, ...],
    dtype: str | None,
    precision: str | None,
    unsupported: Literal["error", "host"],
    output: str | None,
    model: str,
) -> None:
    """Show how MODEL is cut into tiles and spread over a chip's cores.

    MODEL is what `leptonsim run` takes. The program can be saved and run again with the same result.
    """
    import leptonsim as ls
    from leptonsim.files import check_writable

    if output is not None:
        check_writable(output)
    chip = the_chip(config, overrides)
    policy = ls.load_policy(precision) if precision else None
    with Progress() as progress:
        progress.stage(f"reading {model}")
        source = the_model(model, batch, shapes, binds)
        progress.stage(f"compiling {source.name} for {chip.name}")
        program = ls.compile(chip, source, dtype=dtype, policy=policy, unsupported=unsupported)
    if output is not None:
        program.save(output)
    from leptonsim.result.table import print_program

    print_program(program)
