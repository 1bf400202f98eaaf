"""What each kind of picture shows of itself: of the first workload of a store, or of a small sweep computed for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leptonsim.errors import LeptonError
from leptonsim.explore.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SWEEP = """
name: demonstration
chips: [lepton-e1]
models: ["zoo:mobilenet-v2"]
set:
  core.sram.size: {from: 512 KiB, to: 4 MiB, scale: log2}
  dram.channels: [1, 2, 4]
  core.tensor_core.rows: [32, 64]
objectives: [latency_s, energy_j, area_mm2]
"""


def demo(kind: str, draw: Callable[[Study], Figure]) -> None:
    """Draw a kind of picture of a store's first workload, or of a small sweep."""

    @click.command(help=demo.__doc__)
    @click.option("-o", "--output", default=f"{kind}.png", show_default=True, help="PNG, SVG or PDF by its suffix.")
    @click.argument("path", metavar="[SWEEP.db]", required=False)
    def command(output: str, path: str | None) -> None:
        from leptonsim.result import style

        try:
            with tempfile.TemporaryDirectory() as folder:
                study = _study(path or _computed(Path(folder)))
            style.save(draw(study), output)
        except LeptonError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"{output}: {kind} of {study.workload}, {len(study.records)} points")

    command()


def _computed(folder: Path) -> str:
    """A store that holds the small sweep."""
    from leptonsim.explore.executors import open_executor
    from leptonsim.explore.runner import Runner
    from leptonsim.explore.spec import sweep_from_text
    from leptonsim.explore.store import Store

    file = str(folder / "demonstration.db")
    sweep = sweep_from_text(SWEEP, "the demonstration")
    executor = open_executor(None, None)
    try:
        with Store(file) as store:
            store.begin(sweep.name, SWEEP, sweep.about())
            Runner(sweep, store, executor).run()
    finally:
        executor.abandon()
    return file


def _study(file: str) -> Study:
    """The first workload of the first sweep in a store."""
    from leptonsim.explore.results import table
    from leptonsim.explore.store import Store
    from leptonsim.explore.study import objectives_of, studies

    with Store(file, read_only=True) as store:
        names = [name for name, _ in store.sweeps()]
        if not names:
            raise LeptonError(f"{file}: holds no points yet")
        about = store.about(names[0])
        sought = objectives_of(about["objectives"] or ["latency_s", "energy_j"])
        return studies(table(store.rows(names[0])), sought, about["constraints"], about["derived"])[0]
