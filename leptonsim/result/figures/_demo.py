"""What each kind of picture shows of itself: ``python -m leptonsim.result.figures.KIND [RESULT.json] [-o FILE]``."""

from __future__ import annotations

import click

from leptonsim.errors import LeptonError
from leptonsim.result.load import AnyResult, load_result


def demo(kind: str) -> None:
    """Draw a kind of picture of a saved result, or of ResNet-50 on lepton-c1."""

    @click.command(help=demo.__doc__)
    @click.option("-o", "--output", default=f"{kind}.png", show_default=True, help="PNG, SVG or PDF by its suffix.")
    @click.argument("path", metavar="[RESULT.json]", required=False)
    def command(output: str, path: str | None) -> None:
        import leptonsim as ls
        from leptonsim.result.figures import save_plot

        try:
            result: AnyResult = (
                load_result(path) if path else ls.simulate(ls.load_chip("lepton-c1"), ls.load_model("zoo:resnet50"))
            )
            save_plot(kind, result, output)
        except LeptonError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"{output}: {kind} of {result.model} on {result.chip}")

    command()
