"""``leptonsim pareto``: the front of a sweep, and which parameter moves what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from leptonsim.explore.spec import Objective
    from leptonsim.explore.study import Study

DEFAULT_OBJECTIVES = ("min latency_s", "min energy_j")


@click.command()
@click.option("--sweep", "sweep", metavar="NAME", help="One sweep of the file (needed where it holds several).")
@click.option(
    "--objectives", "-o", metavar="A,B,...", help="Results to weigh (default: those of the sweep); 'max X' to turn one."
)
@click.option("--where", "conditions", multiple=True, metavar="CONDITION", help="Only rows such as 'power_avg_w < 75'.")
@click.option("--model", "model", metavar="TEXT", help="Only workloads whose name contains this.")
@click.option("--plot", metavar="FILE", help="Draw the front (.png, .svg, .pdf).")
@click.option("--parallel", metavar="FILE", help="Draw parallel coordinates.")
@click.option("--heat-map", "heat_map", metavar="FILE", help="Draw a result over two parameters; see --axes.")
@click.option(
    "--axes", metavar="X,Y[,RESULT]", help="Of the heat map (default: the two that matter most, first objective)."
)
@click.option("--sensitivity", metavar="FILE", help="Draw shares of variance.")
@click.argument("file")
def command(
    sweep: str | None,
    objectives: str | None,
    conditions: tuple[str, ...],
    model: str | None,
    plot: str | None,
    parallel: str | None,
    heat_map: str | None,
    axes: str | None,
    sensitivity: str | None,
    file: str,
) -> None:
    """Show the Pareto front of FILE, the store of `leptonsim sweep`, and the sensitivity to each parameter.

    Points are compared under one workload at a time; with several, pictures get the number of the workload in their
    name.
    """
    from leptonsim.files import check_writable
    from leptonsim.result.style import form_of

    for path in (plot, parallel, heat_map, sensitivity):
        if path is not None:
            form_of(path)
            check_writable(path)
    every = _read(file, sweep, objectives, conditions)
    found = [study for study in every if model is None or model in study.workload]
    if not found:
        raise LeptonError(f"no workload is called {model!r}")
    for number, study in enumerate(found):
        suffix = f"-{number + 1}" if len(found) > 1 else ""
        # Pictures first: a reader who closes the pipe early, such as head, has them all the same.
        _draw(study, suffix, plot, parallel, heat_map, axes, sensitivity)
        _show(study)


def _read(file: str, sweep: str | None, objectives: str | None, conditions: tuple[str, ...]) -> list[Study]:
    """The studies of one sweep, within its constraints."""
    from leptonsim.explore.results import chosen, table
    from leptonsim.explore.store import Store
    from leptonsim.explore.study import objectives_of, studies
    from leptonsim.suggest import near

    with Store(file, read_only=True) as store:
        names = [name for name, _ in store.sweeps()]
        if not names:
            raise LeptonError(f"{file}: holds no points yet")
        if sweep is None and len(names) > 1:
            raise LeptonError(f"{file}: holds several sweeps; choose one with --sweep: {', '.join(names)}")
        if sweep is not None and sweep not in names:
            raise LeptonError(f"{file}: holds no sweep {sweep!r}; {near(sweep, names)}")
        name = sweep or names[0]
        about = store.about(name)
        texts = objectives.split(",") if objectives else about["objectives"] or list(DEFAULT_OBJECTIVES)
        sought = objectives_of(texts)
        if len(sought) < 2:
            raise LeptonError(f"a front weighs two results or more; give --objectives {sought[0].measure},energy_j")
        records = chosen(table(store.rows(name)), conditions)
        return studies(records, sought, about["constraints"], about["derived"])


def _show(study: Study) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from leptonsim.explore.figures.columns import label
    from leptonsim.explore.sensitivity import shares

    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)
    measures = [each.measure for each in study.objectives]
    sought = ", ".join(map(str, study.objectives))
    title = f"{study.workload}: {len(study.front)} of {len(study.records)} points are on the front of {sought}"
    view = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("key", *study.varied, *measures, ""):
        view.add_column(label(name), justify="left" if name in ("key", "") else "right")
    for record in study.front:
        note = study.labels.get(record["key"], "").partition(":")[0]
        cells = [str(record[name]) for name in study.varied] + [f"{record[name]:.4g}" for name in measures]
        view.add_row(record["key"][:8], *cells, note)
    console.print(view)
    console.print(
        f"It dominates {study.hypervolume_share:.1%} of the box between the best and the worst of all points.",
        markup=False,
    )
    parts = shares(study.records, study.varied, measures)
    if study.varied and parts:
        moved = Table(title="Shares of variance", title_justify="left", box=box.SIMPLE_HEAD)
        for name in ("result", *study.varied, "interaction"):
            moved.add_column(label(name), justify="left" if name == "result" else "right")
        for measure, each in parts.items():
            rest = max(0.0, 1 - sum(each.values()))
            moved.add_row(measure, *(f"{each[name]:.0%}" for name in study.varied), f"{rest:.0%}")
        console.print(moved)


def _draw(
    study: Study,
    suffix: str,
    plot: str | None,
    parallel: str | None,
    heat_map: str | None,
    axes: str | None,
    sensitivity: str | None,
) -> None:
    from pathlib import Path

    from leptonsim.explore import sensitivity as variance
    from leptonsim.explore.figures import bars, front
    from leptonsim.explore.figures import heat_map as heat
    from leptonsim.explore.figures import parallel as lines
    from leptonsim.explore.figures.columns import label
    from leptonsim.result import style

    def put(figure: Figure, path: str) -> None:
        target = Path(path)
        style.save(figure, target.with_name(target.stem + suffix + target.suffix))

    measures = [each.measure for each in study.objectives]
    if plot is not None:
        title = f"Pareto front: {study.workload}"
        put(front.figure(study.records, study.is_front, study.objectives, study.labels, title), plot)
    if parallel is not None:
        put(
            lines.figure(study.records, study.is_front, [*study.varied, *measures], f"All points: {study.workload}"),
            parallel,
        )
    parts = variance.shares(study.records, study.varied, measures)
    if sensitivity is not None:
        put(bars.figure(parts, f"Sensitivity: {study.workload}"), sensitivity)
    if heat_map is not None:
        x, y, objective = _heat_axes(study, axes, parts.get(measures[0], {}))
        title = f"{label(objective.measure).partition(' (')[0].capitalize()}: {study.workload}"
        put(heat.figure(study.records, x, y, objective.measure, objective.is_larger_better, title), heat_map)


def _heat_axes(study: Study, axes: str | None, parts: object) -> tuple[str, str, Objective]:
    from leptonsim.explore.study import objectives_of
    from leptonsim.suggest import near

    if axes is None:
        assert isinstance(parts, dict)
        ranked = sorted(study.varied, key=lambda name: -parts.get(name, 0.0))
        if len(ranked) < 2:
            raise LeptonError("a heat map needs two parameters that differ between the points")
        return ranked[0], ranked[1], study.objectives[0]
    names = [name.strip() for name in axes.split(",")]
    if len(names) not in (2, 3):
        raise LeptonError(f"--axes {axes}: expects two parameters, and a result if you like")
    for name in names[:2]:
        if name not in study.varied:
            raise LeptonError(
                f"--axes: {name} is no parameter that differs between the points; {near(name, study.varied)}"
            )
    return names[0], names[1], objectives_of(names[2:])[0] if len(names) == 3 else study.objectives[0]
