"""``leptonsim run --generate``: a text instead of a single run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leptonsim.cli._options import MappingOptions, ModelOptions
from leptonsim.cli._progress import Progress
from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip import Chip
    from leptonsim.generate import Generation


def run_generation(
    chip: Chip,
    model: str,
    tokens: int,
    model_options: ModelOptions,
    mapping_options: MappingOptions,
    json_path: str | None,
) -> None:
    """Generate, write and print. Raises LeptonError."""
    from leptonsim.generate import generate

    with Progress() as progress:
        made = generate(
            chip,
            model,
            tokens=tokens,
            batch=model_options.batch,
            dims=model_options.dims,
            dtype=mapping_options.dtype,
            policy=mapping_options.policy,
            watch=lambda stage: progress.stage(f"simulating {stage}"),
        )
    if json_path == "-":
        click.echo(made.to_json(), nl=False)
        return
    if json_path is not None:
        made.save(json_path)
    print_generation(made)


def check_alone(told: dict[str, bool]) -> None:
    """Refuse options that do not go together with ``--generate``. Raises LeptonError."""
    other = [name for name, is_given in told.items() if is_given]
    if other:
        raise LeptonError(
            f"--generate does not go together with {', '.join(other)}: every token is a request of its own"
        )


def print_generation(made: Generation) -> None:
    """The table on the terminal."""
    from leptonsim.result.layout import Page
    from leptonsim.result.units import energy_text, rate_text, size_text, time_text

    page = Page()
    texts = f"batch {made.batch}, " if made.batch > 1 else ""
    page.line(
        f"{made.model} on {made.chip}: {texts}{made.generated_tokens} tokens after a prompt of {made.prompt_tokens}",
        bold=True,
    )
    page.line()
    rows = [
        ("time to first token", time_text(made.time_to_first_token_s * 1e12)),
        ("whole text", time_text(made.total_s * 1e12)),
        ("tokens", f"{rate_text(made.tokens_per_s)} tokens/s from the prompt on"),
    ]
    if made.decode_tokens_per_s is not None:
        each = made.decode_s / (made.generated_tokens - 1)
        rows.append(
            ("after the first", f"{rate_text(made.decode_tokens_per_s)} tokens/s, {time_text(each * 1e12)} a step")
        )
    memory = f"{size_text(made.weights_bytes)} weights, {size_text(made.cache_bytes)} cache at the end"
    rows += [
        ("energy", f"{energy_text(made.energy_j)}, {energy_text(made.energy_per_token_j)} per token"),
        ("memory", f"{memory}, of {size_text(made.dram_capacity_bytes)}"),
        ("simulated", f"{len(made.simulated_steps)} of {made.generated_tokens - 1} decode steps"),
    ]
    page.pairs(rows)
    for warning in made.warnings:
        page.line(f"warning: {warning}", indent=len("warning: "))
    page.print()
