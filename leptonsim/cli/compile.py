"""``leptonsim compile``: the program that would run, shown or saved."""

from __future__ import annotations

import click

from leptonsim.cli._options import ChipOptions, MappingOptions, ModelOptions
from leptonsim.cli._progress import Progress


@click.command()
@ChipOptions.bundled("chip_options")
@ModelOptions.bundled("model_options")
@MappingOptions.bundled("mapping_options")
@click.option("--output", "-o", metavar="FILE.json", help="Save the program; `leptonsim run FILE.json` runs it again.")
@click.argument("model")
def command(
    chip_options: ChipOptions,
    model_options: ModelOptions,
    mapping_options: MappingOptions,
    output: str | None,
    model: str,
) -> None:
    """Show how MODEL is cut into tiles and spread over a chip's cores.

    MODEL is what `leptonsim run` takes. The program can be saved and run again with the same result.
    """
    from leptonsim.files import check_writable

    if output is not None:
        check_writable(output)
    chip = chip_options.load()
    with Progress() as progress:
        progress.stage(f"reading {model}")
        source = model_options.load(model)
        progress.stage(f"compiling {source.name} for {chip.name}")
        program = mapping_options.compile(chip, source)
    if output is not None:
        program.save(output)
    from leptonsim.result.table import print_program

    print_program(program)
