"""``leptonsim run``: the main job, from a chip and a model to latency, throughput and energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from leptonsim.cli._generate import check_alone, run_generation
from leptonsim.cli._options import ChipOptions, Group, MappingOptions, ModelOptions, PowerOptions
from leptonsim.cli._progress import Progress
from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.compiler.program import Program
    from leptonsim.result.result import Result


@dataclass(frozen=True, slots=True)
class Outputs(Group):
    """``--json``, ``--trace``, ``--plot``, ``--report`` and ``--verbose``."""

    json_path: str | None
    trace_path: str | None
    plots: tuple[str, ...]
    report_path: str | None
    verbose: bool

    options = (
        click.option(
            "--json",
            "json_path",
            metavar="FILE",
            help="Write the result as JSON; - for standard output, and nothing else there.",
        ),
        click.option(
            "--trace",
            "trace_path",
            metavar="FILE",
            help="Write a timeline of every engine: .pftrace for ui.perfetto.dev, .json for Chrome's trace viewers.",
        ),
        click.option(
            "--plot",
            "plots",
            multiple=True,
            metavar="[KIND=]FILE",
            help="Draw a picture (PNG, SVG, PDF), of a kind that `leptonsim plot` knows (default: time); "
            "may be repeated.",
        ),
        click.option("--report", "report_path", metavar="FILE", help="Write a page that works offline (HTML)."),
        click.option("--verbose", "-v", is_flag=True, help="Show every operator, not only the ten costliest."),
    )

    def check(self) -> list[tuple[str, str]]:
        """Kind and file of each picture, before anything is simulated. Raises LeptonError where a file cannot be."""
        from leptonsim.cli._plot import wanted
        from leptonsim.files import check_writable

        for path in (self.json_path, self.report_path):
            if path not in (None, "-"):
                check_writable(path)
        if self.trace_path is not None:
            from leptonsim.result.trace import check_trace_path

            check_trace_path(self.trace_path)
        return wanted(self.plots)

    def write(self, result: Result, pictures: list[tuple[str, str]]) -> None:
        """Everything that was asked for; a table on the terminal unless the JSON is there."""
        if self.json_path not in (None, "-"):
            result.save(self.json_path)
        if pictures or self.report_path is not None:
            with Progress() as progress:
                progress.stage("drawing")
                self._draw(result, pictures)
        if self.json_path == "-":
            click.echo(result.to_json(), nl=False)
            return
        from leptonsim.result.table import print_result

        print_result(result, verbose=self.verbose)

    def _draw(self, result: Result, pictures: list[tuple[str, str]]) -> None:
        from leptonsim.result.figures import save_plot

        for kind, path in pictures:
            save_plot(kind, result, path)
        if self.report_path is not None:
            from leptonsim.result.report import save_report

            save_report(result, self.report_path)


@click.command()
@ChipOptions.bundled("chip_options")
@ModelOptions.bundled("model_options")
@MappingOptions.bundled("mapping_options")
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
@PowerOptions.bundled("power_options")
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
@Outputs.bundled("outputs")
@click.argument("model")
def command(
    chip_options: ChipOptions,
    model_options: ModelOptions,
    mapping_options: MappingOptions,
    requests: int | None,
    generate: int | None,
    cold: bool,
    fidelity: Literal["fast", "detailed"],
    arrival: str | None,
    seed: int,
    power_options: PowerOptions,
    carbon: float | None,
    outputs: Outputs,
    model: str,
) -> None:
    """Simulate MODEL on a chip.

    MODEL is an ONNX file, a built-in model (zoo:resnet50, zoo:llama-3-8b?seq=1&past=2048), a single operator
    (gemm:4096x4096x4096), or a program saved by `leptonsim compile` (.json), which brings its chip along.
    """
    import leptonsim as ls

    if generate is not None:
        check_alone(
            {
                "--requests": (requests or 1) > 1,
                "--arrival": arrival is not None,
                "--cold": cold,
                "--carbon": carbon is not None,
                "--fidelity detailed": fidelity == "detailed",
                "--shape": bool(model_options.shapes),
                "--trace": outputs.trace_path is not None,
                "--plot": bool(outputs.plots),
                "--report": outputs.report_path is not None,
                "a compiled program": model.endswith(".json"),
            }
        )
    pictures = outputs.check()
    if generate is not None:
        chip = power_options.applied(chip_options.load())
        run_generation(chip, model, generate, model_options, mapping_options, outputs.json_path)
        return
    program = _program(model, chip_options, model_options, mapping_options, power_options)
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
            trace=outputs.trace_path,
        )
    outputs.write(result, pictures)


def _program(
    source: str,
    chip_options: ChipOptions,
    model_options: ModelOptions,
    mapping_options: MappingOptions,
    power_options: PowerOptions,
) -> Program:
    """The program that ``source`` is, or that it is compiled to. Raises LeptonError."""
    import leptonsim as ls

    if source.endswith(".json"):
        groups = (chip_options, model_options, power_options)
        if any(group.is_given for group in groups) or mapping_options.dtype or mapping_options.precision:
            raise LeptonError(
                f"{source} is a compiled program: chip, batch, shapes and data type are fixed in it; "
                "compile the model again to change them"
            )
        return ls.Program.load(source)
    chip = power_options.applied(chip_options.load())
    with Progress() as progress:
        progress.stage(f"reading {source}")
        model = model_options.load(source)
        progress.stage(f"compiling {model.name} for {chip.name}")
        return mapping_options.compile(chip, model)
