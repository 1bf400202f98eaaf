"""``leptonsim sweep``: many chips, models and options in one go."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from leptonsim.explore.runner import Progress as Done

from leptonsim.errors import LeptonError


@click.command()
@click.option("--store", "store_path", metavar="FILE", help="SQLite file for the results (default: SWEEP.db here).")
@click.option("--workers", "-w", type=click.IntRange(min=1), help="Worker processes (default: one for each core).")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Compute on a Dask cluster, such as tcp://host:8786, instead of here."
)
@click.option(
    "--resume/--fresh", default=True, help="Do only what is missing (default), or refuse a store that has points."
)
@click.option("--retry-failed", is_flag=True, help="Try points again that failed before.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar.")
@click.argument("sweep")
def command(
    store_path: str | None,
    workers: int | None,
    scheduler: str | None,
    resume: bool,
    retry_failed: bool,
    quiet: bool,
    sweep: str,
) -> None:
    """Compute every point of SWEEP, a YAML file or the name of a shipped one.

    Points that the store has are not computed again: run the same command to go on after an interruption.
    """
    from leptonsim.chip.load import read_text
    from leptonsim.explore.executors import open_executor
    from leptonsim.explore.runner import Runner
    from leptonsim.explore.spec import load_sweep
    from leptonsim.explore.store import Store

    if scheduler and workers:
        raise LeptonError("--workers is for this machine; a cluster has the workers that joined its --scheduler")
    spec = load_sweep(sweep)
    path = store_path or f"{spec.name}.db"
    with Store(path) as store:
        if not resume and any(name == spec.name for name, _ in store.sweeps()):
            raise LeptonError(
                f"{path}: holds points of {spec.name}; take another --store, or leave out --fresh to go on"
            )
        text = read_text(Path(sweep)) if Path(sweep).exists() else sweep
        store.begin(spec.name, text, spec.about())
        executor = open_executor(scheduler, workers)
        runner = None
        try:
            with _watch(quiet) as watch:
                runner = Runner(spec, store, executor, watch, retry_failed)
                progress = runner.run()
        except KeyboardInterrupt:
            done = runner.progress.done if runner else 0
            click.echo(f"{done} points are in {path}; run the same command to go on", err=True)
            raise
        finally:
            executor.abandon()
    new = progress.done - progress.stored_before
    parts = [f"{progress.done} points in {path}", f"{new} new"]
    parts += [f"{progress.failed} failed"] if progress.failed else []
    parts += [f"{progress.lost} lost with their workers"] if progress.lost else []
    parts += [f"{progress.replaced_workers} workers replaced"] if progress.replaced_workers else []
    click.echo(f"{', '.join(parts)}; `leptonsim results {path}` shows them", err=True)
    if progress.lost:
        sys.exit(1)


class _watch:
    """A progress bar on a terminal, with rate and time left; nothing elsewhere."""

    def __init__(self, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("points", total=None, rate="", left="")

    def __enter__(self) -> Callable[[Done], None]:
        self._told = ""
        self._bar.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _show(self, progress: Done) -> None:
        """Rate and time left are of the points computed now: those that the store had come in no time."""
        if progress.obstacle and progress.obstacle != self._told:
            self._told = progress.obstacle
            self._bar.console.print(f"waiting: {progress.obstacle}", markup=False, highlight=False)
        elapsed_s = self._bar.tasks[0].elapsed or 0.0
        new = progress.done - progress.stored_before
        rate, left = "", ""
        if new and elapsed_s > 0.5:
            rate = f"{new / elapsed_s:.0f}/s" if new >= elapsed_s else f"{elapsed_s / new:.1f} s each"
            if progress.total is not None:
                seconds = round((progress.total - progress.done) * elapsed_s / new)
                left = f"{timedelta(seconds=max(0, seconds))} left"
        failed = f"{progress.failed} failed" if progress.failed else ""
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            rate=f"{rate} {failed}".strip(),
            left=left,
        )


__all__ = ["command"]
