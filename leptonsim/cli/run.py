"""``leptonsim run``: the main job, from a chip and a model to latency, throughput and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from leptonsim.cli._generate import check_alone, run_generation
from leptonsim.cli._options import (
    chip_options,
    mapping_options,
    model_options,
    power_options,
    powered,
    the_chip,
    the_dims,
    the_model,
)
from leptonsim.cli._progress import Progress
from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.result.result import Result


@click.command()
@chip_options
@model_options
@mapping_options
@click.option(
    "--requests",
    "-n",
    type=click.IntRange(min=1),
    help="Requests; back to back, transfers overlapped, unless --arrival says when (default: 1, or all of its file).",
)
@click.option(
    "--fidelity",
    type=click.Choice(["fast", "detailed"]),
    default="fast",
    show_default=True,
    help="detailed: every burst goes through the DRAM kernel.",
)
@click.option(
    "--arrival",
    metavar="ARRIVAL",
    help="When requests come: poisson:200/s, or a CSV file with a column time_s (default: back to back).",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of random arrivals.")
@power_options
@click.option(
    "--generate",
    type=click.IntRange(min=1),
    metavar="TOKENS",
    help="A language model: the prompt (seq=...), then so many tokens over a growing cache.",
)
@click.option(
    "--carbon",
    type=click.FloatRange(min=0),
    metavar="G_PER_KWH",
    help="Grams of CO2 that a kilowatt-hour stands for, to report the carbon of a sample.",
)
@click.option("--cold", is_flag=True, help="Include loading the weights over PCIe.")
@click.option(
    "--json",
    "json_path",
    metavar="FILE",
    help="Write the result as JSON; - for standard output, and nothing else there.",
)
@click.option(
    "--trace",
    "trace_path",
    metavar="FILE",
    help="Write a timeline of every engine: .pftrace for ui.perfetto.dev, .json for Chrome's trace viewers.",
)
@click.option(
    "--plot",
    "plots",
    multiple=True,
    metavar="[KIND=]FILE",
    help="Draw a picture (PNG, SVG, PDF), of a kind that `leptonsim plot` knows (default: time); may be repeated.",
)
@click.option("--report", "report_path", metavar="FILE", help="Write a page that works offline (HTML).")
@click.option("--verbose", "-v", is_flag=True, help="Show every operator, not only the ten costliest.")
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
    requests: int | None,
    generate: int | None,
    cold: bool,
    fidelity: Literal["fast", "detailed"],
    arrival: str | None,
    seed: int,
    governor: str | None,
    pstate: str | None,
    ambient: str | None,
    carbon: float | None,
    json_path: str | None,
    trace_path: str | None,
    plots: tuple[str, ...],
    report_path: str | None,
    verbose: bool,
    model: str,
) -> None:
    """Simulate MODEL on a chip.

    MODEL is an ONNX file, a built-in model (zoo:resnet50, zoo:llama-3-8b?seq=1&past=2048), a single operator
    (gemm:4096x4096x4096), or a program saved by `leptonsim compile` (.json), which brings its chip along.
    """
    import leptonsim as ls
    from leptonsim.cli._plot import wanted
    from leptonsim.files import check_writable

    for path in (json_path, report_path):
        if path not in (None, "-"):
            check_writable(path)
    if generate is not None:
        check_alone(
            {
                "--requests": (requests or 1) > 1,
                "--arrival": arrival is not None,
                "--cold": cold,
                "--carbon": carbon is not None,
                "--fidelity detailed": fidelity == "detailed",
                "--shape": bool(shapes),
                "--trace": trace_path is not None,
                "--plot": bool(plots),
                "--report": report_path is not None,
                "a compiled program": model.endswith(".json"),
            }
        )
        run_generation(
            powered(the_chip(config, overrides), governor, pstate, ambient),
            model,
            generate,
            batch=batch,
            dims=the_dims(binds),
            dtype=dtype,
            policy=ls.load_policy(precision) if precision else None,
            json_path=json_path,
        )
        return
    if trace_path is not None:
        from leptonsim.result.trace import check_trace_path

        check_trace_path(trace_path)
    pictures = wanted(plots)
    if model.endswith(".json"):
        given = (config, overrides, batch, shapes, binds, dtype, precision, governor, pstate, ambient)
        if any(given):
            raise LeptonError(
                f"{model} is a compiled program: chip, batch, shapes and data type are fixed in it; "
                "compile the model again to change them"
            )
        program = ls.Program.load(model)
    else:
        chip = powered(the_chip(config, overrides), governor, pstate, ambient)
        policy = ls.load_policy(precision) if precision else None
        with Progress() as progress:
            progress.stage(f"reading {model}")
            source = the_model(model, batch, shapes, binds)
            progress.stage(f"compiling {source.name} for {chip.name}")
            program = ls.compile(chip, source, dtype=dtype, policy=policy, unsupported=unsupported)
    arrivals = None
    if arrival is not None:
        from leptonsim.machine.arrivals import arrival_times_ps

        arrivals = arrival_times_ps(arrival, requests, seed)
        requests = len(arrivals)
    with Progress() as progress:
        progress.stage(f"simulating {program.model} on {program.chip.name}")
        result = ls.execute(
            program,
            requests=requests or 1,
            cold=cold,
            fidelity=fidelity,
            arrivals_ps=arrivals,
            seed=seed,
            carbon_g_per_kwh=carbon,
            watch=progress.watch,
            trace=trace_path,
        )
    if json_path not in (None, "-"):
        result.save(json_path)
    if pictures or report_path is not None:
        with Progress() as progress:
            progress.stage("drawing")
            _draw(result, pictures, report_path)
    if json_path == "-":
        click.echo(result.to_json(), nl=False)
        return
    from leptonsim.result.table import print_result

    print_result(result, verbose=verbose)


def _draw(result: Result, pictures: list[tuple[str, str]], report_path: str | None) -> None:
    from leptonsim.result.figures import save_plot

    for kind, path in pictures:
        save_plot(kind, result, path)
    if report_path is not None:
        from leptonsim.result.report import save_report

        save_report(result, report_path)
